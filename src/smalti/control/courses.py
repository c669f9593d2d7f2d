"""`Courses`: of each class, how it is served from now on, as the queue and its promises stand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from smalti.control.course import Course
from smalti.control.crowds import UNTIL_S
from smalti.control.fair import FairQueue, Step
from smalti.control.fluid import Party
from smalti.control.promises import Promises

NOTHING = (0.0,) * len(UNTIL_S)
"""Comes for a class that is not heard of."""

GRAIN = 0.25
"""Part of the margin of deadlines that is not looked into, for pictures are no fluid."""

Stamp = tuple[int, int, int, float]


class Courses:
    """at: the time of which they are; within a second of now."""

    def __init__(self, queue: FairQueue, promises: Promises) -> None:
        self.at = 0.0
        self._queue = queue
        self._promises = promises
        self._found: dict[tuple[str, bool], tuple[Stamp, Course]] = {}

    def of(
        self,
        step: Step,
        rate: float,
        margin_s: float,
        arriving: Mapping[str, Sequence[float]],
        changes: int,
        helped: bool = True,
    ) -> Course:
        """The one before, while nothing has changed for it. changes: of what is given here.

        helped: whether the deadlines of the class itself are looked at, beside those of others.
        """
        stamp = self._queue.changes, self._promises.changes, changes, step.weight
        found = self._found.get((step.name, helped))
        if found is not None and found[0] == stamp:
            return found[1]
        names = [step.name, *self._rivals(step.name, arriving)]
        parties = [self._party(name, step, arriving.get(name, NOTHING)) for name in names]
        ends_at = self.at + margin_s
        calm_s = self._promises.edge(rate) - ends_at
        due = self._promises.due({name: i for i, name in enumerate(names) if i or helped}, ends_at)
        credit = self._queue.root.credit
        debt = math.inf if credit is None else credit / self._queue.device_s_per_work
        course = Course(parties, rate, calm_s, due, GRAIN * margin_s, debt)
        self._found[step.name, helped] = stamp, course
        return course

    def _rivals(self, but: str, arriving: Mapping[str, Sequence[float]]) -> list[str]:
        classes = self._queue.root.members.items()
        return [name for name, its in classes if name != but and (its.waiting or name in arriving)]

    def _party(self, name: str, step: Step, arriving: Sequence[float]) -> Party:
        root = self._queue.root
        member, weight, waiting, tag = root.members.get(name), step.weight, 0.0, 0.0
        if member is not None:
            weight = step.weight if name == step.name else member.weight
            waiting, tag = member.work, member.tag + member.owed
        level = max(tag - root.served, 0.0) / self._queue.device_s_per_work
        return Party(weight, waiting, arriving, level)
