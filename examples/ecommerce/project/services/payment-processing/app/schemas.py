"""What goes in and out over HTTP."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from app import domain


class CardIn(BaseModel):
    """A card as it was typed. Secret, so that no log or traceback shows it."""

    number: SecretStr
    exp_month: int
    exp_year: int
    cvc: SecretStr

    def checked(self, today: date) -> domain.Card:
        """The card; raises BadCard in words for its owner."""
        return domain.checked_card(
            self.number.get_secret_value(),
            self.exp_month,
            self.exp_year,
            self.cvc.get_secret_value(),
            today,
        )


class NewMethod(BaseModel):
    card: CardIn


class NewPayment(BaseModel):
    order_id: UUID
    method_id: UUID | None = None
    card: CardIn | None = None

    @model_validator(mode="after")
    def _one_way_to_pay(self) -> Self:
        if (self.method_id is None) == (self.card is None):
            raise ValueError("Give either method_id or card")
        return self


class FromTable(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MethodOut(FromTable):
    id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


class CardShown(BaseModel):
    brand: str
    last4: str


class PaymentOut(FromTable):
    id: str
    order_id: str
    amount_cents: int
    currency: str
    status: str
    method: CardShown
    failure_reason: str | None
    created_at: datetime


class TransactionOut(FromTable):
    id: str
    payment_id: str
    order_id: str
    kind: str
    status: str
    amount_cents: int
    currency: str
    gateway: str
    gateway_reference: str | None
    created_at: datetime
