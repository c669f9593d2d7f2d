"""Devices that take the time that was measured for them, and draw nothing.

Every picture that a device holds advances by one tile a step, and a step takes longer the more
pictures it advances. So a device is a clock of steps that runs at a speed set by how many it holds,
and a picture ends when that clock has advanced by its tiles: O(log slots) for each that comes or
goes, however many tiles it has.
"""

from __future__ import annotations

import heapq
import json
import math
from dataclasses import dataclass
from pathlib import Path

from smalti.errors import InvalidRequest
from smalti.plan.drift import EVEN, Drift


@dataclass(frozen=True)
class FleetSpec:
    """devices: how many, all alike. step_s: seconds of a step with 1, 2, … pictures on a device;
    as many as it has slots. spread: standard deviation of the logarithm of a picture's time, over
    what its tiles say. drift: of their speed, for devices that are not always equally fast.
    """

    devices: int
    step_s: tuple[float, ...]
    spread: float = 0.03
    drift: Drift = EVEN

    @property
    def device_slots(self) -> int:
        return len(self.step_s)

    @property
    def slots(self) -> int:
        return self.devices * self.device_slots

    @property
    def rate(self) -> float:
        """Tile-steps per second with all slots taken."""
        return self.slots / self.step_s[-1]


def even_steps(alone_s: float, full_s: float, slots: int) -> tuple[float, ...]:
    """Step times on a straight line between one picture and a full device."""
    more = (full_s - alone_s) / max(slots - 1, 1)
    return tuple(alone_s + more * i for i in range(slots))


MINI_CPU = FleetSpec(1, even_steps(1.59 / 256, 8 / 2.54 / 256, 8))
"""smalti-mini on two cores, as `bench/mini.py` measured it on 2026-11-22: 1.59 s for one picture
of 256 tiles, 2.54 pictures a second with eight at once."""


def read_fleet(path: Path) -> FleetSpec:
    """`{"devices": 2, "step_s": [0.0062, …], "spread": 0.03}`. Raises InvalidRequest."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        spec = FleetSpec(
            int(told["devices"]),
            tuple(float(step) for step in told["step_s"]),
            float(told.get("spread", 0.0)),
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InvalidRequest(f"{path} describes no fleet: {error!r}.", "fleet") from None
    if spec.devices < 1 or not spec.step_s or min(spec.step_s) <= 0 or not 0 <= spec.spread < 2:
        raise InvalidRequest(
            f"{path} describes no fleet: it needs a device, a step time above zero for each "
            "number of pictures, and a spread from 0 to 2.",
            "fleet",
        )
    return spec


class Device:
    """ends: (the step at which it ends, picture, the device's seconds when it began), a heap.

    steps: how far its clock is. used_s: device-seconds that each picture on it has used since ever.
    """

    __slots__ = ("_at", "_drift", "_step_s", "ends", "number", "steps", "used_s")

    def __init__(self, number: int, spec: FleetSpec) -> None:
        self.number = number
        self.ends: list[tuple[float, int, float]] = []
        self.steps = 0.0
        self.used_s = 0.0
        self._at = 0.0
        self._step_s = spec.step_s
        self._drift = spec.drift

    def put(self, picture: int, steps: float, now: float) -> float:
        """Returns the time at which its next picture ends, if nothing comes or goes before."""
        self._advance(now)
        heapq.heappush(self.ends, (self.steps + steps, picture, self.used_s))
        return self._next_end()

    def take(self, now: float) -> tuple[int, float]:
        """The picture that ends now, and its device-seconds."""
        self._advance(now)
        end, picture, before_s = heapq.heappop(self.ends)
        if end > self.steps:
            self.steps = end
        return picture, self.used_s - before_s

    def cancel(self, picture: int, now: float) -> float:
        """Take a picture off; returns its device-seconds."""
        self._advance(now)
        i = next(i for i, entry in enumerate(self.ends) if entry[1] == picture)
        before_s = self.ends[i][2]
        self.ends[i] = self.ends[-1]
        self.ends.pop()
        heapq.heapify(self.ends)
        return self.used_s - before_s

    def next_end(self, now: float) -> float:
        self._advance(now)
        return self._next_end()

    def _next_end(self) -> float:
        if not self.ends:
            return math.inf
        left_s = (self.ends[0][0] - self.steps) * self._step_s[len(self.ends) - 1]
        return self._drift.end(self._at, left_s)

    def _advance(self, now: float) -> None:
        held = len(self.ends)
        if held and now > self._at:
            self.steps += self._drift.drawn_s(self._at, now) / self._step_s[held - 1]
            self.used_s += (now - self._at) / held
        self._at = now
