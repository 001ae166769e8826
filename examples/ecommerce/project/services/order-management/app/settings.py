"""What this service reads from its environment."""

from app.config import CommonSettings


class Settings(CommonSettings):
    """The services an order is made from, besides what all services have."""

    catalog_url: str = "http://127.0.0.1:8002"
    cart_url: str = "http://127.0.0.1:8003"
