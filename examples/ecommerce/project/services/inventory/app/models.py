"""The inventory's tables."""

from datetime import UTC, datetime

from sqlalchemy import JSON, CheckConstraint, DateTime, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.domain import Stock


def _now() -> datetime:
    return datetime.now(UTC)


class StockItem(Base):
    """The stock of one product. Change it under a row lock only: see `app.stock`."""

    __tablename__ = "stock_items"
    __table_args__ = (
        CheckConstraint("reserved >= 0 AND on_hand >= reserved", "stock_is_possible"),
    )

    product_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sku: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(200))
    on_hand: Mapped[int]
    reserved: Mapped[int]
    low_stock_threshold: Mapped[int]
    # Kept after the catalog drops a product: orders may still hold some of it.
    discontinued: Mapped[bool] = mapped_column(default=False)

    @property
    def stock(self) -> Stock:
        return Stock(self.on_hand, self.reserved, self.low_stock_threshold)

    @stock.setter
    def stock(self, stock: Stock) -> None:
        self.on_hand = stock.on_hand
        self.reserved = stock.reserved
        self.low_stock_threshold = stock.low_stock_threshold

    @property
    def available(self) -> int:
        return self.stock.available

    @property
    def low(self) -> bool:
        return self.stock.low


# `Stock.low`, for the database to find and count them.
IS_LOW = StockItem.on_hand - StockItem.reserved <= StockItem.low_stock_threshold


class Movement(Base):
    """One change of one product's stock, and why. Never changed afterwards."""

    __tablename__ = "movements"

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("stock_items.product_id"), index=True)
    order_id: Mapped[str | None] = mapped_column(String(36))
    reason: Mapped[str] = mapped_column(String(60))
    on_hand_delta: Mapped[int]
    reserved_delta: Mapped[int]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now, index=True)


class Reservation(Base):
    """What one order holds. There is at most one, so an event that comes again changes nothing."""

    __tablename__ = "reservations"

    order_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    lines: Mapped[dict[str, int]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now)
