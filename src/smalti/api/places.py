"""A job's place in the queue, as words, headers and fields."""

from __future__ import annotations

import math
from typing import Any

from smalti.control.nouns import Wait


def words(wait: Wait | None) -> str:
    """For a comment in a stream."""
    if wait is None:
        return "drawing"
    soon, late = eta_s(wait)
    return f"waiting, {wait.position} ahead, finished in {soon} to {late} s"


def headers(job_id: str, wait: Wait | None) -> dict[str, str]:
    """x-smalti-eta-s: seconds until it is finished, p50 and p90."""
    named = {"x-smalti-job": job_id}
    if wait is not None:
        soon, late = eta_s(wait)
        named |= {"x-smalti-position": str(wait.position), "x-smalti-eta-s": f"{soon}, {late}"}
    return named


def fields(wait: Wait | None) -> dict[str, Any]:
    if wait is None:
        return {"position": None, "start_s": None, "eta_s": None}
    return {"position": wait.position, "start_s": start_s(wait), "eta_s": list(eta_s(wait))}


def event(job_id: str, wait: Wait | None) -> dict[str, Any]:
    """A typed event, for clients that ask for them."""
    if wait is None:
        return {"type": "smalti.drawing", "job": job_id}
    return {"type": "smalti.waiting", "job": job_id, **fields(wait)}


def forecast(wait: Wait) -> dict[str, Any]:
    return {
        "position": wait.position,
        "start_s": start_s(wait),
        "finish_s": list(eta_s(wait)),
    }


def start_s(wait: Wait) -> list[int]:
    """Until its next picture gets a slot, likewise."""
    return [math.ceil(s) for s in wait.start_s]


def eta_s(wait: Wait) -> tuple[int, int]:
    """Until the job is finished: p50 and p90, in whole seconds."""
    soon, late = wait.finish_s
    return math.ceil(soon), math.ceil(late)
