"""A denial as HTTP: what a client must know to come back at the right moment, or not at all.

*Your limit* is 429 `rate_limit_exceeded`, the same whatever the load. *Our capacity* is 503
`slow_down`. What an operator has paused is 503 `service_paused`, and what a tier does not include
403 `not_in_plan`. A client that tries again by itself would be denied again, so it is told not to
(`x-should-retry: false`), except where the load is short and a place is kept for it.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from smalti.api.rates import denial_headers, policy_name, seconds_until
from smalti.control.denial import Denial, Kind, Option

MEDIA_TYPE = "application/problem+json"
POLICY_URL = "/v1/limits"
LONGEST_S = 60
"""Within it every client waits as told; beyond, some do not wait at all."""

_PROBLEMS = "https://iana.org/assignments/http-problem-types#"
_FIXED_TITLES = {
    "impossible": "More images than the limit allows at once",
    "paused": "Paused by the operator",
    "plan": "Not in your plan",
    "server/waiting": "Too many images are waiting",
    "server/promise": "The wait would be longer than promised",
    "server/patience": "The wait would be longer than the client's patience",
}
_WINDOWS = {"h": "hourly", "hour": "hourly", "d": "daily", "day": "daily", "week": "weekly"}
_WHOSE = {
    "key": "of this key",
    "org": "of your organisation",
    "tier": "of your tier",
    "region": "of your region",
    "model": "of this model",
}

_STATUSES: dict[Kind, HTTPStatus] = {
    "capacity": HTTPStatus.SERVICE_UNAVAILABLE,
    "paused": HTTPStatus.SERVICE_UNAVAILABLE,
    "plan": HTTPStatus.FORBIDDEN,
}
_CODES: dict[Kind, tuple[str, str]] = {
    "capacity": ("server_error", "slow_down"),
    "paused": ("server_error", "service_paused"),
    "plan": ("invalid_request_error", "not_in_plan"),
}


def denial_status(denial: Denial) -> HTTPStatus:
    return _STATUSES.get(denial.kind, HTTPStatus.TOO_MANY_REQUESTS)


def denial_body(denial: Denial) -> dict[str, Any]:
    """A problem (RFC 9457) that carries `error` too, which is what the SDKs read."""
    ours = denial.kind in ("capacity", "paused")
    kind, code = _CODES.get(denial.kind, ("rate_limit_error", "rate_limit_exceeded"))
    return {
        "type": _PROBLEMS + ("temporary-reduced-capacity" if ours else "quota-exceeded"),
        "title": _title(denial),
        "status": int(denial_status(denial)),
        "detail": denial.message,
        "violated-policies": [policy_name(denial.rule)],
        "error": {
            "message": denial.message,
            "type": kind,
            "code": code,
            "param": _param(denial),
        },
        "smalti": {
            "rule": denial.rule,
            "scope": denial.scope,
            "limit": denial.limit,
            "floor": denial.limit if denial.floor is None else denial.floor,
            "ceiling": denial.limit if denial.ceiling is None else denial.ceiling,
            "burst": denial.burst,
            "used": denial.used,
            "unit": denial.unit,
            "window_s": denial.window_s,
            "next_slot_at": moment(denial.retry_at),
            "next_slot_estimated": denial.estimated and denial.retry_at is not None,
            "reason": denial.reason,
            "options": [_option(option) for option in denial.options],
            "policy_url": POLICY_URL,
        },
    }


def retry_headers(denial: Denial, now: float, spread: float | None = None) -> dict[str, str]:
    """When to come back, and what is left. now: Unix time.

    spread: in [0, 1), so that clients who are refused together do not come back together.
    """
    wait_s = seconds_until(denial.retry_at, now)
    if comes_back(denial):
        spread = random.random() if spread is None else spread
        return {"retry-after": str(min(LONGEST_S, max(1, math.ceil(wait_s * (1 + spread / 4)))))}
    headers = {"x-should-retry": "false", **denial_headers(denial, now)}
    if denial.retry_at is not None:
        headers["retry-after"] = str(max(1, wait_s))
    return headers


def comes_back(denial: Denial) -> bool:
    """Whether a client may come back by itself."""
    return denial.kind == "capacity" and denial.should_retry


def moment(at: float | None) -> str | None:
    """Unix time as RFC 3339, in UTC and whole seconds."""
    if at is None:
        return None
    return datetime.fromtimestamp(math.ceil(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _option(option: Option) -> dict[str, Any]:
    """What can be done instead, as a field of the request or a header of it."""
    eta = {} if option.eta_s is None else {"eta_s": [math.ceil(s) for s in option.eta_s]}
    match option.what:
        case "flex":
            return {"service_tier": "flex", **eta}
        case "job":
            return {"prefer": "respond-async", **eta}
        case "fewer":
            return {"n": option.images, **eta}
        case "wait":
            return {"wait": True, **eta}


def _param(denial: Denial) -> str | None:
    if denial.kind == "impossible":
        return "n"
    if denial.kind == "plan":
        return {"service": "service_tier"}.get(policy_name(denial.rule), policy_name(denial.rule))
    return None


def _title(denial: Denial) -> str:
    fixed = _FIXED_TITLES.get(denial.kind) or _FIXED_TITLES.get(denial.rule)
    if fixed is not None:
        return fixed
    window = denial.rule.rpartition("/")[2]
    unit = "device-seconds" if denial.unit == "device_s" else "images"
    whose = f" {_WHOSE[denial.scope]}" if denial.scope in _WHOSE else ""
    if denial.kind == "waiting":
        images = f"images{whose}" if whose else "of your images"
        return f"Too many {images} {'at once' if window == 'at_once' else 'are waiting'}"
    what = f"{unit}{whose} per {window}"
    if window in _WINDOWS:
        what = f"{_WINDOWS[window]} {unit}{whose}"
    if denial.used < denial.most:
        return f"Fewer {what} left than asked for"
    return f"{what} used up".capitalize()
