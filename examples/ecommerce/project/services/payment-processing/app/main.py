"""The payment service: `uvicorn app.main:create_app --factory`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from app.cashier import Cashier, Conflict, KeyReused
from app.clients import Orders, ServiceUnavailable, SessionExpired
from app.database import connect
from app.domain import BadCard
from app.events import EventBus
from app.gateways import Gateway, GatewayUnavailable, SandboxGateway
from app.observability import instrument
from app.outbox import Outbox, Repeat
from app.routes import router
from app.settings import Settings
from app.stripe import StripeGateway

# What goes wrong below the routes, as HTTP: the status, and words where the error has none.
ANSWERS: dict[type[Exception], tuple[int, str | None]] = {
    BadCard: (422, None),
    KeyReused: (422, "This Idempotency-Key was used for another payment: take a new one"),
    Conflict: (409, None),
    SessionExpired: (401, "Sign in again: the access token is not valid"),
    ServiceUnavailable: (503, None),
    GatewayUnavailable: (
        503,
        "The payment gateway does not answer: ask again with the same Idempotency-Key, "
        "you are charged once",
    ),
}


def create_app(
    settings: Settings | None = None,
    transport: httpx.BaseTransport | None = None,
    gateway: Gateway | None = None,
) -> FastAPI:
    """The application. Tests hand in a `transport` that stands for the order service, and a
    `gateway` of their own."""
    settings = settings or Settings()
    sessions = connect(settings.database_url)
    bus = EventBus(settings.events_url)
    outbox = Outbox(sessions, bus)
    orders = Orders(settings.orders_url, transport)
    gateway = gateway or _gateway(settings)
    cashier = Cashier(sessions, gateway, outbox)
    left_over = Repeat(cashier.finish_left_over, seconds=20)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        bus.consume(
            "payment-processing",
            {"order.cancelled": lambda event: cashier.refund_order(event["order_id"])},
        )
        outbox.start()
        left_over.start()
        yield
        left_over.close()
        outbox.close()
        bus.close()
        orders.close()

    app = FastAPI(title="Payment processing", lifespan=lifespan)
    app.state.settings = settings
    app.state.sessions = sessions
    app.state.bus = bus
    app.state.outbox = outbox
    app.state.orders = orders
    app.state.gateway = gateway
    app.state.cashier = cashier
    app.include_router(router)
    instrument(app, "payment-processing", settings.log_level)
    for kind in ANSWERS:
        app.add_exception_handler(kind, _answer)
    return app


def _gateway(settings: Settings) -> Gateway:
    if settings.payment_gateway == "stripe" and settings.stripe_api_key:
        return StripeGateway(settings.stripe_api_key.get_secret_value(), settings.stripe_api_url)
    return SandboxGateway()


def _answer(request: Request, error: Exception) -> JSONResponse:
    status, words = ANSWERS[type(error)]
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"detail": words or str(error)}, status, headers=headers)
