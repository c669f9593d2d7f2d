"""`Denial`: why a request is refused, in figures and in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from smalti.control.nouns import Claim, noun

Kind = Literal["limit", "waiting", "capacity", "impossible", "paused", "plan"]


@noun
class Option:
    """What one can do instead.

    what: `flex`, ask again with `service_tier: flex`; `job`, ask for a job in place of a reply
    (`Prefer: respond-async`); `fewer`, ask for `images` or fewer; `wait`, come back at `retry_at`.
    eta_s: seconds until the pictures would be finished, p50 and p90.
    """

    what: Literal["flex", "job", "fewer", "wait"]
    eta_s: tuple[float, float] | None = None
    images: int | None = None


Options = tuple[Option, ...]


def as_many_as_fit(most: int, fits: Callable[[int], bool]) -> Options:
    """So many images, up to `most`, as fit; nothing where none do."""
    fit, images = 0, most
    while fit < most:
        if fits(images):
            fit = images
        else:
            most = images - 1
        images = (fit + most + 1) // 2
    return (Option("fewer", images=fit),) if fit else ()


class Words:
    """What `say` says of these things, put together when it is first read. Equal to its text."""

    __slots__ = ("_about", "_say", "_text")

    def __init__(self, say: Callable[..., str], *about: object) -> None:
        self._say = say
        self._about = about
        self._text: str | None = None

    def __str__(self) -> str:
        text = self._text
        if text is None:
            text = self._text = self._say(*self._about)
        return text

    def __repr__(self) -> str:
        return repr(str(self))

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, Words | str) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))


class Denial(NamedTuple):
    """One rule that a request breaks.

    kind: `limit`, a limit over time; `waiting`, the tier's bound on waiting images of one user;
    `capacity`, the server's own (limit and used are seconds for `server/promise` and
    `server/patience`); `impossible`, more than the rule allows at any time; `paused`, a
    switch of the operator; `plan`, what the tier does not include.
    rule: such as `free/day`, `free/org/day`, `free/waiting`, `server/waiting`, `server/promise`,
    `switch/region/DE`. used: without this request.
    retry_at: Unix time in whole seconds. Exact for `limit`, and for `paused` where an end is
    scheduled: at it the same request is within the rules, one second before it is not. From it on
    the request is admitted, for `server/promise`. Else an estimate; None where no time is known.
    should_retry: whether a client may come back by itself: the load is short, and a place is kept.
    floor, ceiling: between which the limit moves with the load; None where it does not.
    burst: of an even pace, how many may be used at once; None for any other limit.
    claim: what must be kept so that `retry_at` stays true after a restart; None where nothing must.
    words: the message, which most clients never read.
    """

    kind: Kind
    rule: str
    scope: Literal["user", "key", "org", "tier", "region", "model", "feature", "server"]
    limit: int
    used: int
    unit: Literal["images", "device_s", "seconds"] = "images"
    window_s: int | None = None
    retry_at: float | None = None
    reason: Literal["plan", "load", "operator"] = "plan"
    words: Words | str = ""
    options: tuple[Option, ...] = ()
    claim: Claim | None = None
    should_retry: bool = False
    floor: int | None = None
    ceiling: int | None = None
    burst: int | None = None

    @property
    def most(self) -> int:
        """Up to which `used` may go."""
        return self.limit if self.burst is None else self.burst

    @property
    def estimated(self) -> bool:
        """Whether `retry_at` may be off: it hangs on how fast others are drawn."""
        return self.kind == "waiting" or (self.kind == "capacity" and self.rule != "server/promise")

    @property
    def for_slots(self) -> bool:
        """Whether it is for want of them, and not for what its user or its client is allowed."""
        return self.kind == "capacity" and self.reason == "load" and self.rule != "server/patience"

    @property
    def message(self) -> str:
        return str(self.words)


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
    return in_words(count, "image")


def in_words(count: int, noun: str) -> str:
    """Such as `1 image`, `2 images`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
