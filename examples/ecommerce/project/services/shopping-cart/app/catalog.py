"""What the cart asks the product catalog."""

from dataclasses import dataclass

import httpx


class UnknownProduct(Exception):
    """The catalog has no such product."""


class CatalogUnavailable(Exception):
    """The catalog did not answer, or not with anything that makes sense."""


@dataclass(frozen=True)
class Product:
    id: str
    name: str
    price_cents: int


class Catalog:
    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(base_url=url, timeout=3, transport=transport)

    def product(self, product_id: str) -> Product:
        try:
            response = self._http.get(f"/products/{product_id}")
            if response.status_code == httpx.codes.NOT_FOUND:
                raise UnknownProduct(product_id)
            response.raise_for_status()
            found = response.json()
            return Product(found["id"], found["name"], found["price_cents"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise CatalogUnavailable(str(error)) from error

    def close(self) -> None:
        self._http.close()
