"""Promises by deadline against their slow twin; and that they hold when a crowd comes."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest
from control.asks import NOON, ask, controller, patches, send, tier
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from smalti.control import Admission, Controller, Denial
from smalti.control.keeping import Keeping
from smalti.control.nouns import Turn
from smalti.control.promises import Promises

RATE = 8.0
PROMISES_S = [8.0, 32.0, 64.0]


@dataclass
class Promised:
    job_id: str
    end: float
    left: float
    last: float = math.inf
    of: str = ""


def end_of(promised_s: float, now: float) -> float:
    """Rounded down to a thirty-second of the promise."""
    return now + promised_s - (now + promised_s) % (promised_s / 32)


def late_s(jobs: list[Promised], now: float, rate: float, least: float = -math.inf) -> float:
    """By how much they are late at most, of those with deadlines from `least` on, if they are
    served earliest deadline first."""
    ends = {job.end for job in jobs if job.end >= least}
    return max(
        (now + sum(job.left for job in jobs if job.end <= end) / rate - end for end in ends),
        default=-math.inf,
    )


class PromisesAreTwins(RuleBasedStateMachine):
    """The same life for both. Times and works are binary fractions, so that no sum is rounded."""

    def __init__(self) -> None:
        super().__init__()
        self.promises = Promises()
        self.jobs: list[Promised] = []
        self.lasts: dict[float, float] = {}
        self.now = 1024.0
        self.number = 0

    def counted(self) -> list[Promised]:
        """A bin is given up when its last deadline has passed, in the order of their ends."""
        found, given_up = [], True
        for end in sorted({job.end for job in self.jobs}):
            its = [job for job in self.jobs if job.end == end]
            given_up = given_up and self.lasts[end] < self.now
            found += [] if given_up else its
        return found

    @rule(
        promised_s=st.sampled_from(PROMISES_S),
        work=st.sampled_from([4.0, 16.0, 64.0]),
        of=st.sampled_from(["free", "plus"]),
    )
    def keep(self, promised_s: float, work: float, of: str) -> None:
        last = self.now + promised_s
        new = Promised(f"j{self.number}", end_of(promised_s, self.now), work, last, of)
        self.number += 1
        would = late_s([*self.counted(), new], self.now, RATE, new.end)
        assert self.promises.late_s(promised_s, work, RATE, self.now) == would
        self.promises.keep(new.job_id, promised_s, work, self.now, of)
        self.jobs.append(new)
        self.lasts[new.end] = max(self.lasts.get(new.end, 0.0), new.last)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), part=st.sampled_from([0.25, 0.5, 1.0]))
    def serve(self, data: st.DataObject, part: float) -> None:
        job = data.draw(st.sampled_from(self.jobs))
        self.promises.served(job.job_id, job.left * part)
        job.left -= job.left * part
        if not job.left:
            self.promises.forget(job.job_id)
            self.jobs.remove(job)
            if all(other.end != job.end for other in self.jobs):
                del self.lasts[job.end]

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def put_back(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.jobs))
        self.promises.put_back(job.job_id, 4.0)
        job.left += 4.0

    @rule(seconds=st.sampled_from([0.25, 1.0, 8.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(margin_s=st.sampled_from([0.0, 1.0, 4.0]), rate=st.sampled_from([RATE, RATE, 4.0]))
    def press(self, margin_s: float, rate: float) -> None:
        presses = late_s(self.counted(), self.now, rate) + margin_s >= 0
        assert self.promises.pressing(rate, margin_s, self.now) == presses

    @rule()
    def due(self) -> None:
        """Of each class as much as is counted of it."""
        counted, due = self.counted(), [0.0, 0.0]
        assert self.promises.work(self.now) == sum(job.left for job in counted)
        table = self.promises.due({"free": 0, "plus": 1}, self.now)
        assert list(table.ends) == sorted({job.end for job in counted})
        for k in range(len(table.ends)):
            table.add(k, due)
        assert due == [sum(job.left for job in counted if job.of == of) for of in ("free", "plus")]

    @rule(data=st.data())
    def first(self, data: st.DataObject) -> None:
        ids = [job.job_id for job in self.jobs]
        may = data.draw(st.sets(st.sampled_from(ids))) if ids else set()
        self.promises.pressing(RATE, 1000.0, self.now)
        found = self.promises.first(lambda job_id: job_id in may)
        those = [job for job in self.counted() if job.job_id in may]
        if found is None:
            assert not those
        else:
            its = next(job for job in those if job.job_id == found)
            assert its.end == min(job.end for job in those)

    @invariant()
    def as_many(self) -> None:
        assert len(self.promises) == len(self.jobs)


PromisesAreTwins.TestCase.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None
)
test_twins = PromisesAreTwins.TestCase


@given(
    comes=st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.0, 1.0, 8.0]), st.sampled_from(PROMISES_S),
            st.sampled_from([1.0, 4.0, 16.0, 64.0]), st.booleans(),
        ), min_size=2, max_size=12,
    )
)  # fmt: skip
def test_it_is_seen_at_once_that_a_newcomer_makes_it_late(
    comes: list[tuple[float, float, float, bool]],
) -> None:
    """Of those before him it is remembered what was found. Some lose their slots and wait again."""
    promises, jobs, now = Promises(), list[Promised](), 1024.0
    for number, (after_s, promised_s, work, again) in enumerate(comes):
        now += after_s
        job = Promised(f"j{number}", end_of(promised_s, now), work, now + promised_s)
        promises.keep(job.job_id, promised_s, work, now)
        jobs.append(job)
        if again and not promises.pressing(RATE, 0.0, now):
            promises.put_back(job.job_id, work)
            job.left += work
        counted = [job for job in jobs if job.last >= now]
        for rate in (RATE, RATE / 2):  # a device is lost, and is back
            assert promises.pressing(rate, 0.0, now) == (late_s(counted, now, rate) >= 0)


@given(
    comes=st.lists(
        st.tuples(
            st.floats(0, 5), st.sampled_from(PROMISES_S), st.floats(0.5, 100), st.floats(0.1, 1)
        ),
        min_size=1,
        max_size=40,
    )
)
def test_by_deadline_all_are_kept_that_were_admitted(
    comes: list[tuple[float, float, float, float]],
) -> None:
    """Whatever comes and however much less is needed in the end: nobody who was not late at his
    admission is late when the work of the earliest deadline is always done first."""
    promises, jobs, now = Promises(), list[Promised](), NOON
    for number, (after_s, promised_s, work, part) in enumerate(comes):
        now = work_until(jobs, promises, now, now + after_s)
        if promises.late_s(promised_s, work, RATE, now) <= 0:
            job = Promised(f"j{number}", now + promised_s, work)
            promises.keep(job.job_id, promised_s, work, now)
            jobs.append(job)
            job.left = work * part
            promises.served(job.job_id, work - job.left)
    work_until(jobs, promises, now, now + 1000)
    assert not jobs


def work_until(jobs: list[Promised], promises: Promises, now: float, until: float) -> float:
    while now < until and jobs:
        job = min(jobs, key=lambda job: job.end)
        took_s = min(job.left / RATE, until - now)
        now += took_s
        job.left -= took_s * RATE
        promises.served(job.job_id, took_s * RATE)
        if job.left < 1e-6:
            assert now <= job.end + 1e-3
            promises.forget(job.job_id)
            jobs.remove(job)
    return until


def test_who_is_due_first_goes_first_however_long_ago_he_came() -> None:
    """For the sum the deadline of a long promise counts as up to six seconds earlier. Of those who
    are due at the same time, he who came first."""
    promises = Promises()
    promises.keep("came first", 180.0, 4.0, NOON + 3.0)
    promises.keep("due first", 30.0, 4.0, NOON + 152.5)
    promises.keep("as soon", 180.0, 4.0, NOON + 3.0)
    assert promises.first(lambda _: True) == "due first"
    promises.forget("due first")
    assert promises.first(lambda _: True) == "came first"


def test_what_was_served_leaves_nothing_behind() -> None:
    """On a server that is never pressed, and on which a job waits that nobody serves."""
    promises = Promises()
    promises.keep("stuck", 8.0, 4.0, NOON)
    for number in range(5000):
        now = NOON + number
        promises.keep(f"j{number}", 64.0, 4.0, now)
        promises.served(f"j{number}", 4.0)
        promises.forget(f"j{number}")
    assert len(promises) == 1
    assert len(promises._by_end) < 200 and len(promises._ends) < 100


# --- in the controller ---

PROMISED_S = {"free": 180.0, "plus": 90.0, "team": 30.0}
TIERS = (
    tier("free", weight=1.0, promised_wait_s=PROMISED_S["free"]),
    tier("plus", weight=14.0, promised_wait_s=PROMISED_S["plus"]),
    tier("team", weight=20.0, promised_wait_s=PROMISED_S["team"]),
)
PICTURE_S = 1.0
SLOTS = 4


def crowd(control: Controller, seed: int) -> list[tuple[str, float]]:
    """Free users fill a calm fleet; then a team sends more than it can draw for three minutes.

    Nobody comes again: who does so when he was told is admitted whatever came meanwhile. Returns
    the tier and the wait over the promise of each job that was admitted.
    """
    dice, now = random.Random(seed), NOON
    admitted: dict[str, tuple[str, float]] = {}
    running: list[tuple[float, str]] = []
    over: list[tuple[str, float]] = []
    for at in range(1600):
        now = NOON + at * 0.25
        for end, job_id in [run for run in running if run[0] <= now]:
            running.remove((end, job_id))
            control.finished(job_id, 0, PICTURE_S, now)
        comers = ["free", "free"]
        if at >= 180:
            comers = ["team", "team", "free"] if at < 940 else []
        for i, who in enumerate(comers):
            asked = ask(f"{who}{at}-{i}", tier=who)
            if isinstance(control.admit(asked, now), Admission):
                control.enqueue(asked.job_id, now)
                admitted[asked.job_id] = (who, now)
        while (turn := control.next(now)) is not None:
            who, since = admitted.pop(turn.job_id)
            over.append((who, (now - since) / PROMISED_S[who]))
            running.append((now + PICTURE_S * dice.uniform(0.9, 1.1), turn.job_id))
    assert not admitted
    return over


@patches
@pytest.mark.parametrize("seed", range(3))
def test_a_crowd_breaks_next_to_no_promise(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Free has the fleet to itself when it is admitted, and a twenty-first of it when it waits, by
    its weight. The team is not shut out for that: it has most of what its weight is among all.

    Pictures take a tenth more or less than is known, so one in two hundred may be late by one.
    """
    over = crowd(controller(*TIERS, slots=SLOTS), seed)
    waits = {who: [wait for its, wait in over if its == who] for who in ("free", "team")}
    assert max(waits["free"]) > 0.5, "there was no crowd"
    late = [(wait - 1.0) * PROMISED_S[who] for who, wait in over if wait > 1.0]
    assert len(late) <= len(over) / 200 and max(late, default=0.0) <= PICTURE_S
    assert len(waits["team"]) / 180.0 * PICTURE_S / SLOTS > 0.5 * 20 / 35
    monkeypatch.setattr(Promises, "pressing", lambda *_: False)
    monkeypatch.setattr(Promises, "late_s", lambda *_: -1e9)
    monkeypatch.setattr(Keeping, "_has_room", lambda *_: False)
    alone = crowd(controller(*TIERS, slots=SLOTS), seed)
    assert sum(wait > 1.0 for _, wait in alone) > 50, "the fair order alone would do"


