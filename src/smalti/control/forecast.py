"""`Forecast`: how long a job waits and when it is drawn, with intervals that cover what they say.

Three steps: how much work goes before it (the fair order says that), how long the slots need for
it while other classes take their shares and promises are kept (`course`, then `lanes` for who holds
the slots now), and how wrong such forecasts have been lately (`conformal`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smalti.control.coming import Coming
from smalti.control.course import Course
from smalti.control.courses import NOTHING, Courses
from smalti.control.crowds import UNTIL_S
from smalti.control.fair import Ahead, FairQueue, Step
from smalti.control.lanes import slot_after
from smalti.control.nouns import Wait, is_flex
from smalti.control.pace import Pace
from smalti.control.promises import MARGIN, Promises
from smalti.control.told import Errors, Raw, Told, read_errors
from smalti.control.written import numbers

FIRST_SLOT_S = 0.02
"""Seconds in a slot for a tile-step, until the first picture has been measured."""
FIRST_DEVICE_S = 0.005
"""Device-seconds of a tile-step, until then."""

_BINS = 8
_LEAST_DRAWN = 0.1
"""Of what drawing a picture should take: it is never told to take less."""
_LANES = 64
"""With more slots than this, they are seen as a flow."""

_P90 = 1.2816
"""The 90th percentile of a normal distribution, in standard deviations."""

_LEAST_WEIGHT = 1e-9

FRESH_S = 300.0
"""How old what came may be, to be taken to come still."""
Learnt = Mapping[str, Any]
"""`slot`: seconds of a tile-step, by how full the fleet is; `device`: its device-seconds; `errors`
of what was told; `weights` of classes; what was `coming` for them, the latest of it `at`."""
Stamp = tuple[int, float]
"""While it is the same and the queue does not change, so is what is foreseen for anybody."""


class Forecast:
    """slots: pictures that are drawn at a time. measured: whether anything has been drawn yet;
    before, all of it rests on a guess. full: the pace of pictures that get the last free slot.
    rate: tile-steps per second of all slots together. coming: what comes. told: what it is held
    to."""

    def __init__(self, queue: FairQueue, promises: Promises) -> None:
        self.measured = False
        self.told = Told()
        self._slots = 0
        self._changes = 0
        self._queue = queue
        self._device_pace = Pace(FIRST_DEVICE_S)
        self._paces: list[Pace | None] = [None] * _BINS
        self.full = self.pace(0)
        self._set_rate()
        self.coming = Coming()
        self._courses = Courses(queue, promises)

    @property
    def slots(self) -> int:
        return self._slots

    @slots.setter
    def slots(self, slots: int) -> None:
        """While there are none it is foreseen with those that there were: a device starts again."""
        if slots:
            self._slots = slots
            self.full = self.pace(slots)
            self._set_rate()

    # --- what is learnt ---

    def clock_set(self, by_s: float) -> None:
        """What came is as long ago as before, and what was told is to come as far ahead."""
        self.coming.clock_set(by_s)
        self.told.clock_set(by_s)
        self._courses.at += by_s
        self._changes += 1

    def look(self, now: float) -> None:
        """Take note of how much comes for each class; it is good for a second or so."""
        self.coming.look(now)
        self.told.look(now)
        self._courses.at = now
        self._changes += 1

    def drew(self, work: float, running: int, slot_s: float, device_s: float) -> float:
        """A picture has been drawn. running: pictures that held slots when it got its own. slot_s:
        not above zero where the clock stepped back meanwhile; that measures nothing.

        Returns device-seconds of a tile-step, as they are expected from now on.
        """
        at = self._bin(running)
        pace = self._paces[at] or Pace(FIRST_SLOT_S)
        if pace.saw(slot_s / work):
            self._paces[at] = pace
            self.full = self.pace(self._slots)
            self.measured = True
            self._set_rate()
        self._device_pace.saw(device_s / work)
        return self._device_pace.mean

    def learnt(self) -> Learnt | None:
        """As JSON can hold it; None before anything was measured."""
        if not self.measured:
            return None
        return {
            "slot": [None if pace is None else pace.written() for pace in self._paces],
            "device": self._device_pace.written(),
            "errors": self.told.written(),
            "weights": {name: its.weight for name, its in self._queue.classes.items()},
            "coming": self.coming.written(),
            "at": self.coming.at,
        }

    def recall(self, learnt: Learnt, now: float) -> float:
        """Go on from what was learnt before a restart; returns as `drew`.

        What came is taken to come still, if the break was no longer than `FRESH_S`. Raises
        ValueError, KeyError or TypeError for what is none, and then nothing is changed.
        """
        device, paces = Pace.read(FIRST_DEVICE_S, learnt["device"]), learnt["slot"]
        read = [None if its is None else Pace.read(FIRST_SLOT_S, its) for its in paces]
        if len(read) != _BINS:
            raise ValueError(f"{paces} are not {_BINS} paces.")
        errors = read_errors(learnt["errors"])
        names = list(learnt["weights"])
        weights = numbers(learnt["weights"].values(), len(names), _LEAST_WEIGHT)
        coming = Coming.read(learnt["coming"], learnt["at"], now)
        self._device_pace, self._paces = device, read
        self.measured = any(pace is not None for pace in read)
        self.told.recall(errors)
        if abs(now - learnt["at"]) <= FRESH_S:
            for name, weight in zip(names, weights, strict=True):
                self._queue.expect(name, weight)
            self.coming = coming
            coming.look(now)
        self.full = self.pace(self._slots)
        self._set_rate()
        return device.mean

    # --- what was told ---

    def tells(self, raw: Raw, now: float) -> None:
        """From now on it is held to a forecast, unless that rests on a guess."""
        raw.guessed = not self.measured
        if self.measured:
            self.told.add(raw, now)

    def began(self, raw: Raw, last_s: float) -> None:
        """The job's last picture got its slot so many seconds after the forecast was made."""
        self.told.began(self._measured(raw), last_s)

    def ended(self, raw: Raw, finish_s: float) -> None:
        """The job is drawn."""
        self.told.ended(self._measured(raw), finish_s)

    def _measured(self, raw: Raw) -> Raw:
        """What would have been foreseen if the pace had been known, for a guess of it says nothing
        of how wrong later forecasts are."""
        if raw.guessed and self.measured:
            raw.scale(self.full.mean / raw.step_s)
        return raw

    # --- what is foreseen ---

    def stamp(self, now: float) -> Stamp:
        """Of few slots it is seen how far their pictures are."""
        return self._changes, now if self._slots <= _LANES else 0.0

    def pace(self, running: int) -> Pace:
        """Of pictures that get their slots when so many hold one."""
        at = self._bin(running)
        if (pace := self._paces[at]) is not None:
            return pace
        for off in range(1, _BINS):
            for near in (at + off, at - off):
                if 0 <= near < _BINS and (found := self._paces[near]) is not None:
                    return found
        return Pace(FIRST_SLOT_S)

    def step_s(self) -> tuple[float, ...]:
        """Seconds of a tile-step with 1, 2, … pictures in slots; none before any was measured."""
        slots = range(1, self._slots + 1) if self.measured else ()
        return tuple(self.pace(running).mean for running in slots)

    def arriving(self, service_class: str) -> float:
        """Tile-steps that come for a class in a second."""
        return self.coming.rates.get(service_class, NOTHING)[0]

    def raw(
        self, path: Sequence[Step], work: float, ahead: Ahead, images: int, before: int, runs: int,
        now: float,
    ) -> Raw:  # fmt: skip
        """images: of the job, that wait. work: tile-steps of each.

        before: the user's pictures that wait before the job's next one. runs: his that hold slots.
        """
        step, bound = path[0], path[-1].max_running
        more, own = images - 1, runs + before + images - 1
        running = len(self._queue.running)
        bounded = bound is not None and own >= bound
        if self._slots - running > ahead.last_pictures and not bounded:
            step_s = self.pace(running).mean
            errors = self.told.errors((step.name, False, False, False))
            return Raw(0, 0.0, 0.0, step_s, step_s * work, 0.0, False, errors, 0.0, errors)
        step_s, each = self.full.mean, self._queue.mean_work or work
        start_s = self._turn(path, ahead.work, each, before, own, now)
        last_s, last_work = start_s, ahead.last_work
        if more:
            last_s = max(start_s, self._turn(path, last_work, each, before + more, own, now))
        late_s = last_s / last_work if last_work > 0.0 else self._each_s(step, each)
        if bounded and bound is not None:
            last_s = max(last_s, self._own(path, own, bound, each, now))
            if own - more >= bound:
                start_s = max(start_s, self._own(path, own - more, bound, each, now))
        hurried, helped = self._course(step).hurried(last_s)
        far = last_s > UNTIL_S[0] if is_flex(step.name) else hurried
        errors = unaided = self.told.errors((step.name, True, own > 0, far))
        unaided_s = last_s
        if helped:
            alone_s = self._turn(path, last_work, each, before + more, own, now, False)
            unaided_s = max(last_s, alone_s)
            unaided = self.told.errors((step.name, True, own > 0, False))
        position = round(self._in_line(step, ahead.work) / each)
        return Raw(
            position, start_s, last_s, step_s, step_s * work, late_s, True, errors,
            unaided_s, unaided,
        )  # fmt: skip

    def serves(self, step: Step, work: float) -> float:
        """Seconds until a class that goes on waiting has been served `work` tile-steps."""
        return self._course(step).seconds(work)

    def wait(self, raw: Raw) -> Wait:
        raw.told = raw.errors.start.at(1), raw.errors.finish.at(1)
        raw.medians = raw.errors.start.median, raw.errors.finish.median
        start_s = self._start(raw, raw.start_s, 0), self._start(raw, raw.start_s, 1)
        finish_s = self.finish_s(raw)
        least_s = start_s[0] + _LEAST_DRAWN * raw.drawing_s
        if finish_s[0] < least_s or finish_s[1] < start_s[1]:  # each is learnt for itself
            half = max(finish_s[0], least_s)
            finish_s = half, max(finish_s[1], start_s[1], half)
            raw.told = raw.told[0], finish_s[1] / (raw.last_s + raw.drawing_s) - 1.0
        if 0.0 < raw.within_s < start_s[1]:
            raw.by_deadline = True
            start_s, finish_s = self._by_deadline(raw, start_s, finish_s)
        return Wait(raw.position, start_s, finish_s)

    def last_s(self, raw: Raw) -> float:
        """Seconds within which its last picture gets its slot, nine times in ten."""
        return self._start(raw, raw.last_s, 1)

    def finish_s(self, raw: Raw) -> tuple[float, float]:
        """Seconds until its last picture is drawn, p50 and p90."""
        return self._finish(raw.last_s, raw.drawing_s, raw.errors)

    def drawn_s(self, step: Step, raw: Raw, last_s: float) -> float:
        """Seconds until a job as that of a forecast is drawn, nine times in ten, whose last picture
        gets its slot after so many."""
        at_once = (step.name, False, False, False)
        errors = raw.errors if last_s > 0.0 else self.told.errors(at_once)
        return self._finish(last_s, raw.drawing_s, errors)[1]

    def own_s(self, most: int, images: int, raw: Raw) -> float:
        """Seconds until the last of a job's pictures gets its slot if nobody else is there, about.

        most: of them that may be drawn at a time.
        """
        return (images - 1) // max(min(most, self._slots), 1) * raw.drawing_s

    def surely(self, raw: Raw) -> float:
        """Seconds within which its last picture gets its slot, 19 times in 20, if no deadline of
        its class brings it there."""
        return self._start(raw, raw.unaided_s, 2, raw.unaided)

    @property
    def margin_s(self) -> float:
        """How long before it is too late slots are given by deadline."""
        return MARGIN * self.full.mean * self._queue.mean_work

    # --- within ---

    def _by_deadline(
        self, raw: Raw, start_s: tuple[float, float], finish_s: tuple[float, float]
    ) -> tuple[tuple[float, float], tuple[float, float]]:
        """What is told where the deadline comes first; it is held to that too."""
        within_s, foreseen_s, pace = raw.within_s, raw.last_s + raw.drawing_s, self.full
        drawn_s = within_s + raw.drawing_s * (1.0 + _P90 * pace.spread / pace.mean)
        raw.told = (
            min(raw.told[0], (within_s - raw.last_s) / foreseen_s),
            min(raw.told[1], drawn_s / foreseen_s - 1.0),
        )
        half_s = min(finish_s[0], within_s + raw.drawing_s)
        return (min(start_s[0], within_s), within_s), (half_s, min(finish_s[1], drawn_s))

    def _turn(
        self, path: Sequence[Step], work: float, each: float, before: int, own: int, now: float,
        helped: bool = True,
    ) -> float:  # fmt: skip
        """Seconds until a place in a class that has `work` before it.

        each: tile-steps of a picture in the mean. before: of its user, that wait. own: those, and
        those that hold slots. helped: whether deadlines of the class are looked at.
        """
        queue, pace, slots, step = self._queue, self.full, self._slots, path[0]
        passing_work = 0.0
        if before:
            passing_work = self.coming.passing(step.name).rate(before, own, each)
        fluid_s = self._course(step, helped).seconds(work, passing_work)
        if slots > _LANES:
            return fluid_s + pace.mean * each / slots
        first, running = round(fluid_s * self.rate / each), queue.running
        return slot_after(first, running.values(), len(running), slots, pace, each, now)

    def _each_s(self, step: Step, work: float) -> float:
        """Seconds for a tile-step of the first so much that is served to a class."""
        course = self._course(step)
        return (course.seconds(work) - course.seconds(0.0)) / work

    def _in_line(self, step: Step, work: float) -> float:
        """Tile-steps that go before a place in a class that has `work` before it, if nobody comes:
        while the class is served that, the others are served as much for their weights."""
        root = self._queue.root
        level = (work + self._owes(step)) / step.weight
        return work + sum(
            min(its.work, level * its.weight)
            for name, its in root.members.items() if its.waiting and name != step.name
        )  # fmt: skip

    def _owes(self, step: Step) -> float:
        """Tile-steps that the other classes have coming before a class is served again: what it was
        served beyond its share, because its pictures went before their turn."""
        root = self._queue.root
        member = root.members.get(step.name)
        if member is None:
            return 0.0
        beyond = member.tag + member.owed - root.served
        return beyond * step.weight / self._queue.device_s_per_work if beyond > 0.0 else 0.0

    def _course(self, step: Step, helped: bool = True) -> Course:
        coming = self.coming.rates
        return self._courses.of(step, self.rate, self.margin_s, coming, self._changes, helped)

    def _own(self, path: Sequence[Step], own: int, bound: int, each: float, now: float) -> float:
        """Until the user holds few enough slots for his picture with `own` of his before it."""
        user = self._queue.user(path)
        runs = {} if user is None else user.runs
        before = max(own - len(runs), 0)
        return slot_after(before, runs.values(), len(runs), bound, self.full, each, now)

    def _start(self, raw: Raw, raw_s: float, level: int, errors: Errors | None = None) -> float:
        """errors: in place of the forecast's own."""
        if not raw.waits:
            return 0.0
        error = (errors or raw.errors).start.at(level)
        start_s = raw_s + error * (raw_s + raw.drawing_s)
        return start_s if start_s > 0.0 else 0.0

    def _finish(self, last_s: float, drawing_s: float, errors: Errors) -> tuple[float, float]:
        foreseen_s = last_s + drawing_s
        half = max(foreseen_s * (1.0 + errors.finish.at(0)), _LEAST_DRAWN * drawing_s)
        return half, max(half, foreseen_s * (1.0 + errors.finish.at(1)))

    def _set_rate(self) -> None:
        """Something was learnt of a pace, or slots were set."""
        self._changes += 1
        self.rate = (self._slots or 1) / self.full.mean

    def _bin(self, running: int) -> int:
        at = _BINS * (running - 1) // (self._slots or 1)
        return min(max(at, 0), _BINS - 1)
