"""The services an order is made from: the caller's cart and the catalog."""

import httpx

from app.domain import Line

# Whoever waits here keeps a customer waiting.
TIMEOUT = httpx.Timeout(3.0, connect=1.0)


class ServiceUnavailable(Exception):
    """Another service gave no answer that we can use."""


class SessionExpired(Exception):
    """The caller's token is no longer accepted."""


class Shop:
    """Reads the cart and the catalog over HTTP."""

    def __init__(
        self, cart_url: str, catalog_url: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._cart_url = cart_url.rstrip("/")
        self._catalog_url = catalog_url.rstrip("/")
        self._http = httpx.Client(transport=transport, timeout=TIMEOUT)

    def close(self) -> None:
        self._http.close()

    def cart(self, token: str) -> list[tuple[str, int]]:
        """Product ids and quantities in the cart of the user that `token` names."""
        response = self._get("cart", f"{self._cart_url}/cart", token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise SessionExpired
        if response.status_code != httpx.codes.OK:
            raise _unavailable("cart")
        try:
            return [(str(i["product_id"]), int(i["quantity"])) for i in response.json()["items"]]
        except (ValueError, KeyError, TypeError) as error:
            raise _unavailable("cart") from error

    def line(self, product_id: str, quantity: int) -> Line | None:
        """An order line at today's name and price; None when the product is no longer sold."""
        response = self._get("catalog", f"{self._catalog_url}/products/{product_id}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.status_code != httpx.codes.OK:
            raise _unavailable("catalog")
        try:
            product = response.json()
            return Line(product_id, str(product["name"]), int(product["price_cents"]), quantity)
        except (ValueError, KeyError, TypeError) as error:
            raise _unavailable("catalog") from error

    def _get(self, service: str, url: str, token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            return self._http.get(url, headers=headers)
        except httpx.HTTPError as error:
            raise _unavailable(service) from error


def _unavailable(service: str) -> ServiceUnavailable:
    return ServiceUnavailable(f"The {service} does not answer; try again in a moment")
