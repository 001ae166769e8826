"""The service's own database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import DateTime, Dialect, Engine, create_engine, event, text
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator


class Base(DeclarativeBase):
    """The base of all tables of this service."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite stores no time zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value and value.astimezone(UTC)


def now() -> datetime:
    return datetime.now(UTC)


def connect(url: str) -> sessionmaker[Session]:
    """Opens the database and makes the tables that are missing."""
    engine = _engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Copies of the service start together, and only one of them may make the tables.
            connection.execute(text("SELECT pg_advisory_xact_lock(1)"))
        Base.metadata.create_all(connection)
    return sessionmaker(engine, expire_on_commit=False)


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    options: dict = {"connect_args": {"check_same_thread": False, "timeout": 15}}
    if url in ("sqlite://", "sqlite:///:memory:"):
        # Every connection to an in-memory database would see a database of its own, so there is
        # one and sessions take turns: shared at once, a rollback would undo another's writes.
        options |= {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
    engine = create_engine(url, **options)
    event.listen(engine, "connect", lambda dbapi, _: dbapi.execute("PRAGMA foreign_keys=ON"))
    return engine


def session(request: Request) -> Iterator[Session]:
    """One session for each request; what is not committed is rolled back."""
    with request.app.state.sessions() as opened:
        yield opened


Database = Annotated[Session, Depends(session)]
