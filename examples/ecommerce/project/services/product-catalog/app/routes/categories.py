"""The tree of categories."""

import uuid

from fastapi import APIRouter, HTTPException
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import domain
from app.auth import Admin
from app.database import Database
from app.models import Category
from app.schemas import CategoryIn, CategoryOut

router = APIRouter(prefix="/categories", tags=["categories"])


@router.get("", response_model=list[CategoryOut])
def list_categories(db: Database) -> list[Category]:
    """All of them, each before those below it."""
    found = {category.id: category for category in db.scalars(select(Category))}
    order = domain.tree_order(
        {key: category.parent_id for key, category in found.items()},
        {key: category.name for key, category in found.items()},
    )
    return [found[key] for key in order]


@router.post("", status_code=201, response_model=CategoryOut)
def create(body: CategoryIn, _: Admin, db: Database) -> Category:
    _check_parent(db, body.parent_id)
    slug = domain.free_slug(body.name, set(db.scalars(select(Category.slug))))
    category = Category(name=body.name, slug=slug, parent_id=body.parent_id)
    db.add(category)
    _commit(db, "Another category took this name or the parent went just now; try again")
    return category


@router.put("/{category_id}", response_model=CategoryOut)
def change(category_id: uuid.UUID, body: CategoryIn, _: Admin, db: Database) -> Category:
    """Renames or moves a category. Its slug stays, for links to it are about."""
    # All rows are locked: two moves at once, each harmless alone, could make a cycle together.
    rows = db.scalars(select(Category).order_by(Category.id).with_for_update()).all()
    found = {category.id: category for category in rows}
    category = found.get(category_id)
    if category is None:
        raise HTTPException(404, "There is no such category")
    if body.parent_id is not None and body.parent_id not in found:
        raise HTTPException(422, "There is no category with this parent_id")
    parents = {key: row.parent_id for key, row in found.items()}
    if domain.makes_cycle(category_id, body.parent_id, parents):
        raise HTTPException(409, "A category cannot lie below itself; choose another parent")
    category.name, category.parent_id = body.name, body.parent_id
    db.commit()
    return category


@router.delete("/{category_id}", status_code=204)
def remove(category_id: uuid.UUID, _: Admin, db: Database) -> None:
    # The database's foreign keys decide whether it is in use: nothing can slip in between.
    try:
        gone = db.execute(delete(Category).where(Category.id == category_id)).rowcount
        db.commit()
    except IntegrityError as error:
        raise HTTPException(
            409, "The category still has products or categories below it; move them first"
        ) from error
    if not gone:
        raise HTTPException(404, "There is no such category")


def _check_parent(db: Session, parent_id: uuid.UUID | None) -> None:
    if parent_id is not None and db.get(Category, parent_id) is None:
        raise HTTPException(422, "There is no category with this parent_id")


def _commit(db: Session, conflict: str) -> None:
    try:
        db.commit()
    except IntegrityError as error:
        raise HTTPException(409, conflict) from error
