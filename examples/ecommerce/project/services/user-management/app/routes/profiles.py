"""What users tell of themselves, and their password."""

from fastapi import APIRouter, HTTPException

from app import accounts, domain, passwords, tokens
from app.auth import CurrentUser
from app.database import Database
from app.models import User
from app.schemas import PasswordChange, ProfileIn, ProfileOut

router = APIRouter(prefix="/profiles/me", tags=["profiles"])


@router.get("", response_model=ProfileOut)
def read(caller: CurrentUser, db: Database) -> User:
    return accounts.of(db, caller)


@router.put("", response_model=ProfileOut)
def replace(body: ProfileIn, caller: CurrentUser, db: Database) -> User:
    user = accounts.of(db, caller)
    user.full_name = body.full_name
    user.phone = body.phone
    user.address = body.address and body.address.model_dump()
    db.commit()
    return user


@router.post("/password", status_code=204)
def change_password(body: PasswordChange, caller: CurrentUser, db: Database) -> None:
    """Ends the user's sessions everywhere: who changes a password may fear that it is known."""
    domain.check_password(body.new_password, caller.email)
    user = accounts.of(db, caller, lock=True)
    # Not 401, which would have a browser sign the user out.
    passwords.prove(
        db, user, body.current_password, HTTPException(403, "The current password is wrong")
    )
    user.password_hash = passwords.hash_password(body.new_password)
    tokens.revoke_all(db, user.id)
    db.commit()
