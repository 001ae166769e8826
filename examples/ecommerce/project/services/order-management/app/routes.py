"""Placing, reading and moving orders."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request, status
from fastapi import Header as HttpHeader

from app import store
from app.auth import Admin, CurrentUser, Principal
from app.clients import Shop
from app.database import Database
from app.domain import Actor, Line, MoveRefused, Status
from app.models import Order
from app.paging import Page
from app.schemas import (
    Cancellation,
    NewOrder,
    NewStatus,
    OrderOut,
    OrderStatusOut,
    StatusChangeOut,
)

router = APIRouter(tags=["orders"])

Key = Annotated[str | None, HttpHeader(alias="Idempotency-Key", min_length=1, max_length=200)]
READERS_OF_ALL = {"admin", "support"}


@router.post("/orders", status_code=status.HTTP_201_CREATED, response_model=OrderOut)
def place_order(
    request: Request, body: NewOrder, user: CurrentUser, database: Database, key: Key = None
) -> Order:
    """Makes an order of the caller's cart at today's prices. Repeating an Idempotency-Key gives
    the order made first."""
    if key and (first := store.find_by_key(database, user.id, key)):
        return first
    # No connection is held while other services are asked.
    database.rollback()
    lines = _lines(request.app.state.shop, user.token)
    address = body.shipping_address.model_dump()
    order = store.create(database, user.id, address, lines, key)
    request.app.state.outbox.flush()
    return order


def _lines(shop: Shop, token: str) -> list[Line]:
    cart = shop.cart(token)
    if not cart:
        raise HTTPException(status.HTTP_409_CONFLICT, "The cart is empty: add something first")
    lines = []
    for product_id, quantity in cart:
        line = shop.line(product_id, quantity)
        if line is None:
            raise HTTPException(
                status.HTTP_409_CONFLICT,
                f"Product {product_id} is no longer sold: remove it from the cart",
            )
        lines.append(line)
    return lines


@router.get("/orders", response_model=Page[OrderOut])
def list_orders(
    user: CurrentUser,
    database: Database,
    everybody: Annotated[bool, Query(alias="all")] = False,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    size: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict:
    """The caller's orders, newest first; with `all=true` everybody's, for administrators."""
    if everybody and "admin" not in user.roles:
        raise HTTPException(
            status.HTTP_403_FORBIDDEN, "Only an administrator sees everybody's orders"
        )
    items, total = store.page_of(database, None if everybody else user.id, page, size)
    return {"items": items, "total": total, "page": page, "size": size}


@router.get("/orders/{order_id}", response_model=OrderOut)
def get_order(order_id: UUID, user: CurrentUser, database: Database) -> Order:
    return _readable(database, order_id, user)


@router.get("/order-status/{order_id}", response_model=OrderStatusOut)
def get_order_status(order_id: UUID, user: CurrentUser, database: Database) -> dict:
    """Where an order is and how it came there."""
    order = _readable(database, order_id, user)
    history = [StatusChangeOut.model_validate(change) for change in order.history]
    return {"order_id": order.id, "status": order.status, "history": history}


@router.post("/orders/{order_id}/cancel", response_model=OrderOut)
def cancel_order(
    request: Request,
    order_id: UUID,
    user: CurrentUser,
    database: Database,
    body: Cancellation | None = None,
) -> Order:
    """Cancels an order that has not been shipped; what was paid is refunded."""
    order = _readable(database, order_id, user)
    if order.user_id == user.id:
        actor = Actor.CUSTOMER
    elif "admin" in user.roles:
        actor = Actor.ADMIN
    else:
        raise HTTPException(
            status.HTTP_403_FORBIDDEN, "Only its owner or an administrator cancels an order"
        )
    reason = body.reason if body and body.reason else f"Cancelled by the {actor}"
    return _move(request, database, order.id, Status.CANCELLED, actor, reason)


@router.put("/orders/{order_id}/status", response_model=OrderOut)
def set_status(
    request: Request, order_id: UUID, body: NewStatus, user: Admin, database: Database
) -> Order:
    """Tells that a paid order was shipped, or a shipped one delivered."""
    order = _readable(database, order_id, user)
    return _move(request, database, order.id, Status(body.status), Actor.ADMIN, None)


def _readable(database: Database, order_id: UUID, user: Principal) -> Order:
    """The order, when the caller may see it. Others learn not even that it exists."""
    order = store.find(database, str(order_id))
    if order is None or not (order.user_id == user.id or user.roles & READERS_OF_ALL):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such order among yours")
    return order


def _move(
    request: Request,
    database: Database,
    order_id: str,
    target: Status,
    actor: Actor,
    note: str | None,
) -> Order:
    try:
        order = store.move(database, order_id, target, actor, note)
    except MoveRefused as refusal:
        raise HTTPException(status.HTTP_409_CONFLICT, str(refusal)) from refusal
    request.app.state.outbox.flush()
    return order
