"""What was paid and what the gateway did."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, status
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.auth import Admin, CurrentUser
from app.database import Database
from app.models import Payment, Transaction
from app.paging import Page
from app.schemas import PaymentOut, TransactionOut

router = APIRouter(tags=["history"])

PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PageSize = Annotated[int, Query(ge=1, le=100)]


@router.get("/payments", response_model=Page[PaymentOut])
def list_payments(
    user: CurrentUser, database: Database, page: PageNumber = 1, size: PageSize = 20
) -> dict:
    """The caller's payments, newest first."""
    own = select(Payment).where(Payment.user_id == user.id)
    return _page(database, own, Payment.created_at.desc(), page, size)


@router.get("/payments/{payment_id}", response_model=PaymentOut)
def get_payment(payment_id: UUID, user: CurrentUser, database: Database) -> Payment:
    payment = database.get(Payment, str(payment_id))
    if payment is None or payment.user_id != user.id:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such payment among yours")
    return payment


@router.get("/transactions", response_model=Page[TransactionOut])
def list_transactions(
    admin: Admin, database: Database, page: PageNumber = 1, size: PageSize = 20
) -> dict:
    """Every charge and refund with the gateway's reference, newest first."""
    return _page(database, select(Transaction), Transaction.created_at.desc(), page, size)


def _page(database: Session, wanted: Select, order: Any, page: int, size: int) -> dict:
    total = database.scalar(select(func.count()).select_from(wanted.subquery()))
    items = database.scalars(wanted.order_by(order).limit(size).offset((page - 1) * size)).all()
    return {"items": items, "total": total, "page": page, "size": size}
