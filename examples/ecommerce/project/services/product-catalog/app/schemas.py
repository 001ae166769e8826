"""What this service accepts and answers."""

import uuid
from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

T = TypeVar("T")

NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f]*$"


def _line(longest: int, pattern: str = NO_CONTROL_CHARACTERS) -> StringConstraints:
    return StringConstraints(
        strip_whitespace=True, min_length=1, max_length=longest, pattern=pattern
    )


class CategoryIn(BaseModel):
    name: Annotated[str, _line(80)]
    parent_id: uuid.UUID | None = None


class CategoryRef(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    name: str
    slug: str


class CategoryOut(CategoryRef):
    parent_id: uuid.UUID | None


class ProductIn(BaseModel):
    sku: Annotated[str, _line(64, r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    name: Annotated[str, _line(200)]
    # Lines and tabs are welcome here; only the character that databases cannot store is not.
    description: Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")] = ""
    price_cents: Annotated[int, Field(ge=1, le=100_000_000)]
    category_id: uuid.UUID | None = None


class ImageOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    url: str
    content_type: str


class ProductOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    sku: str
    name: str
    description: str
    price_cents: int
    currency: Literal["USD"] = "USD"
    category: CategoryRef | None
    images: list[ImageOut]
    created_at: datetime


class Page(BaseModel, Generic[T]):
    items: list[T]
    total: int
    page: int
    size: int


class PageQuery:
    """Which part of a long list is wanted."""

    def __init__(
        self,
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        size: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> None:
        self.page, self.size = page, size

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size


Paging = Annotated[PageQuery, Depends()]
