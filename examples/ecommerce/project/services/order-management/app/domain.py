"""The rules of an order: which way it goes, who may move it, and what it costs."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

CURRENCY = "USD"


class Status(StrEnum):
    PENDING = "pending"
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Actor(StrEnum):
    """Who wants an order moved: a person by a request, or another service by an event."""

    CUSTOMER = "customer"
    ADMIN = "admin"
    INVENTORY = "inventory"
    PAYMENTS = "payments"


class Reaction(StrEnum):
    """What an event of another service calls for."""

    MOVE = "move"
    CANCEL_AGAIN = "cancel_again"
    IGNORE = "ignore"


# Every allowed move and who may make it. No way leads back, so an order moves at most four times.
MOVES: dict[tuple[Status, Status], frozenset[Actor]] = {
    (Status.PENDING, Status.AWAITING_PAYMENT): frozenset({Actor.INVENTORY}),
    (Status.PENDING, Status.CANCELLED): frozenset({Actor.INVENTORY, Actor.CUSTOMER, Actor.ADMIN}),
    (Status.AWAITING_PAYMENT, Status.PAID): frozenset({Actor.PAYMENTS}),
    (Status.AWAITING_PAYMENT, Status.CANCELLED): frozenset({Actor.CUSTOMER, Actor.ADMIN}),
    (Status.PAID, Status.SHIPPED): frozenset({Actor.ADMIN}),
    (Status.PAID, Status.CANCELLED): frozenset({Actor.CUSTOMER, Actor.ADMIN}),
    (Status.SHIPPED, Status.DELIVERED): frozenset({Actor.ADMIN}),
}


class MoveRefused(Exception):
    """The order can't go there from where it is, or not by this actor."""


def can_move(current: Status, target: Status, actor: Actor) -> bool:
    return actor in MOVES.get((current, target), frozenset())


def check_move(current: Status, target: Status, actor: Actor) -> None:
    """Raises MoveRefused, in words for a person, unless `actor` may make this move."""
    if can_move(current, target, actor):
        return
    if current == target:
        raise MoveRefused(f"The order is already {_words(current)}")
    if (current, target) in MOVES:
        raise MoveRefused(f"The {actor} may not set this order to {_words(target)}")
    raise MoveRefused(f"An order that is {_words(current)} can't become {_words(target)}")


def reaction(current: Status, target: Status, actor: Actor) -> Reaction:
    """What to do about an event that would move the order to `target`.

    Stock reserved or money taken for an order that is cancelled by now must be given back: the
    cancellation is told again. Anything else that no longer fits is an event that came twice.
    """
    if can_move(current, target, actor):
        return Reaction.MOVE
    gives_something = target in (Status.AWAITING_PAYMENT, Status.PAID)
    if current == Status.CANCELLED and gives_something:
        return Reaction.CANCEL_AGAIN
    return Reaction.IGNORE


@dataclass(frozen=True)
class Line:
    """So many pieces of a product at the price of the day the order was made."""

    product_id: str
    name: str
    unit_price_cents: int
    quantity: int

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise ValueError("A line needs a quantity of at least 1")
        if self.unit_price_cents < 0:
            raise ValueError("A price can't be negative")

    @property
    def total_cents(self) -> int:
        return self.unit_price_cents * self.quantity


def total_cents(lines: Iterable[Line]) -> int:
    return sum(line.total_cents for line in lines)


def missing_words(missing: Iterable[dict], names: dict[str, str]) -> str:
    """Tells a customer what the inventory could not reserve."""
    parts = [
        f"{names.get(item['product_id'], 'a product')} "
        f"({item['requested']} wanted, {item['available']} there)"
        for item in missing
    ]
    return "Not enough in stock: " + ", ".join(parts) if parts else "Not enough in stock"


def _words(status: Status) -> str:
    return status.value.replace("_", " ")
