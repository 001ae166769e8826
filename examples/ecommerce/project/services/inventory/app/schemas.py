"""What goes in and out of the inventory's API."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.domain import MAX_ON_HAND, OWN_REASONS


class StockOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    product_id: str
    sku: str
    name: str
    on_hand: int
    reserved: int
    available: int
    low_stock_threshold: int
    low: bool


class StockCount(BaseModel):
    on_hand: int = Field(ge=0, le=MAX_ON_HAND)
    low_stock_threshold: int | None = Field(default=None, ge=0, le=MAX_ON_HAND)


class Adjustment(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)

    delta: int = Field(ge=-MAX_ON_HAND, le=MAX_ON_HAND)
    reason: str = Field(min_length=1, max_length=60, examples=["delivery", "damaged"])

    @field_validator("delta")
    @classmethod
    def changes_something(cls, delta: int) -> int:
        if delta == 0:
            raise ValueError("an adjustment by 0 changes nothing")
        return delta

    @field_validator("reason")
    @classmethod
    def is_not_ours(cls, reason: str) -> str:
        """Reports group by reason: by hand nobody may add to the group of what orders do."""
        reason = reason.lower()
        if reason in OWN_REASONS:
            raise ValueError(f"'{reason}' is noted by the inventory itself; choose another reason")
        return reason


class Totals(BaseModel):
    products: int
    on_hand: int
    reserved: int
    available: int
    low: int


class MovementsOut(BaseModel):
    """All movements for one reason. `on_hand` and `reserved` are the sums of their changes."""

    reason: str
    movements: int
    on_hand: int
    reserved: int


class Report(BaseModel):
    since: datetime | None
    totals: Totals
    movements: list[MovementsOut]
