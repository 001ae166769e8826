"""The service as the tests see it, with stand-ins for the order service and the gateway."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator

import httpx
import jwt
import pytest
from fastapi.testclient import TestClient

from app.gateways import Declined, GatewayUnavailable, SandboxGateway
from app.main import create_app
from app.settings import Settings

SECRET = "test-secret-that-is-long-enough-for-hs256"
GOOD = {"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2099, "cvc": "123"}
DECLINED = GOOD | {"number": "4000000000000002"}


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


class WatchedGateway(SandboxGateway):
    """Remembers what it was asked, takes its time, and fails when told to."""

    def __init__(self) -> None:
        self.charged: list[str] = []
        self.refunded: list[str] = []
        self.seconds = 0.0
        self.during_charge: Callable[[], None] = lambda: None
        # What a test wants to happen: before the charge is done, or after it.
        self.lost_before = self.lost_after = self.refunds_lost = False
        self.refuses_cards = False
        self._lock = threading.Lock()

    def tokenize(self, card, keep):
        if self.refuses_cards:
            raise Declined("The card number is unknown to the bank")
        return super().tokenize(card, keep)

    def charge(self, token, amount_cents, currency, key):
        time.sleep(self.seconds)
        self.during_charge()
        if self.lost_before:
            raise GatewayUnavailable("lost")
        reference = super().charge(token, amount_cents, currency, key)
        with self._lock:
            self.charged.append(key)
        if self.lost_after:
            raise GatewayUnavailable("lost")
        return reference

    def refund(self, reference, amount_cents, key):
        if self.refunds_lost:
            raise GatewayUnavailable("lost")
        with self._lock:
            self.refunded.append(key)
        return super().refund(reference, amount_cents, key)


class Desk:
    """The running service and everything a test wants to do with it."""

    def __init__(self, database_url: str) -> None:
        self.customer = str(uuid.uuid4())
        self.as_customer = bearer(self.customer)
        self.as_admin = bearer(str(uuid.uuid4()), "admin")
        self.orders: dict[str, dict] = {}
        self.orders_down = False
        self.orders_seconds = 0.0
        self.forwarded: list[str] = []
        self.gateway = WatchedGateway()
        settings = Settings(
            jwt_secret=SECRET, database_url=database_url, events_url="memory://", log_level="ERROR"
        )
        self.app = create_app(settings, httpx.MockTransport(self._answer), self.gateway)
        self.cashier = self.app.state.cashier
        self.http = TestClient(self.app)
        self.events: list[tuple[str, dict]] = []
        publish = self.app.state.bus.publish

        def listen(kind: str, data: dict) -> str:
            event_id = publish(kind, data)
            self.events.append((kind, data))
            return event_id

        self.app.state.bus.publish = listen

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.orders_down:
            raise httpx.ReadTimeout("no answer", request=request)
        time.sleep(self.orders_seconds)
        self.forwarded.append(request.headers["Authorization"])
        order = self.orders.get(request.url.path.removeprefix("/orders/"))
        return httpx.Response(200, json=order) if order else httpx.Response(404)

    def order(self, status: str = "awaiting_payment", user_id: str | None = None) -> str:
        order_id = str(uuid.uuid4())
        self.orders[order_id] = {
            "user_id": user_id or self.customer,
            "status": status,
            "total_cents": 2699,
            "currency": "USD",
        }
        return order_id

    def pay(self, order_id: str, key: str = "key", card: dict | None = GOOD, **body):
        body = {"order_id": order_id, **({"card": card} if card else {}), **body}
        return self.http.post(
            "/payments", json=body, headers=self.as_customer | {"Idempotency-Key": key}
        )

    def payments(self) -> list[dict]:
        return self.http.get("/payments", headers=self.as_customer).json()["items"]

    def transactions(self) -> list[dict]:
        return self.http.get("/transactions", headers=self.as_admin).json()["items"]

    def published(self, kind: str) -> list[dict]:
        return [data for name, data in self.events if name == kind]


@pytest.fixture
def desk() -> Iterator[Desk]:
    opened = Desk("sqlite://")
    with opened.http:
        yield opened


@pytest.fixture
def busy_desk(tmp_path) -> Iterator[Desk]:
    """A desk whose database has a connection for each thread."""
    opened = Desk(f"sqlite:///{tmp_path}/payments.db")
    with opened.http:
        yield opened
