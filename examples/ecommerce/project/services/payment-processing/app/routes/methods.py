"""Cards that a user keeps for the next time."""

import logging
from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request, status
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth import CurrentUser
from app.database import Database, now
from app.gateways import Declined, GatewayUnavailable
from app.models import PaymentMethod
from app.schemas import MethodOut, NewMethod

log = logging.getLogger(__name__)
router = APIRouter(prefix="/payments/methods", tags=["methods"])


@router.post("", status_code=status.HTTP_201_CREATED, response_model=MethodOut)
def add_method(
    request: Request, body: NewMethod, user: CurrentUser, database: Database
) -> PaymentMethod:
    """Keeps a card. The gateway keeps its number; we keep the gateway's name for it."""
    card = body.card.checked(now().date())
    try:
        token = request.app.state.gateway.tokenize(card, keep=True)
    except Declined as no:
        raise HTTPException(status.HTTP_402_PAYMENT_REQUIRED, no.reason) from no
    method = PaymentMethod(
        user_id=user.id,
        gateway_token=token,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
    )
    database.add(method)
    database.commit()
    return method


@router.get("", response_model=list[MethodOut])
def list_methods(user: CurrentUser, database: Database) -> Sequence[PaymentMethod]:
    own = select(PaymentMethod).where(PaymentMethod.user_id == user.id)
    return database.scalars(own.order_by(PaymentMethod.created_at)).all()


@router.delete("/{method_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_method(request: Request, method_id: UUID, user: CurrentUser, database: Database) -> None:
    method = own_method(database, method_id, user.id)
    database.delete(method)
    database.commit()
    try:
        request.app.state.gateway.forget(method.gateway_token)
    except (Declined, GatewayUnavailable) as error:
        # Nobody here can charge it any more; that is what its owner asked for.
        log.warning("the gateway still keeps %s: %s", method.gateway_token, error)


def own_method(database: Session, method_id: UUID, user_id: str) -> PaymentMethod:
    method = database.get(PaymentMethod, str(method_id))
    if method is None or method.user_id != user_id:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such card among yours")
    return method
