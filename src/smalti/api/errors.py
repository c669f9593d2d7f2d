"""The status and the body of each error: `{"error": {message, type, code, param}}`."""

from __future__ import annotations

import json
import logging
import time
from http import HTTPStatus
from typing import Any, cast

from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from smalti.api.denials import MEDIA_TYPE, denial_body, denial_status, retry_headers
from smalti.api.schema import refusal_of
from smalti.errors import (
    Busy,
    Conflict,
    DrawingFailed,
    Forbidden,
    InvalidRequest,
    SmaltiError,
    StoreUnavailable,
    TooLarge,
    TooManyOpen,
    Unauthorized,
    Unavailable,
)
from smalti.observe import about_request
from smalti.observe.metrics import METHODS
from smalti.service import Denied, JobCancelled, NotFound

log = logging.getLogger(__name__)


class JsonReply(Response):
    """JSON in plain ASCII, so that whatever a client sent can be quoted back to it."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


class ProblemReply(JsonReply):
    media_type = MEDIA_TYPE


class Taken(InvalidRequest):
    """Another has the name."""


class KeyReused(InvalidRequest):
    """An Idempotency-Key came with another body than before."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The Idempotency-Key '{key}' was used with another request within the last 24 hours. "
            "Send a new key with a new request.",
            param="Idempotency-Key",
            code="idempotency_key_reused",
        )


def status_of(error: SmaltiError) -> HTTPStatus:
    match error:
        case Denied():
            return denial_status(error.denial)
        case NotFound():
            return HTTPStatus.NOT_FOUND
        case InvalidRequest() if error.code.endswith("_not_found"):
            return HTTPStatus.NOT_FOUND
        case KeyReused():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case Taken() | Conflict():
            return HTTPStatus.CONFLICT
        case InvalidRequest() | JobCancelled():
            return HTTPStatus.BAD_REQUEST
        case Unauthorized():
            return HTTPStatus.UNAUTHORIZED
        case Forbidden():
            return HTTPStatus.FORBIDDEN
        case TooLarge():
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        case TooManyOpen():
            return HTTPStatus.TOO_MANY_REQUESTS
        case Unavailable():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR


def body_of(error: SmaltiError) -> dict[str, Any]:
    match error:
        case Denied():
            return denial_body(error.denial)
        case InvalidRequest():
            return error_body(error.message, "invalid_request_error", error.code, error.param)
        case Unauthorized() | NotFound() | JobCancelled():
            return error_body(error.message, "invalid_request_error", error.code)
        case Forbidden():
            return error_body(error.message, "invalid_request_error", "insufficient_scope")
        case TooLarge():
            return error_body(error.message, "invalid_request_error", "request_too_large")
        case TooManyOpen():
            return error_body(error.message, "rate_limit_error", "rate_limit_exceeded")
        case Busy():
            return error_body(error.message, "server_error", "slow_down")
        case StoreUnavailable():
            return error_body(error.told, "server_error", "store_unavailable")
        case Unavailable():
            return error_body(error.message, "server_error", "unavailable")
        case DrawingFailed():
            return error_body(error.message, "server_error", "drawing_failed")
        case _:
            return error_body(error.message, "server_error", "server_error")


def headers_of(error: SmaltiError) -> dict[str, str]:
    match error:
        case Denied():
            return retry_headers(error.denial, time.time())
        case TooManyOpen():
            return {"retry-after": str(error.retry_after_s)}
        case Unavailable() if error.retry_after_s is not None:
            return {"retry-after": str(error.retry_after_s)}
        case Unauthorized():
            return {"www-authenticate": "Bearer"}
        case DrawingFailed():  # what may succeed another time was tried again here
            return {"x-should-retry": "false"}
        case _:
            return {}


def error_body(
    message: str, type: str, code: str | None, param: str | None = None
) -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "code": code, "param": param}}


def error_reply(error: SmaltiError) -> Response:
    kind = ProblemReply if isinstance(error, Denied) else JsonReply
    return kind(body_of(error), status_of(error), headers_of(error))


async def on_smalti_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SmaltiError)
    if isinstance(error, StoreUnavailable):
        log.warning("what is kept cannot be used: %s", error)
    about_request().told |= isinstance(error, Denied | DrawingFailed)
    return error_reply(error)


async def on_wrong_query(request: Request, error: Exception) -> Response:
    """A parameter of an address that cannot be what it is."""
    assert isinstance(error, RequestValidationError)
    # A place begins with where it is, the address or the query.
    faults = [{**fault, "loc": fault["loc"][1:]} for fault in error.errors()]
    return error_reply(refusal_of(cast(list[ErrorDetails], faults)))


async def on_http_error(request: Request, error: Exception) -> Response:
    """The framework's own refusals: no such address, no such method, a form that is broken."""
    assert isinstance(error, HTTPException)
    message, code, headers = str(error.detail), "invalid_request", error.headers
    if error.status_code == HTTPStatus.NOT_FOUND:
        message = f"There is nothing at {request.method} {request.url.path}."
        code = "not_found"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"{request.url.path} does not take {request.method}."
        code, headers = "method_not_allowed", {"allow": ", ".join(_taken(request))}
    elif error.status_code == HTTPStatus.REQUEST_TIMEOUT:
        code = "request_timeout"
    body = error_body(message, "invalid_request_error", code)
    return JsonReply(body, error.status_code, headers)


def _taken(request: Request) -> list[str]:
    """The methods that an address takes. Each has a route of its own, and the framework, which
    stops at the first one, would tell of that alone."""
    scope = request.scope

    def takes(method: str) -> bool:
        asked = {**scope, "method": method}
        return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)

    return [method for method in sorted(METHODS) if takes(method)]
