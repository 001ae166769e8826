"""What goes in and out of the cart's API."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.domain import CURRENCY, MAX_QUANTITY
from app.store import Stored


class AddItem(BaseModel):
    product_id: UUID
    quantity: int = Field(default=1, ge=1, le=MAX_QUANTITY)


class SetQuantity(BaseModel):
    quantity: int = Field(ge=0, le=MAX_QUANTITY)


class ItemOut(BaseModel):
    product_id: str
    name: str
    unit_price_cents: int
    quantity: int
    line_total_cents: int


class CartOut(BaseModel):
    items: list[ItemOut]
    total_cents: int
    currency: str
    item_count: int
    expires_at: datetime | None

    @classmethod
    def of(cls, stored: Stored) -> "CartOut":
        cart = stored.cart
        return cls(
            items=[
                ItemOut(
                    product_id=line.product_id,
                    name=line.name,
                    unit_price_cents=line.unit_price_cents,
                    quantity=line.quantity,
                    line_total_cents=line.total_cents,
                )
                for line in cart.lines
            ],
            total_cents=cart.total_cents,
            currency=CURRENCY,
            item_count=cart.item_count,
            expires_at=stored.expires_at,
        )
