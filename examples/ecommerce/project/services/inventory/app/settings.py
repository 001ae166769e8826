"""What the inventory reads from its environment."""

from app.config import CommonSettings


class Settings(CommonSettings):
    """The settings that all services have are enough here."""
