"""The rules of a shopping cart: what it holds, its limits, its totals and when it expires.

Nothing here changes in place and nothing here talks to anybody, so every rule can be tested by
calling a function.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

MAX_QUANTITY = 99
MAX_LINES = 50
CURRENCY = "USD"


class LimitExceeded(Exception):
    """The change would put more into the cart than it may hold."""


class NotInCart(Exception):
    """The cart has no line for that product."""


@dataclass(frozen=True)
class Line:
    """One product in the cart, with the name and price it had when it was last added."""

    product_id: str
    name: str
    unit_price_cents: int
    quantity: int
    # Redis does not keep the order of a hash's fields, so each line knows its place.
    position: int = 0

    @property
    def total_cents(self) -> int:
        return self.unit_price_cents * self.quantity


@dataclass(frozen=True)
class Cart:
    """The lines of one user's cart, in the order in which they were added."""

    lines: tuple[Line, ...] = ()

    @classmethod
    def of(cls, lines: "list[Line]") -> "Cart":
        """A cart of lines that come in any order."""
        return cls(tuple(sorted(lines, key=lambda line: line.position)))

    @property
    def total_cents(self) -> int:
        return sum(line.total_cents for line in self.lines)

    @property
    def item_count(self) -> int:
        """How many pieces there are, not how many lines."""
        return sum(line.quantity for line in self.lines)

    def find(self, product_id: str) -> Line | None:
        return next((line for line in self.lines if line.product_id == product_id), None)

    def add(self, product_id: str, name: str, unit_price_cents: int, quantity: int) -> "Cart":
        """Adds to what is there already. The line takes the name and price given now, so that a
        cart does not go on showing a price that the catalog has changed.
        """
        if quantity < 1:
            raise ValueError("the quantity to add must be at least 1")
        old = self.find(product_id)
        if old is not None:
            return self._put(
                replace(
                    old,
                    name=name,
                    unit_price_cents=unit_price_cents,
                    quantity=old.quantity + quantity,
                )
            )
        if len(self.lines) >= MAX_LINES:
            raise LimitExceeded(f"A cart holds at most {MAX_LINES} different products")
        position = self.lines[-1].position + 1 if self.lines else 0
        return self._put(Line(product_id, name, unit_price_cents, quantity, position))

    def set_quantity(self, product_id: str, quantity: int) -> "Cart":
        """Sets the quantity of a product that is in the cart; 0 takes it out."""
        if quantity < 0:
            raise ValueError("a quantity cannot be negative")
        old = self.find(product_id)
        if old is None:
            raise NotInCart(product_id)
        return self._put(replace(old, quantity=quantity)) if quantity else self.remove(product_id)

    def remove(self, product_id: str) -> "Cart":
        """Takes a product out; what is not there is out already."""
        return Cart(tuple(line for line in self.lines if line.product_id != product_id))

    def _put(self, new: Line) -> "Cart":
        if new.quantity > MAX_QUANTITY:
            raise LimitExceeded(f"At most {MAX_QUANTITY} of one product fit into a cart")
        others = [line for line in self.lines if line.product_id != new.product_id]
        return Cart.of([*others, new])


def expires_at(now: datetime, remaining_ms: int) -> datetime | None:
    """When a key expires that Redis' PTTL says lives for `remaining_ms` more.

    Redis answers -2 for a key that is not there and -1 for one that never expires: then None.
    """
    if remaining_ms < 0:
        return None
    return now + timedelta(milliseconds=remaining_ms)
