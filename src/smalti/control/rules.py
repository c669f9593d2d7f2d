"""The rules that decide whether a request is admitted, and how a denial is worded."""

from __future__ import annotations

import math

from smalti.control.denial import Denial, images_in_words, time_in_words, window_in_words
from smalti.control.limits import Allowances, Limit
from smalti.control.nouns import Standing
from smalti.control.tiers import Tier


def never(tier: Tier, images: int, max_waiting: int) -> Denial | None:
    """A denial of more images than a rule allows at any time."""
    for limit in tier.limits:
        if images > limit.count:
            return Denial(
                "impossible", f"{tier.name}/{limit.name}", "user", limit.count, 0,
                window_s=limit.window_s,
                message=f"{_stated(tier, limit)} A request for {images} can never be within "
                f"that. Ask for {limit.count} or fewer.",
            )  # fmt: skip
    if images > tier.max_waiting:
        return Denial(
            "impossible", f"{tier.name}/waiting", "user", tier.max_waiting, 0,
            message=f"{_titled(tier)}: {images_in_words(tier.max_waiting)} may wait at a time. "
            f"A request for {images} can never be within that. "
            f"Ask for {tier.max_waiting} or fewer.",
        )  # fmt: skip
    if images > max_waiting:
        return Denial(
            "impossible", "server/waiting", "server", max_waiting, 0, reason="load",
            message=f"This server lets {images_in_words(max_waiting)} wait at a time. "
            f"A request for {images} can never be within that. Ask for {max_waiting} or fewer.",
        )  # fmt: skip
    return None


def over_limit(
    allowances: Allowances, user_id: str, tier: Tier, images: int, now: float
) -> Denial | None:
    """Of the rolling limits that a request breaks, the one that opens last."""
    last: tuple[float, Limit] | None = None
    for limit in tier.limits:
        opens_at = allowances.would_open_at(user_id, limit, images, now)
        if opens_at is not None and (last is None or opens_at > last[0]):
            last = opens_at, limit
    if last is None:
        return None
    retry_at, limit = last
    used = allowances.used(user_id, limit, now)
    opening = "The next slot opens" if images == 1 else f"Room for {images} opens"
    return Denial(
        "limit", f"{tier.name}/{limit.name}", "user", limit.count, used,
        window_s=limit.window_s, retry_at=retry_at,
        message=f"{_stated(tier, limit)} You used {used}. "
        f"{opening} at {time_in_words(retry_at, now)}.",
    )  # fmt: skip


def too_many_waiting(tier: Tier, waiting: int, images: int, wait_s: float, now: float) -> Denial:
    """wait_s: estimated seconds until enough of the user's pictures have left the queue."""
    retry_at = _whole_second(now, wait_s)
    return Denial(
        "waiting", f"{tier.name}/waiting", "user", tier.max_waiting, waiting, retry_at=retry_at,
        message=f"{_titled(tier)}: {images_in_words(tier.max_waiting)} may wait at a time. "
        f"You have {waiting} waiting and asked for {images} more. "
        f"There should be room at about {time_in_words(retry_at, now)}.",
    )  # fmt: skip


def full(max_waiting: int, waiting: int, images: int, wait_s: float, now: float) -> Denial:
    """wait_s: estimated seconds until enough pictures have left the queue."""
    retry_at = _whole_second(now, wait_s)
    return Denial(
        "capacity", "server/waiting", "server", max_waiting, waiting, retry_at=retry_at,
        reason="load",
        message=f"This server lets {images_in_words(max_waiting)} wait at a time, and {waiting} "
        f"are waiting. There should be room for {images} at about {time_in_words(retry_at, now)}. "
        "This is the server's load and not a limit of yours.",
    )  # fmt: skip


def standing(
    allowances: Allowances, user_id: str, tier: Tier, limit: Limit, now: float
) -> Standing:
    used = allowances.used(user_id, limit, now)
    reset_at = None
    if used:
        reset_at = allowances.falls_to(user_id, limit, min(used, limit.count) - 1, now)
    return Standing(
        f"{tier.name}/{limit.name}",
        limit.count,
        used,
        max(limit.count - used, 0),
        limit.window_s,
        reset_at,
    )


def _titled(tier: Tier) -> str:
    return f"{tier.name.capitalize()} tier"


def _stated(tier: Tier, limit: Limit) -> str:
    return (
        f"{_titled(tier)}: {images_in_words(limit.count)} "
        f"per rolling {window_in_words(limit.window_s)}."
    )


def _whole_second(now: float, wait_s: float) -> float:
    """At least one second from now."""
    return float(math.ceil(now + max(wait_s, 1.0)))
