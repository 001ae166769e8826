from urllib.parse import parse_qs

import httpx
import pytest

from app.domain import Card
from app.gateways import Declined, GatewayUnavailable
from app.stripe import StripeGateway

CARD = Card("4242424242424242", 12, 2099, "123")


class Stripe:
    """Answers from a list, and keeps what it was asked."""

    def __init__(self, *answers: tuple[int, dict] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.gateway = StripeGateway(
            "sk_test", "https://stripe.test", httpx.MockTransport(self._answer), (0.0, 0.0)
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer[0], json=answer[1])

    def form(self, number: int) -> dict[str, str]:
        fields = parse_qs(self.asked[number].content.decode())
        return {name: values[0] for name, values in fields.items()}

    def charge(self, token: str = "pm_1") -> str:
        return self.gateway.charge(token, 2699, "USD", key="payment-1")


def test_a_charge_is_a_confirmed_intent_with_its_key():
    stripe = Stripe((200, {"id": "pi_1", "status": "succeeded"}))
    assert stripe.charge() == "pi_1"
    request = stripe.asked[0]
    assert str(request.url) == "https://stripe.test/v1/payment_intents"
    assert request.headers["Idempotency-Key"] == "payment-1"
    assert request.headers["Authorization"] == "Bearer sk_test"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert stripe.form(0) == {
        "amount": "2699",
        "currency": "usd",
        "payment_method": "pm_1",
        "payment_method_types[]": "card",
        "confirm": "true",
    }


def test_a_kept_card_belongs_to_a_customer_who_is_charged_and_can_be_forgotten():
    stripe = Stripe(
        (200, {"id": "pm_1"}),
        (200, {"id": "cus_1"}),
        (200, {"id": "pi_1", "status": "succeeded"}),
        (200, {"id": "pm_1"}),
    )
    token = stripe.gateway.tokenize(CARD, keep=True)
    assert stripe.form(0)["card[number]"] == "4242424242424242"
    assert stripe.form(1) == {"payment_method": "pm_1"}
    stripe.charge(token)
    assert stripe.form(2)["customer"] == "cus_1"
    assert stripe.form(2)["payment_method"] == "pm_1"
    stripe.gateway.forget(token)
    assert stripe.asked[3].url.path == "/v1/payment_methods/pm_1/detach"


def test_a_card_for_once_needs_no_customer():
    stripe = Stripe((200, {"id": "pm_1"}))
    assert stripe.gateway.tokenize(CARD, keep=False) == "pm_1"


def test_a_declined_card_is_told_in_stripes_words():
    error = {
        "code": "card_declined",
        "message": "Too little money.",
        "payment_intent": {"id": "pi"},
    }
    with pytest.raises(Declined) as caught:
        Stripe((402, {"error": error})).charge()
    assert (caught.value.reason, caught.value.reference) == ("Too little money.", "pi")


def test_a_charge_that_wants_its_owner_is_declined():
    with pytest.raises(Declined) as caught:
        Stripe((200, {"id": "pi_1", "status": "requires_action"})).charge()
    assert caught.value.reference == "pi_1"


def test_a_key_in_use_is_asked_again_until_its_answer_is_there():
    busy = (409, {"error": {"code": "idempotency_key_in_use"}})
    stripe = Stripe(busy, busy, (200, {"id": "pi_1", "status": "succeeded"}))
    assert stripe.charge() == "pi_1"
    assert {r.headers["Idempotency-Key"] for r in stripe.asked} == {"payment-1"}


@pytest.mark.parametrize(
    "answers",
    [
        [httpx.ReadTimeout("slow")],
        [(500, {})] * 3,
        [(401, {"error": {"code": "api_key_expired"}})],
        [(200, {"id": "pi_1", "status": "processing"})],
    ],
)
def test_what_is_not_known_is_no_decline(answers):
    stripe = Stripe(*answers)
    with pytest.raises(GatewayUnavailable):
        stripe.charge()
    assert stripe.answers == []


def test_without_a_key_nothing_is_asked_twice():
    stripe = Stripe((500, {}), (200, {"id": "pm_1"}))
    with pytest.raises(GatewayUnavailable):
        stripe.gateway.tokenize(CARD, keep=False)
    assert len(stripe.asked) == 1


def test_a_refund_names_the_charge_and_bears_one_made_by_hand():
    done = (400, {"error": {"code": "charge_already_refunded"}})
    stripe = Stripe((200, {"id": "re_1"}), done)
    assert stripe.gateway.refund("pi_1", 2699, key="refund-1") == "re_1"
    assert stripe.form(0) == {"payment_intent": "pi_1", "amount": "2699"}
    assert stripe.asked[0].headers["Idempotency-Key"] == "refund-1"
    assert stripe.gateway.refund("pi_1", 2699, key="refund-1") == "pi_1"
