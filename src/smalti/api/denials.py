"""A denial as HTTP: what a client must know to come back at the right moment, or not at all.

Two kinds are kept apart. *Your limit* is 429 `rate_limit_exceeded`, the same whatever the load,
with `x-should-retry: false`, because a client that tries again by itself is denied again. *Our
capacity* is 503 `slow_down`, to be tried again within a minute, not by all at the same moment.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from smalti.api.rates import denial_headers, policy_name, seconds_until
from smalti.control.denial import Denial

MEDIA_TYPE = "application/problem+json"
POLICY_URL = "/v1/limits"
LONGEST_S = 60
"""Within it every client waits as told; beyond, some do not wait at all."""

_PROBLEMS = "https://iana.org/assignments/http-problem-types#"
_TITLES = {
    "minute": "Images of this minute used up",
    "hour": "Hourly images used up",
    "day": "Daily images used up",
    "week": "Weekly images used up",
    "waiting": "Too many of your images are waiting",
}


def denial_status(denial: Denial) -> HTTPStatus:
    if denial.kind == "capacity":
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.TOO_MANY_REQUESTS


def denial_body(denial: Denial) -> dict[str, Any]:
    """A problem (RFC 9457) that carries `error` too, which is what the SDKs read."""
    ours = denial.kind == "capacity"
    impossible = denial.kind == "impossible"
    return {
        "type": _PROBLEMS + ("temporary-reduced-capacity" if ours else "quota-exceeded"),
        "title": "Too many images are waiting" if ours else _title(denial),
        "status": int(denial_status(denial)),
        "detail": denial.message,
        "violated-policies": [policy_name(denial.rule)],
        "error": {
            "message": denial.message,
            "type": "server_error" if ours else "rate_limit_error",
            "code": "slow_down" if ours else "rate_limit_exceeded",
            "param": "n" if impossible else None,
        },
        "smalti": {
            "rule": denial.rule,
            "scope": denial.scope,
            "limit": denial.limit,
            "used": denial.used,
            "unit": denial.unit,
            "window_s": denial.window_s,
            "next_slot_at": moment(denial.retry_at),
            "reason": denial.reason,
            "policy_url": POLICY_URL,
        },
    }


def retry_headers(denial: Denial, now: float, spread: float | None = None) -> dict[str, str]:
    """When to come back, and what is left. now: Unix time.

    spread: in [0, 1), so that clients who are refused together do not come back together.
    """
    wait_s = seconds_until(denial.retry_at, now)
    if denial.kind == "capacity":
        spread = random.random() if spread is None else spread
        return {"retry-after": str(min(LONGEST_S, max(1, math.ceil(wait_s * (1 + spread / 4)))))}
    headers = {"x-should-retry": "false", **denial_headers(denial, now)}
    if denial.retry_at is not None:
        headers["retry-after"] = str(max(1, wait_s))
    return headers


def moment(at: float | None) -> str | None:
    """Unix time as RFC 3339, in UTC and whole seconds."""
    if at is None:
        return None
    return datetime.fromtimestamp(math.ceil(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _title(denial: Denial) -> str:
    if denial.kind == "impossible":
        return "More images than the limit allows at once"
    name = policy_name(denial.rule)
    return _TITLES.get(name, f"Images of {name} used up")
