"""Sends the files of the pages, which are read once, at the start."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

PAGES = {"/": "studio.html", "/console": "console.html"}
ASSETS = "/assets"

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "webp": "image/webp",
}


@dataclass(frozen=True)
class Asset:
    """tag: changes with the content, so that a browser asks whether its copy is still good."""

    content: bytes
    media_type: str
    tag: str

    @classmethod
    def of(cls, name: str, content: bytes) -> Asset:
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        return cls(content, _TYPES[name.rpartition(".")[2]], tag)


def read_assets() -> dict[str, Asset]:
    """All files of the pages, by their path."""
    found: dict[str, Asset] = {}

    def walk(folder: Traversable, path: str) -> None:
        for item in folder.iterdir():
            if item.is_dir():
                walk(item, f"{path}{item.name}/")
            else:
                found[path + item.name] = Asset.of(item.name, item.read_bytes())

    walk(files("smalti.studio").joinpath("static"), "")
    return found


def pages_router(public_url: str | None = None) -> APIRouter:
    """public_url: where links to pictures lead, if that is not where the pages come from."""
    router = APIRouter(include_in_schema=False)
    assets = read_assets()
    headers = {
        "content-security-policy": content_security_policy(public_url),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
        "cache-control": "no-cache",
    }

    def send(asset: Asset, request: Request) -> Response:
        fresh = {**headers, "etag": asset.tag}
        if asset.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=fresh)
        return Response(asset.content, media_type=asset.media_type, headers=fresh)

    def add(path: str, asset: Asset) -> None:
        async def endpoint(request: Request) -> Response:
            return send(asset, request)

        router.add_api_route(path, endpoint, methods=["GET", "HEAD"], response_class=Response)

    for path, name in PAGES.items():
        add(path, assets[name])
    for name, asset in assets.items():
        if name not in PAGES.values():
            add(f"{ASSETS}/{name}", asset)
    return router


def content_security_policy(public_url: str | None) -> str:
    """Nothing from elsewhere, nothing inline, in no frame: text that gets into a page as markup
    after all could do nothing there."""
    pictures = "'self' blob: data:"
    if public_url is not None:
        parts = urlsplit(public_url)
        pictures += f" {parts.scheme}://{parts.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {pictures}",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    )
