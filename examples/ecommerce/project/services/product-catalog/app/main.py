"""The catalog service: products, categories, images and search."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.database import connect
from app.events import EventBus
from app.media import MediaStore
from app.observability import instrument
from app.routes import categories, images, products
from app.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    app = FastAPI(title="Product catalog", lifespan=_lifespan)
    app.state.settings = settings
    app.state.sessions = connect(settings.database_url)
    app.state.bus = EventBus(settings.events_url)
    app.state.media = MediaStore(settings.media_dir)
    instrument(app, "product-catalog", settings.log_level)
    for module in (products, categories, images):
        app.include_router(module.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.bus.close()
