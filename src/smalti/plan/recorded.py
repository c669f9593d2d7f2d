"""A recorded live run, drawn once more by a simulated fleet.

`control.recording` tells a new controller all that the recorded one was told, and finds the same
decisions. Here only who came when, and who went away, is taken from the recording. What the fleet
does is simulated, so what agrees says how well the fleet is described.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smalti.control.controller import Controller
from smalti.control.nouns import Admission
from smalti.control.recording import Agreement, Entry, ask_of, decided, told_again
from smalti.errors import InvalidRequest
from smalti.plan.device import Device
from smalti.plan.fleet import FleetSpec

_AS_THEY_COME = ("begin", "policy", "recall", "restore", "recount", "adopt")
_HOW = 3
"""Of a decision, what is compared: whether, by which rung or kind, and how or by which rule."""


def read_recording(path: Path) -> Iterator[Entry]:
    """The entries of a file, which may still be written. Raises InvalidRequest."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith("\n"):
                    return  # the rest of it is not there: the server goes on, or was killed
                entry = json.loads(line)
                if not isinstance(entry, dict) or "do" not in entry:
                    raise ValueError(f"line {number} is no entry")
                yield entry
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidRequest(
            f"{path} cannot be read as a recording: {reason}.", "recorded"
        ) from None


def waits_of(entries: Iterable[Entry]) -> dict[str, float]:
    """Seconds from each job's admission until its first picture got a slot."""
    admitted: dict[str, float] = {}
    waits: dict[str, float] = {}
    for entry in entries:
        if entry["do"] == "clock_set":
            admitted = {job_id: at + entry["by_s"] for job_id, at in admitted.items()}
        elif entry["do"] == "admit":
            admitted[entry["ask"]["job_id"]] = entry["now"]
        elif entry["do"] == "next" and entry["decided"][0] in admitted:
            waits.setdefault(entry["decided"][0], entry["now"] - admitted[entry["decided"][0]])
    return waits


def controller_after(entries: Iterable[Entry]) -> Controller:
    """A controller that was told all of a recording. Raises ValueError for what is none."""
    control = None
    for entry in entries:
        control, _ = told_again(control, entry)
    if control is None:
        raise ValueError("A recording begins with 'begin', and this one is empty")
    return control


@dataclass
class Arrivals:
    """What came of them. waits_s: until each admitted job's first picture got a slot."""

    agreement: Agreement
    waits_s: dict[str, float]


@dataclass
class _Job:
    """work: tile-steps of each picture, as it is served."""

    work: float
    images: int
    admitted_at: float
    left: int
    device_s: float = 0.0
    running: set[int] = field(default_factory=set)


def replay_arrivals(entries: Iterable[Entry], fleet: FleetSpec, seed: int = 0) -> Arrivals:
    """Decide anew about all that came, while `fleet` draws what is admitted.

    A decision agrees if a request is served on the same rung and in the same way, or refused by
    the same rule. Raises ValueError for what is no recording.
    """
    return _Replay(fleet, seed).run(list(entries))