def full(control: Controller) -> None:
    """Nothing is promised until something was drawn."""
    for i in range(30):
        asked = ask(f"warm{i}")
        assert isinstance(control.admit(asked, NOON - 1000 + i), Admission)
        control.enqueue(asked.job_id, NOON - 1000 + i)
        assert control.next(NOON - 1000 + i) is not None
        control.finished(asked.job_id, 0, PICTURE_S, NOON - 999 + i)


def test_who_would_break_the_promise_of_another_is_refused_with_a_time_that_holds() -> None:
    """By its own share the team would have its slot at once."""
    control = controller(*TIERS)
    full(control)
    refused = None
    for i in range(400):
        asked = ask(f"free{i}")
        if not isinstance(control.admit(asked, NOON), Admission):
            break
        control.enqueue(asked.job_id, NOON)
    for i in range(400):
        asked = ask(f"team{i}", tier="team")
        outcome = control.admit(asked, NOON)
        if isinstance(outcome, Denial):
            refused = outcome
            break
        control.enqueue(asked.job_id, NOON)
    assert refused is not None and refused.rule == "server/promise"
    assert refused.retry_at is not None
    again = ask(f"team{i}", tier="team")
    assert isinstance(control.consider(again, refused.retry_at - 1), Denial)
    assert isinstance(control.consider(again, refused.retry_at), Admission)


