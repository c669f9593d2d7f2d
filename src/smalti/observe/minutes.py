"""`Minutes`: what happened in each of the last minutes, in memory that does not grow.

No clock and no disk: the time is passed in. Only the newest minute knows when it was, and the
others stand before it without gaps. So a clock that is set back moves them all along, and nothing
is counted twice or lost.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field

MINUTE_S = 60
KEPT = 180
NAMES = 200
"""Tiers, rules or rungs that are told apart within a minute; any more count as OTHER."""
OTHER = "other"

_LEAST_S = 0.01
_FINE = 16
_LONGEST = 400


class Waits:
    """How often one waited how long, each known to about two hundredths of it.

    A wait under _LEAST_S counts as none.
    """

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        at = 0
        if seconds >= _LEAST_S:
            at = min(1 + int(_FINE * math.log2(seconds / _LEAST_S)), _LONGEST)
        self._counts[at] += 1

    def merge(self, other: Waits) -> None:
        self._counts.update(other._counts)

    def quantile(self, q: float) -> float | None:
        """Seconds that a part `q` of them did not exceed; None where nobody waited."""
        rank = max(math.ceil(q * self._counts.total()), 1)
        for at in sorted(self._counts):
            rank -= self._counts[at]
            if rank <= 0:
                return float(_LEAST_S * 2 ** ((at - 0.5) / _FINE)) if at else 0.0
        return None


@dataclass(slots=True)
class Tally:
    """Requests and jobs of a tier. kept, broken: promises, of jobs whose last picture has begun."""

    admitted: int = 0
    denied: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    kept: int = 0
    broken: int = 0
    waits: Waits = field(default_factory=Waits)

    def merge(self, other: Tally) -> None:
        for name in ("admitted", "denied", "succeeded", "failed", "cancelled", "kept", "broken"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.waits.merge(other.waits)


@dataclass(slots=True)
class Minute:
    """at: Unix time at which it began, set when it is told.

    replies: 5xx that are no refusals and no failures of jobs. waiting, slots, load: the most that
    was seen; looks: how often one looked; busy_sum: busy slots, of all looks.
    """

    at: int = 0
    tiers: dict[str, Tally] = field(default_factory=dict)
    rungs: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    replies: int = 0
    tiles: int = 0
    device_s: float = 0.0
    waiting: int = 0
    slots: int = 0
    load: float = 0.0
    looks: int = 0
    busy_sum: int = 0

    @property
    def busy(self) -> float:
        """Slots that drew, on average."""
        return self.busy_sum / self.looks if self.looks else 0.0

    @property
    def errors(self) -> int:
        return self.replies + sum(tally.failed for tally in self.tiers.values())

    def tally(self, tier: str) -> Tally:
        name = _named(self.tiers, tier)
        return self.tiers.setdefault(name, Tally())

    def whole(self) -> Tally:
        """Of all tiers together."""
        one = Tally()
        for tally in self.tiers.values():
            one.merge(tally)
        return one

    def merge(self, other: Minute) -> None:
        for tier, tally in other.tiers.items():
            self.tally(tier).merge(tally)
        for mine, its in ((self.rungs, other.rungs), (self.rules, other.rules)):
            for name, n in its.items():
                mine[_named(mine, name)] += n
        self.replies += other.replies
        self.tiles += other.tiles
        self.device_s += other.device_s
        self.waiting = max(self.waiting, other.waiting)
        self.slots = max(self.slots, other.slots)
        self.load = max(self.load, other.load)
        self.looks += other.looks
        self.busy_sum += other.busy_sum


class Minutes:
    """keep: how many minutes are kept. now: Unix seconds; counting begins then."""

    def __init__(self, now: float, keep: int = KEPT) -> None:
        self._begun = now
        self._newest = int(now // MINUTE_S)
        self._ring: deque[Minute] = deque([Minute()], maxlen=keep)

    @property
    def since(self) -> float:
        """When counting began, as the clock is set now."""
        return self._begun

    def at(self, now: float) -> Minute:
        """The minute in which something happens.

        A clock that is behind by less than a minute is waited for: it may be a correction.
        """
        number = int(now // MINUTE_S)
        if number < self._newest and self._newest * MINUTE_S - now > MINUTE_S:
            self._begun -= (self._newest - number) * MINUTE_S
            self._newest = number
        elif number > self._newest:
            for _ in range(min(number - self._newest, self._ring.maxlen or 0)):
                self._ring.append(Minute())
            self._newest = number
        return self._ring[-1]

    def last(self, count: int, now: float) -> list[Minute]:
        """The last minutes, oldest first, with the one that goes on; as many as there were."""
        self.at(now)
        minutes = list(self._ring)[-count:]
        for off, minute in enumerate(reversed(minutes)):
            minute.at = (self._newest - off) * MINUTE_S
        return minutes

    def total(self, count: int, now: float) -> Minute:
        """The last minutes as one."""
        one = Minute()
        for minute in self.last(count, now):
            one.merge(minute)
        return one

    def tiles_per_s(self, now: float) -> float:
        """Over the last minute: of the minute before this one, the part that belongs to it."""
        this = self.at(now)
        passed_s = min(max(now - self._newest * MINUTE_S, 0.0), float(MINUTE_S))
        before = self._ring[-2].tiles if len(self._ring) > 1 else 0
        tiles = this.tiles + before * (1 - passed_s / MINUTE_S)
        counted_s = max(now - self._begun, 1.0)
        return float(tiles / min(counted_s, MINUTE_S))

    # --- what happens ---

    def admitted(self, tier: str, rung: str, now: float) -> None:
        minute = self.at(now)
        minute.tally(tier).admitted += 1
        minute.rungs[_named(minute.rungs, rung)] += 1

    def denied(self, tier: str, rule: str, now: float) -> None:
        minute = self.at(now)
        minute.tally(tier).denied += 1
        minute.rules[_named(minute.rules, rule)] += 1

    def ended(self, tier: str, outcome: str, now: float) -> None:
        """outcome: succeeded, failed or cancelled."""
        tally = self.at(now).tally(tier)
        setattr(tally, outcome, getattr(tally, outcome) + 1)

    def waited(self, tier: str, seconds: float, now: float) -> None:
        self.at(now).tally(tier).waits.add(seconds)

    def promise(self, tier: str, kept: bool, now: float) -> None:
        tally = self.at(now).tally(tier)
        tally.kept += kept
        tally.broken += not kept

    def drew(self, tiles: int, device_s: float, now: float) -> None:
        minute = self.at(now)
        minute.tiles += tiles
        minute.device_s += device_s

    def reply_failed(self, now: float) -> None:
        self.at(now).replies += 1

    def saw(self, waiting: int, busy: int, slots: int, load: float, now: float) -> None:
        """How it stands at this moment."""
        minute = self.at(now)
        minute.waiting = max(minute.waiting, waiting)
        minute.slots = max(minute.slots, slots)
        minute.load = max(minute.load, load)
        minute.looks += 1
        minute.busy_sum += busy


def _named(table: dict[str, Tally] | Counter[str], name: str) -> str:
    return name if name in table or len(table) < NAMES else OTHER
