"""The shopping cart service."""

import logging
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, status
from fastapi.responses import JSONResponse
from redis.exceptions import ConnectionError as RedisDown
from redis.exceptions import TimeoutError as RedisSlow

from app.catalog import Catalog
from app.domain import LimitExceeded
from app.events import EventBus
from app.observability import instrument
from app.routes import router
from app.settings import Settings
from app.store import CartStore, connect

log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    redis = connect(settings.redis_url)
    carts = CartStore(redis, settings.cart_ttl_seconds)
    bus = EventBus(settings.events_url)

    def order_paid(event: dict[str, Any]) -> None:
        if carts.clear_for_order(event["user_id"], event["order_id"]):
            log.info("emptied the cart of order %s", event["order_id"])

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        bus.consume("shopping-cart", {"order.paid": order_paid})
        yield
        bus.close()
        app.state.catalog.close()
        redis.close()

    app = FastAPI(title="Shopping cart", version="1.0.0", lifespan=lifespan)
    app.state.settings = settings
    app.state.carts = carts
    app.state.catalog = Catalog(settings.catalog_url)
    app.state.bus = bus
    app.include_router(router)
    app.add_exception_handler(LimitExceeded, _too_much)
    app.add_exception_handler(RedisDown, _unavailable)
    app.add_exception_handler(RedisSlow, _unavailable)
    instrument(app, "shopping-cart", settings.log_level)
    return app


def _too_much(_: Request, error: LimitExceeded) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status.HTTP_409_CONFLICT)


def _unavailable(_: Request, error: Exception) -> JSONResponse:
    log.error("Redis: %s", error)
    return JSONResponse(
        {"detail": "Carts cannot be reached at the moment; try again shortly"},
        status.HTTP_503_SERVICE_UNAVAILABLE,
    )
