"""A preview tells what applying the change would have done, and applies nothing."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from service import lives
from service.lives import Clock, Life, ask, finish, until

from smalti.control.controller import Controller
from smalti.control.denial import Denial
from smalti.control.nouns import Ask, Reservation
from smalti.control.policy import DEFAULT_POLICY, Policy, read_policy
from smalti.errors import Conflict, InvalidRequest, Unavailable
from smalti.fleet.backend import DeviceState
from smalti.plan.demand import Row
from smalti.plan.fleet import MINI_CPU, FleetSpec
from smalti.plan.preview import Period, compare
from smalti.service import Denied
from smalti.service.child import Child
from smalti.service.policies import Cause, Policies
from smalti.service.previews import Preview, fleet_now

NOW = 1_800_000_000.0
FAST = FleetSpec(1, (1e-6,) * 8, spread=0.0)
"""Nothing waits on it."""
_numbers = itertools.count()


def changed(**tiers: Mapping[str, Any]) -> Policy:
    return read_policy({"tiers": tiers}, DEFAULT_POLICY)


def fresh(period: Period, policy: Policy) -> list[str]:
    """The rule that denies each request, or "", where all is drawn at once: asked one by one of a
    new controller, without the replay."""
    control = Controller(policy, 10_000)
    control.slots = 100
    control.restore(period.before, period.start)
    rules = []
    for i, row in enumerate(period.rows):
        now = period.start + row.arrival_s
        wanted = Ask(
            str(i), row.user, row.org, row.tier, row.images, row.work,
            row.key, row.region, row.model, features=row.features,
        )  # fmt: skip
        outcome = control.admit(wanted, now)
        rules.append(outcome.rule if isinstance(outcome, Denial) else "")
        if not isinstance(outcome, Denial):
            control.enqueue(wanted.job_id, now)
            while (turn := control.next(now)) is not None:
                control.finished(turn.job_id, turn.index, row.work * 1e-6, now)
            control.settle(wanted.job_id, row.images * row.work * 1e-6)
    return rules


def some_hour(seed: int) -> Period:
    dice = random.Random(seed)
    times = sorted(dice.uniform(0.0, 3600.0) for _ in range(200))
    rows = [
        Row(
            at, f"user_{dice.randrange(40)}", f"org_{dice.randrange(3)}",
            dice.choice(("free", "plus")), dice.choice(("DE", "CH")), "smalti-mini",
            dice.choice((1, 1, 2)), 256.0, "auto", None, f"key_{dice.randrange(50)}",
            frozenset({dice.choice(("generations", "edits"))}),
        )
        for at in times
    ]  # fmt: skip
    before = [
        Reservation(
            f"before_{i}", f"user_{dice.randrange(40)}", "free", 1,
            NOW - dice.uniform(0.0, 80_000.0), "org_0", "key_0", "DE", "smalti-mini", 0.1,
        )
        for i in range(30)
    ]  # fmt: skip
    return Period(NOW, 3600.0, rows, before=sorted(before, key=lambda held: held.at))


SWITCH = {"scope": "feature", "name": "edits", "message": "No."}


@pytest.mark.parametrize(
    "after",
    [
        changed(free={"limits": ["1/day"]}),
        changed(free={"limits": ["5/day", "2/15min"]}),
        changed(free={"limits": ["3/day", "tier 40/h"]}, plus={"limits": ["org 9/h"]}),
        changed(free={"limits": ["key 2/h", "region 60/h"]}),
        replace(DEFAULT_POLICY, switches=read_policy(
            {"switches": [SWITCH]}, DEFAULT_POLICY).switches),
    ],
    ids=["less", "more", "tier", "key", "switch"],
)  # fmt: skip
@pytest.mark.parametrize("seed", range(3))
def test_denials_are_those_that_a_new_controller_gives(after: Policy, seed: int) -> None:
    period = some_hour(seed)
    told = compare(period, DEFAULT_POLICY, after, FAST, 10_000, "free")
    was, would_be = fresh(period, DEFAULT_POLICY), fresh(period, after)
    for outcome, rules in ((told.before, was), (told.after, would_be)):
        assert outcome.denials == Counter(rule for rule in rules if rule)
        assert outcome.requests == len(period.rows) == outcome.admitted + outcome.denied
        assert outcome.denied == sum(1 for rule in rules if rule)
        denied = {row.user for row, rule in zip(period.rows, rules, strict=True) if rule}
        assert outcome.users_denied == len(denied)
        for name, tier in outcome.tiers.items():
            its = [r for row, r in zip(period.rows, rules, strict=True) if row.tier == name]
            assert (tier.requests, tier.denied) == (len(its), sum(1 for rule in its if rule))
            assert tier.admitted == tier.requests - tier.denied
    assert told.changed == sum(a != b for a, b in zip(was, would_be, strict=True)) > 0


def test_no_change_changes_nothing() -> None:
    told = compare(some_hour(7), DEFAULT_POLICY, replace(DEFAULT_POLICY), MINI_CPU, 50, "free")
    assert told.before == told.after
    assert told.changed == 0


def test_more_than_can_be_drawn_waits() -> None:
    rows = [
        Row(i * 1.0, f"user_{i}", "org", "pro", "", "smalti-mini", 1, 256.0) for i in range(600)
    ]
    slow = FleetSpec(1, (2 / 256,), spread=0.0)
    without = changed(pro={"promised_wait_s": 0})
    told = compare(Period(NOW, 600.0, rows), DEFAULT_POLICY, without, slow, 10_000, "free")
    promised, unbound = told.before.tiers["pro"], told.after.tiers["pro"]
    assert set(told.before.denials) == {"server/promise"}
    assert promised.wait_p95_s is not None and promised.wait_p95_s <= 45.0
    assert promised.promises_broken <= 0.01 * promised.admitted
    assert unbound.denied == 0
    assert unbound.wait_p50_s == pytest.approx(300.0, rel=0.05)
    assert unbound.promises_broken == 0
    assert told.changed == promised.denied


def test_waits_are_those_of_whom_something_is_promised() -> None:
    rows = [
        Row(
            i * 1.0,
            f"user_{i}",
            "org",
            "pro",
            "",
            "smalti-mini",
            1,
            256.0,
            "flex" if i % 10 else "auto",
        )
        for i in range(300)
    ]
    slow = FleetSpec(1, (2 / 256,), spread=0.0)
    same = replace(DEFAULT_POLICY)
    told = compare(Period(NOW, 300.0, rows), DEFAULT_POLICY, same, slow, 10_000, "free")
    pro = told.before.tiers["pro"]
    assert pro.admitted > 200, "flex waits for long"
    assert pro.wait_p95_s is not None and pro.wait_p95_s <= 10.0
    assert pro.promises_broken == 0


def test_the_cancelled_and_the_failed_cost_what_they_cost_then() -> None:
    rows = [
        Row(60.0 * i, "ann", "org", "free", "", "smalti-mini", 3, 256.0) for i in range(4)
    ]  # the first costs nothing, and the second the picture that was begun
    slow = FleetSpec(1, (10 / 256,), spread=0.0)
    one = changed(free={"limits": ["5/day"]})
    period = Period(NOW, 600.0, rows, leaves={1: 5.0}, failed=frozenset({0}))
    told = compare(period, DEFAULT_POLICY, one, slow, 100, "free")
    assert told.before.denials == {"free/day": 2}
    assert told.after.denials == {"free/day": 1}
    period = Period(NOW, 600.0, rows[:2], leaves={0: 5.0})
    assert compare(period, DEFAULT_POLICY, one, slow, 100, "free").after.denied == 0
    period = Period(NOW, 600.0, rows[:2])
    assert compare(period, DEFAULT_POLICY, one, slow, 100, "free").after.denied == 1


def test_a_tier_that_is_gone_counts_as_the_default_one() -> None:
    rows = [Row(0.0, "ann", "org", "lab", "", "smalti-mini", 1, 256.0)]
    told = compare(Period(NOW, 1.0, rows), DEFAULT_POLICY, DEFAULT_POLICY, FAST, 9, "plus")
    assert told.before.tiers["plus"].requests == 1


# --- on a fleet ---


def test_the_fleet_is_as_it_is_now() -> None:
    control = Controller(DEFAULT_POLICY, 100)

    def device(slots: int, state: Any = "ready") -> DeviceState:
        return DeviceState("cpu", "one", state, "mini", slots, 0, 0)

    fleet = fleet_now(control, [device(8)])
    assert (fleet.spec.slots, fleet.measured) == (8, False)
    assert fleet.spec.step_s == pytest.approx(MINI_CPU.step_s)
    assert fleet_now(control, [device(4), device(4)]).spec.devices == 2
    mixed = fleet_now(control, [device(4), device(8), device(8, "dead")]).spec
    assert (mixed.devices, mixed.slots) == (1, 12)
    assert fleet_now(control, [device(4, "starting")]).spec.slots == 4
    assert fleet_now(control, []).spec.slots == 1
    control.slots = 8
    for i in range(20):
        control.admit(Ask(str(i), "ann", "org", "team", 1, 100.0), float(i))
        control.enqueue(str(i), float(i))
        assert control.next(float(i)) is not None
        control.finished(str(i), 0, 0.5, i + 0.5)
    fleet = fleet_now(control, [device(4), device(4)])
    assert fleet.measured
    assert fleet.spec.step_s == pytest.approx((0.005,) * 4)


# --- of a whole service ---


def run(folder: Path, check: Callable[[Life], Awaitable[None]], **about: object) -> None:
    lives.live(folder, check, clock=Clock(), **about)


async def an_hour(life: Life, clock: Clock) -> tuple[int, Counter[str]]:
    """Four users of whom each asks four times; how many jobs there are, and denials by rule."""
    denials: Counter[str] = Counter()
    for _ in range(4):
        for name in ("ann", "ben", "cy", "dee"):
            clock.now += 60.0
            try:
                job = await life.service.submit(
                    ask(f"boat {next(_numbers)}"), life.user(name, "free")
                )
            except Denied as error:
                denials[error.denial.rule] += 1
            else:
                await finish(job)
    jobs = life.parts.jobs
    await until(lambda: sum(jobs.denial_counts(0.0).values()) == denials.total())
    return 16 - denials.total(), denials


async def preview(life: Life, tier: str, **fields: Any) -> Preview:
    policies: Policies = life.service.policies
    return await life.service.previews.preview(
        lambda cause: policies.set_tier(tier, fields, cause), 60
    )


def test_a_preview_is_what_applying_it_does(tmp_path: Path) -> None:
    clock = Clock()

    async def check(life: Life) -> None:
        assert await an_hour(life, clock) == (12, {"free/day": 4})
        before = life.service.policies.current()
        audit = life.parts.jobs.audit_since(0.0)
        told = await preview(life, "free", limits=["1/day"])
        compared = told.reckoned.comparison
        assert (told.reckoned.admitted, told.reckoned.denied) == (12, 4)
        assert (compared.before.admitted, compared.before.denials) == (12, {"free/day": 4})
        assert (compared.after.admitted, compared.after.denials) == (4, {"free/day": 12})
        assert (compared.changed, compared.after.users_denied) == (8, 4)
        assert told.differences == {"tiers/free/limits": [["3/day"], ["1/day"]]}
        assert (told.fleet.spec.slots, told.until) == (4, clock.now)
        assert life.service.policies.current() == before == life.service.policies.current()
        assert life.service.policies.history() == []
        assert life.parts.jobs.audit_since(0.0) == audit
        same = await preview(life, "free")
        assert same.reckoned.comparison.changed == 0
        assert same.reckoned.comparison.before == same.reckoned.comparison.after
        assert same.differences == {}

    async def really(life: Life) -> None:
        assert await an_hour(life, clock) == (4, {"free/day": 12})

    lives.live(tmp_path, check, clock=clock)
    clock.now = Clock().now
    lives.live(tmp_path / "again", really, clock=clock, tiers={"free": {"limits": ["1/day"]}})


def test_what_counted_before_the_period_counts(tmp_path: Path) -> None:
    clock = Clock()

    async def check(life: Life) -> None:
        for hours in (0, 3, 3):
            clock.now += 3600.0 * hours
            await finish(await life.service.submit(ask(), life.user("ann", "free")))
        compared = (await preview(life, "free", limits=["2/day"])).reckoned.comparison
        assert (compared.before.requests, compared.before.denied) == (1, 0)
        assert compared.after.denials == {"free/day": 1}
        compared = (await preview(life, "free", limits=["2/5h"])).reckoned.comparison
        assert compared.after.denied == 0

    lives.live(tmp_path, check, clock=clock)


def test_a_wrong_change_is_refused_as_if_it_were_made(tmp_path: Path) -> None:
    async def check(life: Life) -> None:
        policies: Policies = life.service.policies
        cause = Cause("key_1", "A test.")
        changes: list[tuple[type[Exception], Callable[[Cause], Policy]]] = [
            (InvalidRequest, lambda c: policies.set_tier("free", {"weight": -1}, c)),
            (InvalidRequest, lambda c: policies.set_tier("new", {"weight": 1}, c)),
            (InvalidRequest, lambda c: policies.set_tier("free", {"models": ["none"]}, c)),
            (InvalidRequest, lambda c: policies.replace({"tiers": {}}, c)),
            (InvalidRequest, lambda c: policies.set_switch({"scope": "moon"}, c)),
            (Conflict, lambda c: policies.remove_tier("free", c)),
        ]
        for kind, change in changes:
            with pytest.raises(kind) as applied:
                change(cause)
            with pytest.raises(kind) as previewed:
                await life.service.previews.preview(change, 60)
            assert str(previewed.value) == str(applied.value)
        with pytest.raises(Conflict):
            await life.service.previews.preview(
                lambda c: policies.set_tier("free", {}, c), 60, if_version=7
            )
        assert policies.history() == []

    run(tmp_path, check)


def test_one_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    async def check(life: Life) -> None:
        previews = life.service.previews
        previews.patience_s = 0.0
        with pytest.raises(Unavailable, match="given up"):
            await preview(life, "free")
        previews.patience_s = 60.0
        first, second = await asyncio.gather(preview(life, "free"), preview(life, "free"))
        assert first.reckoned == second.reckoned
        await life.service.stop()
        with pytest.raises(Unavailable, match="stopping"):
            await preview(life, "free")

    run(tmp_path, check)


def test_a_child_ends_with_what_it_was_doing() -> None:
    async def main() -> None:
        child = Child()
        pid = await child.run(os.getpid)
        assert pid != os.getpid()
        sleeping = asyncio.create_task(child.run(time.sleep, 600.0))
        await asyncio.sleep(0.2)
        child.end()
        with pytest.raises(Exception, match="terminated"):
            await sleeping
        await until(lambda: not _is_there(pid))

    asyncio.run(main())


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
