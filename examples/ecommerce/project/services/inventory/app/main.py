"""The inventory service."""

from contextlib import asynccontextmanager

from app.database import connect
from app.events import EventBus
from app.handlers import handlers
from app.observability import instrument
from app.outbox import try_to_publish
from app.routes import router
from app.settings import Settings
from fastapi import FastAPI


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    sessions = connect(settings.database_url)
    bus = EventBus(settings.events_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI):
        bus.consume("inventory", handlers(sessions, bus))
        # What an earlier run of the service did not get to publish.
        try_to_publish(sessions, bus)
        yield
        bus.close()

    app = FastAPI(title="Inventory", version="1.0.0", lifespan=lifespan)
    app.state.settings = settings
    app.state.sessions = sessions
    app.state.bus = bus
    app.include_router(router)
    instrument(app, "inventory", settings.log_level)
    return app
