"""`Accounts`: what was reserved, by everyone for whom some limit counts it.

An amount is in images, or in whole milliseconds of a device so that sums are exact. A reservation
counts in (now - window, now], and also while it is dated later than now: a clock that was set back
gives nothing away.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable

from smalti.control.bursts import burst_of
from smalti.control.limits import Limit, Unit
from smalti.control.nouns import Ask, Reservation, Scope
from smalti.control.rolling import Rolling

CLOCK_SLACK_S = 86400
"""How far the clock may be set back before use that was already dropped is missed: a machine that
took local time for UTC is wrong by less."""

FIELDS: dict[Scope, str] = {
    "user": "user_id", "key": "key_id", "org": "org_id", "tier": "tier", "region": "region",
    "model": "model",
}  # fmt: skip
"""Where requests and reservations say for whom they count."""
_DROPS_A_TIME = 4

Kept = tuple[Scope, Unit]
Logs = dict[str, Rolling]
"""By whom they are of. None is empty."""


def subject_of(scope: Scope, about: Ask | Reservation) -> str:
    """For whom a limit of this scope counts; empty where that is not known."""
    return str(getattr(about, FIELDS[scope]))


def amount_of(unit: Unit, images: int, device_s: float) -> int:
    return images if unit == "images" else round(device_s * 1000)


def used(log: Rolling | None, limit: Limit, now: float) -> int:
    """What counts of a limit's window; of a burst, images that have not been worked off."""
    if log is None:
        return 0
    if limit.burst is None:
        return log.after(now - limit.window_s)
    return burst_of(log, limit).used(limit.reach_s, now)


def opens_at(log: Rolling | None, limit: Limit, amount: int, most: int, now: float) -> float | None:
    """The first whole second at which `amount` more are within `most`; None: they are now.

    Infinite for more than that.
    """
    if amount > most:
        return math.inf
    if log is None or used(log, limit, now) <= most - amount:
        return None
    if limit.burst is None:
        return log.opens_at(limit.window_s, most - amount)
    return burst_of(log, limit).opens_at(limit.reach_s, most - amount, now)


class Accounts:
    """kept: which sums are kept. keep_s: the furthest that will be looked back.

    What is older than that by CLOCK_SLACK_S is dropped, a few reservations at each new one.
    """

    def __init__(self, kept: Iterable[Kept] = (), keep_s: int = 0) -> None:
        self.keep_s = keep_s
        self._kept: dict[Kept, Logs] = {}
        self._posts: list[tuple[str, bool, Logs]] = []
        self._jobs: dict[str, Reservation] = {}
        self._left: dict[str, tuple[int, float]] = {}
        self._by_age: list[tuple[float, str]] = []
        self.keep(kept)

    def __len__(self) -> int:
        """Reservations that are remembered."""
        return len(self._jobs)

    def keep(self, kept: Iterable[Kept]) -> None:
        """Keep these sums from now on, counting what is remembered."""
        before, self._kept = self._kept, {}
        new = []
        for name in dict.fromkeys(kept):
            logs = before.get(name)
            if logs is None:
                logs = {}
                new.append((FIELDS[name[0]], name[1] == "images", logs))
            self._kept[name] = logs
        self._posts = [(FIELDS[k[0]], k[1] == "images", logs) for k, logs in self._kept.items()]
        if new:
            for held in sorted(self._jobs.values(), key=lambda held: held.at):
                self._post(held, new, 0, self._weight(held))

    def logs(self, scope: Scope, unit: Unit) -> Logs:
        """Of a sum that is kept; the same object for as long as it is."""
        return self._kept[scope, unit]

    def used(self, limit: Limit, subject: str, now: float) -> int:
        return used(self.logs(limit.scope, limit.unit).get(subject), limit, now)

    def opens_at(
        self, limit: Limit, subject: str, amount: int, most: int, now: float
    ) -> float | None:
        """See `accounts.opens_at`; None for who is unknown."""
        if not subject:
            return None
        return opens_at(self.logs(limit.scope, limit.unit).get(subject), limit, amount, most, now)

    # --- what happens ---

    def reserve(self, held: Reservation) -> None:
        """A job that is known already keeps the reservation it has."""
        job_id, at = held.job_id, held.at
        if job_id in self._jobs or held.images < 1 or not self._posts:
            return
        self._jobs[job_id] = held
        heapq.heappush(self._by_age, (at, job_id))
        for field, of_images, logs in self._posts:
            subject = getattr(held, field)
            amount = held.images if of_images else round(held.device_s * 1000)
            if subject and amount:
                log = logs.get(subject)
                if log is None:
                    log = logs[subject] = Rolling()
                log.add(at, amount)

    def release(self, job_id: str, images: int | None = None) -> int:
        """Give back images of a job, by default all; returns how many it still had to give.

        Its device-seconds go in the same proportion.
        """
        held = self._jobs.get(job_id)
        if held is None:
            return 0
        left, device_s = self._left.get(job_id, (held.images, held.device_s))
        given = left if images is None else min(images, left)
        if given < 1:
            return 0
        self._change(held, left - given, device_s * (left - given) / left)
        if given == left:
            del self._jobs[job_id]
            self._left.pop(job_id, None)
        return given

    def settle(self, job_id: str, device_s: float) -> None:
        """What a job used in all, in place of what it was expected to use; images that were given
        back used nothing."""
        held = self._jobs.get(job_id)
        if held is not None:
            self._change(held, self._left.get(job_id, (held.images, 0.0))[0], device_s)

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
            self._left.pop(job_id, None)
            for field, _, logs in self._posts:
                subject = getattr(held, field)
                log = logs.get(subject)
                if log is not None:
                    log.forget(at)
                    if not log:
                        del logs[subject]

    # --- within ---

    def _weight(self, held: Reservation) -> tuple[int, int]:
        """Images and milliseconds that a job counts for."""
        images, device_s = self._left.get(held.job_id, (held.images, held.device_s))
        return images, amount_of("device_s", images, device_s)

    def _change(self, held: Reservation, images: int, device_s: float) -> None:
        before = self._weight(held)
        self._left[held.job_id] = images, device_s
        after = self._weight(held)
        for i in (0, 1):
            if after[i] != before[i]:
                posts = [post for post in self._posts if post[1] == (i == 0)]
                self._post(held, posts, before[i], after)

    def _post(
        self, held: Reservation, posts: list[tuple[str, bool, Logs]], before: int,
        weight: tuple[int, int],
    ) -> None:  # fmt: skip
        """Count a job for its weight where it counted for `before`."""
        for field, of_images, logs in posts:
            subject = getattr(held, field)
            more = weight[0 if of_images else 1] - before
            if not subject or not more:
                continue
            log = logs.get(subject)
            if more > 0:
                if log is None:
                    log = logs[subject] = Rolling()
                log.add(held.at, more)
            elif log is not None:
                log.take(held.at, -more)
                if not log:
                    del logs[subject]
