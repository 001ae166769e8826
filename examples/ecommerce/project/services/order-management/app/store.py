"""Orders in the database. Every change here holds when two requests or events come at once.

What changes something ends its transaction, so that no connection is held while events go out.
"""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import now
from app.domain import CURRENCY, Actor, Line, Status, check_move, total_cents
from app.models import Order, OrderItem, StatusChange
from app.outbox import add_event


def find(session: Session, order_id: str) -> Order | None:
    """The order as the database has it now, not as the session remembers it."""
    return session.get(Order, order_id, populate_existing=True)


def find_by_key(session: Session, user_id: str, key: str) -> Order | None:
    return session.scalar(
        select(Order).where(Order.user_id == user_id, Order.idempotency_key == key)
    )


def page_of(
    session: Session, user_id: str | None, page: int, size: int
) -> tuple[Sequence[Order], int]:
    """A page of one user's orders, or of everybody's, newest first; and how many there are."""
    wanted = select(Order)
    if user_id is not None:
        wanted = wanted.where(Order.user_id == user_id)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    newest_first = wanted.order_by(Order.created_at.desc(), Order.id)
    return session.scalars(newest_first.limit(size).offset((page - 1) * size)).all(), total


def create(
    session: Session, user_id: str, address: dict, lines: Sequence[Line], key: str | None
) -> Order:
    """Makes and commits an order; or finds the one that another request made with the key."""
    order = Order(
        user_id=user_id,
        idempotency_key=key,
        status=Status.PENDING,
        total_cents=total_cents(lines),
        currency=CURRENCY,
        shipping_address=address,
        items=[
            OrderItem(
                product_id=line.product_id,
                name=line.name,
                unit_price_cents=line.unit_price_cents,
                quantity=line.quantity,
            )
            for line in lines
        ],
        history=[StatusChange(status=Status.PENDING, note="The order was placed")],
    )
    session.add(order)
    try:
        session.flush()
    except IntegrityError:
        session.rollback()
        first = find_by_key(session, user_id, key) if key else None
        if first is None:
            raise
        session.commit()
        return first
    add_event(
        session,
        "order.created",
        {
            "order_id": order.id,
            "user_id": user_id,
            "items": [{"product_id": i.product_id, "quantity": i.quantity} for i in lines],
            "total_cents": order.total_cents,
            "currency": order.currency,
        },
    )
    session.commit()
    return order


def move(
    session: Session, order_id: str, target: Status, actor: Actor, note: str | None = None
) -> Order:
    """Moves an order and commits, with its history and its event; raises MoveRefused.

    The update holds only for the status that was judged. When somebody else was faster, the new
    status is judged; as no way leads back, that ends.
    """
    while True:
        order = find(session, order_id)
        if order is None:
            raise LookupError(order_id)
        check_move(Status(order.status), target, actor)
        changes = {"status": target, "updated_at": now()}
        if target == Status.CANCELLED:
            changes["reason"] = note
        moved = session.execute(
            update(Order)
            .where(Order.id == order_id, Order.status == order.status)
            .values(changes)
            .execution_options(synchronize_session=False)
        )
        if moved.rowcount == 1:
            break
        session.rollback()
    session.add(StatusChange(order_id=order_id, status=target, note=note))
    if target == Status.PAID:
        add_event(session, "order.paid", {"order_id": order_id, "user_id": order.user_id})
    elif target == Status.CANCELLED:
        add_cancelled(session, order)
    session.flush()
    session.refresh(order)
    session.commit()
    return order


def add_cancelled(session: Session, order: Order) -> None:
    add_event(session, "order.cancelled", {"order_id": order.id, "user_id": order.user_id})
