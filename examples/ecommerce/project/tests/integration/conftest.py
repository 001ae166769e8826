"""One platform for all tests; every test has customers and products of its own."""

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from harness import Platform, PlatformError

GOOD_CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
DECLINED_CARD = GOOD_CARD | {"number": "4000000000000002"}
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "12 Analytical Row",
    "city": "London",
    "postal_code": "W1J 7NT",
    "country": "GB",
}
PASSWORD = "correct horse battery"


def until(probe: Callable[[], Any], expectation: str, seconds: float = 20.0) -> Any:
    """Asks `probe` until its answer is true, and returns that; fails when time is up."""
    deadline = time.monotonic() + seconds
    while not (answer := probe()):
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds:g} s it still does not hold: {expectation}")
        time.sleep(0.05)
    return answer


@dataclass
class Client:
    """Calls the services by name, as one user or as nobody."""

    http: httpx.Client
    urls: dict[str, str]
    token: str | None = None

    def request(self, method: str, service: str, path: str, **options: Any) -> httpx.Response:
        headers = options.pop("headers", {})
        if self.token is not None:
            headers = {"Authorization": f"Bearer {self.token}"} | headers
        return self.http.request(method, self.urls[service] + path, headers=headers, **options)

    def expect(self, status: int, method: str, service: str, path: str, **options: Any) -> Any:
        """The decoded answer, which must have this status."""
        answer = self.request(method, service, path, **options)
        said = f"{method} {service}{path}: {answer.status_code} {answer.text[:500]}"
        assert answer.status_code == status, said
        return answer.json() if answer.content else None

    def as_user(self, token: str | None) -> "Client":
        return Client(self.http, self.urls, token)

    def login(self, email: str, password: str) -> "Client":
        form = {"username": email, "password": password}
        answer = self.expect(200, "POST", "user-management", "/auth/token", data=form)
        return self.as_user(answer["access_token"])

    # The steps of buying, as the browser takes them.

    def add_to_cart(self, product_id: str, quantity: int = 1) -> dict[str, Any]:
        line = {"product_id": product_id, "quantity": quantity}
        return self.expect(201, "POST", "shopping-cart", "/cart/items", json=line)

    def cart(self) -> dict[str, Any]:
        return self.expect(200, "GET", "shopping-cart", "/cart")

    def place_order(self, **options: Any) -> dict[str, Any]:
        body = {"shipping_address": ADDRESS}
        return self.expect(201, "POST", "order-management", "/orders", json=body, **options)

    def order(self, order_id: str) -> dict[str, Any]:
        return self.expect(200, "GET", "order-management", f"/orders/{order_id}")

    def order_reaches(self, order_id: str, status: str) -> dict[str, Any]:
        def probe() -> dict[str, Any] | None:
            order = self.order(order_id)
            return order if order["status"] == status else None

        return until(probe, f"order {order_id} is {status}")

    def pay(self, order_id: str, key: str | None = None, card: Any = None) -> httpx.Response:
        return self.request(
            "POST",
            "payment-processing",
            "/payments",
            json={"order_id": order_id, "card": card or GOOD_CARD},
            headers={"Idempotency-Key": key or str(uuid.uuid4())},
        )

    def stock(self, product_id: str) -> dict[str, Any]:
        return self.expect(200, "GET", "inventory", f"/inventory/{product_id}")


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    try:
        with Platform() as running:
            yield running
    except PlatformError as error:
        # Once is enough: without the platform every test would say the same.
        pytest.exit(str(error), returncode=1)


@pytest.fixture(autouse=True)
def services_stay_alive(platform: Platform) -> Iterator[None]:
    """A service that died explains better than the requests that fail for it."""
    platform.check()
    yield
    platform.check()


@pytest.fixture(scope="session")
def nobody(platform: Platform) -> Iterator[Client]:
    with httpx.Client(timeout=15) as http:
        yield Client(http, platform.urls)


@pytest.fixture(scope="session")
def admin(platform: Platform, nobody: Client) -> Client:
    return nobody.login(platform.admin_email, platform.admin_password)


@pytest.fixture
def new_customer(nobody: Client) -> Callable[[], Client]:
    def make() -> Client:
        email = f"customer-{uuid.uuid4().hex[:12]}@example.com"
        body = {"email": email, "password": PASSWORD, "full_name": "Ada Lovelace"}
        nobody.expect(201, "POST", "user-management", "/auth/register", json=body)
        return nobody.login(email, PASSWORD)

    return make


@pytest.fixture
def customer(new_customer: Callable[[], Client]) -> Client:
    return new_customer()


@pytest.fixture
def new_product(admin: Client) -> Callable[..., dict[str, Any]]:
    """Makes a product, waits until inventory has heard of it, and puts it on stock."""

    def make(price_cents: int = 1999, on_hand: int = 10, **stock: Any) -> dict[str, Any]:
        sku = f"SKU-{uuid.uuid4().hex[:10].upper()}"
        body = {"sku": sku, "name": f"Lamp {sku}", "description": "A brass desk lamp"}
        body |= {"price_cents": price_cents}
        product = admin.expect(201, "POST", "product-catalog", "/products", json=body)
        path = f"/inventory/{product['id']}"
        until(
            lambda: admin.request("GET", "inventory", path).status_code == 200,
            f"inventory knows product {product['id']} by product.created",
        )
        body = {"on_hand": on_hand} | stock
        admin.expect(200, "PUT", "inventory", f"/stock/{product['id']}", json=body)
        return product

    return make
