"""One address of administrators, as it is served and as /openapi.json describes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from smalti.api.described import described, json_of
from smalti.api.sent import json_body


def add_route(
    router: APIRouter,
    method: str,
    path: str,
    endpoint: Callable[..., Awaitable[Response]],
    sent: type[BaseModel] | None,
    shape: type[BaseModel],
    errors: tuple[int, ...],
    status: int = 200,
    prefix: str = "",
) -> None:
    """sent, shape: of the body and of the reply. errors: statuses besides those that each has.

    prefix: of the operation's id, before the endpoint's name.
    """
    ok = {status: (shape.__name__, json_of(shape))}
    router.add_api_route(
        path,
        endpoint,
        methods=[method],
        status_code=status,
        responses=described(ok, *sorted({401, 403, 503, *errors})),
        openapi_extra={} if sent is None else {"requestBody": json_body(sent)},
        operation_id=prefix + endpoint.__name__,
    )
