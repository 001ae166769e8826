"""Money is taken and given back once: whatever comes twice, at once, or dies half-way."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app import cashier
from app.events import EventBus
from app.tests.conftest import DECLINED, GOOD, bearer


def test_a_repeated_key_charges_once(desk):
    order_id = desk.order()
    first = desk.pay(order_id).json()
    desk.orders[order_id]["status"] = "paid"
    again = desk.pay(order_id)
    assert (again.status_code, again.json()) == (201, first)
    assert len(desk.gateway.charged) == 1
    assert len(desk.published("payment.succeeded")) == 1


def test_a_key_of_another_body_is_refused_but_other_users_have_their_own(desk):
    order_id = desk.order()
    desk.pay(order_id)
    assert desk.pay(desk.order()).status_code == 422
    answer = desk.pay(order_id, card=GOOD | {"exp_month": 11})
    assert (answer.status_code, "Idempotency-Key" in answer.json()["detail"]) == (422, True)
    desk.customer = str(uuid.uuid4())
    desk.as_customer = bearer(desk.customer)
    assert desk.pay(desk.order()).status_code == 201


def test_one_key_at_once_charges_once(busy_desk):
    busy_desk.gateway.seconds = busy_desk.orders_seconds = 0.2
    order_id = busy_desk.order()
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: busy_desk.pay(order_id), range(5)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["id"] for a in answers}) == 1
    # The gateway may be asked more than once, but by one key, which it charges once.
    assert len(set(busy_desk.gateway.charged)) == 1
    assert len(busy_desk.transactions()) == 1
    busy_desk.app.state.outbox.flush()
    assert len(busy_desk.published("payment.succeeded")) == 1


def test_several_keys_at_once_pay_an_order_once(busy_desk):
    busy_desk.gateway.seconds = busy_desk.orders_seconds = 0.2
    order_id = busy_desk.order()
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda n: busy_desk.pay(order_id, f"key {n}"), range(5)))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409, 409]
    assert len(busy_desk.gateway.charged) == 1


def test_one_key_at_once_for_several_orders_pays_one_of_them(busy_desk):
    # All have looked for the key before the first records it.
    busy_desk.orders_seconds = 0.3
    orders = [busy_desk.order() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(busy_desk.pay, orders))
    assert sorted(a.status_code for a in answers) == [201, 422, 422, 422]
    assert len(busy_desk.gateway.charged) == 1


@pytest.mark.parametrize("lost", ["lost_before", "lost_after"])
def test_a_payment_that_died_half_way_is_finished_by_the_same_key(desk, lost):
    order_id = desk.order()
    setattr(desk.gateway, lost, True)
    answer = desk.pay(order_id)
    assert (answer.status_code, "same Idempotency-Key" in answer.json()["detail"]) == (503, True)
    assert [p["status"] for p in desk.payments()] == ["processing"]
    assert desk.pay(order_id, "another key").status_code == 409
    setattr(desk.gateway, lost, False)
    assert desk.pay(order_id).json()["status"] == "succeeded"
    assert len(set(desk.gateway.charged)) == 1
    assert len(desk.published("payment.succeeded")) == 1


def test_a_payment_that_nobody_asks_for_again_is_finished_too(desk, monkeypatch):
    desk.gateway.lost_after = True
    desk.pay(desk.order())
    desk.gateway.lost_after = False
    desk.cashier.finish_left_over()
    assert [p["status"] for p in desk.payments()] == ["processing"]
    later = cashier.now() + timedelta(minutes=2)
    monkeypatch.setattr(cashier, "now", lambda: later)
    desk.cashier.finish_left_over()
    assert [p["status"] for p in desk.payments()] == ["succeeded"]
    assert len(desk.published("payment.succeeded")) == 1


def test_a_payment_that_lay_too_long_is_left_to_a_person(desk, monkeypatch):
    order_id = desk.order()
    desk.gateway.lost_after = True
    desk.pay(order_id)
    desk.gateway.lost_after = False
    later = cashier.now() + timedelta(days=1)
    monkeypatch.setattr(cashier, "now", lambda: later)
    desk.cashier.finish_left_over()
    answer = desk.pay(order_id)
    assert (answer.status_code, "support" in answer.json()["detail"]) == (409, True)
    assert len(desk.gateway.charged) == 1


def test_a_paid_order_is_not_paid_again_even_if_the_order_service_lags(desk):
    order_id = desk.order()
    desk.pay(order_id, "one")
    answer = desk.pay(order_id, "two")
    assert (answer.status_code, "already paid" in answer.json()["detail"]) == (409, True)


def test_a_cancelled_order_is_refunded_once(desk):
    order_id = desk.order()
    payment = desk.pay(order_id).json()
    for _ in range(2):
        desk.cashier.refund_order(order_id)
    assert [p["status"] for p in desk.payments()] == ["refunded"]
    assert len(desk.gateway.refunded) == 1
    assert [e["payment_id"] for e in desk.published("payment.refunded")] == [payment["id"]]
    refund, charge = desk.transactions()
    assert (refund["kind"], refund["amount_cents"]) == ("refund", 2699)
    assert refund["gateway_reference"] != charge["gateway_reference"]
    assert desk.pay(order_id, "again").status_code == 409


def test_cancellations_at_once_refund_once(busy_desk):
    order_id = busy_desk.order()
    busy_desk.pay(order_id)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(busy_desk.cashier.refund_order, [order_id] * 4))
    assert len(set(busy_desk.gateway.refunded)) == 1
    assert [t["kind"] for t in busy_desk.transactions()] == ["refund", "charge"]
    busy_desk.app.state.outbox.flush()
    assert len(busy_desk.published("payment.refunded")) == 1


def test_a_refund_the_gateway_did_not_hear_is_made_later(desk):
    order_id = desk.order()
    desk.pay(order_id)
    desk.gateway.refunds_lost = True
    desk.cashier.refund_order(order_id)
    assert [p["status"] for p in desk.payments()] == ["succeeded"]
    desk.gateway.refunds_lost = False
    desk.cashier.finish_left_over()
    assert [p["status"] for p in desk.payments()] == ["refunded"]


def test_an_order_cancelled_during_its_charge_is_refunded_after_it(desk):
    order_id = desk.order()
    desk.gateway.during_charge = lambda: desk.cashier.refund_order(order_id)
    assert desk.pay(order_id).json()["status"] == "refunded"
    assert len(desk.gateway.refunded) == 1
    assert [name for name, _ in desk.events] == ["payment.succeeded", "payment.refunded"]


def test_an_order_without_payment_needs_no_refund(desk):
    order_id = desk.order()
    desk.pay(order_id, card=DECLINED)
    desk.cashier.refund_order(order_id)
    desk.cashier.refund_order(str(uuid.uuid4()))
    assert desk.gateway.refunded == []


def test_a_cancellation_arrives_over_the_bus(busy_desk):
    order_id = busy_desk.order()
    busy_desk.pay(order_id)
    orders = EventBus("memory://")
    orders.publish("order.cancelled", {"order_id": order_id, "user_id": busy_desk.customer})
    orders.close()
    until = time.monotonic() + 10
    while busy_desk.payments()[0]["status"] != "refunded" and time.monotonic() < until:
        time.sleep(0.05)
    assert busy_desk.payments()[0]["status"] == "refunded"
