"""Accounts: one's own, and all of them for administrators."""

import uuid

from fastapi import APIRouter, HTTPException
from sqlalchemy import func, select

from app import accounts, domain
from app.auth import Admin, CurrentUser
from app.database import Database
from app.models import User, UserRole
from app.paging import Page, Paging
from app.schemas import RolesIn, UserOut

router = APIRouter(prefix="/users", tags=["users"])


@router.get("/me", response_model=UserOut)
def me(caller: CurrentUser, db: Database) -> User:
    return accounts.of(db, caller)


@router.get("", response_model=Page[UserOut])
def list_users(_: Admin, db: Database, paging: Paging) -> dict:
    query = select(User).order_by(User.created_at, User.id)
    return {
        "items": db.scalars(query.offset(paging.offset).limit(paging.size)).all(),
        "total": db.scalar(select(func.count()).select_from(User)),
        "page": paging.page,
        "size": paging.size,
    }


@router.put("/{user_id}/roles", response_model=UserOut)
def set_roles(user_id: uuid.UUID, body: RolesIn, _: Admin, db: Database) -> User:
    """Takes effect with the user's next access token, which is within half an hour."""
    roles = domain.check_roles(body.roles)
    # The rows stay locked until the commit: two administrators cannot demote each other at once.
    admins = db.scalars(
        select(UserRole.user_id)
        .where(UserRole.role == domain.ADMIN)
        .order_by(UserRole.user_id)
        .with_for_update()
    ).all()
    user = db.get(User, user_id)
    if user is None:
        raise HTTPException(404, "There is no such user")
    domain.check_admin_remains(user.id, roles, admins)
    user.roles = roles
    db.commit()
    return user
