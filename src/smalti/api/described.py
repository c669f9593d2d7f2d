"""What /openapi.json says of the replies of an address, in the words of one table."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from smalti.api.denials import MEDIA_TYPE
from smalti.api.shapes import ErrorReply, Problem

Content = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]

ERRORS = {
    400: "Something in the request must change; `param` names the field",
    401: "No key, or one that is not accepted",
    403: "The key lacks the scope that this needs",
    404: "There is no such thing, or it is another's",
    409: "Another has the name",
    408: "The body came too slowly",
    413: "The body is too large",
    429: "A limit of yours; the same request is admitted at `next_slot_at`",
    500: "What was accepted could not be drawn",
    503: "This server cannot take it now; Retry-After says when to try again",
}
_DENIALS = {429: (Problem,), 503: (ErrorReply, Problem)}
_TEXT = {"schema": {"type": "string"}}
_RETRY = {"description": "Seconds until it is worth trying again", **_TEXT}
REQUEST_ID = {"x-request-id": {"description": "Of this request", "required": True, **_TEXT}}
RATES = {
    name: {"description": what, **_TEXT}
    for name, what in (
        ("x-ratelimit-limit-images", "How many, in the window that is nearest to its end"),
        ("x-ratelimit-remaining-images", "How many are left of it"),
        ("x-ratelimit-reset-images", "When more are left, as in 6m0s"),
        ("x-ratelimit-limit-requests", "The same: a request draws one image at least"),
        ("x-ratelimit-remaining-requests", "The same"),
        ("x-ratelimit-reset-requests", "The same"),
        ("ratelimit-policy", "Every window (IETF draft)"),
        ("ratelimit", "What is left of every window (IETF draft)"),
    )
}


def described(ok: dict[int, tuple[str, Content]], *errors: int) -> Responses:
    """ok: what is said and sent with each status that is no error. errors: the others' statuses."""
    told: Responses = {
        status: {"description": text, "content": content, "headers": REQUEST_ID}
        for status, (text, content) in ok.items()
    }
    for status in errors:
        kinds = _DENIALS.get(status, (ErrorReply,))
        headers: dict[str, Any] = dict(REQUEST_ID)
        if status in _DENIALS:
            headers["retry-after"] = _RETRY
        if status == 429:
            headers |= {"x-should-retry": {"description": "false", **_TEXT}, **RATES}
        told[status] = {
            "description": ERRORS[status],
            "content": {MEDIA_TYPE if k is Problem else "application/json": ref(k) for k in kinds},
            "headers": headers,
        }
    return told


def json_of(kind: type[BaseModel]) -> Content:
    return {"application/json": ref(kind)}


def ref(kind: type[BaseModel]) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}
