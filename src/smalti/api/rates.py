"""Limits as headers, in the three styles that clients read::

x-ratelimit-limit-images: 3          OpenAI's: the limit of images that is nearest to its end
ratelimit-policy: "day";q=3;w=86400  the IETF draft's: every window
retry-after: 5044                    HTTP's, on a denial
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from smalti.control.denial import Denial
from smalti.control.nouns import Standing


def standing_headers(standings: Sequence[Standing], now: float) -> dict[str, str]:
    """What is left of each window; empty for who has no limits. now: Unix time."""
    if not standings:
        return {}
    ordered = sorted(standings, key=lambda s: (s.remaining, -seconds_until(s.reset_at, now)))
    images = [s for s in ordered if s.unit == "images"]
    reset_s = seconds_until(images[0].reset_at, now) if images else None
    return {
        **(_openai(images[0].limit, images[0].remaining, reset_s) if images else {}),
        "ratelimit-policy": ", ".join(_policy(s.rule, s.limit, s.window_s) for s in ordered),
        "ratelimit": ", ".join(
            _left(s.rule, s.remaining, seconds_until(s.reset_at, now)) for s in ordered
        ),
        **_breath(ordered),
    }


def denial_headers(denial: Denial, now: float) -> dict[str, str]:
    """Those of the rule that denied; none for a rule of the server. No time is told where none
    helps."""
    if denial.kind not in ("limit", "waiting", "impossible") or denial.scope == "server":
        return {}
    remaining = max(0, denial.most - denial.used)
    wait_s = None if denial.retry_at is None else seconds_until(denial.retry_at, now)
    breath = {}
    if denial.floor is not None and denial.ceiling is not None:
        breath = {
            "x-smalti-limit-reason": _moved(
                denial.rule, denial.limit, denial.floor, denial.ceiling, denial.reason
            )
        }
    images = denial.unit == "images"
    return {
        **(_openai(denial.limit, remaining, wait_s) if images else {}),
        "ratelimit-policy": _policy(denial.rule, denial.limit, denial.window_s),
        "ratelimit": _left(denial.rule, remaining, wait_s),
        **breath,
    }


def _breath(standings: Sequence[Standing]) -> dict[str, str]:
    """Why a limit that moves with the load is where it is."""
    moved = [s for s in standings if s.floor < s.ceiling]
    if not moved:
        return {}
    told = (_moved(s.rule, s.limit, s.floor, s.ceiling, s.reason) for s in moved)
    return {"x-smalti-limit-reason": ", ".join(told)}


def _moved(rule: str, limit: int, floor: int, ceiling: int, reason: str) -> str:
    return f'"{policy_name(rule)}";q={limit};min={floor};max={ceiling};why={reason}'


def policy_name(rule: str) -> str:
    """`day` of `free/day`, `org/day` of `free/org/day`."""
    return rule.partition("/")[2]


def seconds_until(moment: float | None, now: float) -> int:
    """Whole seconds, never too few; 0 where there is nothing to wait for."""
    return 0 if moment is None else max(0, math.ceil(moment - now))


def duration(seconds: int) -> str:
    """As OpenAI writes it: `1s`, `6m0s`, `1h0m0s`."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def _openai(limit: int, remaining: int, reset_s: int | None) -> dict[str, str]:
    """A request draws one image at least: as many requests are left as images."""
    facts = {"limit": str(limit), "remaining": str(remaining)}
    if reset_s is not None:
        facts["reset"] = duration(reset_s)
    return {
        f"x-ratelimit-{fact}-{unit}": value
        for unit in ("images", "requests")
        for fact, value in facts.items()
    }


def _policy(rule: str, limit: int, window_s: int | None) -> str:
    window = "" if window_s is None else f";w={window_s}"
    return f'"{policy_name(rule)}";q={limit}{window}'


def _left(rule: str, remaining: int, wait_s: int | None) -> str:
    time = "" if wait_s is None else f";t={wait_s}"
    return f'"{policy_name(rule)}";r={remaining}{time}'
