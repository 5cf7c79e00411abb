"""cartwake in a Django shop, in one file: `CARTWAKE_HOST=http://127.0.0.1:18080 python django_shop.py runserver`.

In a project of several files, `init` goes into the `ready` of an AppConfig, the middleware into its own module.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

import cartwake


class Cartwake:
    """Middleware: `request.cartwake` says who it is, for `**` in every call. `cw_id` is the JS SDK's cookie (`cookie: true` there)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        who: cartwake.Who = {}
        if "cw_id" in request.COOKIES:
            who["device_id"] = request.COOKIES["cw_id"]
        user = getattr(request, "user", None)  # after AuthenticationMiddleware
        if user is not None and user.is_authenticated:
            who["user_id"] = str(user.pk)
        request.cartwake = who
        return self._get_response(request)


def order(request: HttpRequest) -> JsonResponse:
    """With a database, call it from `transaction.on_commit`: an order that is rolled back was none."""
    given = json.loads(request.body)
    cartwake.purchase(
        {"order_id": given["id"], "value": given["total"], "currency": "EUR", "cart_id": given["cart"], "items": given["items"]},
        message_id=f"order-{given['id']}",
        **request.cartwake,
    )
    return JsonResponse({"ok": True})


urlpatterns = [path("orders", order)]

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        MIDDLEWARE=[f"{__name__}.Cartwake"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=os.environ.get("SHOP_SECRET", "change me"),
    )
cartwake.init(os.environ.get("CARTWAKE_KEY", "demo-server"), os.environ["CARTWAKE_HOST"])

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
