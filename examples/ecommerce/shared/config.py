"""Settings that every service reads from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings


class CommonSettings(BaseSettings):
    """What all services have in common; each service adds its own fields.

    `JWT_SECRET` has no default on purpose: a service that signs or checks tokens with a secret that
    anybody can read in a repository must not start.
    """

    jwt_secret: str = Field(min_length=32)
    database_url: str = "sqlite:///./service.db"
    events_url: str = "memory://"
    log_level: str = "INFO"
