"""The gateway that moves real money: Stripe's HTTP interface."""

import logging
import time
from typing import Any

import httpx

from app.domain import Card
from app.gateways import Declined, GatewayUnavailable

log = logging.getLogger(__name__)

# A charge may take its time at the bank.
TIMEOUT = httpx.Timeout(20.0, connect=3.0)
# A request with the same key is under way, too many requests, or trouble at Stripe.
WORTH_ANOTHER_TRY = {409, 429, 500, 502, 503, 504}


class StripeGateway:
    """Cards are payment methods; one to be charged again belongs to a customer made for it, and
    its token is then `pm_…@cus_…`."""

    name = "stripe"

    def __init__(
        self,
        api_key: str,
        api_url: str,
        transport: httpx.BaseTransport | None = None,
        pauses: tuple[float, ...] = (0.3, 1.0, 2.0),
    ) -> None:
        self._http = httpx.Client(
            base_url=api_url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=TIMEOUT,
            transport=transport,
        )
        self._pauses = pauses

    def tokenize(self, card: Card, keep: bool) -> str:
        method = self._post(
            "/v1/payment_methods",
            {
                "type": "card",
                "card[number]": card.number,
                "card[exp_month]": card.exp_month,
                "card[exp_year]": card.exp_year,
                "card[cvc]": card.cvc,
            },
        )["id"]
        if not keep:
            return method
        customer = self._post("/v1/customers", {"payment_method": method})["id"]
        return f"{method}@{customer}"

    def forget(self, token: str) -> None:
        method, _, _ = token.partition("@")
        self._post(f"/v1/payment_methods/{method}/detach", {})

    def charge(self, token: str, amount_cents: int, currency: str, key: str) -> str:
        method, _, customer = token.partition("@")
        form = {
            "amount": amount_cents,
            "currency": currency.lower(),
            "payment_method": method,
            "payment_method_types[]": "card",
            "confirm": "true",
        }
        if customer:
            form["customer"] = customer
        intent = self._post("/v1/payment_intents", form, key)
        match intent["status"]:
            case "succeeded":
                return intent["id"]
            case "processing":
                raise GatewayUnavailable("Stripe has not decided yet")
            case _:
                raise Declined("The bank wants more than the card: try another one", intent["id"])

    def refund(self, reference: str, amount_cents: int, key: str) -> str:
        form = {"payment_intent": reference, "amount": amount_cents}
        try:
            return self._post("/v1/refunds", form, key)["id"]
        except GatewayUnavailable as error:
            if error.code == "charge_already_refunded":
                # Somebody did it by hand.
                return reference
            raise

    def _post(self, path: str, form: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        response = self._answer(path, form, headers)
        # Without a key nothing says that the first try did not do it.
        for pause in self._pauses if key else ():
            if response.status_code not in WORTH_ANOTHER_TRY:
                break
            time.sleep(pause)
            response = self._answer(path, form, headers)
        try:
            answer = response.json()
        except ValueError as error:
            raise GatewayUnavailable(f"Stripe answers {response.status_code}") from error
        if response.is_success:
            return answer
        problem = answer.get("error", {})
        if response.status_code == httpx.codes.PAYMENT_REQUIRED:
            intent = problem.get("payment_intent") or {}
            reason = problem.get("message", "The card was declined: try another one")
            raise Declined(reason, intent.get("id"))
        code = problem.get("code")
        log.error("Stripe answers %d %s to %s", response.status_code, code, path)
        raise GatewayUnavailable(f"Stripe answers {response.status_code}", code)

    def _answer(self, path: str, form: dict[str, Any], headers: dict) -> httpx.Response:
        try:
            return self._http.post(path, data=form, headers=headers)
        except httpx.HTTPError as error:
            raise GatewayUnavailable("Stripe does not answer") from error
