"""How many pictures of somebody may be there at a time, whoever asks for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from control.asks import NOON, ask, denied, policy, send, tier
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smalti.control import Admission, Ask, Controller
from smalti.control.denial import Option
from smalti.control.limits import Bound, parse_bound
from smalti.control.nouns import Scope
from smalti.control.switches import Switch
from smalti.control.tiers import Tier, read_tier

FIELD: dict[Scope, str] = {
    "user": "user_id", "key": "key_id", "org": "org_id", "region": "region", "model": "model",
    "tier": "tier",
}  # fmt: skip


def bounded(*written: str) -> Tier:
    return read_tier("free", {"limits": list(written)}, tier())


def controller(*written: str, slots: int = 1) -> Controller:
    made = Controller(policy(bounded(*written)), 1_000_000)
    made.slots = slots
    return made


def test_they_are_written_among_the_limits() -> None:
    its = bounded("3/day", "org 50 waiting", "key 4 at once", "7  At Once")
    assert [limit.written() for limit in its.limits] == ["3/day"]
    assert its.bounds == (
        Bound(50, "waiting", "org"), Bound(4, "at once", "key"), Bound(7, "at once"),
    )  # fmt: skip
    again = read_tier("free", its.written(), None)
    assert again == its
    assert read_tier("free", {"weight": 2}, its).bounds == its.bounds
    assert read_tier("free", {"limits": []}, its).bounds == ()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0 waiting", "above zero"), ("team 4 at once", "one of user, key, org"),
        ("1000000 at once", "be at most 999999 at a time"),
        ("4 once", "or at a time, as in 'org 50 waiting'"), ("-1 waiting", "images per time"),
    ],
)  # fmt: skip
def test_what_is_no_bound_is_said(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bounded(written)


def test_two_of_one_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="each"):
        bounded("org 5 waiting", "org 6 waiting")


def of(scope: Scope, name: str, user: str) -> Ask:
    """Two who share nothing else have one thing in common."""
    alone = replace(ask(user), org_id=f"org_{user}", key_id=f"key_{user}", region="DE", model="m")
    return replace(alone, **{FIELD[scope]: name})


@pytest.mark.parametrize("scope", ["key", "org", "region", "model"])
def test_it_counts_for_everybody_at_its_scope(scope: Scope) -> None:
    control = controller(f"{scope} 2 at once")
    one, other = of(scope, "both", "ann"), of(scope, "both", "ben")
    send(control, one)
    send(control, other)
    denial = denied(control.admit(of(scope, "both", "cy"), NOON))
    assert (denial.kind, denial.scope, denial.limit, denial.used) == ("waiting", scope, 2, 2)
    assert denial.rule == f"free/{scope}/at_once"
    assert denial.retry_at is not None and denial.retry_at > NOON
    assert isinstance(control.admit(of(scope, "else", "dan"), NOON), Admission)


def test_who_cannot_be_told_apart_is_not_counted() -> None:
    control = controller("region 1 at once", "key 1 waiting")
    for name in ("ann", "ben", "cy"):
        send(control, ask(name))


def test_what_is_drawn_counts_at_once_and_waits_no_more() -> None:
    waiting, at_once = controller("org 1 waiting"), controller("org 1 at once")
    for control in (waiting, at_once):
        job_id = send(control, ask("ann"))
        assert denied(control.admit(ask("ben"), NOON)).kind == "waiting"
        assert control.next(NOON) is not None
        again = control.admit(ask("ben"), NOON)
        if control is waiting:
            assert isinstance(again, Admission)
        else:
            assert denied(again).used == 1
            control.finished(job_id, 0, 1.0, NOON + 5)
            assert isinstance(control.admit(ask("ben"), NOON + 5), Admission)


def test_at_the_time_that_is_told_there_is_room() -> None:
    """One slot, and pictures of four seconds each."""
    control = controller("org 3 at once")
    for i in range(20):
        job_id = send(control, replace(ask(f"warm{i}"), org_id="org_2"), NOON - 100 + 4 * i)
        assert control.next(NOON - 100 + 4 * i) is not None
        control.finished(job_id, 0, 4.0, NOON - 96 + 4 * i)
    running = [send(control, ask(name)) for name in ("ann", "ben", "cy")]
    assert control.next(NOON) is not None
    denial = denied(control.admit(ask("dan"), NOON))
    assert denial.retry_at is not None
    assert NOON + 3 <= denial.retry_at <= NOON + 10
    assert "3 pictures may wait or be drawn at a time for one organisation" in str(
        denial.words
    ).replace("images", "pictures")
    control.finished(running[0], 0, 4.0, NOON + 4)
    assert isinstance(control.admit(ask("dan"), denial.retry_at), Admission)


def test_more_than_ever_fits_is_said() -> None:
    denial = denied(controller("org 2 at once").admit(ask("ann", images=3), NOON))
    assert (denial.kind, denial.rule, denial.retry_at) == ("impossible", "free/org/at_once", None)
    assert "Ask for 2 or fewer" in str(denial.words)


@pytest.mark.parametrize("bound", ["2 at once", "org 2 at once", "2 waiting", "max_waiting", None])
def test_what_never_fits_is_told_with_what_is_used(bound: str | None) -> None:
    its = tier("free", max_waiting=2 if bound == "max_waiting" else 100)
    bounds = () if bound in ("max_waiting", None) else bounded(str(bound)).bounds
    control = Controller(policy(replace(its, bounds=bounds)), 100 if bound else 2)
    send(control, ask("ann", images=2))
    denial = denied(control.admit(ask("ann", images=3), NOON))
    assert (denial.kind, denial.limit, denial.used) == ("impossible", 2, 2)


def test_of_several_the_one_that_opens_last_is_told() -> None:
    control = controller("2 waiting", "org 2 at once")
    send(control, ask("ann", images=2))
    denial = denied(control.admit(ask("ann"), NOON))
    assert denial.rule == "free/org/at_once"
    assert denied(control.admit(ask("ann", images=3), NOON)).kind == "impossible"


def after_eight(limits: list[str], max_waiting: int = 100) -> Controller:
    """Eight pictures were drawn, and nobody has more."""
    its = read_tier("free", {"limits": limits, "max_waiting": max_waiting}, tier())
    control = Controller(policy(its), 1_000_000)
    control.slots = 1
    for i in range(8):
        job_id = send(control, ask("ann"), NOON + i)
        assert control.next(NOON + i) is not None
        control.finished(job_id, 0, 1.0, NOON + i + 1)
    return control


@pytest.mark.parametrize("bound", ["3 at once", "org 3 at once", "3 waiting", None])
def test_no_time_is_told_for_what_there_is_never_room_for(bound: str | None) -> None:
    """Ten a day: five would be within that tomorrow."""
    control = after_eight(["10/day"], 3) if bound is None else after_eight(["10/day", bound])
    denial = denied(control.admit(ask("ann", images=5), NOON + 20))
    assert (denial.kind, denial.retry_at) == ("impossible", None)
    assert "Ask for 3 or fewer" in denial.message
    switch = Switch("tier", "free", "Back soon.", None, NOON + 60)
    control.policy = control.policy.with_switch(switch)
    for images, told in ((5, None), (2, NOON + 60)):
        denial = denied(control.admit(ask("ann", images=images), NOON + 20))
        assert (denial.kind, denial.retry_at) == ("paused", told)


def test_a_bound_of_keys_is_none_of_who_came_without_one() -> None:
    control = controller("key 1 at once")
    assert isinstance(control.admit(ask(images=2), NOON), Admission)
    assert denied(control.admit(replace(ask(images=2), key_id="k"), NOON)).kind == "impossible"


def test_flex_has_a_line_of_its_own() -> None:
    control = Controller(policy(tier(max_waiting=2)), 1_000_000)
    control.slots = 1
    send(control, ask(images=2), NOON)
    assert denied(control.admit(ask(), NOON)).rule == "free/waiting"
    assert isinstance(control.admit(replace(ask(), service="flex"), NOON), Admission)
    assert isinstance(control.admit(replace(ask(), service="flex"), NOON), Admission)
    assert denied(control.admit(replace(ask(), service="flex"), NOON)).rule == "free/waiting"
    assert control.policy == policy(tier(max_waiting=2))


@pytest.mark.parametrize("bound", ["org 3 at once", "org 3 waiting", None])
def test_no_more_are_offered_than_there_is_room_for(bound: str | None) -> None:
    """Of ten a day two are left."""
    control = after_eight(["10/day"], 3) if bound is None else after_eight(["10/day", bound])
    for there, offered in ((1, 2), (1, 1), (1, 0)):
        control.adopt(ask("ann", images=there))
        denial = denied(control.consider(ask("ann", images=3), NOON + 20))
        assert denial.kind == "limit"
        assert denial.options == ((Option("fewer", images=offered),) if offered else ())


@pytest.mark.parametrize("bound", ["org 3 at once", "3 waiting", None])
@pytest.mark.parametrize("images", [3, 5])
def test_who_asks_for_more_than_there_is_room_for_is_offered_fewer(
    bound: str | None, images: int
) -> None:
    control = after_eight([], 3) if bound is None else after_eight([bound])
    for there, offered in ((1, 2), (1, 1), (1, 0)):
        control.adopt(ask("ann", images=there))
        denial = denied(control.consider(ask("ann", images=images), NOON + 20))
        assert denial.kind == ("waiting" if images == 3 else "impossible")
        assert denial.options == ((Option("fewer", images=offered),) if offered else ())
        if offered:
            assert isinstance(control.consider(ask("ann", images=offered), NOON + 20), Admission)


@pytest.mark.parametrize("bound", ["org 4 at once", "4 waiting", None])
def test_no_more_are_offered_than_the_limits_have_left(bound: str | None) -> None:
    """There is room for four, and of ten a day two are left, then one, then none."""
    control = after_eight(["10/day"], 4) if bound is None else after_eight(["10/day", bound])
    for offered in (2, 1, 0):
        denial = denied(control.consider(ask("ann", images=6), NOON + 20))
        assert denial.kind == "impossible"
        assert denial.options == ((Option("fewer", images=offered),) if offered else ())
        if offered:
            admitted = control.admit(asked := ask("ann"), NOON + 20)
            assert isinstance(admitted, Admission)
            control.withdraw(asked.job_id, NOON + 20)


def test_a_new_bound_counts_who_is_there_already() -> None:
    control = controller()
    send(control, ask("ann", images=2))
    assert control.next(NOON) is not None
    control.policy = policy(bounded("org 9 at once", "org 2 waiting"))
    occupancies = {its.rule: its.used for its in control.occupancies(ask("ben"))}
    assert occupancies == {"free/org/at_once": 2, "free/org/waiting": 1}
    assert denied(control.admit(ask("ben", images=2), NOON)).rule == "free/org/waiting"


def test_jobs_of_before_a_restart_count() -> None:
    control = controller("org 3 at once")
    old = ask("ann", images=3)
    control.adopt(old)
    control.enqueue(old.job_id, NOON, indices=[1, 2])
    assert isinstance(control.admit(ask("ben"), NOON), Admission)
    assert denied(control.admit(ask("cy", images=1), NOON)).used == 3


class Lives(RuleBasedStateMachine):
    """Against a list of pictures, in any order of calls."""

    def __init__(self) -> None:
        super().__init__()
        self.control = controller("org 6 at once", "key 3 waiting", slots=3)
        self.pictures: dict[tuple[str, int], str] = {}
        self.of: dict[str, Ask] = {}
        self.pending: list[str] = []

    def counted(self, asked: Ask) -> tuple[int, int]:
        org, key = Counter[str](), Counter[str]()
        for (job_id, _), state in self.pictures.items():
            org[self.of[job_id].org_id] += 1
            key[self.of[job_id].key_id] += state == "waiting"
        return org[asked.org_id], key[asked.key_id]

    @rule(user=st.sampled_from("abc"), org=st.sampled_from("xy"), images=st.integers(1, 4))
    def ask(self, user: str, org: str, images: int) -> None:
        asked = replace(ask(user, images), org_id=org, key_id=f"{user} {org}")
        there, waiting = self.counted(asked)
        admitted = isinstance(self.control.admit(asked, NOON), Admission)
        assert admitted == (there + images <= 6 and waiting + images <= 3)
        if admitted:
            self.of[asked.job_id] = asked
            self.pending.append(asked.job_id)
            self.pictures.update({(asked.job_id, i): "waiting" for i in range(images)})

    @rule(committed=st.booleans())
    def commit(self, committed: bool) -> None:
        assume(self.pending)
        job_id = self.pending.pop()
        if committed:
            self.control.enqueue(job_id, NOON)
        else:
            self.control.retract(job_id)
            self.drop(job_id, "waiting")

    @rule()
    def name(self) -> None:
        turn = self.control.next(NOON)
        if turn is not None:
            self.pictures[turn.job_id, turn.index] = "running"

    @rule(data=st.data(), drawn=st.booleans())
    def leave(self, data: st.DataObject, drawn: bool) -> None:
        running = [key for key, state in self.pictures.items() if state == "running"]
        assume(running)
        job_id, index = data.draw(st.sampled_from(running))
        if drawn:
            self.control.finished(job_id, index, 1.0, NOON)
            del self.pictures[job_id, index]
        else:
            self.control.requeue(job_id, index, NOON)
            self.pictures[job_id, index] = "waiting"

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        jobs = sorted({job_id for job_id, state in self.pictures if job_id not in self.pending})
        jobs = [
            j for j in jobs if all(s == "waiting" for (k, _), s in self.pictures.items() if k == j)
        ]
        assume(jobs)
        job_id = data.draw(st.sampled_from(jobs))
        self.control.withdraw(job_id, NOON)
        self.drop(job_id, "waiting")

    def drop(self, job_id: str, state: str) -> None:
        for key in [k for k, s in self.pictures.items() if k[0] == job_id and s == state]:
            del self.pictures[key]

    @invariant()
    def counts_agree(self) -> None:
        for asked in self.of.values():
            told = tuple(its.used for its in self.control.occupancies(asked))
            assert told == self.counted(asked)


Lives.TestCase.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much],
)  # fmt: skip
test_lives = Lives.TestCase


def test_parse_bound_knows_what_is_none() -> None:
    assert parse_bound("3/day") is None


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("rule", ["free/org/waiting", "free/waiting", "server/waiting"])
def test_room_is_told_for_when_nothing_is_paused(rule: str, ends: bool) -> None:
    """A pause is to begin before there should be room."""
    until = NOON + 9000 if ends else None
    pause = Switch("tier", "free", "Back soon.", NOON + 0.5, until)
    its = bounded("org 4 waiting" if "org" in rule else "org 99 waiting")
    its = replace(its, max_waiting=4 if rule == "free/waiting" else 99)
    made = Controller(replace(policy(its), switches=(pause,)), 4 if "server" in rule else 99)
    made.slots = 1
    send(made, ask("ann", 4))
    denial = denied(made.admit(ask("ann"), NOON))
    assert (denial.rule, denial.retry_at) == (rule, until)
    told = "There should be room" if ends else "It is not known when there is room."
    assert told in denial.message
    assert not denial.should_retry
