"""The rules of accounts. Pure: no database, no web, and the time is passed in."""

import unicodedata
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

CUSTOMER, SUPPORT, ADMIN = "customer", "support", "admin"
ROLES = (CUSTOMER, SUPPORT, ADMIN)

MIN_PASSWORD = 10
MAX_PASSWORD = 128
MIN_DIFFERENT_CHARACTERS = 4

MAX_FAILURES = 5
LOCK_TIME = timedelta(minutes=5)


class RuleError(ValueError):
    """What was asked for is against a rule; the message is meant for the caller."""


class ConflictError(RuleError):
    """It would be allowed, but not in the present state of things."""


def normalise_email(email: str) -> str:
    """The form in which addresses are stored and compared: one mailbox, one account.

    RFC 5321 lets a host tell `Ann@` from `ann@`. No provider of note does, people type both.
    """
    composed = unicodedata.normalize("NFKC", email)
    return "".join(c for c in composed if c.isprintable()).strip().lower()


def check_password(password: str, email: str) -> None:
    """Raises RuleError when a password is too easy to guess.

    Length is what counts; rules about digits and signs only make passwords hard to remember.
    """
    if len(password) < MIN_PASSWORD:
        raise RuleError(f"Choose a password of at least {MIN_PASSWORD} characters")
    if len(password) > MAX_PASSWORD:
        raise RuleError(f"Choose a password of at most {MAX_PASSWORD} characters")
    if len(set(password)) < MIN_DIFFERENT_CHARACTERS:
        raise RuleError(
            f"Choose a password of at least {MIN_DIFFERENT_CHARACTERS} different characters"
        )
    if normalise_email(password) == normalise_email(email):
        raise RuleError("Choose a password that is not your e-mail address")


def check_roles(roles: Iterable[str]) -> list[str]:
    """The roles, each once and in a fixed order; RuleError when there is none or one is unknown."""
    asked = set(roles)
    unknown = sorted(asked - set(ROLES))
    if unknown:
        raise RuleError(f"There is no role {unknown[0]!r}; choose from {', '.join(ROLES)}")
    if not asked:
        raise RuleError("A user needs at least one role")
    return [role for role in ROLES if role in asked]


def check_admin_remains(
    user: Hashable, new_roles: Collection[str], admins: Collection[Hashable]
) -> None:
    """Raises ConflictError when giving `user` the new roles would leave nobody to manage users."""
    if ADMIN not in new_roles and set(admins) == {user}:
        raise ConflictError("This is the last administrator; appoint another one first")


@dataclass(frozen=True)
class Attempts:
    """What is remembered of the wrong passwords given for an account."""

    failures: int = 0
    locked_until: datetime | None = None

    def wait(self, now: datetime) -> timedelta:
        """How long the account accepts no password at all, not even the right one."""
        if self.locked_until is None:
            return timedelta(0)
        return max(self.locked_until - now, timedelta(0))

    def after_failure(self, now: datetime) -> "Attempts":
        """One more wrong password. The last one allowed locks the account and counts from zero
        again, so that after the wait there are as many tries as before it."""
        if self.wait(now):
            return self
        if self.failures + 1 < MAX_FAILURES:
            return Attempts(self.failures + 1)
        return Attempts(0, now + LOCK_TIME)
