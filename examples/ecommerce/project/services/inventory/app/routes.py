"""Looking at stock, and changing it by hand."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, HTTPException, Query, Request, status
from sqlalchemy import Select, func, select

from app.auth import Admin
from app.database import Database
from app.domain import STOCKTAKE_REASON, Stock, StockError
from app.models import IS_LOW, Movement, StockItem
from app.paging import Page
from app.schemas import Adjustment, MovementsOut, Report, StockCount, StockOut, Totals
from app.stock import change, locked

router = APIRouter(tags=["inventory"])

PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PageSize = Annotated[int, Query(ge=1, le=100)]
KEPT = select(StockItem).where(StockItem.discontinued.is_(False))


@router.get("/inventory")
def list_stock(db: Database, _: Admin, page: PageNumber = 1, size: PageSize = 20) -> Page[StockOut]:
    return _page(db, KEPT, page, size)


@router.get("/inventory/alerts")
def list_low(db: Database, _: Admin, page: PageNumber = 1, size: PageSize = 20) -> Page[StockOut]:
    """What is low now."""
    return _page(db, KEPT.where(IS_LOW), page, size)


@router.get("/inventory/report")
def report(db: Database, _: Admin, since: datetime | None = None) -> Report:
    """What there is now, and what moved and why since a time (without one: ever)."""
    products, on_hand, reserved, low = db.execute(
        select(
            func.count(),
            func.coalesce(func.sum(StockItem.on_hand), 0),
            func.coalesce(func.sum(StockItem.reserved), 0),
            func.count().filter(IS_LOW),
        ).where(StockItem.discontinued.is_(False))
    ).one()
    moved = select(
        Movement.reason,
        func.count().label("movements"),
        func.sum(Movement.on_hand_delta).label("on_hand"),
        func.sum(Movement.reserved_delta).label("reserved"),
    )
    if since is not None:
        # A time without a zone is meant as UTC, as all times here.
        since = since.astimezone(UTC) if since.tzinfo else since.replace(tzinfo=UTC)
        moved = moved.where(Movement.at >= since)
    groups = db.execute(moved.group_by(Movement.reason).order_by(Movement.reason)).mappings()
    return Report(
        since=since,
        totals=Totals(
            products=products,
            on_hand=on_hand,
            reserved=reserved,
            available=on_hand - reserved,
            low=low,
        ),
        movements=[MovementsOut(**group) for group in groups],
    )


@router.get("/inventory/{product_id}")
def show(product_id: str, db: Database) -> StockOut:
    item = db.scalar(KEPT.where(StockItem.product_id == product_id))
    if item is None:
        raise _not_kept()
    return StockOut.model_validate(item)


@router.put("/stock/{product_id}")
def count_stock(
    product_id: str,
    body: StockCount,
    db: Database,
    _: Admin,
    request: Request,
    after: BackgroundTasks,
) -> StockOut:
    """Sets what a stocktake found on the shelf, reserved pieces included."""
    return _change_by_hand(
        db,
        product_id,
        lambda stock: stock.count(body.on_hand, body.low_stock_threshold),
        STOCKTAKE_REASON,
        request,
        after,
    )


@router.post("/stock/{product_id}/adjustments")
def adjust_stock(
    product_id: str,
    body: Adjustment,
    db: Database,
    _: Admin,
    request: Request,
    after: BackgroundTasks,
) -> StockOut:
    """Adds to what is on hand, or takes from it; never below what is reserved."""
    return _change_by_hand(
        db, product_id, lambda stock: stock.adjust(body.delta), body.reason, request, after
    )


def _change_by_hand(
    db: Database,
    product_id: str,
    rule: Callable[[Stock], Stock],
    reason: str,
    request: Request,
    after: BackgroundTasks,
) -> StockOut:
    item = locked(db, [product_id]).get(product_id)
    if item is None or item.discontinued:
        raise _not_kept()
    try:
        change(db, item, rule(item.stock), reason)
    except StockError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error
    db.commit()
    # An alert may have to be sent; whoever changed the stock need not wait for the broker.
    after.add_task(request.app.state.outbox.flush)
    return StockOut.model_validate(item)


def _not_kept() -> HTTPException:
    return HTTPException(
        status.HTTP_404_NOT_FOUND,
        "No stock is kept of this product; a new one appears here moments after the catalog has it",
    )


def _page(db: Database, kept: Select[tuple[StockItem]], page: int, size: int) -> Page[StockOut]:
    total = db.scalar(select(func.count()).select_from(kept.subquery())) or 0
    ordered = kept.order_by(StockItem.sku, StockItem.product_id)
    rows = db.scalars(ordered.offset((page - 1) * size).limit(size))
    items = [StockOut.model_validate(row) for row in rows]
    return Page(items=items, total=total, page=page, size=size)
