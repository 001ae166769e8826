"""The service as its callers see it. TEST_DATABASE_URL has it tested on another database."""

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from app.database import Base
from app.main import create_app
from app.models import RefreshToken, User
from app.settings import Settings

SECRET = "test-secret-that-is-long-enough-for-hs256"
PASSWORD = "a quiet green lamp"
ADMIN = {"username": "boss@example.com", "password": "the boss's own words"}


def settings() -> Settings:
    return Settings(
        jwt_secret=SECRET,
        database_url=os.environ.get("TEST_DATABASE_URL", "sqlite://"),
        admin_email=ADMIN["username"],
        admin_password=ADMIN["password"],
    )


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = create_app(settings())
    with TestClient(app) as client:
        yield client
    engine = app.state.sessions.kw["bind"]
    Base.metadata.drop_all(engine)
    engine.dispose()


def register(client: TestClient, email: str = "ann@example.com") -> dict:
    body = {"email": email, "password": PASSWORD, "full_name": "Ann Lee"}
    answer = client.post("/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def sign_in(client: TestClient, username: str = "ann@example.com", password: str = PASSWORD):
    return client.post("/auth/token", data={"username": username, "password": password})


def headers(client: TestClient, **credentials: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {sign_in(client, **credentials).json()['access_token']}"}


def refresh(client: TestClient, token: str):
    return client.post("/auth/refresh", json={"refresh_token": token})


def test_registering_makes_a_customer(client):
    user = register(client, "Ann@Example.com")
    assert user["email"] == "ann@example.com"
    assert user["roles"] == ["customer"]
    assert uuid.UUID(user["id"])
    assert datetime.fromisoformat(user["created_at"]).tzinfo is not None
    assert "password" not in str(user)


def test_an_address_is_taken_in_any_case(client):
    register(client)
    body = {"email": "ANN@example.com", "password": PASSWORD, "full_name": "Other"}
    answer = client.post("/auth/register", json=body)
    assert answer.status_code == 409
    assert "sign in" in answer.json()["detail"]


@pytest.mark.parametrize(
    "change",
    [{"password": "short"}, {"email": "no address"}, {"full_name": " "}, {"full_name": "a\u0000b"}],
)
def test_bad_registrations_are_refused(client, change):
    body = {"email": "ann@example.com", "password": PASSWORD, "full_name": "Ann"} | change
    assert client.post("/auth/register", json=body).status_code == 422
    assert sign_in(client).status_code == 401


def test_the_access_token_says_what_the_other_services_rely_on(client):
    user = register(client)
    answer = sign_in(client, "ANN@EXAMPLE.COM").json()
    assert answer["token_type"] == "bearer"
    assert answer["expires_in"] == 1800
    claims = jwt.decode(answer["access_token"], SECRET, ["HS256"], audience="ecommerce")
    assert claims["sub"] == user["id"]
    assert claims["email"] == "ann@example.com"
    assert claims["roles"] == ["customer"]
    assert claims["iss"] == "user-management"
    assert claims["exp"] - claims["iat"] == 1800


def test_me_needs_a_genuine_token(client):
    user = register(client)
    assert client.get("/users/me", headers=headers(client)).json() == user
    assert client.get("/users/me").status_code == 401
    claims = {
        "sub": user["id"],
        "roles": ["admin"],
        "iss": "user-management",
        "aud": "ecommerce",
        "exp": datetime.now(UTC) + timedelta(hours=1),
    }
    forged = jwt.encode(claims, "another-secret-that-is-also-long-enough", "HS256")
    answer = client.get("/users/me", headers={"Authorization": f"Bearer {forged}"})
    assert answer.status_code == 401


def test_wrong_passwords_lock_the_account_for_a_while(client):
    register(client)
    register(client, "bob@example.com")
    for _ in range(5):
        assert sign_in(client, password="a wrong one").status_code == 401
    locked = sign_in(client)
    assert locked.status_code == 429
    assert 290 < int(locked.headers["Retry-After"]) <= 300
    assert sign_in(client, "bob@example.com").status_code == 200

    with client.app.state.sessions() as db:
        db.execute(update(User).values(locked_until=datetime.now(UTC)))
        db.commit()
    assert sign_in(client).status_code == 200


def test_a_right_password_clears_the_count(client):
    register(client)
    for _ in range(2):
        for _ in range(4):
            assert sign_in(client, password="a wrong one").status_code == 401
        assert sign_in(client).status_code == 200


def test_refresh_tokens_are_rotated_and_stored_hashed(client):
    register(client)
    first = sign_in(client).json()["refresh_token"]
    second = refresh(client, first)
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first
    me = {"Authorization": f"Bearer {second.json()['access_token']}"}
    assert client.get("/users/me", headers=me).status_code == 200
    with client.app.state.sessions() as db:
        stored = db.scalars(select(RefreshToken.token_hash)).all()
    assert len(stored) == 2
    assert first not in stored


def test_a_used_refresh_token_ends_all_sessions(client):
    register(client)
    elsewhere = sign_in(client).json()["refresh_token"]
    first = sign_in(client).json()["refresh_token"]
    second = refresh(client, first).json()["refresh_token"]
    assert refresh(client, first).status_code == 401
    assert refresh(client, second).status_code == 401
    assert refresh(client, elsewhere).status_code == 401
    assert sign_in(client).status_code == 200


def test_an_expired_refresh_token_is_refused_and_swept_away(client):
    register(client)
    token = sign_in(client).json()["refresh_token"]
    with client.app.state.sessions() as db:
        db.execute(update(RefreshToken).values(expires_at=datetime.now(UTC)))
        db.commit()
    assert refresh(client, token).status_code == 401
    sign_in(client)
    with client.app.state.sessions() as db:
        assert len(db.scalars(select(RefreshToken)).all()) == 1


def test_signing_out_ends_one_session(client):
    register(client)
    one, other = (sign_in(client).json()["refresh_token"] for _ in range(2))
    for _ in range(2):
        answer = client.post("/auth/logout", json={"refresh_token": one})
        assert answer.status_code == 204
    assert refresh(client, one).status_code == 401
    assert refresh(client, other).status_code == 200


def test_users_are_listed_for_administrators_only(client):
    register(client)
    assert client.get("/users", headers=headers(client)).status_code == 403
    boss = headers(client, **ADMIN)
    page = client.get("/users?size=1&page=2", headers=boss).json()
    assert [user["email"] for user in page["items"]] == ["ann@example.com"]
    assert (page["total"], page["page"], page["size"]) == (2, 2, 1)
    assert client.get("/users?size=101", headers=boss).status_code == 422


def test_roles_are_given_and_taken_but_the_last_admin_stays(client):
    ann = register(client)
    boss = headers(client, **ADMIN)
    boss_id = client.get("/users/me", headers=boss).json()["id"]

    def put(user_id: str, *roles: str):
        return client.put(f"/users/{user_id}/roles", json={"roles": roles}, headers=boss)

    refused = put(boss_id, "customer")
    assert refused.status_code == 409
    assert "last administrator" in refused.json()["detail"]

    assert put(ann["id"], "admin", "customer").json()["roles"] == ["customer", "admin"]
    assert client.get("/users", headers=headers(client)).status_code == 200
    assert put(boss_id, "support").json()["roles"] == ["support"]
    assert put(ann["id"], "support").status_code == 409
    assert put(ann["id"], "root").status_code == 422
    assert put(str(uuid.uuid4()), "support").status_code == 404


def test_the_profile_is_replaced_as_a_whole(client):
    register(client)
    me = headers(client)
    empty = {"email": "ann@example.com", "full_name": "Ann Lee", "phone": None, "address": None}
    assert client.get("/profiles/me", headers=me).json() == empty
    address = {
        "line1": "1 Elm Row",
        "line2": None,
        "city": "Leeds",
        "postal_code": "LS1",
        "country": "GB",
    }
    full = {"full_name": "Ann B. Lee", "phone": "+44 113 496 0000", "address": address}
    assert client.put("/profiles/me", json=full, headers=me).status_code == 200
    assert client.get("/profiles/me", headers=me).json() == full | {"email": "ann@example.com"}
    client.put("/profiles/me", json={"full_name": "Ann Lee"}, headers=me)
    assert client.get("/profiles/me", headers=me).json() == empty
    bad = {"full_name": "Ann", "phone": "call me"}
    assert client.put("/profiles/me", json=bad, headers=me).status_code == 422


def test_a_new_password_needs_the_old_one_and_ends_the_sessions(client):
    register(client)
    me = headers(client)
    session = sign_in(client).json()["refresh_token"]

    def change(current: str, new: str) -> int:
        body = {"current_password": current, "new_password": new}
        return client.post("/profiles/me/password", json=body, headers=me).status_code

    assert change("not my password", "another green lamp") == 403
    assert change(PASSWORD, "short") == 422
    assert refresh(client, session).status_code == 200
    assert change(PASSWORD, "another green lamp") == 204
    assert sign_in(client).status_code == 401
    assert sign_in(client, password="another green lamp").status_code == 200
    with client.app.state.sessions() as db:
        assert len(db.scalars(select(RefreshToken)).all()) == 1


def test_wrong_current_passwords_count_as_guesses(client):
    register(client)
    me = headers(client)
    body = {"current_password": "a wrong one", "new_password": "another green lamp"}
    codes = [
        client.post("/profiles/me/password", json=body, headers=me).status_code for _ in range(6)
    ]
    assert codes == [403] * 5 + [429]


def start(database: str, admin_email: str = "") -> TestClient:
    password = ADMIN["password"] if admin_email else ""
    return TestClient(
        create_app(
            Settings(
                jwt_secret=SECRET,
                database_url=database,
                admin_email=admin_email,
                admin_password=password,
            )
        )
    )


def test_the_administrator_is_made_once(tmp_path):
    database = f"sqlite:///{tmp_path}/users.db"
    start(database, ADMIN["username"])
    again = start(database, "second@example.com")
    assert sign_in(again, **ADMIN).status_code == 200
    assert sign_in(again, "second@example.com", ADMIN["password"]).status_code == 401


def test_a_customer_does_not_become_the_administrator(tmp_path, caplog):
    database = f"sqlite:///{tmp_path}/users.db"
    register(start(database), "Boss@example.com")
    again = start(database, "boss@example.com")
    me = headers(again, username="boss@example.com")
    assert again.get("/users/me", headers=me).json()["roles"] == ["customer"]
    assert "no administrator made" in caplog.text


def test_half_an_administrator_is_a_mistake():
    with pytest.raises(ValueError, match="ADMIN_PASSWORD"):
        Settings(jwt_secret=SECRET, admin_email="boss@example.com")


def test_health_and_metrics(client):
    assert client.get("/health").json() == {"service": "user-management", "status": "ok"}
    register(client)
    assert 'route="/auth/register",service="user-management"' in client.get("/metrics/").text
