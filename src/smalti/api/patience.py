"""For how long a client waits for its reply, as its headers say."""

from __future__ import annotations

import math
import re

from starlette.requests import Request

from smalti.api.schema import ImageRequest
from smalti.errors import InvalidRequest

PATIENCE = ("x-stainless-read-timeout", "x-stainless-timeout")
"""In which OpenAI's SDKs say for how many seconds they wait: the Python one, and the Node one."""

LEAST_SILENCE_S = 0.5
"""However soon a client gives up, a stream says no more often that it is alive."""

_SECONDS = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?|inf", re.ASCII)
"""As Python and JavaScript write them; a Python client that waits for ever says `inf`."""


def patience_of(request: Request, asked: ImageRequest) -> float | None:
    """For how many seconds a client waits; None for a job, and a stream, which is kept alive.

    Raises InvalidRequest for what is no number of seconds.
    """
    least_s = _told_s(request)
    waits = not asked.stream and not prefers_async(request) and least_s < math.inf
    return least_s if waits else None


def silence_of(request: Request, longest_s: float) -> float:
    """After how many silent seconds a stream says that it is alive: before its client gives up.

    Raises InvalidRequest likewise.
    """
    return min(longest_s, max(LEAST_SILENCE_S, _told_s(request) / 2))


def _told_s(request: Request) -> float:
    """The least that a client's headers say; infinite if they say nothing."""
    told = [_seconds(name, request.headers[name]) for name in PATIENCE if name in request.headers]
    return min(told, default=math.inf)


def _seconds(name: str, value: str) -> float:
    if not _SECONDS.fullmatch(value):
        raise InvalidRequest(
            f"The header '{name}' has the value '{value[:40]}'. It must be seconds, 0 or more, as "
            "in 600 or 2.5. Leave it out to wait for as long as it takes."
        )
    return float(value)


def is_detached(request: Request, asked: ImageRequest) -> bool:
    """A stream that was asked for is more than a preference for a job."""
    return prefers_async(request) and not asked.stream


def prefers_async(request: Request) -> bool:
    """Whether the client would rather have a job (RFC 7240)."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return any(p.partition(";")[0].strip().lower() == "respond-async" for p in preferences)
