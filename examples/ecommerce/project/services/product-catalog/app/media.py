"""The files of product images: one folder for each product, one file for each image."""

import os
import shutil
import uuid
from pathlib import Path


class MediaStore:
    """Names are made of ids only, never of what a sender calls a file."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, product_id: uuid.UUID, image_id: uuid.UUID) -> Path:
        return self._root / str(product_id) / str(image_id)

    def write(self, product_id: uuid.UUID, image_id: uuid.UUID, data: bytes) -> None:
        """All of the file or nothing: half an image is never there to be read."""
        path = self.path(product_id, image_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(data)
        os.replace(unfinished, path)

    def remove(self, product_id: uuid.UUID, image_id: uuid.UUID) -> None:
        self.path(product_id, image_id).unlink(missing_ok=True)

    def remove_all(self, product_id: uuid.UUID) -> None:
        shutil.rmtree(self._root / str(product_id), ignore_errors=True)
