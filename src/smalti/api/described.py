"""What /openapi.json says of the replies of an address, in the words of one table."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from smalti.api.denials import MEDIA_TYPE
from smalti.api.shapes import ErrorReply, ImagesReply, JobReply, Problem

Content = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]

ERRORS = {
    400: "Something in the request must change; `param` names the field",
    401: "No key, or one that is not accepted",
    403: "The key lacks the scope that this needs, or its tier does not include it",
    404: "There is no such thing, or it is another's",
    409: "Another has the name, or what would change is in use or is not what it was",
    408: "The body came too slowly",
    413: "The body is too large",
    422: "Another request came under this Idempotency-Key",
    429: "Half of this server's connections are yours already; Retry-After says when to try again",
    500: "What was accepted could not be drawn",
    503: "This server cannot take it now; Retry-After says when to try again",
}
_BEHIND_A_KEY = {400, 429}
"""What is sent by all that ask for a key (401): of a NUL in the address, and of a user's crowd."""
_DENIED = "A limit of yours: the same request is admitted at `next_slot_at`. Or: "
_TEXT = {"schema": {"type": "string"}}
_RETRY = {"description": "Seconds until it is worth trying again", **_TEXT}
_SHOULD_RETRY = {"description": "false, where trying again by itself is in vain", **_TEXT}
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
        ("x-smalti-limit-reason", "Where a limit that moves with the load is, and why"),
    )
}
PLACES = {
    name: {"description": what, **_TEXT}
    for name, what in (
        ("x-smalti-job", "The job that draws it"),
        ("x-smalti-position", "Pictures before its next one"),
        ("x-smalti-eta-s", "Seconds until it is finished: p50, p90"),
        ("idempotent-replayed", "true, where the key had begun the job before"),
    )
}
ASKING = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "description": what,
        "schema": {"type": "string", **must},
    }
    for name, what, must in (
        ("Prefer", "`respond-async`: reply with a job at once, and draw meanwhile.", {}),
        (
            "Idempotency-Key",
            "The same request under the same key begins nothing again for 24 h.",
            {"pattern": "^[!-~]{1,255}$"},
        ),
    )
]
"""Headers of a request that draws."""


def described(ok: dict[int, tuple[str, Content]], *errors: int) -> Responses:
    """ok: what is said and sent with each status that is no error. errors: the others' statuses."""
    told: Responses = {
        status: {"description": text, "content": content, "headers": REQUEST_ID}
        for status, (text, content) in ok.items()
    }
    for status in sorted({*errors, *(_BEHIND_A_KEY if 401 in errors else ())}):
        headers: dict[str, Any] = dict(REQUEST_ID)
        if status in (429, 503):
            headers |= {"retry-after": _RETRY}
        told[status] = {
            "description": ERRORS[status],
            "content": json_of(ErrorReply),
            "headers": headers,
        }
    return told


def drawing_replies() -> Responses:
    """Of the addresses that draw."""
    stream: dict[str, Any] = {"text/event-stream": {}}
    told = described(
        {
            200: ("The pictures, or their events", {**json_of(ImagesReply), **stream}),
            202: ("The job, where that was preferred", json_of(JobReply)),
        },
        400, 401, 403, 404, 408, 413, 422, 429, 500, 503,
    )  # fmt: skip
    for status in (200, 202):
        told[status]["headers"] = {**told[status]["headers"], **RATES, **PLACES}
    for status in (403, 429, 503):
        told[status]["content"][MEDIA_TYPE] = ref(Problem)
        told[status]["headers"]["x-should-retry"] = _SHOULD_RETRY
    told[429]["description"] = _DENIED + told[429]["description"]
    told[429]["headers"] |= RATES
    return told


def json_of(kind: type[BaseModel], other: type[BaseModel] | None = None) -> Content:
    """other: what may be told instead."""
    if other is None:
        return {"application/json": ref(kind)}
    both = [ref(kind)["schema"], ref(other)["schema"]]
    return {"application/json": {"schema": {"anyOf": both}}}


def ref(kind: type[BaseModel]) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}
