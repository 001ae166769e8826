"""The HTTP interface. Methods come first: `/payments/methods` is not the id of a payment."""

from fastapi import APIRouter

from app.routes import history, methods, payments

router = APIRouter()
router.include_router(methods.router)
router.include_router(payments.router)
router.include_router(history.router)
