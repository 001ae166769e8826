"""What goes in and out over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

# PostgreSQL stores no NUL characters in text.
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$"),
]
Note = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]


class Address(BaseModel):
    name: Text
    line1: Text
    line2: Annotated[str, StringConstraints(max_length=200)] | None = None
    city: Text
    postal_code: Text
    country: Text


class NewOrder(BaseModel):
    shipping_address: Address


class Cancellation(BaseModel):
    reason: Note | None = None


class NewStatus(BaseModel):
    """The moves an administrator makes by hand; the others follow from events."""

    status: Literal["shipped", "delivered"]


class FromTable(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ItemOut(FromTable):
    product_id: str
    name: str
    unit_price_cents: int
    quantity: int
    line_total_cents: int


class OrderOut(FromTable):
    id: str
    user_id: str
    status: str
    items: list[ItemOut]
    total_cents: int
    currency: str
    shipping_address: Address
    reason: str | None
    created_at: datetime
    updated_at: datetime


class StatusChangeOut(FromTable):
    status: str
    at: datetime
    note: str | None


class OrderStatusOut(BaseModel):
    order_id: str
    status: str
    history: list[StatusChangeOut]
