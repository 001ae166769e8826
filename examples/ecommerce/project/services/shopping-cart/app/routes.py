"""The cart of whoever calls. Nobody can reach another user's cart: its key is in the token."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request, status

from app.auth import CurrentUser
from app.catalog import Catalog, CatalogUnavailable, UnknownProduct
from app.domain import NotInCart
from app.schemas import AddItem, CartOut, SetQuantity
from app.store import CartStore

router = APIRouter(prefix="/cart", tags=["cart"])


def _carts(request: Request) -> CartStore:
    return request.app.state.carts


def _catalog(request: Request) -> Catalog:
    return request.app.state.catalog


Carts = Annotated[CartStore, Depends(_carts)]
Products = Annotated[Catalog, Depends(_catalog)]


@router.get("")
def show(user: CurrentUser, carts: Carts) -> CartOut:
    return CartOut.of(carts.read(user.id))


@router.post("/items", status_code=status.HTTP_201_CREATED)
def add(wanted: AddItem, user: CurrentUser, carts: Carts, catalog: Products) -> CartOut:
    """Adds to what is in the cart, with the catalog's name and price of now."""
    product_id = str(wanted.product_id)
    try:
        product = catalog.product(product_id)
    except UnknownProduct as error:
        raise HTTPException(
            status.HTTP_404_NOT_FOUND, "This product is not in the catalog (any more)"
        ) from error
    except CatalogUnavailable as error:
        raise HTTPException(
            status.HTTP_503_SERVICE_UNAVAILABLE,
            "The catalog does not answer at the moment; try again shortly",
        ) from error
    return CartOut.of(
        carts.change(
            user.id,
            lambda cart: cart.add(product_id, product.name, product.price_cents, wanted.quantity),
        )
    )


@router.put("/items/{product_id}")
def set_quantity(product_id: UUID, body: SetQuantity, user: CurrentUser, carts: Carts) -> CartOut:
    try:
        return CartOut.of(
            carts.change(user.id, lambda cart: cart.set_quantity(str(product_id), body.quantity))
        )
    except NotInCart as error:
        raise HTTPException(
            status.HTTP_404_NOT_FOUND, "This product is not in your cart; add it first"
        ) from error


@router.delete("/items/{product_id}")
def remove(product_id: UUID, user: CurrentUser, carts: Carts) -> CartOut:
    return CartOut.of(carts.change(user.id, lambda cart: cart.remove(str(product_id))))


@router.delete("", status_code=status.HTTP_204_NO_CONTENT)
def clear(user: CurrentUser, carts: Carts) -> None:
    carts.clear(user.id)
