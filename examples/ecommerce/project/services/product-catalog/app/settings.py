"""What this service reads from its environment."""

from pathlib import Path

from app.config import CommonSettings


class Settings(CommonSettings):
    """`media_dir` is where product images are kept; replicas must share it."""

    media_dir: Path = Path("./media")
