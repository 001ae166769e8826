"""The tables of this service."""

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, UtcDateTime, now
from app.domain import ROLES, Attempts


class User(Base):
    """An account. `email` is in its normalised form."""

    __tablename__ = "users"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    full_name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str | None] = mapped_column(String(30))
    address: Mapped[dict[str, str | None] | None] = mapped_column(JSON(none_as_null=True))
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    role_rows: Mapped[list["UserRole"]] = relationship(
        cascade="all, delete-orphan", lazy="selectin"
    )

    @property
    def roles(self) -> list[str]:
        held = {row.role for row in self.role_rows}
        return [role for role in ROLES if role in held]

    @roles.setter
    def roles(self, wanted: Collection[str]) -> None:
        held = set(self.roles)
        kept = [row for row in self.role_rows if row.role in wanted]
        self.role_rows = kept + [UserRole(role=role) for role in wanted if role not in held]

    @property
    def attempts(self) -> Attempts:
        return Attempts(self.failures, self.locked_until)

    @attempts.setter
    def attempts(self, value: Attempts) -> None:
        self.failures, self.locked_until = value.failures, value.locked_until


class UserRole(Base):
    """A role a user holds. A table, so that the administrators can be counted and locked."""

    __tablename__ = "user_roles"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True, index=True)


class RefreshToken(Base):
    """A refresh token that was given out. Only its hash is kept, as with a password.

    A used one stays until it expires: that it comes again is how a theft is noticed.
    """

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
