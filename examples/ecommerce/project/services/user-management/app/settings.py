"""What this service reads from its environment."""

from pydantic import model_validator

from app.config import CommonSettings


class Settings(CommonSettings):
    """The first administrator is optional: an empty pair means that none is made."""

    admin_email: str = ""
    admin_password: str = ""

    @model_validator(mode="after")
    def _both_or_neither(self) -> "Settings":
        if bool(self.admin_email) != bool(self.admin_password):
            raise ValueError("set both ADMIN_EMAIL and ADMIN_PASSWORD, or neither")
        return self
