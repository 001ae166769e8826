"""What this service accepts and answers."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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
