"""What the events of the catalog and of orders do to the stock."""

import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain import RESERVED_REASON, State, Stock, missing, next_step, wanted
from app.events import Handler
from app.models import Reservation, StockItem
from app.outbox import Outbox, add_event
from app.stock import change, locked

log = logging.getLogger(__name__)

Event = dict[str, Any]


def product_created(db: Session, event: Event) -> None:
    if db.get(StockItem, event["product_id"]) is not None:
        return
    item = StockItem(product_id=event["product_id"], sku=event["sku"], name=event["name"])
    item.stock = Stock()
    db.add(item)


def product_deleted(db: Session, event: Event) -> None:
    for item in locked(db, [event["product_id"]]).values():
        item.discontinued = True


def order_created(db: Session, event: Event) -> None:
    """Reserves all that the order asks for, or nothing, and says which of the two."""
    order_id, lines = event["order_id"], wanted(event["items"])
    if db.get(Reservation, order_id) is not None:
        return
    reservation = Reservation(order_id=order_id, state=State.RESERVED, lines=lines)
    db.add(reservation)
    # Before the stock is touched: a copy of this event that another replica handles waits here.
    db.flush()
    items = {key: item for key, item in locked(db, lines).items() if not item.discontinued}
    lacking = missing({key: item.stock for key, item in items.items()}, lines)
    if lacking:
        reservation.state = State.REJECTED
        answer = {"order_id": order_id, "missing": [asdict(line) for line in lacking]}
        add_event(db, "inventory.rejected", answer)
        return
    for product_id, quantity in lines.items():
        item = items[product_id]
        change(db, item, item.stock.reserve(quantity), RESERVED_REASON, order_id)
    add_event(db, "inventory.reserved", {"order_id": order_id})


def order_moved_on(kind: str) -> Callable[[Session, Event], None]:
    """Releases, commits or takes back what the order holds, as the rules say for `kind`."""

    def handle(db: Session, event: Event) -> None:
        order_id = event["order_id"]
        reservation = db.get(Reservation, order_id, with_for_update=True)
        state = None if reservation is None else State(reservation.state)
        step = next_step(state, kind)
        if step is None:
            log.info("%s: nothing to do for order %s (%s)", kind, order_id, state)
            return
        if reservation is None:
            reservation = Reservation(order_id=order_id, lines={})
            db.add(reservation)
        reservation.state = step.state
        items = locked(db, reservation.lines)
        for product_id, quantity in reservation.lines.items():
            item = items[product_id]
            change(db, item, step.change(item.stock, quantity), step.reason, order_id)

    return handle


HANDLERS = {
    "product.created": product_created,
    "product.deleted": product_deleted,
    "order.created": order_created,
    "order.cancelled": order_moved_on("order.cancelled"),
    "order.paid": order_moved_on("order.paid"),
}


def handlers(sessions: sessionmaker[Session], outbox: Outbox) -> dict[str, Handler]:
    """The handlers by the type of their event, each in a transaction of its own."""

    def bound(work: Callable[[Session, Event], None]) -> Handler:
        def once(event: Event) -> None:
            with sessions.begin() as db:
                work(db, event)

        def handle(event: Event) -> None:
            try:
                once(event)
            except IntegrityError:
                # Another replica was handling the same event; what it did can be seen now.
                once(event)
            outbox.flush()

        return handle

    return {kind: bound(work) for kind, work in HANDLERS.items()}
