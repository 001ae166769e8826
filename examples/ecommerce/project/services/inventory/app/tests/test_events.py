"""What events do to the stock, one at a time and all at once."""

import os
import threading
from queue import Queue
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.database import connect
from app.events import EventBus
from app.handlers import handlers
from app.main import create_app
from app.models import StockItem
from app.outbox import Outbox, OutboxEvent
from app.settings import Settings
from app.tests.conftest import SECRET, Recorder


def test_an_order_is_reserved_paid_and_so_taken_from_stock(emit, order, levels, product, bus):
    tea, cup = product(10), product(5)
    order_id = order((tea, 4), (cup, 5))
    assert levels(tea) == (10, 4, 6)
    assert ("inventory.reserved", {"order_id": order_id}) in bus.published
    emit("order.paid", order_id=order_id)
    assert levels(tea) == (6, 0, 6)
    assert levels(cup) == (0, 0, 0)


def test_an_order_of_which_something_is_missing_reserves_nothing(order, levels, product, bus):
    tea, cup = product(10), product(1)
    order_id = order((tea, 4), (cup, 2))
    assert levels(tea) == (10, 0, 10)
    lacking = [{"product_id": cup, "requested": 2, "available": 1}]
    assert bus.published == [("inventory.rejected", {"order_id": order_id, "missing": lacking})]


def test_events_that_come_twice_count_once(emit, order, levels, product, bus):
    tea = product(10)
    order_id = order((tea, 4))
    order((tea, 4), order_id=order_id)
    assert levels(tea) == (10, 4, 6)
    for _ in range(2):
        emit("order.paid", order_id=order_id)
        assert levels(tea) == (6, 0, 6)
    for _ in range(2):
        emit("order.cancelled", order_id=order_id)
        assert levels(tea) == (10, 0, 10)
    assert bus.published == [("inventory.reserved", {"order_id": order_id})]


def test_cancelling_releases_even_when_it_comes_first(emit, order, levels, product):
    tea = product(10)
    order_id = order((tea, 4))
    emit("order.cancelled", order_id=order_id)
    assert levels(tea) == (10, 0, 10)
    emit("order.cancelled", order_id="early")
    order((tea, 4), order_id="early")
    assert levels(tea) == (10, 0, 10)


def test_a_deleted_product_is_gone_but_its_orders_go_on(client, emit, order, product, bus):
    tea = product(10)
    held, order_id = order((tea, 4)), str(uuid4())
    emit("product.deleted", product_id=tea)
    assert client.get(f"/inventory/{tea}").status_code == 404
    assert client.put(f"/stock/{tea}", json={"on_hand": 9}).status_code == 404
    order((tea, 1), order_id=order_id)
    assert bus.published[-1][0] == "inventory.rejected"
    emit("order.paid", order_id=held)
    with client.app.state.sessions() as db:
        assert db.get(StockItem, tea).on_hand == 6


def test_events_outlive_a_broker_that_is_down(client, order, product, bus):
    tea = product(10, threshold=9)
    bus.broken = True
    order((tea, 4), order_id="unlucky")
    adjusted = client.post(f"/stock/{tea}/adjustments", json={"delta": 9, "reason": "delivery"})
    assert adjusted.status_code == 200
    bus.broken = False
    order((tea, 4), order_id="unlucky")
    assert [kind for kind, _ in bus.published] == ["stock.low", "inventory.reserved"]
    with client.app.state.sessions() as db:
        assert db.query(OutboxEvent).count() == 0


def test_over_the_bus():
    """The wiring: events published by others reach their handlers, and the answer goes out."""
    app = create_app(Settings(jwt_secret=SECRET, database_url="sqlite://"))
    answers: Queue[dict] = Queue()
    orders = EventBus("memory://")
    orders.consume("listening-test", {"inventory.rejected": answers.put})
    with TestClient(app):
        orders.publish("product.created", {"product_id": "p", "sku": "P", "name": "P"})
        items = [{"product_id": "p", "quantity": 1}]
        orders.publish("order.created", {"order_id": "o", "user_id": "ada", "items": items})
        lacking = [{"product_id": "p", "requested": 1, "available": 0}]
        assert answers.get(timeout=5) == {"order_id": "o", "missing": lacking}
    orders.close()


@pytest.mark.skipif("TEST_POSTGRES_URL" not in os.environ, reason="needs a PostgreSQL server")
def test_handlers_at_once_sell_nothing_twice():
    """Forty orders for the same two products, all handled by each of eight replicas at once."""
    sessions = connect(os.environ["TEST_POSTGRES_URL"])
    bus = Recorder()
    table = handlers(sessions, Outbox(sessions, bus))
    tea, cup = str(uuid4()), str(uuid4())
    for product_id in (tea, cup):
        table["product.created"]({"product_id": product_id, "sku": "T", "name": "T"})
        with sessions.begin() as db:
            db.get(StockItem, product_id).on_hand = 25
    orders = [str(uuid4()) for _ in range(40)]
    failures = []

    def replica(number: int) -> None:
        # Each begins elsewhere: some meet at the same order, most at the same stock.
        for turn, order_id in enumerate(orders[number * 5 :] + orders[: number * 5]):
            keys = (tea, cup) if (turn + number) % 2 else (cup, tea)
            items = [{"product_id": key, "quantity": 1} for key in keys]
            try:
                table["order.created"]({"order_id": order_id, "items": items})
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=replica, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with sessions() as db:
        assert [db.get(StockItem, key).reserved for key in (tea, cup)] == [25, 25]
    kinds = [kind for kind, data in bus.published if data.get("order_id") in orders]
    assert (kinds.count("inventory.reserved"), kinds.count("inventory.rejected")) == (25, 15)
