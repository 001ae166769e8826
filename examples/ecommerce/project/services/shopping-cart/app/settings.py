"""What the shopping cart reads from its environment."""

from pydantic import Field

from app.config import CommonSettings


class Settings(CommonSettings):
    """`REDIS_URL=memory://` keeps the carts in this process, for tests and a first look."""

    redis_url: str = "redis://127.0.0.1:6379/0"
    cart_ttl_seconds: int = Field(default=7 * 24 * 3600, gt=0)
    catalog_url: str = "http://127.0.0.1:8002"
