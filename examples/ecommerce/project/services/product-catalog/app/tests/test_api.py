"""The service as its callers see it. TEST_DATABASE_URL has it tested on another database."""

import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from fastapi.testclient import TestClient

from app.database import Base
from app.events import EventBus
from app.main import create_app
from app.settings import Settings

SECRET = "test-secret-that-is-long-enough-for-hs256"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def token(*roles: str) -> dict[str, str]:
    claims = {
        "sub": str(uuid.uuid4()),
        "email": "someone@example.com",
        "roles": roles,
        "iss": "user-management",
        "aud": "ecommerce",
        "exp": datetime.now(UTC) + timedelta(minutes=5),
    }
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"}


ADMIN = token("customer", "admin")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(
        Settings(
            jwt_secret=SECRET,
            database_url=os.environ.get("TEST_DATABASE_URL", "sqlite://"),
            events_url="memory://",
            media_dir=tmp_path / "media",
        )
    )
    with TestClient(app) as client:
        yield client
    engine = app.state.sessions.kw["bind"]
    Base.metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def events() -> Iterator[list[dict]]:
    """What the service has published since the test began."""
    seen: list[dict] = []
    bus = EventBus("memory://")
    kinds = ("product.created", "product.deleted")
    bus.consume(
        f"test-{uuid.uuid4()}",
        {kind: lambda data, kind=kind: seen.append({"type": kind} | data) for kind in kinds},
    )
    yield seen
    bus.close()


def wait_for(events: list[dict], count: int) -> list[dict]:
    deadline = time.monotonic() + 5
    while len(events) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return events


def add(client: TestClient, name: str = "Desk lamp", **fields) -> dict:
    body = {"sku": f"S-{uuid.uuid4().hex[:8]}", "name": name, "price_cents": 1999} | fields
    answer = client.post("/products", json=body, headers=ADMIN)
    assert answer.status_code == 201, answer.text
    return answer.json()


def add_category(client: TestClient, name: str, parent: dict | None = None) -> dict:
    body = {"name": name, "parent_id": parent and parent["id"]}
    answer = client.post("/categories", json=body, headers=ADMIN)
    assert answer.status_code == 201, answer.text
    return answer.json()


def found(client: TestClient, **params) -> list[str]:
    answer = client.get("/search", params=params)
    assert answer.status_code == 200, answer.text
    return [product["name"] for product in answer.json()["items"]]


def upload(client: TestClient, product: dict, data: bytes = PNG):
    return client.post(
        f"/products/{product['id']}/images", files={"file": ("../x.gif", data)}, headers=ADMIN
    )


def test_a_product_is_made_read_replaced_and_deleted(client, events):
    lamps = add_category(client, "Lamps")
    made = add(client, sku="L-1", description="Brass", category_id=lamps["id"])
    ref = {key: lamps[key] for key in ("id", "name", "slug")}
    assert made["category"] == ref
    assert (made["currency"], made["images"]) == ("USD", [])
    assert client.get(f"/products/{made['id']}").json() == made

    body = {"sku": "L-2", "name": "Floor lamp", "price_cents": 1}
    changed = client.put(f"/products/{made['id']}", json=body, headers=ADMIN).json()
    assert changed == made | body | {"description": "", "category": None}
    assert client.get(f"/products/{made['id']}").json() == changed

    assert client.delete(f"/products/{made['id']}", headers=ADMIN).status_code == 204
    assert client.get(f"/products/{made['id']}").status_code == 404
    assert client.delete(f"/products/{made['id']}", headers=ADMIN).status_code == 404
    assert wait_for(events, 2) == [
        {"type": "product.created", "product_id": made["id"], "sku": "L-1", "name": "Desk lamp"},
        {"type": "product.deleted", "product_id": made["id"]},
    ]


def test_a_sku_belongs_to_one_product_and_the_other_is_not_announced(client, events):
    add(client, sku="L-1")
    other = add(client, sku="L-2")
    body = {"sku": "L-1", "name": "Copy", "price_cents": 5}
    assert client.post("/products", json=body, headers=ADMIN).status_code == 409
    answer = client.put(f"/products/{other['id']}", json=body, headers=ADMIN)
    assert answer.status_code == 409
    assert "L-1" in answer.json()["detail"]
    assert client.get(f"/products/{other['id']}").json() == other
    add(client, sku="L-3")
    assert [event["sku"] for event in wait_for(events, 3)] == ["L-1", "L-2", "L-3"]


