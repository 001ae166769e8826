"""The order service: `uvicorn app.main:create_app --factory`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request, status
from fastapi.responses import JSONResponse

from app.clients import ServiceUnavailable, SessionExpired, Shop
from app.consumers import handlers
from app.database import connect
from app.events import EventBus
from app.observability import instrument
from app.outbox import Outbox
from app.routes import router
from app.settings import Settings


def create_app(
    settings: Settings | None = None, transport: httpx.BaseTransport | None = None
) -> FastAPI:
    """The application. Tests hand in a `transport` that stands for the other services."""
    settings = settings or Settings()
    sessions = connect(settings.database_url)
    bus = EventBus(settings.events_url)
    outbox = Outbox(sessions, bus)
    shop = Shop(settings.cart_url, settings.catalog_url, transport)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        bus.consume("order-management", handlers(sessions, outbox))
        outbox.start()
        yield
        outbox.close()
        bus.close()
        shop.close()

    app = FastAPI(title="Order management", lifespan=lifespan)
    app.state.settings = settings
    app.state.sessions = sessions
    app.state.bus = bus
    app.state.outbox = outbox
    app.state.shop = shop
    app.include_router(router)
    instrument(app, "order-management", settings.log_level)

    @app.exception_handler(ServiceUnavailable)
    def unavailable(request: Request, error: ServiceUnavailable) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status.HTTP_503_SERVICE_UNAVAILABLE)

    @app.exception_handler(SessionExpired)
    def expired(request: Request, error: SessionExpired) -> JSONResponse:
        return JSONResponse(
            {"detail": "Sign in again: the access token is not valid"},
            status.HTTP_401_UNAUTHORIZED,
            headers={"WWW-Authenticate": "Bearer"},
        )

    return app
