"""cartwake in a FastAPI shop: `CARTWAKE_HOST=http://127.0.0.1:18080 uvicorn fastapi_shop:app`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from fastapi import Cookie, FastAPI
from pydantic import BaseModel

import cartwake


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Each worker has a client of its own; the end flushes without holding up the loop."""
    cartwake.init(os.environ.get("CARTWAKE_KEY", "demo-server"), os.environ["CARTWAKE_HOST"])
    yield
    await asyncio.to_thread(cartwake.close)


app = FastAPI(lifespan=lifespan)


class Order(BaseModel):
    id: str
    user: str
    cart: str
    total: Decimal
    items: list[dict[str, object]]


@app.post("/orders")
async def order(given: Order, cw_id: str | None = Cookie(None)) -> dict[str, bool]:
    """A call only puts the event into the queue: it is safe in a coroutine. `cw_id` is the JS SDK's cookie (`cookie: true` there)."""
    who: cartwake.Who = {"user_id": given.user, "message_id": f"order-{given.id}"}
    if cw_id:
        who["device_id"] = cw_id
    cartwake.purchase({"order_id": given.id, "value": given.total, "currency": "EUR", "cart_id": given.cart, "items": given.items}, **who)
    return {"ok": True}
