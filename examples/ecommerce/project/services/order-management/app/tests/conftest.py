"""The service as the tests see it, with stand-ins for the cart and the catalog."""

import time
import uuid
from collections.abc import Iterator

import httpx
import jwt
import pytest
from fastapi.testclient import TestClient

from app.consumers import handlers
from app.main import create_app
from app.settings import Settings

SECRET = "test-secret-that-is-long-enough-for-hs256"
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "12 St James's Square",
    "city": "London",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}


def bearer(user_id: str, *roles: str) -> dict[str, str]:
    claims = {
        "sub": user_id,
        "email": "somebody@example.com",
        "roles": list(roles) or ["customer"],
        "iss": "user-management",
        "aud": "ecommerce",
        "exp": int(time.time()) + 600,
    }
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"}


class Neighbours:
    """The cart and the catalog, answering from what a test puts into them."""

    def __init__(self) -> None:
        self.cup, self.spoon = str(uuid.uuid4()), str(uuid.uuid4())
        self.cart = {self.cup: 2, self.spoon: 1}
        self.prices = {self.cup: 1250, self.spoon: 199}
        self.down: set[str] = set()
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.port in self.down:
            raise httpx.ConnectTimeout("no answer", request=request)
        if request.url.port == 8003:
            if "Authorization" not in request.headers:
                return httpx.Response(401)
            lines = [{"product_id": p, "quantity": q, "name": "old"} for p, q in self.cart.items()]
            return httpx.Response(200, json={"items": lines})
        product = request.url.path.removeprefix("/products/")
        if product not in self.prices:
            return httpx.Response(404)
        name = "Cup" if product == self.cup else "Spoon"
        return httpx.Response(200, json={"name": name, "price_cents": self.prices[product]})


class Shop:
    """The running service and everything a test wants to do with it."""

    def __init__(self, database_url: str) -> None:
        self.neighbours = Neighbours()
        settings = Settings(
            jwt_secret=SECRET,
            database_url=database_url,
            events_url="memory://",
            log_level="WARNING",
        )
        self.app = create_app(settings, httpx.MockTransport(self.neighbours))
        self.http = TestClient(self.app)
        self.events: list[tuple[str, dict]] = []
        self.customer = str(uuid.uuid4())
        self.as_customer = bearer(self.customer)
        self.as_admin = bearer(str(uuid.uuid4()), "customer", "admin")
        self.as_support = bearer(str(uuid.uuid4()), "support")
        publish = self.app.state.bus.publish

        def listen(kind: str, data: dict) -> str:
            event_id = publish(kind, data)
            self.events.append((kind, data))
            return event_id

        self.app.state.bus.publish = listen

    def place(self, key: str | None = None) -> httpx.Response:
        headers = self.as_customer | ({"Idempotency-Key": key} if key else {})
        return self.http.post("/orders", json={"shipping_address": ADDRESS}, headers=headers)

    def order(self, order_id: str) -> dict:
        return self.http.get(f"/orders/{order_id}", headers=self.as_customer).json()

    def hear(self, kind: str, **data) -> None:
        """Has the service handle an event of another service, here and now."""
        handlers(self.app.state.sessions, self.app.state.outbox)[kind](data)

    def published(self, kind: str) -> list[dict]:
        return [data for name, data in self.events if name == kind]

    def order_in(self, status: str) -> str:
        """The id of an order that went as far as `status`."""
        order_id = self.place().json()["id"]
        if status != "pending":
            self.hear("inventory.reserved", order_id=order_id)
        if status in ("paid", "shipped", "delivered"):
            self.hear("payment.succeeded", order_id=order_id, payment_id="p")
        for step in ("shipped", "delivered"):
            if status in ("shipped", "delivered") and (step == "shipped" or status == step):
                self.set_status(order_id, step)
        assert self.order(order_id)["status"] == status
        return order_id

    def set_status(self, order_id: str, status: str) -> httpx.Response:
        return self.http.put(
            f"/orders/{order_id}/status", json={"status": status}, headers=self.as_admin
        )

    def cancel(self, order_id: str, reason: str | None = None) -> httpx.Response:
        body = {"reason": reason} if reason else None
        return self.http.post(f"/orders/{order_id}/cancel", json=body, headers=self.as_customer)


@pytest.fixture
def shop() -> Iterator[Shop]:
    opened = Shop("sqlite://")
    with opened.http:
        yield opened


@pytest.fixture
def busy_shop(tmp_path) -> Iterator[Shop]:
    """A shop whose database has a connection for each thread."""
    opened = Shop(f"sqlite:///{tmp_path}/orders.db")
    with opened.http:
        yield opened
