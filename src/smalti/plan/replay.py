"""`replay`: a demand, a fleet and a decider on a virtual clock.

A million requests pass here, so the loop keeps to lists and tuples, and the garbage collector rests
meanwhile: nothing that it or the controller drops refers to itself.
"""

from __future__ import annotations

import gc
import heapq
import random
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from smalti.control.denial import Denial
from smalti.control.nouns import Admission, Ask, Offer, Turn
from smalti.plan.clients import SDKS, Refusal, Sdk, next_attempt, refusal_of
from smalti.plan.demand import Demand, Row
from smalti.plan.device import Device
from smalti.plan.fleet import FleetSpec

START = 1_800_000_000.0
"""When the virtual clock begins, as Unix time."""
NEVER = -1.0

_ARRIVES, _ENDS, _GIVES_UP = 0, 1, 2


class Decider(Protocol):
    """What of the controller a replay needs."""

    slots: int

    def admit(self, ask: Ask, now: float) -> Admission | Denial: ...
    def enqueue(self, job_id: str, now: float) -> None: ...
    def next(self, now: float) -> Turn | None: ...
    def finished(self, job_id: str, index: int, device_s: float, now: float) -> None: ...
    def withdraw(self, job_id: str, now: float) -> list[int]: ...


def _column(n: int) -> array[float]:
    return array("d", [NEVER]) * n


@dataclass
class Outcome:
    """What became of each request, by its place in the demand. Times are seconds from the start;
    NEVER where it did not happen.

    admitted_s, started_s (its last picture), finished_s. told_start_s, told_finish_s: p50 and p90,
    as told when it was admitted; so is its position. rule: that refused it, the last time.
    attempts: of its client. given_up: whose clients went away after they were admitted, and when.
    flex: those that are served as flex, with no promise. begun, begun_s,
    begun_work: requests of the pictures that got slots, when, and their tile-steps as served, in
    turn.
    """

    demand: Demand
    fleet: FleetSpec
    admitted_s: array[float]
    started_s: array[float]
    finished_s: array[float]
    device_s: array[float]
    told_start_s: tuple[array[float], array[float]]
    told_finish_s: tuple[array[float], array[float]]
    position: list[int] = field(default_factory=list)
    drawn: list[int] = field(default_factory=list)
    rule: list[str] = field(default_factory=list)
    rung: list[str] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    given_up: dict[int, float] = field(default_factory=dict)
    flex: set[int] = field(default_factory=set)
    begun: array[int] = field(default_factory=lambda: array("q"))
    begun_s: array[float] = field(default_factory=lambda: array("d"))
    begun_work: array[float] = field(default_factory=lambda: array("d"))


def replay(
    demand: Demand,
    fleet: FleetSpec,
    decider: Decider,
    *,
    seed: int = 0,
    bare: Refusal | None = None,
    offers: Callable[[Row], tuple[Offer, ...]] | None = None,
    takes_flex: float = 0.0,
    sdks: Sequence[Sdk] = SDKS,
    leaves: Mapping[int, float] | None = None,
    start: float = START,
) -> Outcome:
    """bare: what every refusal says, where the decider says nothing to clients.

    offers: what may be served in place of a request, for deciders that have a ladder; what its row
    says if left out. takes_flex:
    part of those who are offered `flex` in place of a refusal that take it. sdks: of the clients,
    in turn. leaves: seconds after which the client of a request goes away without having said so.
    start: when the clock begins; the fleet's drift is on the same clock.
    """
    loop = Loop(demand, fleet, decider, seed, bare, offers, takes_flex, start)
    loop.sdks, loop.leaves = sdks, leaves or {}
    collects = gc.isenabled()
    gc.disable()
    try:
        return loop.run()
    finally:
        if collects:
            gc.enable()


