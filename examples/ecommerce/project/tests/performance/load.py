"""How fast the platform answers when several customers use it at once.

    python tests/performance/load.py --clients 8 --seconds 20

starts the platform by the harness of the integration tests (see there how to give it PostgreSQL,
Redis and RabbitMQ by TEST_POSTGRES_URL, TEST_REDIS_URL and TEST_EVENTS_URL), puts products into the
catalog, and has each client go round as a customer does: list the catalog, search, add to the cart,
order, clear the cart. The loop is closed: a client asks again when it has its answer, so the
requests per second are what the platform sustains with so many clients, and not a rate it was
offered. Each client has one connection to each service, as a browser would through the gateway.

    python tests/performance/load.py --platform platform.json --max-p95-ms 250

measures one that runs already, told by the line that `tests/integration/harness.py` prints, and
fails when the 95th percentile of any operation is above 250 ms: a gate for CI. Errors always fail.

Read the numbers with care: clients and services share one machine here, and signing up is not
measured because the slow hash of passwords is slow on purpose.
"""

import argparse
import asyncio
import json
import math
import sys
import time
import uuid
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from harness import Platform  # noqa: E402 - found by the line above

PRODUCTS = 40
COLOURS = ("amber", "brass", "cobalt", "denim", "emerald")
PASSWORD = "correct horse battery"
ADDRESS = {
    "name": "Load Test",
    "line1": "1 Closed Loop",
    "city": "Springfield",
    "postal_code": "12345",
    "country": "US",
}


