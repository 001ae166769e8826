import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import jwt
import pytest
from fastapi.testclient import TestClient
from redis import ConnectionError as RedisDown

from app.catalog import Catalog
from app.main import create_app
from app.settings import Settings
from app.store import CartStore, connect

SECRET = "test-secret-that-is-long-enough-for-hs256"
TEA, CUP = str(uuid4()), str(uuid4())


@pytest.fixture
def prices():
    return {TEA: ("Tea", 1999), CUP: ("Cup", 550)}


@pytest.fixture
def app(prices):
    def answer(request: httpx.Request) -> httpx.Response:
        product_id = request.url.path.removeprefix("/products/")
        if product_id not in prices:
            return httpx.Response(404, json={"detail": "no such product"})
        name, cents = prices[product_id]
        return httpx.Response(200, json={"id": product_id, "name": name, "price_cents": cents})

    settings = Settings(jwt_secret=SECRET, redis_url="memory://", events_url="memory://")
    app = create_app(settings)
    app.state.catalog = Catalog("http://catalog", httpx.MockTransport(answer))
    return app


@pytest.fixture
def client(app):
    with TestClient(app) as client:
        client.headers["Authorization"] = bearer("ada")
        yield client


def bearer(user_id: str) -> str:
    claims = {
        "sub": user_id,
        "roles": ["customer"],
        "iss": "user-management",
        "aud": "ecommerce",
        "exp": datetime.now(UTC) + timedelta(minutes=5),
    }
    return "Bearer " + jwt.encode(claims, SECRET, algorithm="HS256")


def add(client, product_id, quantity=1):
    return client.post("/cart/items", json={"product_id": product_id, "quantity": quantity})


def test_without_a_token_there_is_no_cart(client):
    del client.headers["Authorization"]
    assert client.get("/cart").status_code == 401


def test_a_new_cart_is_empty_and_does_not_expire(client):
    assert client.get("/cart").json() == {
        "items": [],
        "total_cents": 0,
        "currency": "USD",
        "item_count": 0,
        "expires_at": None,
    }


def test_adding_takes_name_and_price_from_the_catalog(client, prices):
    assert add(client, TEA, 2).status_code == 201
    prices[TEA] = ("Better tea", 2100)
    cart = add(client, TEA).json()
    assert cart == client.get("/cart").json() | {"expires_at": cart["expires_at"]}
    assert cart["items"] == [
        {
            "product_id": TEA,
            "name": "Better tea",
            "unit_price_cents": 2100,
            "quantity": 3,
            "line_total_cents": 6300,
        }
    ]
    assert (cart["total_cents"], cart["item_count"]) == (6300, 3)
    left = datetime.fromisoformat(cart["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


def test_products_can_be_changed_and_removed(client):
    add(client, TEA, 2)
    add(client, CUP)
    cart = client.put(f"/cart/items/{CUP}", json={"quantity": 4}).json()
    assert cart["total_cents"] == 2 * 1999 + 4 * 550
    cart = client.put(f"/cart/items/{TEA}", json={"quantity": 0}).json()
    assert [item["product_id"] for item in cart["items"]] == [CUP]
    emptied = client.delete(f"/cart/items/{CUP}").json()
    assert (emptied["items"], emptied["expires_at"]) == ([], None)
    assert client.put(f"/cart/items/{TEA}", json={"quantity": 1}).status_code == 404


def test_deleting_the_cart(client):
    add(client, TEA)
    assert client.delete("/cart").status_code == 204
    assert client.get("/cart").json()["items"] == []


def test_carts_of_different_users_are_apart(client):
    add(client, TEA)
    other = client.get("/cart", headers={"Authorization": bearer("bob")})
    assert other.json()["items"] == []


@pytest.mark.parametrize("quantity", [0, -1, 100])
def test_quantities_out_of_bounds_are_refused(client, quantity):
    assert add(client, TEA, quantity).status_code == 422


def test_adding_past_the_limit_changes_nothing(client):
    add(client, TEA, 60)
    refused = add(client, TEA, 40)
    assert refused.status_code == 409
    assert "99" in refused.json()["detail"]
    assert client.get("/cart").json()["item_count"] == 60


def test_a_product_that_the_catalog_does_not_know(client):
    assert add(client, str(uuid4())).status_code == 404


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.Response(500),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"unexpected": True}),
    ],
)
def test_a_catalog_in_trouble_is_told_as_such(app, client, answer):
    def trouble(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    app.state.catalog = Catalog("http://catalog", httpx.MockTransport(trouble))
    assert add(client, TEA).status_code == 503
    assert client.get("/cart").json()["items"] == []


def test_redis_in_trouble_is_told_as_such(app, client, monkeypatch):
    def down(*_):
        raise RedisDown("refused")

    monkeypatch.setattr(app.state.carts, "read", down)
    assert client.get("/cart").status_code == 503


def test_a_paid_order_empties_its_users_cart(app, client):
    add(client, TEA)
    app.state.bus.publish("order.paid", {"order_id": str(uuid4()), "user_id": "ada"})
    deadline = time.monotonic() + 5
    while client.get("/cart").json()["items"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert client.get("/cart").json()["items"] == []


def test_an_order_paid_twice_leaves_the_next_cart_alone():
    carts = CartStore(connect("memory://"), ttl_seconds=60)
    assert carts.clear_for_order("ada", "order-1")
    carts.change("ada", lambda cart: cart.add("tea", "Tea", 500, 1))
    assert not carts.clear_for_order("ada", "order-1")
    assert carts.read("ada").cart.item_count == 1
    assert carts.clear_for_order("ada", "order-2")
    assert carts.read("ada").cart.item_count == 0


def test_of_two_changes_at_once_none_is_lost():
    carts = CartStore(connect("memory://"), ttl_seconds=60)
    calls = []

    def slow(cart):
        # The first time another request comes in between the read and the write.
        calls.append(cart.item_count)
        if len(calls) == 1:
            carts.change("ada", lambda other: other.add("tea", "Tea", 500, 60))
        return cart.add("tea", "Tea", 500, 30)

    assert carts.change("ada", slow).cart.item_count == 90
    assert calls == [0, 60]


def test_each_change_lets_the_time_of_the_cart_begin_anew():
    redis = connect("memory://")
    carts = CartStore(redis, ttl_seconds=60)
    carts.change("ada", lambda cart: cart.add("tea", "Tea", 500, 1))
    redis.expire("cart:ada", 5)
    carts.change("ada", lambda cart: cart.add("cup", "Cup", 500, 1))
    assert 55 < redis.ttl("cart:ada") <= 60
    assert carts.read("ada").expires_at is not None
