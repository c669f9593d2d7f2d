"""The controller in any order of calls, against a list of pictures."""

from __future__ import annotations

from dataclasses import replace

from control.asks import NOON, ask
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smalti.control import DEFAULT_TIERS, Ask, Controller, Denial, Policy

PATIENT = {name: replace(tier, promised_wait_s=1e7) for name, tier in DEFAULT_TIERS.items()}
"""With shorter promises it is the forecast that decides, which has tests of its own."""


class Lives(RuleBasedStateMachine):
    """Jobs in any order of calls; what is counted is what a list of pictures counts."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.control = Controller(Policy(PATIENT), 25)
        self.control.slots = 3
        self.pictures: dict[tuple[str, int], str] = {}
        self.of: dict[str, Ask] = {}
        self.admitted: dict[str, Ask] = {}
        self.followers: set[str] = set()
        self.number = 0

    def count(self, state: str, user: str | None = None) -> int:
        return sum(
            s == state and user in (None, self.of[job_id].user_id)
            for (job_id, _), s in self.pictures.items()
        )

    @rule(
        user=st.sampled_from(["ann", "ben", "cy"]),
        images=st.integers(1, 4),
        of_tier=st.sampled_from(["plus", "team"]),
        at_once=st.booleans(),
    )
    def ask(self, user: str, images: int, of_tier: str, at_once: bool) -> None:
        self.number += 1  # their order must be the same again
        asked = replace(ask(user, images, of_tier), job_id=f"job_{self.number:04}")
        outcome = self.control.admit(asked, self.now)
        denial = outcome if isinstance(outcome, Denial) else None
        mine = self.count("waiting", asked.user_id) + images
        fits = mine <= DEFAULT_TIERS[of_tier].max_waiting
        room = self.count("waiting") + images <= 25
        if denial is not None and denial.kind == "limit":
            return
        assert (denial is None) == (fits and room)
        if denial is not None:
            assert denial.kind == ("capacity" if fits else "waiting")
            return
        self.of[asked.job_id] = asked
        self.admitted[asked.job_id] = asked
        self.pictures.update({(asked.job_id, i): "waiting" for i in range(images)})
        if at_once:
            self.enqueue(asked.job_id)

    def enqueue(self, job_id: str) -> None:
        del self.admitted[job_id]
        self.control.enqueue(job_id, self.now)

    @rule(data=st.data(), committed=st.booleans())
    def commit(self, data: st.DataObject, committed: bool) -> None:
        assume(self.admitted)
        job_id = data.draw(st.sampled_from(list(self.admitted)))
        if committed or job_id in self.followers:
            self.enqueue(job_id)
        else:
            self.control.retract(job_id)
            images = self.admitted.pop(job_id).images
            for i in range(images):
                del self.pictures[job_id, i]

    @rule(data=st.data())
    def follow(self, data: st.DataObject) -> None:
        assume(self.admitted)
        job_id = data.draw(st.sampled_from(list(self.admitted)))
        self.control.follow(job_id)
        self.followers.add(job_id)

    @rule()
    def name(self) -> None:
        turn = self.control.next(self.now)
        if turn is None:
            return
        assert self.pictures[turn.job_id, turn.index] == "waiting"
        assert turn.job_id not in self.admitted
        assert self.count("running") < 3
        self.pictures[turn.job_id, turn.index] = "running"

    @rule(data=st.data(), seconds=st.floats(-5, 50), how=st.sampled_from(["finished", "requeue"]))
    def leave(self, data: st.DataObject, seconds: float, how: str) -> None:
        running = [key for key, state in self.pictures.items() if state == "running"]
        assume(running)
        job_id, index = data.draw(st.sampled_from(running))
        self.now += seconds
        if how == "finished":
            self.control.finished(job_id, index, max(0.0, seconds), self.now)
            del self.pictures[job_id, index]
        else:
            self.control.requeue(job_id, index, self.now)
            self.pictures[job_id, index] = "waiting"

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        assume(self.pictures)
        job_id = data.draw(st.sampled_from(sorted({job_id for job_id, _ in self.pictures})))
        assume(all(s != "running" for (job, _), s in self.pictures.items() if job == job_id))
        mine = [i for (job, i), state in self.pictures.items() if job == job_id]
        assert self.control.withdraw(job_id, self.now) == sorted(mine)
        self.admitted.pop(job_id, None)
        for i in mine:
            del self.pictures[job_id, i]

    @invariant()
    def counts_agree(self) -> None:
        assert self.control.waiting == self.count("waiting")
        assert self.control.running == self.count("running")
        assert self.pictures or not self.control._promises
        for job_id in {job_id for job_id, _ in self.pictures}:
            wait = self.control.wait(job_id, self.now)
            waits = any(s == "waiting" for (job, _), s in self.pictures.items() if job == job_id)
            assert (wait is not None) == (waits and job_id not in self.admitted)
            if wait is not None:
                assert 0 <= wait.position < self.control.waiting
                assert 0 <= wait.start_s[0] <= wait.start_s[1] < 1e6
                assert wait.start_s[0] < wait.finish_s[0] <= wait.finish_s[1] < 1e6


def test_a_debt_lasts_no_longer_than_somebody_else_waits() -> None:
    """Three pictures that took no time, then one that took half a minute: its class was served a
    million of such pictures beyond its share, and the other class has one waiting (found by the
    machine above; the clock goes back a second)."""
    lives = Lives()

    def finish(index: int, job_id: str, seconds: float) -> None:
        lives.now += seconds
        lives.control.finished(job_id, index, max(0.0, seconds), lives.now)
        del lives.pictures[job_id, index]

    lives.ask("ann", 4, "team", at_once=True)
    for _ in range(3):
        lives.name()
    finish(0, "job_0001", 4.9e-57)
    lives.name()
    finish(1, "job_0001", 0.0)
    finish(2, "job_0001", -1.0)
    lives.ask("ann", 4, "plus", at_once=True)
    lives.name()
    finish(0, "job_0002", 31.0)
    wait = lives.control.wait("job_0002", lives.now)
    assert wait is not None
    assert wait.finish_s[1] < 1000.0


Lives.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much],  # most lives offer few of the rules
)
test_lives = Lives.TestCase
