import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from app import store
from app.events import EventBus
from app.tests.conftest import ADDRESS, bearer


def test_an_order_is_made_of_the_cart_at_todays_prices(shop):
    answer = shop.place()
    assert answer.status_code == 201
    order = answer.json()
    assert order["status"] == "pending"
    assert order["user_id"] == shop.customer
    assert order["total_cents"] == 2 * 1250 + 199
    assert order["currency"] == "USD"
    assert order["reason"] is None
    assert order["shipping_address"] == ADDRESS | {"line2": None}
    assert order["created_at"].endswith("Z")
    assert order["items"][0] == {
        "product_id": shop.neighbours.cup,
        "name": "Cup",
        "unit_price_cents": 1250,
        "quantity": 2,
        "line_total_cents": 2500,
    }
    forwarded = shop.neighbours.asked[0].headers["Authorization"]
    assert forwarded == shop.as_customer["Authorization"]
    assert shop.published("order.created") == [
        {
            "order_id": order["id"],
            "user_id": shop.customer,
            "items": [
                {"product_id": shop.neighbours.cup, "quantity": 2},
                {"product_id": shop.neighbours.spoon, "quantity": 1},
            ],
            "total_cents": 2699,
            "currency": "USD",
        }
    ]


def test_an_order_keeps_its_prices(shop):
    order_id = shop.place().json()["id"]
    shop.neighbours.prices[shop.neighbours.cup] = 9999
    assert shop.order(order_id)["total_cents"] == 2699


def test_an_empty_cart_or_a_product_no_longer_sold_makes_no_order(shop):
    del shop.neighbours.prices[shop.neighbours.spoon]
    answer = shop.place()
    assert (answer.status_code, "no longer sold" in answer.json()["detail"]) == (409, True)
    shop.neighbours.cart = {}
    answer = shop.place()
    assert (answer.status_code, "empty" in answer.json()["detail"]) == (409, True)
    assert shop.events == []


@pytest.mark.parametrize(("port", "name"), [(8003, "cart"), (8002, "catalog")])
def test_a_service_that_does_not_answer_is_named(shop, port, name):
    shop.neighbours.down = {port}
    answer = shop.place("key")
    assert answer.status_code == 503
    assert name in answer.json()["detail"]
    shop.neighbours.down = set()
    assert shop.place("key").status_code == 201


def test_a_repeated_key_gives_the_first_order(shop):
    first = shop.place("key-1").json()
    shop.neighbours.cart = {}
    assert shop.place("key-1").json() == first
    shop.neighbours.cart = {shop.neighbours.cup: 1}
    assert shop.place("key-2").json()["id"] != first["id"]
    assert len(shop.published("order.created")) == 2


def test_one_key_at_once_makes_one_order(busy_shop):
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: busy_shop.place("key"), range(6)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["id"] for a in answers}) == 1
    orders = busy_shop.http.get("/orders", headers=busy_shop.as_customer).json()
    assert orders["total"] == 1


def test_the_way_to_delivery_is_told(shop):
    order_id = shop.order_in("delivered")
    told = shop.http.get(f"/order-status/{order_id}", headers=shop.as_customer).json()
    assert told["status"] == "delivered"
    assert [h["status"] for h in told["history"]] == [
        "pending",
        "awaiting_payment",
        "paid",
        "shipped",
        "delivered",
    ]
    assert shop.published("order.paid") == [{"order_id": order_id, "user_id": shop.customer}]


def test_events_that_come_twice_change_nothing(shop):
    order_id = shop.order_in("paid")
    shop.hear("payment.succeeded", order_id=order_id, payment_id="p")
    shop.hear("inventory.reserved", order_id=order_id)
    shop.hear("inventory.rejected", order_id=order_id, missing=[])
    shop.hear("payment.succeeded", order_id=str(uuid.uuid4()), payment_id="p")
    assert shop.order(order_id)["status"] == "paid"
    assert len(shop.published("order.paid")) == 1
    assert shop.published("order.cancelled") == []


def test_an_order_without_stock_is_cancelled_with_the_reason(shop):
    order_id = shop.order_in("pending")
    missing = [{"product_id": shop.neighbours.cup, "requested": 2, "available": 1}]
    shop.hear("inventory.rejected", order_id=order_id, missing=missing)
    order = shop.order(order_id)
    assert order["status"] == "cancelled"
    assert order["reason"] == "Not enough in stock: Cup (2 wanted, 1 there)"
    assert shop.published("order.cancelled") == [{"order_id": order_id, "user_id": shop.customer}]


@pytest.mark.parametrize("status", ["pending", "awaiting_payment", "paid"])
def test_a_customer_cancels_before_shipping(shop, status):
    order_id = shop.order_in(status)
    order = shop.cancel(order_id, "found it cheaper").json()
    assert (order["status"], order["reason"]) == ("cancelled", "found it cheaper")
    assert shop.cancel(order_id).status_code == 409
    assert len(shop.published("order.cancelled")) == 1


@pytest.mark.parametrize("status", ["shipped", "delivered"])
def test_after_shipping_it_is_too_late_to_cancel(shop, status):
    answer = shop.cancel(shop.order_in(status))
    assert (answer.status_code, status in answer.json()["detail"]) == (409, True)


