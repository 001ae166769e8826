"""Finding products: the index, the filters and the pages."""

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, delete, func, insert, select
from sqlalchemy.orm import Session

from app import domain
from app.models import Category, Product, SearchTerm
from app.paging import PageQuery

_LAST_CHARACTER = chr(0x10FFFF)


def reindex(db: Session, product: Product) -> None:
    """Has the index say what the product's texts say now. The product must be in the database."""
    db.execute(delete(SearchTerm).where(SearchTerm.product_id == product.id))
    weights = domain.term_weights(product.name, product.description)
    rows = [
        {"term": term, "product_id": product.id, "weight": weight}
        for term, weight in weights.items()
    ]
    if rows:
        db.execute(insert(SearchTerm), rows)


def in_category(db: Session, category_id: uuid.UUID) -> ColumnElement[bool]:
    """Products of a category and of those below it: who looks at shoes wants to see boots."""
    parents = dict(iter(db.execute(select(Category.id, Category.parent_id))))
    return Product.category_id.in_(domain.subtree(category_id, parents))


def page_of(db: Session, query: Select[tuple[Product]], paging: PageQuery) -> dict:
    """One page of a query, newest product first."""
    newest = query.order_by(Product.created_at.desc(), Product.id)
    total = db.scalar(select(func.count()).select_from(query.subquery()))
    return _page(db.scalars(newest.offset(paging.offset).limit(paging.size)).all(), total, paging)


def search(
    db: Session, words: Sequence[domain.Word], filters: Sequence[ColumnElement], paging: PageQuery
) -> dict:
    """One page of the products that match all words and filters, by relevance."""
    matches = [(word, _postings(db, word, filters)) for word in words]
    count = db.scalar(select(func.count()).select_from(Product)) or 0
    ranked = domain.rank(matches, count)
    wanted = ranked[paging.offset : paging.offset + paging.size]
    found = {p.id: p for p in db.scalars(select(Product).where(Product.id.in_(wanted)))}
    # One may have been deleted between the two queries.
    return _page([found[key] for key in wanted if key in found], len(ranked), paging)


def _postings(
    db: Session, word: domain.Word, filters: Sequence[ColumnElement]
) -> list[domain.Posting]:
    if word.is_prefix:
        matches = SearchTerm.term.between(word.text, word.text + _LAST_CHARACTER)
    else:
        matches = SearchTerm.term == word.text
    query = select(SearchTerm.product_id, SearchTerm.term, SearchTerm.weight).where(matches)
    if filters:
        query = query.join(Product, Product.id == SearchTerm.product_id).where(*filters)
    return [domain.Posting(*row) for row in db.execute(query)]


def _page(items: Sequence[Product], total: int | None, paging: PageQuery) -> dict:
    return {"items": items, "total": total, "page": paging.page, "size": paging.size}