def test_nothing_is_stored_when_the_broker_fails(client, monkeypatch):
    def fail(kind, data):
        raise ConnectionRefusedError

    kept = add(client)
    monkeypatch.setattr(client.app.state.bus, "publish", fail)
    body = {"sku": "L-1", "name": "Lamp", "price_cents": 5}
    assert client.post("/products", json=body, headers=ADMIN).status_code == 503
    assert client.delete(f"/products/{kept['id']}", headers=ADMIN).status_code == 503
    assert [product["id"] for product in client.get("/products").json()["items"]] == [kept["id"]]


@pytest.mark.parametrize(
    "change",
    [
        {"price_cents": 0},
        {"price_cents": 10**12},
        {"sku": "has blank"},
        {"name": "  "},
        {"description": "nul \u0000"},
        {"category_id": str(uuid.uuid4())},
    ],
)
def test_bad_products_are_refused(client, change):
    body = {"sku": "L-1", "name": "Lamp", "price_cents": 5} | change
    assert client.post("/products", json=body, headers=ADMIN).status_code == 422
    assert client.get("/products").json()["total"] == 0


def test_only_administrators_write(client):
    product, category = add(client), add_category(client, "Lamps")
    calls = [
        ("POST", "/products"),
        ("PUT", f"/products/{product['id']}"),
        ("DELETE", f"/products/{product['id']}"),
        ("POST", f"/products/{product['id']}/images"),
        ("DELETE", f"/products/{product['id']}/images/{uuid.uuid4()}"),
        ("POST", "/categories"),
        ("PUT", f"/categories/{category['id']}"),
        ("DELETE", f"/categories/{category['id']}"),
    ]
    for method, path in calls:
        assert client.request(method, path).status_code == 401, (method, path)
        answer = client.request(method, path, headers=token("customer", "support"))
        assert answer.status_code == 403, (method, path)


def test_lists_come_in_pages_newest_first(client):
    for name in ("One", "Two", "Three"):
        add(client, name)
    page = client.get("/products?size=2&page=2").json()
    assert [product["name"] for product in page["items"]] == ["One"]
    assert (page["total"], page["page"], page["size"]) == (3, 2, 2)
    assert client.get("/products?size=101").status_code == 422


def test_a_category_shows_what_lies_below_it_too(client):
    home = add_category(client, "Home")
    lamps = add_category(client, "Lamps", home)
    add(client, "Vase", category_id=home["id"])
    add(client, "Lamp", category_id=lamps["id"])
    add(client, "Shoe")

    def names(category: dict) -> list[str]:
        page = client.get("/products", params={"category_id": category["id"]}).json()
        return [product["name"] for product in page["items"]]

    assert names(home) == ["Lamp", "Vase"]
    assert names(lamps) == ["Lamp"]
    assert found(client, category="home") == ["Lamp", "Vase"]
    assert found(client, category="home", q="vase") == ["Vase"]
    assert found(client, category="no-such") == []


def test_search_ranks_the_name_over_the_description(client):
    add(client, "Table", description="Room for a lamp.")
    add(client, "Lamp")
    add(client, "Lampshade")
    assert found(client, q="LAMPS") == ["Lamp", "Lampshade", "Table"]


def test_search_needs_every_word_and_completes_the_last(client):
    add(client, "Café table", description="Oak")
    add(client, "Oak tray")
    assert found(client, q="oak ta") == ["Café table"]
    assert found(client, q="oak t") == ["Oak tray", "Café table"]
    assert found(client, q="ta oak") == []
    assert found(client, q="cafe") == ["Café table"]
    assert found(client, q="?!") == []


def test_search_filters_by_price(client):
    for cents in (100, 200, 300):
        add(client, f"Lamp {cents}", price_cents=cents)
    assert found(client, q="lamp", min_price=200, max_price=200) == ["Lamp 200"]
    assert found(client, min_price=200) == ["Lamp 300", "Lamp 200"]
    assert client.get("/search?min_price=-1").status_code == 422


def test_pages_of_a_search_hold_every_product_once(client):
    names = {add(client, f"Lamp {number}")["name"] for number in range(5)}
    pages = [client.get(f"/search?q=lamp&size=2&page={n}").json() for n in (1, 2, 3, 4)]
    assert [len(page["items"]) for page in pages] == [2, 2, 1, 0]
    assert {page["total"] for page in pages} == {5}
    assert {product["name"] for page in pages for product in page["items"]} == names


