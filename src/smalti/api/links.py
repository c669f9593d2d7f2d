"""Pictures as links: signed, so that nobody can guess one, and good for a while."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from smalti.api.described import described
from smalti.service import NotFound, Service
from smalti.store import addresses

MEDIA_TYPES = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg"}
_SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
}
_PICTURES = {
    kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()
}


class Links:
    """secret: what they are signed with. lifetime_s: for how long one can be followed.

    public_url: how clients reach this server; None for the way that each one came.
    """

    def __init__(
        self, service: Service, secret: bytes, lifetime_s: float, public_url: str | None
    ) -> None:
        self._service = service
        self._secret = secret
        self._lifetime_s = lifetime_s
        self._public_url = public_url

    def to(self, blob: str, request: Request) -> str:
        """A link to a picture, for the client who sent this request."""
        base_url = self._public_url or str(request.base_url).rstrip("/")
        token = addresses.sign(blob, time.time() + self._lifetime_s, self._secret)
        return f"{base_url}/pictures/{token}"

    def router(self) -> APIRouter:
        """Whoever shows a link may ask with HEAD first, for what is there and how large it is."""
        router = APIRouter()

        @router.head("/pictures/{token}", include_in_schema=False)
        @router.get(
            "/pictures/{token}",
            response_class=Response,
            responses=described({200: ("The picture", _PICTURES)}, 400, 404, 503),
            operation_id="get_picture",
        )
        def picture(token: Annotated[str, Path(description="As a reply gave it.")]) -> Response:
            """A picture that was replied as a link; whoever has the link may fetch it."""
            blob = addresses.open(token, time.time(), self._secret)
            if blob is None:
                raise NotFound("picture", token[:100])
            data = self._service.picture(blob)
            kind = MEDIA_TYPES[blob.rpartition(".")[2]]
            age = {"cache-control": f"private, max-age={int(self._lifetime_s)}"}
            return Response(data, media_type=kind, headers={**_SAFE, **age})

        return router