def test_what_leaves_makes_room() -> None:
    """Withdrawn, retracted or drawn: it stands in nobody's way any more."""
    control = controller(*TIERS)
    full(control)

    def fill(prefix: str) -> list[str]:
        found = []
        for i in range(400):
            asked = ask(f"{prefix}{i}")
            if not isinstance(control.admit(asked, NOON), Admission):
                break
            found.append(asked.job_id)
        return found

    first = fill("a")
    for job_id in first:
        control.retract(job_id)
    second = fill("b")
    for job_id in second:
        control.enqueue(job_id, NOON)
        control.withdraw(job_id, NOON)
    assert 100 < len(first) == pytest.approx(len(second), abs=2)
    assert len(fill("c")) == pytest.approx(len(first), abs=2)  # places are kept for some by now


def test_an_admission_that_came_to_nothing_costs_its_class_nothing() -> None:
    """However many could not be committed: the team is promised as many as without them."""
    admitted = []
    for retracted in (0, 300):
        control = controller(*TIERS)
        full(control)
        for i in range(400):
            asked = ask(f"free{i}")
            if isinstance(control.admit(asked, NOON), Admission):
                control.enqueue(asked.job_id, NOON)
        for i in range(retracted):
            asked = ask(f"retracted{i}", tier="team")
            assert isinstance(control.admit(asked, NOON), Admission)
            control.retract(asked.job_id)
        outcomes = [control.admit(ask(f"team{i}", tier="team"), NOON) for i in range(100)]
        admitted.append(sum(isinstance(outcome, Admission) for outcome in outcomes))
    assert 0 < admitted[0] == admitted[1] < 100


def test_who_has_all_his_slots_hides_nobody_who_is_due_after_him() -> None:
    """However many of his pictures are due first, and however much weight a crowd has."""
    few = tier("few", weight=1.0, max_running=1, promised_wait_s=1000.0)
    control = controller(few, tier("crowd", weight=1000.0), slots=2)
    for i in range(30):
        job_id, then = send(control, ask(f"warm{i}", tier="crowd"), NOON - 400 + 10 * i), 10 * i
        assert control.next(NOON - 400 + then) is not None
        control.finished(job_id, 0, 10.0, NOON - 390 + then)
    for _ in range(40):
        send(control, ask("ann", tier="few"), NOON)
    due = send(control, ask("ben", tier="few"), NOON + 2)
    for i in range(400):
        send(control, ask(f"crowd{i}", tier="crowd"), NOON + 3)
    now, running, began = NOON + 3, list[tuple[float, Turn]](), dict[str, float]()
    while due not in began and now < NOON + 1100:
        while (turn := control.next(now)) is not None:
            running.append((now + 20, turn))
            began[turn.job_id] = now
        now, turn = running.pop(0)
        control.finished(turn.job_id, turn.index, 10.0, now)
    assert began[due] <= NOON + 1002
