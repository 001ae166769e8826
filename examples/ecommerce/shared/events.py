"""Events between services: RabbitMQ in production, an in-process broker in tests.

The broker is chosen by its address, all by the same code: `amqp://…` is RabbitMQ; `redis://…` and
`filesystem:///folder` are stand-ins that reach other processes, `memory://` is one that does not.
"""

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kombu import Connection, Exchange, Producer, Queue, binding
from kombu.mixins import ConsumerMixin
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

log = logging.getLogger(__name__)

EXCHANGE = Exchange("ecommerce.events", type="topic", durable=True)

Handler = Callable[[dict[str, Any]], None]


class EventBus:
    """Publishes events, and hands those of other services to handlers in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._options = _options(url)
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._consumer: _Consumer | None = None
        self._thread: threading.Thread | None = None

    def publish(self, kind: str, data: Mapping[str, Any]) -> str:
        """Publishes an event such as `order.created`; returns its id."""
        event = {
            "id": str(uuid.uuid4()),
            "type": kind,
            "occurred_at": datetime.now(UTC).isoformat(),
            "data": dict(data),
        }
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()
            producer = Producer(self._connection, exchange=EXCHANGE, serializer="json")
            producer.publish(
                event,
                routing_key=kind,
                delivery_mode="persistent",
                retry=True,
                retry_policy={"max_retries": 3, "interval_start": 0.2},
            )
        log.info("published %s %s", kind, event["id"])
        return event["id"]

    def consume(self, queue: str, handlers: Mapping[str, Handler]) -> None:
        """Has each event type handled by its handler. Returns once the queue exists, so that no
        event published from then on is missed.

        An event may come twice; handlers must bear that. One that raises is tried again a moment
        later, and given up and logged after five tries.
        """
        bindings = [binding(EXCHANGE, routing_key=kind) for kind in handlers]
        own = Queue(queue, bindings=bindings, durable=True)
        with self._connect() as connection:
            own(connection.default_channel).declare()
        self._consumer = _Consumer(self._connect(), own, handlers)
        self._thread = threading.Thread(
            target=self._consumer.run, kwargs={"safety_interval": 0.2}, name=queue, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stops handling events and lets the connections go."""
        if self._consumer is not None and self._thread is not None:
            self._consumer.should_stop = True
            self._thread.join(timeout=5)
            self._consumer.connection.release()
        if self._connection is not None:
            self._connection.release()

    def _connect(self) -> Connection:
        return Connection(self._url, transport_options=self._options, connect_timeout=5)


def _options(url: str) -> dict[str, Any]:
    """What kombu needs to know of a broker besides its address."""
    if url.startswith("amqp"):
        return {}
    # The stand-ins are polled, RabbitMQ pushes.
    options: dict[str, Any] = {"polling_interval": 0.05}
    if url.startswith("filesystem://"):
        folder = Path(url.removeprefix("filesystem://"))
        for name, inside in [
            ("data_folder_in", "queues"),
            ("data_folder_out", "queues"),
            ("control_folder", "control"),
        ]:
            (folder / inside).mkdir(parents=True, exist_ok=True)
            options[name] = str(folder / inside)
        _make_whole(folder / "control" / f"{EXCHANGE.name}.exchange", "[]")
    return options


def _make_whole(path: Path, text: str) -> None:
    """Makes the file with its text in it, unless it is there. kombu's own way can lose the bindings
    of services that start together."""
    part = path.with_name(f"{uuid.uuid4()}.part")
    part.write_text(text)
    with suppress(FileExistsError):
        path.hardlink_to(part)
    part.unlink()


class _WholeFiles(filesystem.Channel):
    """kombu writes a message where readers look for it, and one may take it half-written. Here it
    gets the name that they look for when it is whole."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        folder = Path(self.data_folder_out)
        name = f"{time.monotonic_ns():020}_{uuid.uuid4()}.{queue}.msg"
        part = folder / f"{name}.part"
        part.write_text(dumps(payload))
        part.rename(folder / name)


class FileTransport(filesystem.Transport):
    Channel = _WholeFiles


TRANSPORT_ALIASES["filesystem"] = f"{__name__}:{FileTransport.__name__}"


class _Consumer(ConsumerMixin):
    TRIES = 5

    def __init__(
        self, connection: Connection, queue: Queue, handlers: Mapping[str, Handler]
    ) -> None:
        self.connection = connection
        self._queue = queue
        self._handlers = handlers

    def get_consumers(self, Consumer, channel):  # noqa: N803 - kombu's own name
        return [Consumer(self._queue, callbacks=[self._on_message], prefetch_count=10)]

    def _on_message(self, body, message) -> None:
        kind = message.delivery_info.get("routing_key")
        for attempt in range(1, self.TRIES + 1):
            try:
                event = json.loads(body) if isinstance(body, (str, bytes)) else body
                if handler := self._handlers.get(event["type"]):
                    handler(event["data"])
                break
            except Exception:
                log.exception("handling %s failed, try %d", kind, attempt)
                if attempt < self.TRIES:
                    time.sleep(0.2 * attempt)
        message.ack()