def test_money_or_stock_for_a_cancelled_order_is_given_back(shop):
    order_id = shop.order_in("awaiting_payment")
    shop.cancel(order_id)
    shop.hear("payment.succeeded", order_id=order_id, payment_id="p")
    assert len(shop.published("order.cancelled")) == 2
    shop.hear("inventory.reserved", order_id=order_id)
    assert len(shop.published("order.cancelled")) == 3
    assert shop.order(order_id)["status"] == "cancelled"
    assert shop.published("order.paid") == []


def test_cancelling_and_paying_at_once_has_one_winner(busy_shop):
    for _ in range(5):
        order_id = busy_shop.order_in("awaiting_payment")
        with ThreadPoolExecutor(4) as pool:
            cancels = [pool.submit(busy_shop.cancel, order_id) for _ in range(2)]
            for _ in range(2):
                pool.submit(
                    busy_shop.hear, "payment.succeeded", order_id=order_id, payment_id="p"
                ).add_done_callback(lambda done: done.result())
        codes = sorted(c.result().status_code for c in cancels)
        # Paid first and cancelled after, or cancelled first: one of the two cancels counts.
        assert codes == [200, 409]
        busy_shop.app.state.outbox.flush()
        history = busy_shop.http.get(
            f"/order-status/{order_id}", headers=busy_shop.as_customer
        ).json()["history"]
        steps = [h["status"] for h in history][2:]
        assert steps in (["cancelled"], ["paid", "cancelled"])
        paid = [e for e in busy_shop.published("order.paid") if e["order_id"] == order_id]
        assert len(paid) == steps.count("paid")


def test_an_event_that_a_cancellation_overtakes_is_judged_anew(busy_shop, monkeypatch):
    order_id = busy_shop.order_in("awaiting_payment")
    move = store.move

    def overtaken(*arguments):
        monkeypatch.setattr(store, "move", move)
        assert busy_shop.cancel(order_id).status_code == 200
        return move(*arguments)

    monkeypatch.setattr(store, "move", overtaken)
    busy_shop.hear("payment.succeeded", order_id=order_id, payment_id="p")
    assert busy_shop.order(order_id)["status"] == "cancelled"
    assert len(busy_shop.published("order.cancelled")) == 2
    assert busy_shop.published("order.paid") == []


def test_only_an_administrator_ships(shop):
    order_id = shop.order_in("awaiting_payment")
    assert shop.set_status(order_id, "shipped").status_code == 409
    assert shop.set_status(order_id, "paid").status_code == 422
    answer = shop.http.put(
        f"/orders/{order_id}/status", json={"status": "shipped"}, headers=shop.as_customer
    )
    assert answer.status_code == 403


def test_orders_are_seen_by_their_owner_support_and_administrators(shop):
    order_id = shop.order_in("pending")
    path = f"/orders/{order_id}"
    assert shop.http.get(path).status_code == 401
    stranger = bearer(str(uuid.uuid4()))
    assert shop.http.get(path, headers=stranger).status_code == 404
    assert shop.http.post(f"{path}/cancel", headers=stranger).status_code == 404
    assert shop.http.get(path, headers=shop.as_support).status_code == 200
    assert shop.http.post(f"{path}/cancel", headers=shop.as_support).status_code == 403
    assert shop.http.post(f"{path}/cancel", headers=shop.as_admin).json()["reason"]


def test_lists_are_paged_newest_first(shop):
    ids = [shop.place().json()["id"] for _ in range(3)]
    page = shop.http.get("/orders?size=2", headers=shop.as_customer).json()
    assert [o["id"] for o in page["items"]] == [ids[2], ids[1]]
    assert (page["total"], page["page"], page["size"]) == (3, 1, 2)
    page = shop.http.get("/orders?size=2&page=2", headers=shop.as_customer).json()
    assert [o["id"] for o in page["items"]] == [ids[0]]
    assert shop.http.get("/orders", headers=shop.as_admin).json()["total"] == 0
    assert shop.http.get("/orders?all=true", headers=shop.as_admin).json()["total"] == 3
    assert shop.http.get("/orders?all=true", headers=shop.as_customer).status_code == 403
    assert shop.http.get("/orders?size=101", headers=shop.as_customer).status_code == 422


def test_an_event_waits_for_a_broker_that_is_down(shop):
    publish = shop.app.state.bus.publish

    def fail(kind, data):
        raise ConnectionError("no broker")

    shop.app.state.bus.publish = fail
    assert shop.place().status_code == 201
    assert shop.events == []
    shop.app.state.bus.publish = publish
    shop.app.state.outbox.flush()
    assert len(shop.published("order.created")) == 1


def test_events_arrive_over_the_bus(busy_shop):
    order_id = busy_shop.place().json()["id"]
    inventory = EventBus("memory://")
    inventory.publish("inventory.reserved", {"order_id": order_id})
    inventory.close()
    until = time.monotonic() + 10
    while busy_shop.order(order_id)["status"] == "pending" and time.monotonic() < until:
        time.sleep(0.05)
    assert busy_shop.order(order_id)["status"] == "awaiting_payment"
