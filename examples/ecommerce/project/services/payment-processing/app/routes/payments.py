"""Paying an order."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, HTTPException, Request, Response, status
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from app import domain
from app.auth import CurrentUser
from app.clients import Order, Orders
from app.database import Database, now
from app.gateways import Declined, Gateway
from app.models import Payment
from app.routes.methods import own_method
from app.schemas import NewPayment, PaymentOut

router = APIRouter(prefix="/payments", tags=["payments"])

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=PaymentOut,
    responses={402: {"description": "Declined; `payment` is the record of it"}},
)
def pay(
    request: Request, body: NewPayment, user: CurrentUser, database: Database, key: Key
) -> Payment | Response:
    """Pays an order. With the same key and body it may be asked again: the answer is that of the
    first time, and the card is charged once."""
    state = request.app.state
    card = body.card.checked(now().date()) if body.card else None
    order_id, method_id = str(body.order_id), body.method_id and str(body.method_id)
    fingerprint = domain.fingerprint(state.settings.jwt_secret, order_id, method_id, card)
    payment = state.cashier.find_repeated(user.id, key, fingerprint)
    if payment is None:
        order = _payable(state.orders, order_id, user.id, user.token)
        payment = Payment(
            user_id=user.id,
            order_id=order_id,
            idempotency_key=key,
            fingerprint=fingerprint,
            amount_cents=order.total_cents,
            currency=order.currency,
            **_source(state.gateway, database, card, body.method_id, user.id),
        )
        payment = state.cashier.record(payment)
    payment = state.cashier.settle(payment.id)
    if payment.status == domain.Status.FAILED:
        shown = PaymentOut.model_validate(payment).model_dump(mode="json")
        return JSONResponse(
            {"detail": payment.failure_reason, "payment": shown},
            status.HTTP_402_PAYMENT_REQUIRED,
        )
    return payment


def _payable(orders: Orders, order_id: str, user_id: str, token: str) -> Order:
    order = orders.find(order_id, token)
    if order is None or order.user_id != user_id:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such order among yours")
    if why := domain.why_not_payable(order.status):
        raise HTTPException(status.HTTP_409_CONFLICT, why)
    return order


def _source(
    gateway: Gateway,
    database: Session,
    card: domain.Card | None,
    method_id: UUID | None,
    user_id: str,
) -> dict:
    """What is charged. A card that the gateway does not even take makes a failed payment."""
    if card is None:
        assert method_id is not None
        method = own_method(database, method_id, user_id)
        # No connection is held while the gateway is asked.
        database.commit()
        return {
            "gateway_token": method.gateway_token,
            "brand": method.brand,
            "last4": method.last4,
        }
    shown = {"brand": card.brand, "last4": card.last4}
    try:
        return {"gateway_token": gateway.tokenize(card, keep=False), **shown}
    except Declined as no:
        failed = {"status": domain.Status.FAILED, "failure_reason": no.reason[:500]}
        return {"gateway_token": "", **shown, **failed}
