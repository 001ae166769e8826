"""Passwords: how they are hashed, and how wrong ones are counted."""

import math
import threading

from fastapi import HTTPException
from pwdlib import PasswordHash
from sqlalchemy.orm import Session

from app.database import now
from app.domain import Attempts
from app.models import User

_hasher = PasswordHash.recommended()

# Each argon2 run takes 64 MiB. Without a bound, a burst of sign-ins would end in a killed process.
_at_once = threading.BoundedSemaphore(2)


def hash_password(password: str) -> str:
    with _at_once:
        return _hasher.hash(password)


# Of no password anybody has; checking against it takes as long as for an account that exists.
_NOBODYS = _hasher.hash("nobody's")


def waste_time(password: str) -> None:
    """What is done for an unknown address, so that the answer's time does not give it away."""
    with _at_once:
        _hasher.verify(password, _NOBODYS)


def prove(db: Session, user: User, password: str, refusal: HTTPException) -> None:
    """Raises `refusal` unless the password is the user's, and 429 while the account is locked.

    `user` must have been read FOR UPDATE: guesses that come at once are then counted one by one.
    The count is committed here, for the caller's transaction ends with the exception.
    """
    wait = user.attempts.wait(now())
    if wait:
        seconds = math.ceil(wait.total_seconds())
        raise HTTPException(
            429,
            f"Too many wrong passwords; try again in {math.ceil(seconds / 60)} min",
            headers={"Retry-After": str(seconds)},
        )
    with _at_once:
        right, better_hash = _hasher.verify_and_update(password, user.password_hash)
    if not right:
        user.attempts = user.attempts.after_failure(now())
        db.commit()
        raise refusal
    user.attempts = Attempts()
    if better_hash is not None:
        user.password_hash = better_hash
    db.commit()
