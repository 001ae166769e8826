"""The order service, which knows what is to be paid."""

from dataclasses import dataclass

import httpx

# Whoever waits here keeps a customer waiting.
TIMEOUT = httpx.Timeout(3.0, connect=1.0)


class ServiceUnavailable(Exception):
    """Another service gave no answer that we can use."""


class SessionExpired(Exception):
    """The caller's token is no longer accepted."""


@dataclass(frozen=True)
class Order:
    user_id: str
    status: str
    total_cents: int
    currency: str


class Orders:
    """Reads orders over HTTP."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(base_url=url, transport=transport, timeout=TIMEOUT)

    def close(self) -> None:
        self._http.close()

    def find(self, order_id: str, token: str) -> Order | None:
        """The order, when the user that `token` names may see it."""
        unavailable = ServiceUnavailable("The order service does not answer; try again in a moment")
        try:
            response = self._http.get(
                f"/orders/{order_id}", headers={"Authorization": f"Bearer {token}"}
            )
        except httpx.HTTPError as error:
            raise unavailable from error
        match response.status_code:
            case httpx.codes.NOT_FOUND:
                return None
            case httpx.codes.UNAUTHORIZED:
                raise SessionExpired
            case httpx.codes.OK:
                pass
            case _:
                raise unavailable
        try:
            order = response.json()
            return Order(
                str(order["user_id"]),
                str(order["status"]),
                int(order["total_cents"]),
                str(order["currency"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise unavailable from error
