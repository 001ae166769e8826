"""Images of products."""

import uuid

from fastapi import APIRouter, HTTPException, Request, UploadFile
from fastapi.responses import FileResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import domain
from app.auth import Admin
from app.database import Database
from app.models import Image
from app.routes.products import find
from app.schemas import ImageOut

router = APIRouter(prefix="/products/{product_id}/images", tags=["images"])


@router.post("", status_code=201, response_model=ImageOut)
def upload(
    product_id: uuid.UUID, file: UploadFile, _: Admin, request: Request, db: Database
) -> Image:
    # Locked, so that uploads at once are counted one after the other.
    find(db, product_id, lock=True)
    count = select(func.count()).select_from(Image).where(Image.product_id == product_id)
    if db.scalar(count) >= domain.MAX_IMAGES:
        raise HTTPException(409, f"A product has at most {domain.MAX_IMAGES} images; delete one")
    data = file.file.read(domain.MAX_IMAGE_BYTES + 1)
    if len(data) > domain.MAX_IMAGE_BYTES:
        raise HTTPException(413, "The image is larger than 2 MiB; send a smaller one")
    content_type = domain.image_type(data)
    if content_type is None:
        raise HTTPException(415, "The file is not an image; send a PNG, JPEG or WebP")
    image = Image(id=uuid.uuid4(), product_id=product_id, content_type=content_type)
    media = request.app.state.media
    # The file comes first: a row without a file would be a broken image in the shop.
    media.write(product_id, image.id, data)
    try:
        db.add(image)
        db.commit()
    except Exception:
        media.remove(product_id, image.id)
        raise
    return image


@router.get("/{image_id}", response_class=FileResponse)
def read(product_id: uuid.UUID, image_id: uuid.UUID, request: Request, db: Database):
    image = _find(db, product_id, image_id)
    path = request.app.state.media.path(product_id, image_id)
    if not path.is_file():
        raise HTTPException(404, "The image's file is missing; upload it again")
    headers = {
        # An id never gets another image.
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    return FileResponse(path, media_type=image.content_type, headers=headers)


@router.delete("/{image_id}", status_code=204)
def remove(
    product_id: uuid.UUID, image_id: uuid.UUID, _: Admin, request: Request, db: Database
) -> None:
    db.delete(_find(db, product_id, image_id))
    db.commit()
    request.app.state.media.remove(product_id, image_id)


def _find(db: Session, product_id: uuid.UUID, image_id: uuid.UUID) -> Image:
    image = db.get(Image, image_id)
    if image is None or image.product_id != product_id:
        raise HTTPException(404, "There is no such image")
    return image