class _Replay:
    def __init__(self, fleet: FleetSpec, seed: int) -> None:
        self._fleet = fleet
        self._dice = random.Random(seed)
        self._control: Controller | None = None
        self._begin()
        self.waits_s: dict[str, float] = {}

    def _begin(self) -> None:
        self._devices = [Device(i, self._fleet) for i in range(self._fleet.devices)]
        self._ends = [math.inf] * self._fleet.devices
        self._jobs: dict[str, _Job] = {}
        self._at: dict[int, tuple[str, int, Device]] = {}
        self._number = 0

    def run(self, entries: Sequence[Entry]) -> Arrivals:
        left = _left_early(entries)
        decisions = same = 0
        difference = None
        now = 0.0
        for entry in entries:
            now = max(now, float(entry.get("now", now)))
            self._draw_until(now)
            do = entry["do"]
            if do == "clock_set":
                self._clock_set(entry["by_s"])
                now += entry["by_s"]
            elif do in _AS_THEY_COME:
                self._control, _ = told_again(self._control, entry)
                self._control.slots = self._fleet.slots
                if do == "begin":
                    self._begin()
            elif do == "admit":
                again = self._admit(entry, now)
                decisions += 1
                if again == entry["decided"][:_HOW]:
                    same += 1
                elif difference is None:
                    difference = (decisions, entry["decided"], again)
            elif do == "retract" or (do == "withdraw" and entry["job_id"] in left):
                self._withdraw(entry["job_id"], now)
            elif do == "refund" and self._control is not None:
                self._control.refund(entry["job_id"], entry["images"], now)
            elif do == "enqueue" and self._control is not None and "/" in entry["job_id"]:
                self._control, _ = told_again(self._control, entry)
            self._fill(now)
        return Arrivals(Agreement(decisions, same, difference), self.waits_s)

    def _clock_set(self, by_s: float) -> None:
        """Nobody has waited longer for it, and nothing more is drawn."""
        self._begun().clock_set(by_s)
        self._ends = [at + by_s for at in self._ends]
        for device in self._devices:
            device.clock_set(by_s)
        for job in self._jobs.values():
            job.admitted_at += by_s

    def _admit(self, entry: Entry, now: float) -> list[Any]:
        control = self._begun()
        ask = ask_of(entry["ask"])
        outcome = control.admit(ask, now)
        if isinstance(outcome, Admission):
            self._jobs[ask.job_id] = _Job(outcome.offer.work, ask.images, now, ask.images)
            control.enqueue(ask.job_id, now)
        return decided(outcome)[:_HOW]

    def _withdraw(self, job_id: str, now: float) -> None:
        control, job = self._begun(), self._jobs.pop(job_id, None)
        if job is None:
            return
        control.withdraw(job_id, now)
        for key, (its, index, device) in list(self._at.items()):
            if its == job_id:
                del self._at[key]
                job.device_s += (used_s := device.cancel(key, now))
                self._ends[device.number] = device.next_end(now)
                control.finished(job_id, index, used_s, now)
        control.settle(job_id, job.device_s)

    def _draw_until(self, now: float) -> None:
        while (at := min(self._ends)) <= now:
            number = self._ends.index(at)
            device = self._devices[number]
            key, device_s = device.take(at)
            self._ends[number] = device.next_end(at)
            job_id, index, _ = self._at.pop(key)
            control, job = self._begun(), self._jobs.get(job_id)
            control.finished(job_id, index, device_s, at)
            if job is not None:
                job.device_s += device_s
                job.left -= 1
                if not job.left:
                    control.settle(job_id, job.device_s)
                    del self._jobs[job_id]
            self._fill(at)

    def _fill(self, now: float) -> None:
        if self._control is None:
            return
        while (turn := self._control.next(now)) is not None:
            job = self._jobs.get(turn.job_id)
            if job is not None:
                self.waits_s.setdefault(turn.job_id, now - job.admitted_at)
            steps = job.work if job is not None else 1.0
            if self._fleet.spread:
                steps *= self._dice.lognormvariate(0.0, self._fleet.spread)
            device = min(self._devices, key=lambda device: len(device.ends))
            self._number += 1
            self._at[self._number] = (turn.job_id, turn.index, device)
            self._ends[device.number] = device.put(self._number, steps, now)

    def _begun(self) -> Controller:
        if self._control is None:
            raise ValueError("A recording begins with 'begin'.")
        return self._control


def _left_early(entries: Iterable[Entry]) -> set[str]:
    """Jobs that were withdrawn before all of their pictures were drawn."""
    undrawn: Counter[str] = Counter()
    left = set()
    for entry in entries:
        if entry["do"] == "admit" and entry["decided"][0] == "admitted":
            undrawn[entry["ask"]["job_id"]] = entry["ask"]["images"]
        elif entry["do"] == "finished":
            undrawn[entry["job_id"]] -= 1
        elif entry["do"] == "withdraw" and undrawn[entry["job_id"]] > 0:
            left.add(entry["job_id"])
    return left
