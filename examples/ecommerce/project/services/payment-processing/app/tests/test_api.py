import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from app import cashier
from app.events import EventBus
from app.settings import Settings
from app.tests.conftest import DECLINED, GOOD, SECRET, bearer
from pydantic import ValidationError


def test_a_payment_takes_the_amount_of_the_order(desk):
    order_id = desk.order()
    answer = desk.pay(order_id)
    assert answer.status_code == 201
    payment = answer.json()
    assert payment["amount_cents"] == 2699
    assert payment["status"] == "succeeded"
    assert payment["method"] == {"brand": "visa", "last4": "4242"}
    assert payment["failure_reason"] is None
    assert desk.forwarded == [desk.as_customer["Authorization"]]
    assert desk.events == [
        (
            "payment.succeeded",
            {
                "payment_id": payment["id"],
                "order_id": order_id,
                "user_id": desk.customer,
                "amount_cents": 2699,
            },
        )
    ]
    shown = desk.http.get(f"/payments/{payment['id']}", headers=desk.as_customer)
    assert shown.json() == payment


def test_a_declined_card_is_recorded_and_another_may_pay(desk):
    order_id = desk.order()
    answer = desk.pay(order_id, "first", DECLINED)
    assert answer.status_code == 402
    assert "declined" in answer.json()["detail"]
    assert answer.json()["payment"]["status"] == "failed"
    assert desk.pay(order_id, "first", DECLINED).json() == answer.json()
    assert "declined" in desk.published("payment.failed")[0]["reason"]
    assert desk.pay(order_id, "second").status_code == 201
    assert [t["status"] for t in desk.transactions()] == ["succeeded", "declined"]


def test_a_card_the_gateway_does_not_take_is_a_failed_payment(desk):
    order_id = desk.order()
    desk.gateway.refuses_cards = True
    assert desk.pay(order_id, "first").status_code == 402
    assert len(desk.published("payment.failed")) == 1
    desk.gateway.refuses_cards = False
    assert desk.pay(order_id, "first").status_code == 402
    assert desk.pay(order_id, "second").status_code == 201


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
    busy_desk.gateway.seconds = 0.2
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
    busy_desk.gateway.seconds = 0.2
    order_id = busy_desk.order()
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda n: busy_desk.pay(order_id, f"key {n}"), range(5)))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409, 409]
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


@pytest.mark.parametrize(
    ("status", "words"),
    [("pending", "being checked"), ("cancelled", "cancelled"), ("shipped", "already paid")],
)
def test_only_an_order_that_awaits_payment_is_paid(desk, status, words):
    answer = desk.pay(desk.order(status))
    assert (answer.status_code, words in answer.json()["detail"]) == (409, True)
    assert desk.gateway.charged == []


def test_a_paid_order_is_not_paid_again_even_if_the_order_service_lags(desk):
    order_id = desk.order()
    desk.pay(order_id, "one")
    answer = desk.pay(order_id, "two")
    assert (answer.status_code, "already paid" in answer.json()["detail"]) == (409, True)


def test_what_is_missing_or_not_ours_is_said(desk):
    assert desk.pay(str(uuid.uuid4())).status_code == 404
    assert desk.pay(desk.order(user_id=str(uuid.uuid4()))).status_code == 404
    assert desk.pay(desk.order(), card=None).status_code == 422
    assert desk.pay(desk.order(), method_id=str(uuid.uuid4())).status_code == 422
    assert desk.pay(desk.order(), card=None, method_id=str(uuid.uuid4())).status_code == 404
    body = {"order_id": desk.order(), "card": GOOD}
    assert desk.http.post("/payments", json=body, headers=desk.as_customer).status_code == 422
    answer = desk.pay(desk.order(), card=GOOD | {"number": "4242424242424241"})
    assert (answer.status_code, "mistyped" in answer.json()["detail"]) == (422, True)


def test_orders_that_do_not_answer_are_named(desk):
    desk.orders_down = True
    answer = desk.pay(desk.order())
    assert (answer.status_code, "order service" in answer.json()["detail"]) == (503, True)
    desk.orders_down = False
    assert desk.pay(desk.order()).status_code == 201


def test_a_kept_card_pays_until_it_is_deleted(desk):
    def keep(card):
        return desk.http.post("/payments/methods", json={"card": card}, headers=desk.as_customer)

    answer = keep(GOOD)
    assert answer.status_code == 201
    method = answer.json()
    assert method == {
        "id": method["id"],
        "brand": "visa",
        "last4": "4242",
        "exp_month": 12,
        "exp_year": 2099,
    }
    assert keep(GOOD | {"exp_year": 2020}).status_code == 422
    assert desk.http.get("/payments/methods", headers=desk.as_customer).json() == [method]
    assert desk.http.get("/payments/methods", headers=desk.as_admin).json() == []
    order_id = desk.order()
    paid = desk.pay(order_id, card=None, method_id=method["id"])
    assert paid.json()["method"] == {"brand": "visa", "last4": "4242"}
    path = f"/payments/methods/{method['id']}"
    assert desk.http.delete(path, headers=desk.as_admin).status_code == 404
    assert desk.http.delete(path, headers=desk.as_customer).status_code == 204
    answer = desk.pay(desk.order(), "next", card=None, method_id=method["id"])
    assert answer.status_code == 404
    # The first answer holds although the card is gone.
    assert desk.pay(order_id, card=None, method_id=method["id"]).json() == paid.json()


def test_no_table_holds_a_number_or_a_security_code(busy_desk):
    card = GOOD | {"number": "5555555555554444", "cvc": "987"}
    busy_desk.http.post("/payments/methods", json={"card": card}, headers=busy_desk.as_customer)
    busy_desk.pay(busy_desk.order(), card=card)
    with busy_desk.app.state.sessions() as session:
        raw = session.connection().connection.driver_connection
        stored = "\n".join(raw.iterdump())
    assert "4444" in stored
    assert "5555555555554444" not in stored
    assert "'987'" not in stored


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


def test_an_order_cancelled_during_its_charge_is_refunded_after_it(busy_desk):
    busy_desk.gateway.seconds = 0.6
    order_id = busy_desk.order()
    with ThreadPoolExecutor(1) as pool:
        paying = pool.submit(busy_desk.pay, order_id)
        until = time.monotonic() + 5
        while not busy_desk.payments() and time.monotonic() < until:
            time.sleep(0.02)
        busy_desk.cashier.refund_order(order_id)
    assert paying.result().json()["status"] == "refunded"
    assert len(busy_desk.gateway.refunded) == 1


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


def test_histories_are_paged_and_private(desk):
    ids = [desk.pay(desk.order(), f"key {n}").json()["id"] for n in range(3)]
    page = desk.http.get("/payments?size=2", headers=desk.as_customer).json()
    assert [p["id"] for p in page["items"]] == [ids[2], ids[1]]
    assert (page["total"], page["page"], page["size"]) == (3, 1, 2)
    assert desk.http.get("/payments", headers=desk.as_admin).json()["total"] == 0
    assert desk.http.get(f"/payments/{ids[0]}", headers=desk.as_admin).status_code == 404
    assert desk.http.get("/transactions", headers=desk.as_customer).status_code == 403
    assert desk.http.get("/transactions", headers=desk.as_admin).json()["total"] == 3
    assert desk.http.get("/payments").status_code == 401


def test_stripe_is_not_started_without_its_key():
    with pytest.raises(ValidationError, match="STRIPE_API_KEY"):
        Settings(jwt_secret=SECRET, payment_gateway="stripe", stripe_api_key=None)
