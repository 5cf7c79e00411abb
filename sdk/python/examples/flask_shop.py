"""cartwake in a Flask shop: `CARTWAKE_HOST=http://127.0.0.1:18080 flask --app flask_shop run`."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, request, session

import cartwake

app = Flask(__name__)
app.secret_key = os.environ.get("SHOP_SECRET", "change me")
cartwake.init(os.environ.get("CARTWAKE_KEY", "demo-server"), os.environ["CARTWAKE_HOST"])  # also right before gunicorn forks


def who() -> cartwake.Who:
    """The browser (the JS SDK's cookie, `cookie: true` there) and the user: with both, its visits become the user's."""
    found: cartwake.Who = {}
    if "cw_id" in request.cookies:
        found["device_id"] = request.cookies["cw_id"]
    if "user" in session:
        found["user_id"] = session["user"]
    return found


@app.post("/login")
def login() -> dict[str, Any]:
    session["user"] = request.json["user"]
    cartwake.login(**who())
    return {"ok": True}


@app.post("/orders")
def order() -> dict[str, Any]:
    """The server knows that the order is paid; what the page says may be lost."""
    given = request.json
    cartwake.purchase(
        {"order_id": given["id"], "value": given["total"], "currency": "EUR", "cart_id": given["cart"], "items": given["items"]},
        message_id=f"order-{given['id']}",  # asked again, it still counts once
        **who(),
    )
    return {"ok": True}
