"""Events are written in the transaction that causes them, and published after it.

So none is published of a change that was rolled back, and none is lost when the service or the
broker fails between the change and the publishing. One may be published twice.
"""

import logging
from typing import Any

from app.events import EventBus
from app.models import OutgoingEvent
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

log = logging.getLogger(__name__)


def announce(db: Session, kind: str, data: dict[str, Any]) -> None:
    """Has an event published once this transaction is committed."""
    db.add(OutgoingEvent(kind=kind, data=data))


def publish_pending(sessions: sessionmaker[Session], bus: EventBus) -> None:
    """Publishes what is committed. Replicas may do so at once: each skips the others' rows."""
    pending = select(OutgoingEvent).order_by(OutgoingEvent.id).limit(20)
    while True:
        with sessions.begin() as db:
            events = db.scalars(pending.with_for_update(skip_locked=True)).all()
            for event in events:
                bus.publish(event.kind, event.data)
                db.delete(event)
        if not events:
            return


def try_to_publish(sessions: sessionmaker[Session], bus: EventBus) -> None:
    """As `publish_pending`, for a request whose work is done whether or not the broker answers."""
    try:
        publish_pending(sessions, bus)
    except Exception:
        log.exception("events stay in the outbox until the next one is published")
