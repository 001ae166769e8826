"""Changes of stock rows: locked before they are read, and noted with their reason."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import Stock, low_alert_due
from app.models import Movement, StockItem
from app.outbox import add_event


def locked(db: Session, product_ids: Iterable[str]) -> dict[str, StockItem]:
    """The rows of these products, which nobody else can change until this transaction ends.

    They are always locked in the order of their ids: two orders for the same products can wait for
    each other, but not both at once for ever.
    """
    rows = (
        select(StockItem)
        .where(StockItem.product_id.in_(list(product_ids)))
        .order_by(StockItem.product_id)
        .with_for_update()
    )
    return {item.product_id: item for item in db.scalars(rows)}


def change(
    db: Session, item: StockItem, after: Stock, reason: str, order_id: str | None = None
) -> None:
    """Gives a locked row its new stock, notes the movement, and sends the alert that is due."""
    before, item.stock = item.stock, after
    movement = Movement(
        product_id=item.product_id,
        order_id=order_id,
        reason=reason,
        on_hand_delta=after.on_hand - before.on_hand,
        reserved_delta=after.reserved - before.reserved,
    )
    if movement.on_hand_delta or movement.reserved_delta:
        db.add(movement)
    if low_alert_due(before, after) and not item.discontinued:
        add_event(db, "stock.low", {"product_id": item.product_id, "available": after.available})
