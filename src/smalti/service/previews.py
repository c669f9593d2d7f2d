"""`Previews`: what a change of the policy would have done to the last hour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from smalti.config import Settings
from smalti.control.controller import Controller
from smalti.control.policy import Policy
from smalti.errors import Unavailable
from smalti.fleet.backend import DeviceState
from smalti.models.facts import ModelFacts
from smalti.plan.fleet import MINI_CPU, FleetSpec
from smalti.plan.preview import Comparison, compare
from smalti.plan.rungs import WorkRatios
from smalti.service.books import Books
from smalti.service.child import Child
from smalti.service.demanded import period_of
from smalti.service.policies import Cause, Policies
from smalti.service.policy_changes import differences
from smalti.store import console_reads
from smalti.store.database import read_once

REQUESTS_MAX = 20_000
BEFORE_MAX = 500_000
PATIENCE_S = 60.0
WHY = "A preview."


@dataclass(frozen=True)
class Fleet:
    """measured: whether its pace was; else it is that of smalti-mini on two cores."""

    spec: FleetSpec
    measured: bool


@dataclass(frozen=True)
class Reckoned:
    """since: when the first request came that was decided again. capped: whether more had come.

    admitted, denied: requests, as they really were.
    """

    comparison: Comparison
    since: float
    capped: bool
    admitted: int
    denied: int


@dataclass(frozen=True)
class Preview:
    """differences: what the two policies say differently."""

    reckoned: Reckoned
    until: float
    fleet: Fleet
    differences: Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """What the other process is asked. url: of the database. works, ratios: as `period_of` takes
    them."""

    url: str
    since: float
    until: float
    before: Policy
    after: Policy
    spec: FleetSpec
    max_waiting: int
    default_tier: str
    works: Mapping[str, float]
    ratios: WorkRatios


class Previews:
    """One at a time, in a process of its own. A change is read as if it were made.

    url: of the database. patience_s: after it, a preview is given up.
    """

    def __init__(
        self,
        books: Books,
        policies: Policies,
        url: str,
        settings: Settings,
        models: Mapping[str, ModelFacts],
        devices: Callable[[], Sequence[DeviceState]],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._books = books
        self._policies = policies
        self._url = url
        self._settings = settings
        self._works = {name: float(model.grids[0].tiles) for name, model in models.items()}
        self._ratios = {name: model.rung_work for name, model in models.items()}
        self._devices = devices
        self.patience_s = patience_s
        self._turn = asyncio.Lock()
        self._child: Child | None = None
        self._closed = False

    async def preview(
        self, change: Callable[[Cause], Policy], minutes: int, if_version: int | None = None
    ) -> Preview:
        """change: makes it, for the cause that it is given, which is a trial.

        Raises what the change raises; Unavailable.
        """
        before = self._policies.current()
        after = await asyncio.to_thread(change, Cause("", WHY, if_version, trial=True))
        until = self._books.now()
        fleet = fleet_now(self._books.controller, self._devices())
        question = Question(
            self._url,
            until - 60.0 * minutes,
            until,
            before,
            after,
            fleet.spec,
            self._settings.max_waiting,
            self._settings.default_tier,
            self._works,
            self._ratios,
        )
        reckoned = await self._ask(question)
        return Preview(reckoned, until, fleet, differences(before.written(), after.written()))

    async def _ask(self, question: Question) -> Reckoned:
        async with self._turn:
            if self._closed:
                raise Unavailable("The server is stopping.")
            child = self._child = self._child or Child()
            try:
                async with asyncio.timeout(self.patience_s):
                    return await child.run(reckon, question)
            except TimeoutError:
                self._end_child()
                raise Unavailable(
                    f"The preview took longer than {self.patience_s:g} s and was given up. Ask for "
                    "fewer minutes."
                ) from None
            except BrokenProcessPool as error:
                self._end_child()
                raise Unavailable(
                    f"The process that makes previews has ended ({error}). Try again; look whether "
                    "the machine is short of memory if it ends again."
                ) from None

    def close(self) -> None:
        self._closed = True
        self._end_child()

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.end()
        self._child = None


def fleet_now(controller: Controller, devices: Sequence[DeviceState]) -> Fleet:
    """Devices that are all alike as they are, others as one with all their slots."""
    slots = [device.slots for device in devices if device.state == "ready" and device.slots]
    slots = slots or [device.slots for device in devices if device.slots] or [1]
    alike = len(set(slots)) == 1
    count, each = (len(slots), slots[0]) if alike else (1, sum(slots))
    known = controller.step_s()
    if known:
        steps = [known[min(held * count, len(known)) - 1] for held in range(1, each + 1)]
    else:
        alone_s, full_s = MINI_CPU.step_s[0], MINI_CPU.step_s[-1]
        more_s = (full_s - alone_s) / (len(MINI_CPU.step_s) - 1)
        steps = [alone_s + more_s * held for held in range(each)]
    return Fleet(FleetSpec(count, tuple(steps), spread=0.0), bool(known))


def reckon(question: Question) -> Reckoned:
    """Runs in the other process. Raises StoreUnavailable."""
    policies = (question.before, question.after)
    reach_s = max(Controller(policy, 1).keep_s for policy in policies)
    past = read_once(
        question.url,
        lambda c: console_reads.past(
            c, question.since, question.until, reach_s, REQUESTS_MAX, BEFORE_MAX
        ),
    )
    period = period_of(past, question.until, question.before, question.works, question.ratios)
    comparison = compare(
        period,
        *policies,
        fleet=question.spec,
        max_waiting=question.max_waiting,
        default_tier=question.default_tier,
    )
    return Reckoned(comparison, past.since, past.capped, len(past.admitted), len(past.denied))
