"""What the services promised each other and the front end."""

import hashlib
import re

import pytest
from harness import PROJECT, SERVICES

# Each service's paths as in docs/design.md; names in braces stand for any parameter.
PROMISED = {
    "user-management": """
        POST /auth/register
        POST /auth/token
        POST /auth/refresh
        POST /auth/logout
        GET /users
        GET /users/me
        PUT /users/{id}/roles
        GET /profiles/me
        PUT /profiles/me
        POST /profiles/me/password
    """,
    "product-catalog": """
        GET /products
        POST /products
        GET /products/{id}
        PUT /products/{id}
        DELETE /products/{id}
        POST /products/{id}/images
        GET /products/{id}/images/{image_id}
        DELETE /products/{id}/images/{image_id}
        GET /categories
        POST /categories
        PUT /categories/{id}
        DELETE /categories/{id}
        GET /search
    """,
    "shopping-cart": """
        GET /cart
        DELETE /cart
        POST /cart/items
        PUT /cart/items/{product_id}
        DELETE /cart/items/{product_id}
    """,
    "payment-processing": """
        GET /payments
        POST /payments
        GET /payments/{id}
        GET /payments/methods
        POST /payments/methods
        DELETE /payments/methods/{id}
        GET /transactions
    """,
    "order-management": """
        GET /orders
        POST /orders
        GET /orders/{id}
        POST /orders/{id}/cancel
        PUT /orders/{id}/status
        GET /order-status/{id}
    """,
    "inventory": """
        GET /inventory
        GET /inventory/alerts
        GET /inventory/report
        GET /inventory/{product_id}
        PUT /stock/{product_id}
        POST /stock/{product_id}/adjustments
    """,
}
# Modules that services have alike. A fix in one copy belongs into all of them.
SHARED = (
    "auth.py",
    "config.py",
    "database.py",
    "events.py",
    "observability.py",
    "outbox.py",
    "paging.py",
)


def shape(operation: str) -> str:
    return re.sub(r"{[^}]*}", "{}", operation)


@pytest.mark.parametrize("service", SERVICES)
def test_the_service_has_the_promised_paths(nobody, service):
    described = nobody.expect(200, "GET", service, "/openapi.json")["paths"]
    offered = {
        shape(f"{method.upper()} {path}")
        for path, methods in described.items()
        for method in methods
    }
    promised = {shape(line.strip()) for line in PROMISED[service].strip().splitlines()}
    assert sorted(promised - offered) == []
    assert shape("GET /health") in offered


@pytest.mark.parametrize("service", SERVICES)
def test_the_service_counts_its_requests(nobody, service):
    answer = nobody.request("GET", service, "/metrics/")
    assert answer.status_code == 200
    assert f'service="{service}"' in answer.text


@pytest.mark.parametrize("name", [*(f"app/{module}" for module in SHARED), "Dockerfile"])
def test_shared_files_are_the_same_in_every_service(name):
    copies = [PROJECT / "services" / service / name for service in SERVICES]
    found = {
        str(copy.relative_to(PROJECT)): hashlib.sha256(copy.read_bytes()).hexdigest()
        for copy in copies
        if copy.exists()
    }
    assert len(found) >= 3, f"{name} is missing in services: {sorted(found)}"
    assert len(set(found.values())) == 1, found


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("product-catalog", "/products"),
        ("order-management", "/orders"),
        ("inventory", "/inventory"),
    ],
)
def test_long_lists_come_in_pages(admin, service, path):
    page = admin.expect(200, "GET", service, f"{path}?page=1&size=1")
    assert {"items", "total", "page", "size"} <= page.keys()
    assert len(page["items"]) <= 1
    admin.expect(422, "GET", service, f"{path}?size=101")
