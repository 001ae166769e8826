"""The rules of stock: its arithmetic, when it is low, and what an order does to it.

Pure functions of values; where the values are kept and locked is the business of others.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

DEFAULT_THRESHOLD = 5
MAX_ON_HAND = 1_000_000_000


class StockError(Exception):
    """The change would leave stock that cannot be; the words are for whoever asked for it."""


@dataclass(frozen=True)
class Stock:
    """How much of one product there is. What is reserved is on hand still, but promised."""

    on_hand: int = 0
    reserved: int = 0
    low_stock_threshold: int = DEFAULT_THRESHOLD

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    @property
    def low(self) -> bool:
        return self.available <= self.low_stock_threshold

    def count(self, on_hand: int, low_stock_threshold: int | None = None) -> "Stock":
        """What a stocktake found replaces what was believed to be there."""
        if low_stock_threshold is None:
            low_stock_threshold = self.low_stock_threshold
        counted = replace(self, on_hand=on_hand, low_stock_threshold=low_stock_threshold)
        return counted._checked()

    def adjust(self, delta: int) -> "Stock":
        return replace(self, on_hand=self.on_hand + delta)._checked()

    def reserve(self, quantity: int) -> "Stock":
        return replace(self, reserved=self.reserved + quantity)._checked()

    def release(self, quantity: int) -> "Stock":
        return replace(self, reserved=self.reserved - quantity)._checked()

    def commit(self, quantity: int) -> "Stock":
        """What was reserved is sold: it leaves the shelf and the promise is kept."""
        return replace(
            self, on_hand=self.on_hand - quantity, reserved=self.reserved - quantity
        )._checked()

    def _checked(self) -> "Stock":
        if self.reserved < 0:
            raise StockError("More would be released than is reserved")
        if self.on_hand < self.reserved:
            raise StockError(
                f"On hand would be {self.on_hand}, but {self.reserved} are reserved for orders"
            )
        if self.on_hand > MAX_ON_HAND:
            raise StockError(f"At most {MAX_ON_HAND} of one product can be on hand")
        return self


def low_alert_due(before: Stock, after: Stock) -> bool:
    """Stock that becomes low is worth an alert, stock that merely stays low is not."""
    return after.low and not before.low


def wanted(items: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many of each product an order's items ask for, in the order in which rows are locked."""
    total: dict[str, int] = {}
    for item in items:
        if item["quantity"] < 1:
            raise ValueError(f"an order cannot ask for {item['quantity']} of a product")
        total[item["product_id"]] = total.get(item["product_id"], 0) + item["quantity"]
    return dict(sorted(total.items()))


@dataclass(frozen=True)
class Missing:
    """A product of which there is less than an order asks for."""

    product_id: str
    requested: int
    available: int


def missing(stocks: Mapping[str, Stock], lines: Mapping[str, int]) -> list[Missing]:
    """What stands against reserving all `lines`; nothing does when the list is empty."""
    none = Stock()
    return [
        Missing(product_id, quantity, stocks.get(product_id, none).available)
        for product_id, quantity in lines.items()
        if stocks.get(product_id, none).available < quantity
    ]


class State(StrEnum):
    """How far an order's reservation is."""

    RESERVED = "reserved"
    REJECTED = "rejected"
    RELEASED = "released"
    COMMITTED = "committed"
    RETURNED = "returned"


@dataclass(frozen=True)
class Step:
    """The state to go to, what happens to the stock of each line, and the reason to note."""

    state: State
    change: Callable[[Stock, int], Stock]
    reason: str


RESERVED_REASON = "order reserved"
STOCKTAKE_REASON = "stocktake"
_STEPS = {
    # A cancellation may overtake its order. Remembered, it keeps the order from reserving.
    (None, "order.cancelled"): Step(State.RELEASED, Stock.release, "order released"),
    (State.RESERVED, "order.cancelled"): Step(State.RELEASED, Stock.release, "order released"),
    (State.RESERVED, "order.paid"): Step(State.COMMITTED, Stock.commit, "order sold"),
    # Paid orders can be cancelled until they are shipped; then the goods are still here.
    (State.COMMITTED, "order.cancelled"): Step(State.RETURNED, Stock.adjust, "order returned"),
}
OWN_REASONS = {RESERVED_REASON, STOCKTAKE_REASON} | {step.reason for step in _STEPS.values()}


def next_step(state: State | None, event: str) -> Step | None:
    """What an event means for a reservation in `state` (None: there is none yet). None when there
    is nothing to do, as for every event that comes a second time.
    """
    return _STEPS.get((state, event))
