"""A service whose events are remembered instead of sent, and what tests do with it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from fastapi.testclient import TestClient

from app.handlers import handlers
from app.main import create_app
from app.settings import Settings

SECRET = "test-secret-that-is-long-enough-for-hs256"


class Recorder:
    """Stands in for the bus: remembers what is published, and fails when told to."""

    def __init__(self):
        self.published, self.broken = [], False

    def publish(self, kind, data):
        if self.broken:
            raise ConnectionError("no broker")
        self.published.append((kind, data))

    def close(self):
        pass

    def consume(self, queue, handlers):
        pass


@pytest.fixture
def bus():
    return Recorder()


@pytest.fixture
def app(bus, monkeypatch):
    monkeypatch.setattr("app.main.EventBus", lambda url: bus)
    return create_app(Settings(jwt_secret=SECRET, database_url="sqlite://"))


@pytest.fixture
def client(app):
    with TestClient(app) as client:
        client.headers["Authorization"] = bearer("admin")
        yield client


@pytest.fixture
def customer():
    """The headers of somebody who may only shop."""
    return {"Authorization": bearer("customer")}


@pytest.fixture
def emit(app):
    """Hands an event to its handler, as the bus does."""
    table = handlers(app.state.sessions, app.state.outbox)
    return lambda kind, **data: table[kind](data)


@pytest.fixture
def product(client, emit):
    def make(on_hand: int, threshold: int = 0) -> str:
        product_id = str(uuid4())
        emit("product.created", product_id=product_id, sku=f"S-{product_id[:4]}", name="Tea")
        body = {"on_hand": on_hand, "low_stock_threshold": threshold}
        assert client.put(f"/stock/{product_id}", json=body).status_code == 200
        return product_id

    return make


@pytest.fixture
def order(emit):
    """Has an order for (product, quantity)s come in; gives its id."""

    def place(*lines: tuple[str, int], order_id: str | None = None) -> str:
        order_id = order_id or str(uuid4())
        items = [{"product_id": key, "quantity": quantity} for key, quantity in lines]
        emit("order.created", order_id=order_id, user_id="ada", items=items)
        return order_id

    return place


@pytest.fixture
def levels(client):
    """What is on hand, reserved and available of a product."""

    def look(product_id: str) -> tuple[int, int, int]:
        stock = client.get(f"/inventory/{product_id}").json()
        return stock["on_hand"], stock["reserved"], stock["available"]

    return look


def bearer(role: str) -> str:
    claims = {
        "sub": "ada",
        "roles": [role],
        "iss": "user-management",
        "aud": "ecommerce",
        "exp": datetime.now(UTC) + timedelta(minutes=5),
    }
    return "Bearer " + jwt.encode(claims, SECRET, algorithm="HS256")
