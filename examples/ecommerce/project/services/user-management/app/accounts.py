"""Making and finding accounts."""

import logging
import uuid
from collections.abc import Sequence

from fastapi import HTTPException
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app import domain, passwords
from app.auth import Principal
from app.models import User, UserRole
from app.settings import Settings

log = logging.getLogger(__name__)


def create(db: Session, email: str, password: str, full_name: str, roles: Sequence[str]) -> User:
    """A new account; ConflictError when the address has one already."""
    domain.check_password(password, email)
    user = User(
        email=domain.normalise_email(email),
        password_hash=passwords.hash_password(password),
        full_name=full_name,
        roles=domain.check_roles(roles),
    )
    db.add(user)
    try:
        db.commit()
    except IntegrityError as error:
        db.rollback()
        raise domain.ConflictError(
            "There is an account with this e-mail; sign in instead"
        ) from error
    return user


def sign_in(db: Session, email: str, password: str) -> User:
    """The user with this address and password; 401 tells not which of the two was wrong."""
    refusal = HTTPException(
        401, "The e-mail or the password is wrong", headers={"WWW-Authenticate": "Bearer"}
    )
    address = domain.normalise_email(email)
    user = db.scalar(select(User).where(User.email == address).with_for_update())
    if user is None:
        passwords.waste_time(password)
        raise refusal
    passwords.prove(db, user, password, refusal)
    return user


def of(db: Session, caller: Principal, *, lock: bool = False) -> User:
    """The caller's account."""
    query = select(User).where(User.id == uuid.UUID(caller.id))
    user = db.scalar(query.with_for_update() if lock else query)
    if user is None:
        raise HTTPException(401, "Sign in again: this account is no more")
    return user


def ensure_admin(sessions: sessionmaker[Session], settings: Settings) -> None:
    """Makes the first administrator, if one is configured and there is none at all."""
    if not settings.admin_email:
        return
    with sessions() as db:
        if _has_admin(db):
            return
        try:
            create(
                db,
                settings.admin_email,
                settings.admin_password,
                "Administrator",
                [domain.CUSTOMER, domain.ADMIN],
            )
        except domain.ConflictError:
            # Another copy of the service was faster; or else a customer has the address, who must
            # not become an administrator by it.
            if not _has_admin(db):
                log.warning("no administrator made: %s is a customer", settings.admin_email)


def _has_admin(db: Session) -> bool:
    return db.scalar(select(UserRole).where(UserRole.role == domain.ADMIN).limit(1)) is not None
