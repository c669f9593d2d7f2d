"""Other ways of deciding, as other servers do it: no forecast, no promise, a bare refusal.

fcfs         first come, first served
round_robin  users take turns, a job each
priority     tiers strictly one after another

All have the tiers' static limits (the floor of one that breathes), and a bounded queue.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Literal

from smalti.control.accounts import Accounts, subject_of
from smalti.control.denial import Denial
from smalti.control.nouns import FULL, Admission, Ask, Offer, Reservation, Turn, Wait
from smalti.control.tiers import Tier

Order = Literal["fcfs", "round_robin", "priority"]
_NO_WAIT = Wait(0, (0.0, 0.0), (0.0, 0.0))


class Baseline:
    """A decider. max_waiting: pictures that may wait; the next one is refused."""

    def __init__(self, order: Order, tiers: Mapping[str, Tier], max_waiting: int) -> None:
        self.slots = 0
        self.max_waiting = max_waiting
        self._order = order
        self._tiers = tiers
        limits = [limit for tier in tiers.values() for limit in tier.limits]
        kept = dict.fromkeys((limit.scope, limit.unit) for limit in limits)
        self._accounts = Accounts(kept, max((lim.window_s for lim in limits), default=0))
        self._jobs: dict[str, Ask] = {}
        self._lines: OrderedDict[str, deque[Turn]] = OrderedDict()
        self._heavy = sorted(tiers, key=lambda name: -tiers[name].weight)
        self._running: set[tuple[str, int]] = set()
        self._waiting = 0

    def admit(self, ask: Ask, now: float) -> Admission | Denial:
        for limit in self._tiers[ask.tier].limits:
            subject = subject_of(limit.scope, ask)
            at = self._accounts.opens_at(limit, subject, ask.images, limit.least, now)
            if at is not None:
                return Denial("limit", f"{ask.tier}/{limit.rule}", limit.scope, limit.least, 0)
        if self._waiting + ask.images > self.max_waiting:
            return Denial("capacity", "server/waiting", "server", self.max_waiting, self._waiting)
        held = Reservation(
            ask.job_id, ask.user_id, ask.tier, ask.images, now, ask.org_id, "", ask.region,
            ask.model,
        )  # fmt: skip
        self._accounts.reserve(held)
        self._jobs[ask.job_id] = ask
        return Admission(Offer(FULL, ask.work), "default", held, _NO_WAIT)

    def enqueue(self, job_id: str, now: float) -> None:
        ask = self._jobs[job_id]
        line = self._lines.setdefault(self._line(ask), deque())
        line.extend(Turn(job_id, i) for i in range(ask.images))
        self._waiting += ask.images

    def next(self, now: float) -> Turn | None:
        name = self._due() if len(self._running) < self.slots else None
        if name is None:
            return None
        line = self._lines[name]
        turn = line.popleft()
        if not line:
            del self._lines[name]
        elif self._order == "round_robin":
            self._lines.move_to_end(name)
        self._waiting -= 1
        self._running.add((turn.job_id, turn.index))
        return turn

    def finished(self, job_id: str, index: int, device_s: float, now: float) -> None:
        self._running.discard((job_id, index))

    def withdraw(self, job_id: str, now: float) -> list[int]:
        name = self._line(self._jobs[job_id])
        line = self._lines.get(name, deque())
        left = deque(turn for turn in line if turn.job_id != job_id)
        taken = [turn.index for turn in line if turn.job_id == job_id]
        if left:
            self._lines[name] = left
        else:
            self._lines.pop(name, None)
        self._waiting -= len(taken)
        return taken

    def _line(self, ask: Ask) -> str:
        by = {"fcfs": "", "round_robin": ask.user_id, "priority": ask.tier}
        return by[self._order]

    def _due(self) -> str | None:
        if not self._lines:
            return None
        if self._order == "priority":
            return next(name for name in self._heavy if name in self._lines)
        return next(iter(self._lines))
