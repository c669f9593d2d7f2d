"""What the official SDKs do when they are refused, as they were seen to do it.

All try again twice at most. `x-should-retry: false` makes each of them give up at once.

    429 or 503 with              Python 1.x, 2.x       Python 3.x        Node
    Retry-After up to 60 s       waits so long         waits so long     waits so long
    61 to 120 s                  ignores it            waits so long     waits so long
    more                         ignores it            gives up          waits so long
    none                         0.5 s, then 1 s, with jitter, all of them
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from smalti.control.denial import Denial

Sdk = Literal["python2", "python3", "node"]
SDKS: tuple[Sdk, ...] = ("python2", "python3", "node")
RETRIES = 2
_PATIENT = {"python2": 60.0, "python3": 120.0, "node": float("inf")}
_FIRST_BACKOFF_S, _JITTER = 0.5, 0.25


class Refusal(NamedTuple):
    """What of a denial reaches a client."""

    should_retry: bool | None
    retry_after_s: float | None


BARE = Refusal(None, None)
"""A 429 without a word, as most servers send it."""


def refusal_of(denial: Denial, now: float) -> Refusal:
    """As this server's replies say it."""
    after_s = None if denial.retry_at is None else max(1.0, denial.retry_at - now)
    return Refusal(None if denial.should_retry else False, after_s)


def next_attempt(sdk: Sdk, refusal: Refusal, attempts: int, dice: float) -> float | None:
    """Seconds until it tries again by itself; None if it gives up.

    attempts: made so far. dice: from 0 to 1.
    """
    if refusal.should_retry is False or attempts > RETRIES:
        return None
    after_s = refusal.retry_after_s
    if after_s is not None and after_s <= _PATIENT[sdk]:
        return after_s
    if after_s is not None and sdk == "python3":
        return None
    return float(_FIRST_BACKOFF_S * 2 ** (attempts - 1) * (1 - _JITTER * dice))
