"""The HTTP interface. Methods come first: `/payments/methods` is not the id of a payment."""

from app.routes import history, methods, payments
from fastapi import APIRouter

router = APIRouter()
router.include_router(methods.router)
router.include_router(payments.router)
router.include_router(history.router)
