"""POST /v1/images/generations and /v1/images/edits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from smalti.api.body import Body, SentFile, read_body
from smalti.api.edge import GONE
from smalti.api.errors import JsonReply, error_body
from smalti.api.events import EventStream, disconnected
from smalti.api.reply import Reply
from smalti.api.schema import EditRequest, GenerationRequest, ImageRequest, parse
from smalti.config import Settings
from smalti.errors import InvalidRequest
from smalti.pictures.decode import Alpha, Limits, Upload, decode, sniff
from smalti.service import DrawRequest, PictureDone, Service
from smalti.store.blobs import FolderBlobs

MASK_BYTES_MAX = 4_000_000

T = TypeVar("T")


@dataclass(frozen=True)
class Images:
    """The two addresses, over a service."""

    service: Service
    blobs: FolderBlobs
    settings: Settings

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/images")
        for path, endpoint, kind in (
            ("/generations", self.generations, GenerationRequest),
            ("/edits", self.edits, EditRequest),
        ):
            schema = {"schema": kind.model_json_schema()}
            body = {"content": {"application/json": schema, "multipart/form-data": schema}}
            router.add_api_route(
                path, _raw(endpoint), methods=["POST"], openapi_extra={"requestBody": body}
            )
        router.add_api_route("/variations", variations, methods=["POST"])
        return router

    async def generations(self, request: Request) -> Response:
        """Draw pictures from words."""
        body = await read_body(request, self._body_limit)
        asked = parse(GenerationRequest, body)
        for file in body.images + body.masks:
            raise InvalidRequest(
                f"'{file.param}' has no place here. Send pictures to /v1/images/edits.",
                param=file.param,
                code="unknown_parameter",
            )
        return await self._draw(request, asked, "image_generation")

    async def edits(self, request: Request) -> Response:
        """Draw pictures from other pictures and words."""
        body = await read_body(request, self._body_limit)
        asked = parse(EditRequest, body)
        source, mask = await asyncio.to_thread(self._read_pictures, body)
        sent = len(body.images)
        return await self._draw(request, asked, "image_edit", source, mask, sent)

    # --- reading ---

    @property
    def _body_limit(self) -> int:
        return self.settings.max_body_mb * 1_000_000

    def _read_pictures(self, body: Body) -> tuple[Upload, Alpha | None]:
        """The first picture and its mask; the others are looked at, and not kept."""
        if not body.images:
            raise InvalidRequest(
                "Missing required parameter: 'image'.", "image", "missing_required_parameter"
            )
        limits = Limits(
            self.settings.max_upload_mb * 1_000_000,
            self.settings.max_upload_megapixels * 1_000_000,
        )
        first, *others = body.images
        source = decode(first.data, first.name, "image", limits)
        for file in others:
            decode(file.data, file.name, "image", limits)
        mask = self._read_mask(body.masks[0], source, limits) if body.masks else None
        return source, mask

    def _read_mask(self, file: SentFile, source: Upload, limits: Limits) -> Alpha:
        if sniff(file.data) not in ("PNG", None):
            raise InvalidRequest(
                f"{file.name}: a mask must be a PNG.", "mask", "invalid_image_file"
            )
        mask = decode(file.data, file.name, "mask", Limits(MASK_BYTES_MAX, limits.pixels))
        if mask.alpha is None:
            raise InvalidRequest(
                f"{file.name}: the mask has no transparency. Make transparent what is to change.",
                param="mask",
            )
        if (mask.width, mask.height) != (source.width, source.height):
            raise InvalidRequest(
                f"{file.name}: the mask is {mask.width}x{mask.height} and the image "
                f"{source.width}x{source.height}. They must be of one size.",
                param="mask",
            )
        return mask.alpha

    # --- drawing ---

    async def _draw(
        self,
        request: Request,
        asked: ImageRequest,
        kind: str,
        source: Upload | None = None,
        mask: Alpha | None = None,
        sent: int = 0,
    ) -> Response:
        """sent: how many source pictures came with the request."""
        job = await self.service.submit(
            DrawRequest(
                prompt=asked.prompt,
                model=asked.model,
                n=asked.n,
                size=asked.pixels,
                seed=asked.seed,
                style=asked.own_style,
                source=source,
                mask=mask,
            )
        )
        reply = Reply(asked, job, sent)
        if asked.stream:
            return EventStream(reply, kind, self.settings.keep_alive_s)
        with job:
            files = await _unless_gone(request, self._finish(reply))
        if files is None:
            return Response(status_code=GONE)
        base_url = self.settings.public_url or str(request.base_url).rstrip("/")
        whole = await asyncio.to_thread(reply.whole, files, self.blobs, base_url)
        return JsonReply(whole)

    async def _finish(self, reply: Reply) -> list[bytes]:
        """Wait for every picture; each becomes a file as soon as it is done."""
        files: dict[int, bytes] = {}
        async for happening in reply.job.events():
            if isinstance(happening, PictureDone):
                picture = reply.job.pictures[happening.index]
                files[picture.index] = await asyncio.to_thread(reply.file, picture)
        return [files[index] for index in sorted(files)]


async def variations(request: Request) -> Response:
    """Retired by OpenAI, and not revived here."""
    body = error_body(
        "Variations are retired. Send the picture to /v1/images/edits, with a prompt.",
        "invalid_request_error",
        "not_found",
    )
    return JsonReply(body, status_code=404)


async def _unless_gone(request: Request, work: Awaitable[T]) -> T | None:
    """The result of `work`, or None if the client is gone before it is there."""
    working = asyncio.ensure_future(work)
    gone = asyncio.create_task(disconnected(request.receive))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        gone.cancel()


def _raw(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """An endpoint that reads the body itself, in a form that FastAPI can inspect."""

    async def call(request: Request) -> Response:
        return await endpoint(request)

    call.__doc__ = endpoint.__doc__
    return call
