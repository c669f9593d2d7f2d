"""GET /metrics, for Prometheus.

`create_app` includes it: `app.include_router(metrics_router(metrics, admin))`, where `admin` is
the dependency that lets only keys with the scope `admin` pass. A scraper on this machine needs no
key; one elsewhere sends one, which Prometheus calls `authorization.credentials_file`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from smalti.observe.metrics import CONTENT_TYPE, Metrics

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def metrics_router(
    metrics: Metrics, admin: Callable[[Request], Awaitable[object]] | None = None
) -> APIRouter:
    """admin: raises unless the request may see the figures from afar; None lets nobody."""
    router = APIRouter()

    @router.get("/metrics", include_in_schema=False)
    async def page(request: Request) -> Response:
        if not from_this_machine(request):
            if admin is None:
                return Response(status_code=404)
            await admin(request)
        return Response(metrics.page(), media_type=CONTENT_TYPE)

    return router


def from_this_machine(request: Request) -> bool:
    """A loopback peer that is no proxy which speaks for somebody else."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
