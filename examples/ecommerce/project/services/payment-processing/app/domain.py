"""The rules of paying: what a card is, and what a repeated request means."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

# Gateways remember an idempotency key for 24 hours: later the same key would charge again.
KEY_LIFETIME = timedelta(hours=23)


class Status(StrEnum):
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"


class Verdict(StrEnum):
    """What to do with a request, given what is stored under its key."""

    NEW = "new"  # nothing is stored: record and charge
    REPLAY = "replay"  # it was answered: give the same answer
    RESUME = "resume"  # it was begun: finish it, with the gateway's key of the first time
    MISMATCH = "mismatch"  # the key belongs to another request
    EXPIRED = "expired"  # begun too long ago to be finished without the risk of charging twice


@dataclass(frozen=True)
class Stored:
    """What a verdict needs to know of a recorded payment."""

    fingerprint: str
    status: Status
    created_at: datetime


def judge(stored: Stored | None, fingerprint: str, now: datetime) -> Verdict:
    """What a stored payment with the same key means for a request."""
    if stored is None:
        return Verdict.NEW
    if not hmac.compare_digest(stored.fingerprint, fingerprint):
        return Verdict.MISMATCH
    if stored.status != Status.PROCESSING:
        return Verdict.REPLAY
    if now - stored.created_at > KEY_LIFETIME:
        return Verdict.EXPIRED
    return Verdict.RESUME


class BadCard(ValueError):
    """The card can't be charged, whoever is asked."""


@dataclass(frozen=True)
class Card:
    """A card as it was typed, on its way to the gateway. It is never stored or shown."""

    number: str = field(repr=False)
    exp_month: int
    exp_year: int
    cvc: str = field(repr=False)

    @property
    def brand(self) -> str:
        return card_brand(self.number)

    @property
    def last4(self) -> str:
        return self.number[-4:]


def checked_card(number: str, exp_month: int, exp_year: int, cvc: str, today: date) -> Card:
    """The card, its number without blanks and hyphens; raises BadCard in words for its owner."""
    digits = number.replace(" ", "").replace("-", "")
    if not luhn_valid(digits):
        raise BadCard("The card number is mistyped: look at its digits again")
    if not 1 <= exp_month <= 12:
        raise BadCard("The month of expiry is a number from 1 to 12")
    # A card holds to the end of its month.
    if (exp_year, exp_month) < (today.year, today.month):
        raise BadCard("The card has expired")
    length = 4 if card_brand(digits) == "amex" else 3
    if not (_is_digits(cvc) and len(cvc) == length):
        raise BadCard(f"The security code of this card has {length} digits")
    return Card(digits, exp_month, exp_year, cvc)


def luhn_valid(number: str) -> bool:
    """Whether the check digit at the end fits the digits before it."""
    if not (_is_digits(number) and 12 <= len(number) <= 19):
        return False
    total = 0
    for position, digit in enumerate(map(int, reversed(number))):
        if position % 2:
            digit *= 2
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


# The first digits that a brand's numbers lie between, both included.
BRANDS = [
    ("visa", "4", "4"),
    ("mastercard", "51", "55"),
    ("mastercard", "2221", "2720"),
    ("amex", "34", "34"),
    ("amex", "37", "37"),
    ("discover", "6011", "6011"),
    ("discover", "644", "659"),
]


def card_brand(number: str) -> str:
    """The brand by the first digits; `card` when it is none that we know."""
    for brand, first, last in BRANDS:
        if first <= number[: len(first)] <= last:
            return brand
    return "card"


def fingerprint(secret: str, order_id: str, method_id: str | None, card: Card | None) -> str:
    """Tells whether two requests ask for the same.

    It is keyed, because a bare hash of a card number can be undone by trying all numbers. The
    security code stays out: it must not be kept in any form.
    """
    asked = {
        "order_id": order_id,
        "method_id": method_id,
        "card": [card.number, card.exp_month, card.exp_year] if card else None,
    }
    message = json.dumps(asked, sort_keys=True).encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def why_not_payable(order_status: str) -> str | None:
    """Why an order in this status takes no payment; None when it does."""
    match order_status:
        case "awaiting_payment":
            return None
        case "pending":
            return "The order is still being checked: pay when it is awaiting payment"
        case "cancelled":
            return "The order is cancelled"
        case _:
            return "The order is already paid"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