@dataclass
class Measured:
    """What came back, by operation."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


class Customer:
    """One client with a connection to each service."""

    def __init__(self, urls: dict[str, str], measured: Measured) -> None:
        self.urls = urls
        self._measured = measured
        self.http = httpx.AsyncClient(timeout=30)

    async def sign_up(self) -> None:
        email = f"load-{uuid.uuid4().hex}@example.com"
        body = {"email": email, "password": PASSWORD, "full_name": "Load Test"}
        await self.call("POST", "user-management", "/auth/register", json=body)
        await self.sign_in(email, PASSWORD)

    async def sign_in(self, email: str, password: str) -> None:
        form = {"username": email, "password": password}
        answer = await self.call("POST", "user-management", "/auth/token", data=form)
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    async def call(self, method: str, service: str, path: str, **options) -> httpx.Response:
        answer = await self.http.request(method, self.urls[service] + path, **options)
        answer.raise_for_status()
        return answer

    async def timed(self, operation: str, method: str, service: str, path: str, **options) -> None:
        begun = time.perf_counter()
        try:
            await self.call(method, service, path, **options)
        except httpx.HTTPStatusError as error:
            self._failed(operation, f"{error.response.status_code} {error.response.text[:200]}")
        except httpx.HTTPError as error:
            self._failed(operation, repr(error))
        else:
            self._measured.seconds[operation].append(time.perf_counter() - begun)

    def _failed(self, operation: str, why: str) -> None:
        self._measured.errors[operation] += 1
        self._measured.examples.setdefault(operation, why)

    async def shop(self, products: list[str], first: int, deadline: float) -> None:
        """Goes round until time is up; `first` keeps the clients apart."""
        turn = first
        while time.perf_counter() < deadline:
            turn += 1
            line = {"product_id": products[turn % len(products)], "quantity": 1}
            search = f"/search?q={COLOURS[turn % len(COLOURS)]}+lamp"
            order = {"shipping_address": ADDRESS}
            await self.timed("catalog list", "GET", "product-catalog", "/products?size=20")
            await self.timed("search", "GET", "product-catalog", search)
            await self.timed("add to cart", "POST", "shopping-cart", "/cart/items", json=line)
            await self.timed("order", "POST", "order-management", "/orders", json=order)
            await self.timed("clear cart", "DELETE", "shopping-cart", "/cart")


async def seed(admin: Customer) -> list[str]:
    """Products with more stock than any run can order."""
    products = []
    for number in range(PRODUCTS):
        body = {
            "sku": f"LOAD-{uuid.uuid4().hex[:12]}",
            "name": f"Lamp {number} in {COLOURS[number % len(COLOURS)]}",
            "description": "A lamp that only the load test buys",
            "price_cents": 1000 + number,
        }
        made = await admin.call("POST", "product-catalog", "/products", json=body)
        products.append(made.json()["id"])
    deadline = time.monotonic() + 30
    for product in products:
        # Inventory hears of new products by an event, a moment later.
        while (
            await admin.http.get(f"{admin.urls['inventory']}/inventory/{product}")
        ).status_code == 404:
            if time.monotonic() > deadline:
                raise TimeoutError(f"inventory has not heard of product {product}")
            await asyncio.sleep(0.05)
        await admin.call("PUT", "inventory", f"/stock/{product}", json={"on_hand": 10_000_000})
    return products


async def measure(platform: dict, clients: int, seconds: float) -> tuple[Measured, float]:
    """The measurements, and how long it really took."""
    measured = Measured()
    admin = Customer(platform["urls"], measured)
    customers = [Customer(platform["urls"], measured) for _ in range(clients)]
    try:
        await admin.sign_in(platform["admin"]["email"], platform["admin"]["password"])
        products = await seed(admin)
        for customer in customers:
            await customer.sign_up()
        begun = time.perf_counter()
        spread = PRODUCTS / clients
        await asyncio.gather(
            *(
                customer.shop(products, int(index * spread), begun + seconds)
                for index, customer in enumerate(customers)
            )
        )
        return measured, time.perf_counter() - begun
    finally:
        for customer in (admin, *customers):
            await customer.http.aclose()


def report(measured: Measured, elapsed: float) -> None:
    print(f"{'operation':<14}{'requests/s':>12}{'p50 ms':>10}{'p95 ms':>10}{'errors':>8}")
    for operation in dict.fromkeys([*measured.seconds, *measured.errors]):
        values = measured.seconds[operation]
        p50, p95 = (
            (f"{percentile(values, share) * 1000:.1f}" if values else "-") for share in (0.5, 0.95)
        )
        rate, errors = len(values) / elapsed, measured.errors[operation]
        print(f"{operation:<14}{rate:>12.1f}{p50:>10}{p95:>10}{errors:>8}")
    total = sum(len(values) for values in measured.seconds.values())
    print(f"{'all':<14}{total / elapsed:>12.1f}{'':>20}{measured.errors.total():>8}")
    for operation, why in measured.examples.items():
        print(f"first error of {operation}: {why}")


def verdict(measured: Measured, max_p95_ms: float | None) -> list[str]:
    """Why the run fails; empty when it does not."""
    reasons = [f"{count} errors in {name}" for name, count in measured.errors.items()]
    for name, values in measured.seconds.items():
        if max_p95_ms is not None and values and percentile(values, 0.95) * 1000 > max_p95_ms:
            reasons.append(f"the 95th percentile of {name} is above {max_p95_ms:g} ms")
    return reasons


@contextmanager
def platform_at(address: str | None):
    """The running platform that a file tells of, or one started for this run."""
    if address is not None:
        yield json.loads(Path(address).read_text())
        return
    with Platform() as platform:
        yield platform.describe()


def positive(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def main() -> int:
    usage, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--clients", type=int, choices=range(1, 201), default=8, metavar="1..200")
    parser.add_argument("--seconds", type=positive, default=20.0)
    parser.add_argument("--max-p95-ms", type=positive, help="fail above this 95th percentile")
    parser.add_argument("--platform", metavar="FILE", help="the line that harness.py printed")
    chosen = parser.parse_args()
    with platform_at(chosen.platform) as platform:
        measured, elapsed = asyncio.run(measure(platform, chosen.clients, chosen.seconds))
    print(f"{chosen.clients} clients for {elapsed:.1f} s")
    report(measured, elapsed)
    reasons = verdict(measured, chosen.max_p95_ms)
    for reason in reasons:
        print(f"FAILED: {reason}")
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
