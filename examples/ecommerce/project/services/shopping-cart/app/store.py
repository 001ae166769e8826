"""Carts in Redis: a hash for each user, with a field for each product, that expires as a whole."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import fakeredis
from redis import Redis
from redis.client import Pipeline

from app.domain import Cart, Line, expires_at

# Longer than any broker keeps an event that it could deliver again.
REMEMBER_ORDERS_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Stored:
    """A cart, and when it will be gone (None when it is empty)."""

    cart: Cart
    expires_at: datetime | None


def connect(url: str) -> Redis:
    """A client for `url`; for `memory://` one with a Redis of its own in this process."""
    if url.startswith("memory://"):
        return fakeredis.FakeRedis(server=fakeredis.FakeServer(), decode_responses=True)
    return Redis.from_url(url, decode_responses=True, socket_timeout=5, socket_connect_timeout=2)


class CartStore:
    def __init__(self, redis: Redis, ttl_seconds: int) -> None:
        self._redis = redis
        self._ttl_ms = ttl_seconds * 1000

    def read(self, user_id: str) -> Stored:
        key = _key(user_id)
        with self._redis.pipeline(transaction=True) as pipe:
            fields, remaining_ms = pipe.hgetall(key).pttl(key).execute()
        return Stored(_decode(fields), expires_at(datetime.now(UTC), remaining_ms))

    def change(self, user_id: str, rule: Callable[[Cart], Cart]) -> Stored:
        """Replaces the cart by what `rule` makes of it, and lets its time begin anew.

        When another request changes the same cart in between, Redis refuses the write and `rule` is
        called again with the newer cart: no change is lost and no limit can be got around.
        """
        key = _key(user_id)

        def attempt(pipe: Pipeline) -> Cart:
            before = _decode(pipe.hgetall(key))
            after = rule(before)
            pipe.multi()
            kept = {line.product_id for line in after.lines}
            if gone := [line.product_id for line in before.lines if line.product_id not in kept]:
                pipe.hdel(key, *gone)
            if changed := {
                line.product_id: _encode(line) for line in after.lines if line not in before.lines
            }:
                pipe.hset(key, mapping=changed)
            pipe.pexpire(key, self._ttl_ms)
            return after

        cart = self._redis.transaction(attempt, key, value_from_callable=True)
        lifetime = self._ttl_ms if cart.lines else -2
        return Stored(cart, expires_at(datetime.now(UTC), lifetime))

    def clear(self, user_id: str) -> None:
        self._redis.delete(_key(user_id))

    def clear_for_order(self, user_id: str, order_id: str) -> bool:
        """Empties the cart that an order was made of; False when that was done before.

        Without the memory of the order, an event that comes twice would empty the user's next cart.
        """
        done = f"cart-order:{order_id}"

        def attempt(pipe: Pipeline) -> bool:
            first_time = not pipe.exists(done)
            pipe.multi()
            if first_time:
                pipe.set(done, user_id, ex=REMEMBER_ORDERS_SECONDS)
                pipe.delete(_key(user_id))
            return first_time

        return self._redis.transaction(attempt, done, value_from_callable=True)


def _key(user_id: str) -> str:
    return f"cart:{user_id}"


def _encode(line: Line) -> str:
    return json.dumps(asdict(line), separators=(",", ":"))


def _decode(fields: dict[str, str]) -> Cart:
    return Cart.of([Line(**json.loads(text)) for text in fields.values()])
