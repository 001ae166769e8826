"""What this service accepts and answers."""

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, EmailStr, StringConstraints


def _line(longest: int, pattern: str = r"^[^\x00-\x1f\x7f]+$") -> StringConstraints:
    return StringConstraints(
        strip_whitespace=True, min_length=1, max_length=longest, pattern=pattern
    )


Line = Annotated[str, _line(120)]
Phone = Annotated[str, _line(30, r"^\+?[0-9][0-9 ()./-]{3,}$")]


class Registration(BaseModel):
    email: EmailStr
    password: str
    full_name: Line


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    email: str
    full_name: str
    roles: list[str]
    created_at: datetime


class Tokens(BaseModel):
    access_token: str
    token_type: str = "bearer"
    expires_in: int
    refresh_token: str


class RefreshIn(BaseModel):
    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class RolesIn(BaseModel):
    roles: list[str]


class Address(BaseModel):
    line1: Line
    line2: Line | None = None
    city: Line
    postal_code: Annotated[str, _line(20)]
    country: Annotated[str, _line(60)]


class ProfileIn(BaseModel):
    full_name: Line
    phone: Phone | None = None
    address: Address | None = None


class ProfileOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    email: str
    full_name: str
    phone: str | None
    address: Address | None


class PasswordChange(BaseModel):
    current_password: str
    new_password: str
