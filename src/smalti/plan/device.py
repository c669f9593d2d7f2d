"""Devices that take the time that was measured for them, and draw nothing.

Every picture that a device holds advances by one tile a step, and a step takes longer the more
pictures it advances. So a device is a clock of steps that runs at a speed set by how many it holds,
and a picture ends when that clock has advanced by its tiles: O(log slots) for each that comes or
goes, however many tiles it has.
"""

from __future__ import annotations

import heapq
import math

from smalti.plan.fleet import FleetSpec


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

    def clock_set(self, by_s: float) -> None:
        """Its pictures have been drawn for as long as before."""
        self._at += by_s

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