def test_the_index_follows_changes(client):
    product = add(client, "Lamp")
    body = {"sku": "V-1", "name": "Vase", "price_cents": 5}
    client.put(f"/products/{product['id']}", json=body, headers=ADMIN)
    assert found(client, q="lamp") == []
    assert found(client, q="vase") == ["Vase"]
    client.delete(f"/products/{product['id']}", headers=ADMIN)
    assert found(client, q="vase") == []


def test_categories_come_as_a_tree(client):
    shoes = add_category(client, "Shoes")
    home = add_category(client, "Home")
    lamps = add_category(client, "Lamps", home)
    assert lamps == {
        "id": lamps["id"],
        "name": "Lamps",
        "slug": "lamps",
        "parent_id": home["id"],
    }
    assert client.get("/categories").json() == [home, lamps, shoes]
    assert add_category(client, "Lamps!", shoes)["slug"] == "lamps-2"
    nowhere = {"name": "Lost", "parent_id": str(uuid.uuid4())}
    assert client.post("/categories", json=nowhere, headers=ADMIN).status_code == 422


def test_categories_move_but_not_below_themselves(client):
    home = add_category(client, "Home")
    lamps = add_category(client, "Lamps", home)

    def put(category: dict, **body):
        return client.put(f"/categories/{category['id']}", json=body, headers=ADMIN)

    assert put(home, name="Home", parent_id=lamps["id"]).status_code == 409
    assert put(home, name="Home", parent_id=home["id"]).status_code == 409
    assert put(home, name="Home", parent_id=str(uuid.uuid4())).status_code == 422
    assert put({"id": uuid.uuid4()}, name="Home").status_code == 404
    moved = put(lamps, name="Lights").json()
    assert moved == lamps | {"name": "Lights", "parent_id": None}
    assert put(home, name="Home", parent_id=lamps["id"]).status_code == 200


def test_categories_in_use_stay(client):
    home = add_category(client, "Home")
    lamps = add_category(client, "Lamps", home)
    product = add(client, category_id=lamps["id"])

    def delete(category: dict) -> int:
        return client.delete(f"/categories/{category['id']}", headers=ADMIN).status_code

    assert delete(home) == 409
    assert delete(lamps) == 409
    client.delete(f"/products/{product['id']}", headers=ADMIN)
    assert [delete(lamps), delete(home), delete(home)] == [204, 204, 404]


def test_an_image_is_stored_shown_and_deleted(client, tmp_path):
    product = add(client)
    image = upload(client, product).json()
    path = f"/products/{product['id']}/images/{image['id']}"
    assert image == {"id": image["id"], "url": "/api" + path, "content_type": "image/png"}
    assert client.get(f"/products/{product['id']}").json()["images"] == [image]
    answer = client.get(path)
    assert answer.content == PNG
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"

    elsewhere = f"/products/{add(client)['id']}/images/{image['id']}"
    assert client.get(elsewhere).status_code == 404
    assert client.delete(elsewhere, headers=ADMIN).status_code == 404
    assert client.delete(path, headers=ADMIN).status_code == 204
    assert client.get(path).status_code == 404
    assert not [entry for entry in (tmp_path / "media").rglob("*") if entry.is_file()]


def test_images_go_with_their_product(client, tmp_path):
    product = add(client)
    upload(client, product)
    upload(client, product)
    assert client.delete(f"/products/{product['id']}", headers=ADMIN).status_code == 204
    assert list((tmp_path / "media").iterdir()) == []


def test_bad_images_are_refused(client, tmp_path):
    product = add(client)
    limit = 2 * 1024 * 1024
    assert upload(client, product, PNG.ljust(limit, b"\0")).status_code == 201
    assert upload(client, product, PNG.ljust(limit + 1, b"\0")).status_code == 413
    assert upload(client, product, b"<svg/>").status_code == 415
    assert upload(client, {"id": uuid.uuid4()}).status_code == 404
    for _ in range(9):
        assert upload(client, product).status_code == 201
    assert upload(client, product).status_code == 409
    assert len(list((tmp_path / "media").rglob("*"))) == 1 + 10


def test_health_and_metrics(client):
    assert client.get("/health").json() == {"service": "product-catalog", "status": "ok"}
    client.get(f"/products/{uuid.uuid4()}")
    assert 'route="/products/{product_id}"' in client.get("/metrics/").text
