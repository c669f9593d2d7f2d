"""`Denial`: why a request is refused, in figures and in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Kind = Literal["limit", "waiting", "capacity", "impossible"]


@dataclass(frozen=True)
class Denial:
    """One rule that a request breaks.

    kind: `limit`, a rolling limit of the user; `waiting`, the tier's bound on waiting images of one
    user; `capacity`, the server's own; `impossible`, more than the rule allows at any time.
    rule: such as `free/day`, `free/waiting`, `server/waiting`. used: without this request.
    retry_at: Unix time in whole seconds. Exact for `limit`: at it the same request is within the
    limits, one second before it is not. An estimate for `waiting` and `capacity`; None for
    `impossible`.
    """

    kind: Kind
    rule: str
    scope: Literal["user", "server"]
    limit: int
    used: int
    unit: str = "images"
    window_s: int | None = None
    retry_at: float | None = None
    reason: Literal["plan", "load"] = "plan"
    message: str = ""


def window_in_words(window_s: int) -> str:
    """Such as `24 h`, `7 days`, `5 min`, `30 s`."""
    if window_s % 86400 == 0 and window_s > 86400:
        return f"{window_s // 86400} days"
    if window_s % 3600 == 0:
        return f"{window_s // 3600} h"
    if window_s % 60 == 0:
        return f"{window_s // 60} min"
    return f"{window_s} s"


def time_in_words(at: float, now: float) -> str:
    """Such as `14:20:05 UTC`, with the date where that is not today's."""
    then = datetime.fromtimestamp(at, UTC)
    form = "%H:%M:%S" if then.date() == datetime.fromtimestamp(now, UTC).date() else "%F %H:%M:%S"
    return then.strftime(form) + " UTC"


def images_in_words(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"
