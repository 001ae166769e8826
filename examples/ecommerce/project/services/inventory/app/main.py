"""The inventory service."""

from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.database import connect
from app.events import EventBus
from app.handlers import handlers
from app.observability import instrument
from app.outbox import Outbox
from app.routes import router
from app.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    sessions = connect(settings.database_url)
    bus = EventBus(settings.events_url)
    outbox = Outbox(sessions, bus)

    @asynccontextmanager
    async def lifespan(_: FastAPI):
        bus.consume("inventory", handlers(sessions, outbox))
        outbox.start()
        yield
        outbox.close()
        bus.close()

    app = FastAPI(title="Inventory", version="1.0.0", lifespan=lifespan)
    app.state.settings = settings
    app.state.sessions = sessions
    app.state.bus = bus
    app.state.outbox = outbox
    app.include_router(router)
    instrument(app, "inventory", settings.log_level)
    return app
