"""Who may do what: the services trust the tokens of user-management, and nothing else."""

import base64
import json
import time
from uuid import uuid4

import jwt
import pytest

PRODUCT = {"sku": "NOT-MADE", "name": "Not made", "description": "", "price_cents": 1}


@pytest.mark.parametrize(
    ("method", "service", "path", "body"),
    [
        ("POST", "product-catalog", "/products", PRODUCT),
        ("POST", "product-catalog", "/categories", {"name": "Not made"}),
        ("PUT", "inventory", f"/stock/{uuid4()}", {"on_hand": 5}),
        ("GET", "inventory", "/inventory", None),
        ("GET", "inventory", "/inventory/report", None),
        ("GET", "payment-processing", "/transactions", None),
        ("GET", "user-management", "/users", None),
    ],
)
def test_what_is_for_administrators_is_not_for_customers(
    nobody, customer, method, service, path, body
):
    customer.expect(403, method, service, path, json=body)
    nobody.expect(401, method, service, path, json=body)


def test_an_order_of_another_customer_is_not_found(new_customer, new_product):
    owner, stranger = new_customer(), new_customer()
    owner.add_to_cart(new_product()["id"])
    order = owner.order_reaches(owner.place_order()["id"], "awaiting_payment")
    stranger.expect(404, "GET", "order-management", f"/orders/{order['id']}")
    stranger.expect(404, "GET", "order-management", f"/order-status/{order['id']}")
    stranger.expect(404, "POST", "order-management", f"/orders/{order['id']}/cancel", json={})
    assert stranger.pay(order["id"]).status_code == 404
    assert stranger.cart()["items"] == []


def claims(**changed: object) -> dict[str, object]:
    now = int(time.time())
    right = {"sub": str(uuid4()), "email": "mallory@example.com", "roles": ["admin"]}
    right |= {"iss": "user-management", "aud": "ecommerce", "iat": now, "exp": now + 600}
    return right | changed


def unsigned() -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims()]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join(part.rstrip("=") for part in encoded) + "."


ASKED = [
    ("user-management", "/users"),
    ("product-catalog", "/products"),
    ("shopping-cart", "/cart"),
    ("payment-processing", "/transactions"),
    ("order-management", "/orders"),
    ("inventory", "/inventory"),
]


@pytest.mark.parametrize(("service", "path"), ASKED)
def test_forged_tokens_are_refused(platform, nobody, service, path):
    method, body = ("POST", PRODUCT) if service == "product-catalog" else ("GET", None)
    right = platform.jwt_secret
    forged = {
        "signed by somebody else": jwt.encode(claims(), "x" * 48, "HS256"),
        "not signed": unsigned(),
        "expired": jwt.encode(claims(exp=int(time.time()) - 60), right, "HS256"),
        "for somebody else": jwt.encode(claims(aud="another-shop"), right, "HS256"),
        "from somebody else": jwt.encode(claims(iss="another-issuer"), right, "HS256"),
        "not a token": "administrator",
    }
    for why, token in forged.items():
        answer = nobody.as_user(token).request(method, service, path, json=body)
        assert answer.status_code == 401, f"a token {why} gets {answer.status_code}"


def test_a_refresh_token_used_twice_revokes_its_family(nobody):
    email = f"refresh-{uuid4().hex[:12]}@example.com"
    body = {"email": email, "password": "correct horse battery", "full_name": "Grace Hopper"}
    nobody.expect(201, "POST", "user-management", "/auth/register", json=body)
    form = {"username": email, "password": body["password"]}
    first = nobody.expect(200, "POST", "user-management", "/auth/token", data=form)

    def refresh(status: int, token: str) -> dict:
        body = {"refresh_token": token}
        return nobody.expect(status, "POST", "user-management", "/auth/refresh", json=body)

    second = refresh(200, first["refresh_token"])
    me = nobody.as_user(second["access_token"]).expect(200, "GET", "user-management", "/users/me")
    assert (me["email"], me["roles"]) == (email, ["customer"])
    refresh(401, first["refresh_token"])
    refresh(401, second["refresh_token"])
