"""Products and their search."""

import logging
import uuid
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from sqlalchemy import false, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import domain, queries
from app.auth import Admin
from app.database import Database
from app.models import Category, Product
from app.paging import Page, Paging
from app.schemas import NO_CONTROL_CHARACTERS, ProductIn, ProductOut

log = logging.getLogger(__name__)
router = APIRouter(tags=["products"])


@router.get("/search", response_model=Page[ProductOut])
def search(
    db: Database,
    paging: Paging,
    q: Annotated[str, Query(max_length=200)] = "",
    category: Annotated[str | None, Query(max_length=100, pattern=NO_CONTROL_CHARACTERS)] = None,
    min_price: Annotated[int | None, Query(ge=0, le=10**9, description="in cents")] = None,
    max_price: Annotated[int | None, Query(ge=0, le=10**9, description="in cents")] = None,
) -> dict:
    """Products that have every word of `q`, the best first; without `q`, the newest first."""
    filters = []
    if category:
        category_id = db.scalar(select(Category.id).where(Category.slug == category))
        filters.append(queries.in_category(db, category_id) if category_id else false())
    if min_price is not None:
        filters.append(Product.price_cents >= min_price)
    if max_price is not None:
        filters.append(Product.price_cents <= max_price)
    if not q.strip():
        return queries.page_of(db, select(Product).where(*filters), paging)
    return queries.search(db, domain.parse_query(q), filters, paging)


@router.get("/products", response_model=Page[ProductOut])
def list_products(db: Database, paging: Paging, category_id: uuid.UUID | None = None) -> dict:
    query = select(Product)
    if category_id is not None:
        query = query.where(queries.in_category(db, category_id))
    return queries.page_of(db, query, paging)


@router.post("/products", status_code=201, response_model=ProductOut)
def create(body: ProductIn, _: Admin, request: Request, db: Database) -> Product:
    _check_category(db, body.category_id)
    product = Product(id=uuid.uuid4(), **body.model_dump())
    db.add(product)
    _store(db, product)
    data = {"product_id": str(product.id), "sku": product.sku, "name": product.name}
    _publish(request, "product.created", data)
    db.commit()
    return _fresh(db, product)


@router.get("/products/{product_id}", response_model=ProductOut)
def read(product_id: uuid.UUID, db: Database) -> Product:
    return find(db, product_id)


@router.put("/products/{product_id}", response_model=ProductOut)
def replace(product_id: uuid.UUID, body: ProductIn, _: Admin, db: Database) -> Product:
    product = find(db, product_id, lock=True)
    _check_category(db, body.category_id)
    for field, value in body.model_dump().items():
        setattr(product, field, value)
    _store(db, product)
    db.commit()
    return _fresh(db, product)


@router.delete("/products/{product_id}", status_code=204)
def remove(product_id: uuid.UUID, _: Admin, request: Request, db: Database) -> None:
    db.delete(find(db, product_id, lock=True))
    db.flush()
    _publish(request, "product.deleted", {"product_id": str(product_id)})
    db.commit()
    request.app.state.media.remove_all(product_id)


def find(db: Session, product_id: uuid.UUID, *, lock: bool = False) -> Product:
    product = db.get(Product, product_id, with_for_update=lock)
    if product is None:
        raise HTTPException(404, "There is no such product")
    return product


def _check_category(db: Session, category_id: uuid.UUID | None) -> None:
    # Locked against its deletion, but not against products that are put into it meanwhile.
    lock = {"read": True, "key_share": True}
    if category_id is not None and db.get(Category, category_id, with_for_update=lock) is None:
        raise HTTPException(422, "There is no category with this category_id")


def _store(db: Session, product: Product) -> None:
    """Writes a product and its index entries. The caller commits."""
    conflict = HTTPException(409, f"Another product has the SKU {product.sku}")
    try:
        db.flush()
    except IntegrityError as error:
        raise conflict from error
    queries.reindex(db, product)


def _fresh(db: Session, product: Product) -> Product:
    # The category it was read with may be another one by now.
    db.refresh(product, ["category", "images"])
    return product


def _publish(request: Request, kind: str, data: dict[str, str]) -> None:
    """Publishes before the commit. If the broker fails, nothing has changed and the caller may try
    again; after the commit, a product could stay unknown to the inventory for ever. Should the
    commit fail instead, the inventory knows a product that nobody can buy, which harms nobody."""
    try:
        request.app.state.bus.publish(kind, data)
    except Exception as error:
        log.exception("publishing %s failed", kind)
        raise HTTPException(503, "The event broker does not answer; try again later") from error
