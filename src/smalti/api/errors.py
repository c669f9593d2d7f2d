"""The status and the body of each error: `{"error": {message, type, code, param}}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from smalti.errors import (
    Busy,
    DrawingFailed,
    InvalidRequest,
    SmaltiError,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnknownModel,
)


class JsonReply(Response):
    """JSON in plain ASCII, so that whatever a client sent can be quoted back to it."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


def status_of(error: SmaltiError) -> int:
    match error:
        case UnknownModel():
            return HTTPStatus.NOT_FOUND
        case InvalidRequest():
            return HTTPStatus.BAD_REQUEST
        case Unauthorized():
            return HTTPStatus.UNAUTHORIZED
        case TooLarge():
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        case Unavailable():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR


def body_of(error: SmaltiError) -> dict[str, Any]:
    match error:
        case InvalidRequest():
            return error_body(error.message, "invalid_request_error", error.code, error.param)
        case Unauthorized():
            return error_body(error.message, "invalid_request_error", error.code)
        case TooLarge():
            return error_body(error.message, "invalid_request_error", "request_too_large")
        case Busy():
            return error_body(error.message, "server_error", "slow_down")
        case Unavailable():
            return error_body(error.message, "server_error", "unavailable")
        case DrawingFailed():
            return error_body(error.message, "server_error", "drawing_failed")
        case _:
            return error_body(error.message, "server_error", "server_error")


def error_body(
    message: str, type: str, code: str | None, param: str | None = None
) -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "code": code, "param": param}}


def error_reply(error: SmaltiError) -> Response:
    headers: Mapping[str, str] = {}
    if isinstance(error, Unavailable) and error.retry_after_s is not None:
        headers = {"retry-after": str(error.retry_after_s)}
    elif isinstance(error, Unauthorized):
        headers = {"www-authenticate": "Bearer"}
    return JsonReply(body_of(error), status_of(error), headers)


async def on_smalti_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SmaltiError)
    return error_reply(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """The framework's own refusals: no such address, no such method, a form that is broken."""
    assert isinstance(error, HTTPException)
    message, code = str(error.detail), "invalid_request"
    if error.status_code == HTTPStatus.NOT_FOUND:
        message = f"There is nothing at {request.method} {request.url.path}."
        code = "not_found"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"{request.url.path} does not take {request.method}."
        code = "method_not_allowed"
    body = error_body(message, "invalid_request_error", code)
    return JsonReply(body, error.status_code, error.headers)
