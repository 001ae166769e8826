"""Registering, signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import OAuth2PasswordRequestForm

from app import accounts, domain, tokens
from app.database import Database
from app.models import User
from app.schemas import RefreshIn, Registration, Tokens, UserOut

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/register", status_code=201, response_model=UserOut)
def register(body: Registration, db: Database) -> User:
    return accounts.create(db, body.email, body.password, body.full_name, [domain.CUSTOMER])


@router.post("/token")
def sign_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    request: Request,
    response: Response,
    db: Database,
) -> Tokens:
    user = accounts.sign_in(db, form.username, form.password)
    pair = tokens.issue(db, user, request.app.state.settings.jwt_secret)
    db.commit()
    response.headers["Cache-Control"] = "no-store"
    return pair


@router.post("/refresh")
def refresh(body: RefreshIn, request: Request, response: Response, db: Database) -> Tokens:
    response.headers["Cache-Control"] = "no-store"
    return tokens.rotate(db, body.refresh_token, request.app.state.settings.jwt_secret)


@router.post("/logout", status_code=204)
def sign_out(body: RefreshIn, db: Database) -> None:
    tokens.revoke(db, body.refresh_token)
    db.commit()
