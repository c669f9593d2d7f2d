"""Rolling limits: how they are written, and what users have used of them."""

from __future__ import annotations

import heapq
import re
from dataclasses import dataclass

from smalti.control.rolling import Rolling

UNITS_S = {
    "s": 1, "sec": 1, "second": 1,
    "min": 60, "minute": 60,
    "h": 3600, "hour": 3600,
    "d": 86400, "day": 86400,
    "week": 604800,
}  # fmt: skip

CLOCK_SLACK_S = 86400
"""How far the clock may be set back before use that was already dropped is missed: a machine that
took local time for UTC is wrong by less."""

_DROPS_A_TIME = 4


@dataclass(frozen=True)
class Limit:
    """At most `count` images in any `window_s` seconds. name: the window as it was written."""

    count: int
    window_s: int
    name: str


def parse_limit(text: str) -> Limit:
    """Read `3/day`, `50/3h` or `10/5min`. Raises ValueError saying what it must be."""
    found = re.fullmatch(r"(\d{1,9})/(\d{0,5})([a-z]+)", text.strip().lower())
    if found is not None:
        count, units = int(found[1]), int(found[2] or 1)
        name = found[3].removesuffix("s") if len(found[3]) > 2 else found[3]
        unit_s = UNITS_S.get(name)
        if count and units and unit_s:
            return Limit(count, units * unit_s, found[2] + found[3])
    raise ValueError("images per time, as in 3/day, 50/3h or 10/5min")


@dataclass
class _Held:
    user_id: str
    at: float
    images: int


class Allowances:
    """The reservations of all users, and what they leave of a limit.

    A reservation counts in (now - window, now], and also while it is dated later than now: a clock
    that was set back gives nothing away. keep_s: the longest window that will be asked for. What is
    older than that by CLOCK_SLACK_S is dropped, a few reservations at each new one.
    """

    def __init__(self, keep_s: int) -> None:
        self.keep_s = keep_s
        self._users: dict[str, Rolling] = {}
        self._jobs: dict[str, _Held] = {}
        self._by_age: list[tuple[float, str]] = []

    def __len__(self) -> int:
        """Reservations that are remembered."""
        return len(self._jobs)

    def used(self, user_id: str, limit: Limit, now: float) -> int:
        user = self._users.get(user_id)
        return user.after(now - limit.window_s) if user else 0

    def would_open_at(self, user_id: str, limit: Limit, images: int, now: float) -> float | None:
        """The first whole second at which `images` more are within the limit.

        None where they are now. Raises ValueError where they never are.
        """
        if images > limit.count:
            raise ValueError(f"{images} images never fit into {limit.count} per {limit.name}.")
        return self.falls_to(user_id, limit, limit.count - images, now)

    def falls_to(self, user_id: str, limit: Limit, left: int, now: float) -> float | None:
        """The first whole second at which at most `left` are used; None where that is so now."""
        user = self._users.get(user_id)
        if user is None or user.after(now - limit.window_s) <= left:
            return None
        return user.opens_at(limit.window_s, left)

    def reserve(self, job_id: str, user_id: str, images: int, at: float) -> None:
        """A job that is known already keeps the reservation it has."""
        if job_id in self._jobs or images < 1:
            return
        self._jobs[job_id] = _Held(user_id, at, images)
        heapq.heappush(self._by_age, (at, job_id))
        self._users.setdefault(user_id, Rolling()).add(at, images)

    def release(self, job_id: str, images: int | None = None) -> int:
        """Give back images of a job, by default all; returns how many it still had to give."""
        held = self._jobs.get(job_id)
        if held is None:
            return 0
        given = held.images if images is None else min(images, held.images)
        if given < 1:
            return 0
        held.images -= given
        if not held.images:
            del self._jobs[job_id]
        user = self._users.get(held.user_id)
        if user is not None:
            user.take(held.at, given)
            if not user:
                del self._users[held.user_id]
        return given

    def drop_old(self, now: float) -> None:
        """Drop a few of the reservations that no window reaches any more."""
        horizon = now - self.keep_s - CLOCK_SLACK_S
        for _ in range(_DROPS_A_TIME):
            if not self._by_age or self._by_age[0][0] > horizon:
                return
            at, job_id = heapq.heappop(self._by_age)
            held = self._jobs.get(job_id)
            if held is None or held.at != at:
                continue
            del self._jobs[job_id]
            user = self._users.get(held.user_id)
            if user is not None:
                user.forget(at)
                if not user:
                    del self._users[held.user_id]
