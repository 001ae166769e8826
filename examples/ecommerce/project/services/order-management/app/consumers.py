"""What other services tell, and what it does to an order."""

import logging
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from app import store
from app.domain import Actor, MoveRefused, Reaction, Status, missing_words, reaction
from app.events import Handler
from app.models import Order
from app.outbox import Outbox

log = logging.getLogger(__name__)


def handlers(sessions: sessionmaker[Session], outbox: Outbox) -> dict[str, Handler]:
    """A handler for each event type we listen to. Each bears an event that comes twice."""

    def react(data: dict[str, Any], target: Status, actor: Actor) -> None:
        with sessions() as session:
            order = store.find(session, data["order_id"])
            if order is None:
                log.warning("an event names order %s, which is not here", data["order_id"])
                return
            _apply(session, order, target, actor, _note(order, target, data))
        outbox.flush()

    return {
        "inventory.reserved": lambda e: react(e, Status.AWAITING_PAYMENT, Actor.INVENTORY),
        "inventory.rejected": lambda e: react(e, Status.CANCELLED, Actor.INVENTORY),
        "payment.succeeded": lambda e: react(e, Status.PAID, Actor.PAYMENTS),
    }


def _apply(session: Session, order: Order, target: Status, actor: Actor, note: str) -> None:
    match reaction(Status(order.status), target, actor):
        case Reaction.MOVE:
            try:
                store.move(session, order.id, target, actor, note)
            except MoveRefused:
                # Somebody moved the order since we looked: judge anew what is there now.
                session.rollback()
                fresh = store.find(session, order.id)
                assert fresh is not None
                _apply(session, fresh, target, actor, note)
        case Reaction.CANCEL_AGAIN:
            store.add_cancelled(session, order)
            session.commit()
        case Reaction.IGNORE:
            log.info("order %s is %s: %s does not move it", order.id, order.status, actor)


def _note(order: Order, target: Status, data: dict[str, Any]) -> str:
    if target == Status.CANCELLED:
        names = {item.product_id: item.name for item in order.items}
        return missing_words(data.get("missing", []), names)[:1000]
    if target == Status.PAID:
        return f"Paid by payment {data['payment_id']}"
    return "The goods are reserved"
