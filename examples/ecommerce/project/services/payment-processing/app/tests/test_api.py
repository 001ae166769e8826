import uuid

import pytest
from pydantic import ValidationError

from app.settings import Settings
from app.tests.conftest import DECLINED, GOOD, SECRET


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


@pytest.mark.parametrize(
    ("status", "words"),
    [("pending", "being checked"), ("cancelled", "cancelled"), ("shipped", "already paid")],
)
def test_only_an_order_that_awaits_payment_is_paid(desk, status, words):
    answer = desk.pay(desk.order(status))
    assert (answer.status_code, words in answer.json()["detail"]) == (409, True)
    assert desk.gateway.charged == []


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
