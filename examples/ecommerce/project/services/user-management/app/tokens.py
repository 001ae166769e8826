"""The two tokens of a session: a short-lived access token and a refresh token that renews it."""

import hashlib
import secrets
import uuid
from datetime import timedelta

import jwt
from fastapi import HTTPException
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.auth import ALGORITHM, AUDIENCE, ISSUER
from app.database import now
from app.models import RefreshToken, User
from app.schemas import Tokens

ACCESS_LIFETIME = timedelta(minutes=30)
REFRESH_LIFETIME = timedelta(days=7)


def issue(db: Session, user: User, secret: str) -> Tokens:
    """A new pair of tokens. The caller commits."""
    at = now()
    claims = {
        "sub": str(user.id),
        "email": user.email,
        "roles": user.roles,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": at,
        "exp": at + ACCESS_LIFETIME,
    }
    refresh = secrets.token_urlsafe(32)
    db.execute(
        delete(RefreshToken).where(RefreshToken.user_id == user.id, RefreshToken.expires_at <= at)
    )
    db.add(
        RefreshToken(token_hash=_digest(refresh), user_id=user.id, expires_at=at + REFRESH_LIFETIME)
    )
    return Tokens(
        access_token=jwt.encode(claims, secret, ALGORITHM),
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
        refresh_token=refresh,
    )


def rotate(db: Session, refresh: str, secret: str) -> Tokens:
    """A new pair for a refresh token, which is used up by it.

    A used one that comes again is in two hands, and which of them is the thief's cannot be told.
    So all sessions of the user end.
    """
    token = RefreshToken.token_hash == _digest(refresh)
    # One statement both asks and marks: of two requests at once, only one finds the token unused.
    user_id = db.scalar(
        update(RefreshToken)
        .where(token, RefreshToken.used_at.is_(None), RefreshToken.expires_at > now())
        .values(used_at=now())
        .returning(RefreshToken.user_id)
    )
    if user_id is None:
        known = db.get(RefreshToken, _digest(refresh))
        if known is not None and known.used_at is not None:
            revoke_all(db, known.user_id)
            db.commit()
        raise HTTPException(401, "Sign in again: the refresh token is not valid")
    tokens = issue(db, db.get_one(User, user_id), secret)
    db.commit()
    return tokens


def revoke(db: Session, refresh: str) -> None:
    """Ends one session. A used token stays known, as it may yet come again."""
    db.execute(
        delete(RefreshToken).where(
            RefreshToken.token_hash == _digest(refresh), RefreshToken.used_at.is_(None)
        )
    )


def revoke_all(db: Session, user_id: uuid.UUID) -> None:
    """Ends all sessions of a user, once their access tokens have run out."""
    db.execute(delete(RefreshToken).where(RefreshToken.user_id == user_id))


def _digest(token: str) -> str:
    # A fast hash will do: unlike a password, 256 random bits cannot be guessed.
    return hashlib.sha256(token.encode()).hexdigest()
