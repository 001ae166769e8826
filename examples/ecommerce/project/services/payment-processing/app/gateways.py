"""Who moves the money: what we ask of a gateway, and one that only plays."""

import logging
import uuid
from typing import Protocol

from app.domain import Card

log = logging.getLogger(__name__)


class Declined(Exception):
    """The gateway answered, and the answer is no. The words are for the owner of the card."""

    def __init__(self, reason: str, reference: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reference = reference


class GatewayUnavailable(Exception):
    """The gateway gave no answer, or none of use: whether it did the thing is not known."""

    def __init__(self, words: str, code: str | None = None) -> None:
        super().__init__(words)
        self.code = code


class Gateway(Protocol):
    """Takes cards and money. Charging or refunding twice with one key does it once."""

    name: str

    def tokenize(self, card: Card, keep: bool) -> str:
        """The gateway's own name for the card; `keep` when it will be charged more than once."""
        ...

    def forget(self, token: str) -> None:
        """Has the gateway drop a card that was kept."""
        ...

    def charge(self, token: str, amount_cents: int, currency: str, key: str) -> str:
        """Takes the money; returns the gateway's reference, or raises Declined."""
        ...

    def refund(self, reference: str, amount_cents: int, key: str) -> str:
        """Gives a charge back; returns the gateway's reference of the refund."""
        ...


class SandboxGateway:
    """Moves no money and keeps nothing. The same charge always has the same end, after a restart
    too: cards whose number ends in 0002 are declined, all others pay."""

    name = "sandbox"

    def tokenize(self, card: Card, keep: bool) -> str:
        return f"sbx_card_{uuid.uuid4().hex}_{card.last4}"

    def forget(self, token: str) -> None:
        log.info("the sandbox forgets %s", token)

    def charge(self, token: str, amount_cents: int, currency: str, key: str) -> str:
        reference = f"sbx_ch_{key}"
        if token.endswith("0002"):
            raise Declined("The card was declined: try another one", reference)
        return reference

    def refund(self, reference: str, amount_cents: int, key: str) -> str:
        return f"sbx_re_{key}"
