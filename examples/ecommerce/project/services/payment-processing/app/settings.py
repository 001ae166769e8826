"""What this service reads from its environment."""

from typing import Literal, Self

from pydantic import SecretStr, model_validator

from app.config import CommonSettings


class Settings(CommonSettings):
    """Where orders are asked for, and who moves the money."""

    orders_url: str = "http://127.0.0.1:8005"
    payment_gateway: Literal["sandbox", "stripe"] = "sandbox"
    stripe_api_key: SecretStr | None = None
    stripe_api_url: str = "https://api.stripe.com"

    @model_validator(mode="after")
    def _stripe_needs_its_key(self) -> Self:
        if self.payment_gateway == "stripe" and not self.stripe_api_key:
            raise ValueError("PAYMENT_GATEWAY=stripe needs STRIPE_API_KEY")
        return self
