"""Events leave with the change they tell of: written in its transaction, published after it.

A broker that is down, or a process that dies right after its commit, delays an event but never
loses it. An event may go out twice; those who consume it bear that.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import JSON, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column, sessionmaker

from app.database import Base
from app.events import EventBus

log = logging.getLogger(__name__)


class OutboxEvent(Base):
    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    data: Mapped[dict] = mapped_column(JSON)


def add_event(session: Session, kind: str, data: Mapping[str, Any]) -> None:
    """Has the event published once the session's transaction is committed."""
    session.add(OutboxEvent(kind=kind, data=dict(data)))


class Repeat:
    """Does some work every few seconds in a thread of its own, or at once when woken."""

    def __init__(self, work: Callable[[], None], seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        self._woken = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self._stopped = True
        self._woken.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            self._woken.wait(self._seconds)
            self._woken.clear()
            if self._stopped:
                return
            try:
                self._work()
            except Exception:
                log.exception("work in the background failed; it is tried again")


class Outbox:
    """Publishes what committed transactions left in the outbox, oldest first."""

    def __init__(self, sessions: sessionmaker[Session], bus: EventBus) -> None:
        self._sessions = sessions
        self._bus = bus
        self._lock = threading.Lock()
        self._later = Repeat(self.flush, seconds=5)

    def start(self) -> None:
        self._later.start()

    def close(self) -> None:
        self._later.close()

    def flush(self) -> None:
        """Publishes now what waits. Called after a commit, it never fails the caller: what can't
        be published is tried again by the thread."""
        if not self._lock.acquire(blocking=False):
            # Somebody is publishing and may have looked before our commit.
            self._later.wake()
            return
        try:
            while self._publish_oldest():
                pass
        except Exception:
            log.exception("publishing failed; it is tried again")
        finally:
            self._lock.release()

    def _publish_oldest(self) -> bool:
        with self._sessions.begin() as session:
            # Other replicas skip the row that this one has locked.
            event = session.scalar(
                select(OutboxEvent)
                .order_by(OutboxEvent.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if event is None:
                return False
            self._bus.publish(event.kind, event.data)
            session.execute(delete(OutboxEvent).where(OutboxEvent.id == event.id))
            return True
