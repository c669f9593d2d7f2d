"""`Told`: what was told of waits, and how far from it they came true.

Errors are relative to what was foreseen until the end, and tracked for each kind of job by itself;
what is told next is corrected with them.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from smalti.control.conformal import Quantiles
from smalti.control.nouns import is_flex

LEVELS = (0.5, 0.9, 0.95)
_FIRST, _TRUST = (0.0, 0.5, 0.8), 10
"""Errors of forecasts at these levels, about what they are when a crowd comes; as if so many had
been seen, for those that are overdue are known sooner than those that are not."""
_FIRST_FAR, _TRUST_FAR = (0.0, 8.0, 18.0), 50
"""And of those in flex that hang on how long it stays; as if so many had been seen. Those of them
that end first are those that were told too long, so haste would learn from those alone."""
Kind = tuple[str, bool, bool, bool]
"""A class, whether the job waits, whether it does behind others of its own user, and whether it
hangs on what is hard to foresee: in flex on how long the crowd stays, else on deadlines, by which
others go before it."""


@dataclass(slots=True)
class Errors:
    """Of forecasts of a kind, over what was foreseen until the end."""

    start: Quantiles
    finish: Quantiles


@dataclass(slots=True)
class Raw:
    """A forecast before it is corrected. Seconds from when it was made.

    position: waiting pictures that would be named before its next one if nobody came.
    start_s, last_s: until the job's next picture gets a slot, and its last one. step_s, drawing_s:
    in its slot, a tile-step's time and a picture's. late_s: for how much longer each tile-step
    before it keeps it waiting. waits: whether there is no slot for it at once. errors: with which
    it is corrected. unaided_s, unaided: last_s and errors if no deadline of its class were looked
    at.
    told: the errors that were allowed for in the p90 of its start and of its end; missed: whether
    those have passed before it began, and ended. medians: of errors of both, as they were then.
    within_s: until its deadline, where that brings it to its turn whatever comes; not above zero
    once that has passed. by_deadline: whether its p90 is that time; then it is kept by other means,
    and says nothing of how wide an interval must be. guessed: whether it was made before anything
    was measured.
    """

    position: int
    start_s: float
    last_s: float
    step_s: float
    drawing_s: float
    late_s: float
    waits: bool
    errors: Errors
    unaided_s: float
    unaided: Errors
    told: tuple[float, float] = (0.0, 0.0)
    medians: tuple[float, float] = (0.0, 0.0)
    began: bool = False
    ended: bool = False
    missed: tuple[bool, bool] = (False, False)
    within_s: float = math.inf
    by_deadline: bool = False
    guessed: bool = False

    def scale(self, by: float) -> None:
        """All of it takes so many times as long as was guessed."""
        self.guessed = False
        self.start_s, self.last_s = self.start_s * by, self.last_s * by
        self.unaided_s *= by
        self.step_s, self.drawing_s = self.step_s * by, self.drawing_s * by

    def again(self, work: float) -> Raw:
        """The same for another job of one picture, of so much work."""
        return Raw(
            self.position, self.start_s, self.last_s, self.step_s, self.step_s * work, self.late_s,
            self.waits, self.errors, self.unaided_s, self.unaided,
        )  # fmt: skip


Written = list[str | bool | list[float]]
"""Of a kind: what it is, and the quantiles of its errors."""


def read_errors(written: Iterable[Sequence[Any]]) -> dict[Kind, Errors]:
    """What `Told.written` wrote. Raises ValueError or TypeError for anything else."""
    return {
        (str(name), bool(waits), bool(behind), bool(far)):
            Errors(Quantiles.read(LEVELS, start), Quantiles.read(LEVELS, finish))
        for name, waits, behind, far, start, finish in written
    }  # fmt: skip


class Told:
    """Of every forecast that somebody was told."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, bool, Raw]] = []
        self._number = count()
        self._errors: dict[Kind, Errors] = {}

    def written(self) -> list[Written]:
        """How wrong forecasts were, as JSON can hold it; `read_errors` reads it."""
        return [
            [*kind, its.start.written(), its.finish.written()] for kind, its in self._errors.items()
        ]

    def recall(self, errors: Mapping[Kind, Errors]) -> None:
        """Go on from these."""
        self._errors.update(errors)

    def errors(self, kind: Kind) -> Errors:
        errors = self._errors.get(kind)
        if errors is None:
            first, seen = (
                (_FIRST_FAR, _TRUST_FAR) if kind[3] and is_flex(kind[0]) else (_FIRST, _TRUST)
            )
            errors = Errors(Quantiles(LEVELS, first, seen), Quantiles(LEVELS, first, seen))
            self._errors[kind] = errors
        return errors

    def add(self, raw: Raw, now: float) -> None:
        """A forecast has been told; from now on it is held to it."""
        end_s = (raw.last_s + raw.drawing_s) * (1.0 + raw.told[1])
        heapq.heappush(self._due, (now + end_s, next(self._number), True, raw))
        if raw.waits:
            start_s = raw.last_s + raw.told[0] * (raw.last_s + raw.drawing_s)
            heapq.heappush(self._due, (now + start_s, next(self._number), False, raw))

    def began(self, raw: Raw, last_s: float) -> None:
        """The job's last picture got its slot so many seconds after the forecast was made."""
        raw.began = True
        if raw.waits:
            error = (last_s - raw.last_s) / (raw.last_s + raw.drawing_s)
            told = None if raw.by_deadline else raw.told[0]
            raw.errors.start.saw(error, told, raw.missed[0], raw.medians[0])

    def ended(self, raw: Raw, finish_s: float) -> None:
        """The job is drawn."""
        raw.ended = True
        error = finish_s / (raw.last_s + raw.drawing_s) - 1.0
        told = None if raw.by_deadline else raw.told[1]
        raw.errors.finish.saw(error, told, raw.missed[1], raw.medians[1])

    def forget(self, raw: Raw) -> None:
        """The job will not end as it was foreseen, for no fault of the forecast."""
        raw.began = raw.ended = True

    def clock_set(self, by_s: float) -> None:
        """What was told is to come true that much later by the clock."""
        self._due = [(due + by_s, number, of_end, raw) for due, number, of_end, raw in self._due]

    def look(self, now: float) -> None:
        """What has not come true in time has missed, whenever it will come."""
        due = self._due
        while due and due[0][0] < now:
            _, _, of_end, raw = heapq.heappop(due)
            if raw.by_deadline:
                continue
            if of_end and not raw.ended:
                raw.missed = raw.missed[0], True
                raw.errors.finish.missed()
            elif not of_end and not raw.began:
                raw.missed = True, raw.missed[1]
                raw.errors.start.missed()