class Loop:
    """A replay that goes on; see `replay`."""

    def __init__(
        self,
        demand: Demand,
        fleet: FleetSpec,
        decider: Decider,
        seed: int,
        bare: Refusal | None,
        offers: Callable[[Row], tuple[Offer, ...]] | None,
        takes_flex: float = 0.0,
        start: float = START,
    ) -> None:
        n = len(demand.rows)
        self.start = start
        self.sdks: Sequence[Sdk] = SDKS
        self.leaves: Mapping[int, float] = {}
        self.rows: Sequence[Row] = demand.rows
        self.decider = decider
        self.bare = bare
        self.offers = offers
        self.takes_flex = takes_flex
        self.dice = random.Random(seed)
        self.spread = fleet.spread
        its = replace(fleet, drift=fleet.drift.since(start))
        self.devices = [Device(i, its) for i in range(fleet.devices)]
        self.slots = fleet.device_slots
        self.versions = [0] * fleet.devices
        self.room = [(0, i) for i in range(fleet.devices)]
        self.free = fleet.slots
        self.events: list[tuple[float, int, int, int, int]] = []
        self.number = 0
        self.work: dict[int, float] = {}
        self.at: dict[int, tuple[int, int]] = {}
        decider.slots = fleet.slots
        self.out = Outcome(
            demand, fleet, _column(n), _column(n), _column(n), array("d", bytes(8 * n)),
            (_column(n), _column(n)), (_column(n), _column(n)),
            [0] * n, [0] * n, [""] * n, [""] * n, [0] * n,
        )  # fmt: skip

    def run(self, first: int = 0) -> Outcome:
        """first: of the requests that are still to come."""
        rows, events, n, i = self.rows, self.events, len(self.rows), first
        next_arrival = rows[i].arrival_s if i < n else float("inf")
        while i < n or events:
            if events and (i >= n or events[0][0] < next_arrival):
                now, _, kind, what, version = heapq.heappop(events)
                if kind == _ENDS:
                    if self.versions[what] == version:
                        self.ends(what, now)
                elif kind == _ARRIVES:
                    self.arrives(what, now)
                else:
                    self.gives_up(what, now)
            else:
                self.arrives(i, next_arrival)
                i += 1
                if i < n:
                    next_arrival = rows[i].arrival_s
        return self.out

    def plan(self, at: float, kind: int, what: int, version: int = 0) -> None:
        self.number += 1
        heapq.heappush(self.events, (at, self.number, kind, what, version))

    def arrives(self, i: int, now: float) -> None:
        row, out, decider = self.rows[i], self.out, self.decider
        out.attempts[i] += 1
        job_id = str(i)
        ask = Ask(
            job_id, row.user, row.org, row.tier, row.images, row.work,
            row.key, row.region, row.model, row.service,  # type: ignore[arg-type]
            row.offers if self.offers is None else self.offers(row), row.patience_s, row.features,
        )  # fmt: skip
        patience_s = row.patience_s
        outcome = decider.admit(ask, self.start + now)
        if isinstance(outcome, Denial) and outcome.options and self.takes_flex:
            flex = any(option.what == "flex" for option in outcome.options)
            if flex and self.dice.random() < self.takes_flex:
                again = replace(ask, service="flex", offers=(), patience_s=None)
                taken = decider.admit(again, self.start + now)
                if isinstance(taken, Admission):
                    outcome, patience_s = taken, None
        if isinstance(outcome, Denial):
            out.rule[i] = outcome.rule
            refusal = self.bare or refusal_of(outcome, self.start + now)
            wait_s = next_attempt(
                self.sdks[i % len(self.sdks)], refusal, out.attempts[i], self.dice.random()
            )
            if wait_s is not None:
                self.plan(now + wait_s, _ARRIVES, i)
            return
        out.rule[i] = ""
        out.admitted_s[i] = now
        out.rung[i] = outcome.offer.rung
        if outcome.service == "flex":
            out.flex.add(i)
        wait = outcome.wait
        out.told_start_s[0][i], out.told_start_s[1][i] = wait.start_s
        out.told_finish_s[0][i], out.told_finish_s[1][i] = wait.finish_s
        out.position[i] = wait.position
        self.work[i] = outcome.offer.work
        decider.enqueue(job_id, self.start + now)
        if patience_s is not None:
            self.plan(now + patience_s, _GIVES_UP, i)
        if i in self.leaves:
            self.plan(max(now, row.arrival_s + self.leaves[i]), _GIVES_UP, i)
        if self.free:
            self.fill(now)

    def fill(self, now: float, changed: tuple[int, ...] = ()) -> None:
        """Give out the free slots. changed: devices that hold other pictures than before."""
        decider, ends = self.decider, set(changed)
        while self.free:
            turn = decider.next(self.start + now)
            if turn is None:
                break
            i = int(turn.job_id)
            steps = self.work[i]
            self.out.started_s[i] = now
            self.out.begun.append(i)
            self.out.begun_s.append(now)
            self.out.begun_work.append(steps)
            if self.spread:
                steps *= self.dice.lognormvariate(0.0, self.spread)
            device = self.device()
            self.free -= 1
            key = i * 16 + turn.index
            self.at[key] = (device.number, turn.index)
            device.put(key, steps, now)
            heapq.heappush(self.room, (len(device.ends), device.number))
            ends.add(device.number)
        for number in ends:
            self.versions[number] += 1
            if self.devices[number].ends:
                end = self.devices[number].next_end(now)
                self.plan(end, _ENDS, number, self.versions[number])

    def device(self) -> Device:
        """The one that holds the fewest pictures."""
        while True:
            held, number = heapq.heappop(self.room)
            device = self.devices[number]
            if len(device.ends) == held:
                return device

    def ends(self, number: int, now: float) -> None:
        device = self.devices[number]
        key, device_s = device.take(now)
        self.left(device, key)
        i, index = key >> 4, key & 15
        out = self.out
        out.device_s[i] += device_s
        out.drawn[i] += 1
        if out.drawn[i] == self.rows[i].images:
            out.finished_s[i] = now
            del self.work[i]
        self.decider.finished(str(i), index, device_s, self.start + now)
        self.fill(now, (number,))

    def left(self, device: Device, key: int) -> None:
        del self.at[key]
        self.free += 1
        heapq.heappush(self.room, (len(device.ends), device.number))

    def gives_up(self, i: int, now: float) -> None:
        """Its client has waited long enough, and is gone."""
        if i not in self.work:
            return
        self.out.given_up[i] = now
        self.decider.withdraw(str(i), self.start + now)
        held = {key: self.at[key][0] for key in range(i * 16, i * 16 + 16) if key in self.at}
        for key, number in held.items():
            device = self.devices[number]
            device_s = device.cancel(key, now)
            self.left(device, key)
            self.decider.finished(str(i), key & 15, device_s, self.start + now)
        del self.work[i]
        self.fill(now, tuple(held.values()))
