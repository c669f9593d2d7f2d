"""Puts the parts together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response

from smalti import __version__
from smalti.api.auth import key_check
from smalti.api.catalogue import health_router, models_router
from smalti.api.edge import Edge
from smalti.api.errors import on_http_error, on_smalti_error
from smalti.api.images import Images
from smalti.config import Settings
from smalti.errors import SmaltiError
from smalti.service import Service
from smalti.store.blobs import FolderBlobs

MEDIA_TYPES = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg"}


def create_app(service: Service, settings: Settings, key: str) -> FastAPI:
    """The service is started and stopped with the app. key: what clients must send."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    blobs = FolderBlobs(settings.data_dir / "pictures", settings.picture_lifetime_s)
    app = FastAPI(title="smalti", version=__version__, lifespan=life, docs_url=None, redoc_url=None)
    app.add_middleware(Edge)
    app.add_exception_handler(SmaltiError, on_smalti_error)
    app.add_exception_handler(HTTPException, on_http_error)
    keyed = [Depends(key_check(key))]
    app.include_router(Images(service, blobs, settings).router(), dependencies=keyed)
    app.include_router(models_router(service), dependencies=keyed)
    app.include_router(health_router(service))
    app.include_router(pictures_router(blobs))
    return app


def pictures_router(blobs: FolderBlobs) -> APIRouter:
    """Pictures that were replied as links; whoever knows a name may fetch it."""
    router = APIRouter()

    @router.get("/pictures/{name}")
    def picture(name: str) -> Response:
        """A picture that was replied as a link."""
        data = blobs.get(name)
        if data is None:
            raise HTTPException(404)
        headers = {"cache-control": "private, max-age=3600", "x-content-type-options": "nosniff"}
        return Response(data, media_type=MEDIA_TYPES[name.rpartition(".")[2]], headers=headers)

    return router
