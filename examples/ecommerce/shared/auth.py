"""Who is calling: access tokens of the user service, checked without asking it."""

from dataclasses import dataclass, field
from typing import Annotated

import jwt
from fastapi import Depends, HTTPException, Request, status
from fastapi.security import OAuth2PasswordBearer

ALGORITHM = "HS256"
ISSUER = "user-management"
AUDIENCE = "ecommerce"

bearer = OAuth2PasswordBearer(tokenUrl="/api/auth/token")


@dataclass(frozen=True)
class Principal:
    """The user a valid token names. `token` is kept to call other services on their behalf."""

    id: str
    email: str
    roles: frozenset[str]
    token: str = field(repr=False)


def current_user(request: Request, token: Annotated[str, Depends(bearer)]) -> Principal:
    """The caller; 401 when the token is missing, forged, expired or not meant for us."""
    try:
        claims = jwt.decode(
            token,
            request.app.state.settings.jwt_secret,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["sub", "exp", "roles"]},
        )
    except jwt.InvalidTokenError as error:
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED,
            "Sign in again: the access token is not valid",
            headers={"WWW-Authenticate": "Bearer"},
        ) from error
    return Principal(claims["sub"], claims.get("email", ""), frozenset(claims["roles"]), token)


CurrentUser = Annotated[Principal, Depends(current_user)]


def require_role(role: str):
    """A dependency that lets only users with `role` pass; 403 for everybody else."""

    def check(user: CurrentUser) -> Principal:
        if role not in user.roles:
            raise HTTPException(status.HTTP_403_FORBIDDEN, f"This needs the role '{role}'")
        return user

    return check


Admin = Annotated[Principal, Depends(require_role("admin"))]
