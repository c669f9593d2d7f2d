"""A stated time is true, and no limit ever admits one too many: over random histories."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import count

from control.slow_rules import Kept, SlowRules
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smalti.control import Ask, Claim, Denial, Policy, Reservation, Switch, Tier, parse_limit
from smalti.control.accounts import CLOCK_SLACK_S
from smalti.control.claims import SHORTEST_S
from smalti.control.rules import Rules

NOON = 1_800_000_000.0 - 1_800_000_000 % 86400 + 43200
YEARS_S = 3e8

LIMITS = [
    "3/20s", "5/min", "4/7s", "2/7s", "2..6/20s", "1..9/min", "org 6/20s", "org 2..8/min",
    "key 4/7s", "key 6/min burst 4", "6/20s burst 3", "1/10s burst 4", "tier 9/min", "region 5/20s",
    "model 5/20s", "20 device_s/20s", "org 30 device_s/min", "5..25 device_s/min",
]  # fmt: skip


def some_limits() -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(
        st.sampled_from(LIMITS), min_size=1, max_size=4, unique_by=lambda t: parse_limit(t).rule
    ).map(tuple)


def tiers(free: tuple[str, ...], plus: tuple[str, ...], one_model: bool) -> Mapping[str, Tier]:
    def of(name: str, limits: tuple[str, ...], models: tuple[str, ...]) -> Tier:
        return Tier(name, 1.0, tuple(map(parse_limit, limits)), 9, 99, models=models)

    return {
        "free": of("free", free, ("small",) if one_model else ()),
        "plus": of("plus", plus, ()),
    }


asks = st.builds(
    Ask,
    st.just("job"),
    st.sampled_from(["ann", "ben"]),
    st.sampled_from(["org_1", "org_2"]),
    st.sampled_from(["free", "plus"]),
    st.integers(1, 3),
    st.just(1.0),
    st.sampled_from(["", "key_1", "key_2"]),
    st.sampled_from(["", "DE", "FR"]),
    st.sampled_from(["small", "large"]),
    st.sampled_from(["auto", "flex"]),
    features=st.sampled_from([frozenset(), frozenset({"edits"})]),
)
ABOUT = [
    Reservation("", "ann", "free", 1, 0.0, "org_1", "key_1", "DE", "small"),
    Reservation("", "ben", "plus", 1, 0.0, "org_2", "key_1", "", "large"),
]
device_seconds = st.integers(0, 8_000).map(lambda ms: ms / 1000)
steps_s = st.floats(0, 30) | st.sampled_from([0.5, 1.0, 7.0, 20.0, 60.0, -1.0, -50.0])


one_in_four = st.sampled_from([False, False, False, True])


class Histories(RuleBasedStateMachine):
    """Lives of users whose tiers, limits, load and clock change, and who come back when told."""

    @initialize(
        now=st.floats(NOON, NOON + 1), free=some_limits(), plus=some_limits(), one=one_in_four
    )
    def begin(self, now: float, free: tuple[str, ...], plus: tuple[str, ...], one: bool) -> None:
        self.now = self.latest = now
        self.jobs = count()
        self.promises: list[tuple[Ask, float, float]] = []
        self.stored: dict[tuple[str, str], Claim] = {}
        policy = Policy(tiers(free, plus, one))
        self.real, self.twin = Rules(policy), SlowRules(policy)

    @rule(ask=asks, device_s=device_seconds, returns=st.booleans())
    def come(self, ask: Ask, device_s: float, returns: bool) -> None:
        ask = replace(ask, job_id=f"job_{next(self.jobs)}")
        denial = self.real.denies(ask, device_s, self.now)
        assert (denial is None) == self.twin.admits(ask, device_s, self.now)
        if denial is not None:
            self.check(denial, ask, device_s)
            if not returns or denial.retry_at is None or denial.retry_at > self.now + 10_000:
                return
            self.now = denial.retry_at
        held = Reservation(
            ask.job_id, ask.user_id, ask.tier, ask.images, self.now, ask.org_id, ask.key_id,
            ask.region, ask.model, device_s,
        )  # fmt: skip
        self.latest = max(self.latest, self.now)
        self.promises.clear()
        self.real.reserve(held, self.now)
        self.twin.reserve(held, self.now)

    def check(self, denial: Denial, ask: Ask, device_s: float) -> None:
        for option in denial.options:
            assert option.images is not None
            if denial.kind in ("limit", "impossible"):
                for more, expected in ((0, True), (1, False)):
                    images = option.images + more
                    fewer = replace(ask, images=images)
                    part_s = device_s * images / ask.images
                    assert self.twin.admits(fewer, part_s, self.now) == expected
        if denial.kind in ("plan", "impossible"):
            assert denial.retry_at is None
            assert not self.twin.admits(ask, device_s, self.now + YEARS_S, 1_000_000)
            return
        assert denial.kind in ("limit", "paused")
        if denial.retry_at is None:
            assert not self.twin.admits(ask, device_s, self.now + YEARS_S)
            return
        self.real.honours(denial)
        if denial.claim is not None:
            name = denial.claim.user_id, denial.claim.rule
            self.stored[name] = self.twin.claims[name] = denial.claim
        at = denial.retry_at
        assert at == math.floor(at) > self.now
        for then, expected in ((at, True), (max(self.now, at - 1), False)):
            assert self.twin.admits(ask, device_s, then) == expected
            assert (self.real.denies(ask, device_s, then) is None) == expected
        self.check_under_load(ask, device_s, at)
        self.promises.append((ask, device_s, at))

    def check_under_load(self, ask: Ask, device_s: float, at: float) -> None:
        """The time is true if the load rises, and after a restart."""
        told = [k.now for k in self.twin.kept if k.left]
        if any(held.at > self.now for held in told):
            return  # the clock was set back: a claim may seem to be used after a restart
        again = Rules(self.real.policy)
        again.restore(told, self.twin.claims.values(), self.now)
        again.load_is(1.0, self.now)
        assert again.denies(ask, device_s, at) is None
        assert self.twin.admits(ask, device_s, at, 0)

    @precondition(lambda self: any(k.left for k in self.twin.kept))
    @rule(data=st.data(), images=st.none() | st.integers(1, 4))
    def release(self, data: st.DataObject, images: int | None) -> None:
        kept = data.draw(st.sampled_from([k for k in self.twin.kept if k.left]))
        given = kept.left if images is None else min(images, kept.left)
        kept.give_back(given)
        told = self.real.release(kept.held.job_id, images)
        if kept.held.at > self.latest - CLOCK_SLACK_S:
            assert told == given

    @precondition(lambda self: any(k.left for k in self.twin.kept))
    @rule(data=st.data(), device_s=device_seconds)
    def settle(self, data: st.DataObject, device_s: float) -> None:
        kept = data.draw(st.sampled_from([k for k in self.twin.kept if k.left]))
        kept.device_s = device_s
        self.promises.clear()
        self.real.settle(kept.held.job_id, device_s)

    @rule(seconds=steps_s)
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule(seconds=st.integers(-CLOCK_SLACK_S, 2 * CLOCK_SLACK_S))
    def set_the_clock(self, seconds: int) -> None:
        """Set back by up to half the slack of the latest it ever was, or forward."""
        self.now = max(self.now + seconds, self.latest - CLOCK_SLACK_S / 2)

    @rule(load=st.floats(0, 1.5), after_s=st.sampled_from([0.0, 1.0, 60.0, 600.0]))
    def load(self, load: float, after_s: float) -> None:
        self.now += after_s
        self.real.load_is(load, self.now)
        self.twin.parts = self.real.open

    @rule(free=some_limits(), plus=some_limits(), one=one_in_four)
    def set_the_policy(self, free: tuple[str, ...], plus: tuple[str, ...], one: bool) -> None:
        self.set(replace(self.real.policy, tiers=tiers(free, plus, one)))

    @rule(
        what=st.sampled_from(
            [("tier", "free"), ("region", "DE"), ("model", "large"), ("feature", "flex")]
        ),
        begins=st.none() | st.floats(-10, 40),
        lasts=st.integers(0, 120).map(lambda halves: halves / 2 or None),
    )
    def pause(self, what: tuple[str, str], begins: float | None, lasts: float | None) -> None:
        scope, name = what
        begin = None if begins is None else self.now + begins
        until = None if lasts is None else (begin or self.now) + lasts
        switch = Switch(scope, name, "Back soon.", begin, until)  # type: ignore[arg-type]
        self.set(self.real.policy.with_switch(switch))

    @rule()
    def go_on(self) -> None:
        self.set(replace(self.real.policy, switches=()))

    def set(self, policy: Policy) -> None:
        self.real.policy = self.twin.policy = policy
        self.promises.clear()

    @rule(order=st.randoms(use_true_random=False), twice=st.booleans())
    def restart(self, order: object, twice: bool) -> None:
        keep_s = self.real.keep_s
        told = [k.now for k in self.twin.kept if k.left and k.held.at > self.now - keep_s]
        order.shuffle(told)  # type: ignore[attr-defined]
        self.real = Rules(self.real.policy)
        for _ in range(1 + twice):
            self.real.restore(told, self.stored.values(), self.now)
        if any(held.at > self.now for held in told):
            self.promises.clear()
        self.promises = [told for told in self.promises if told[2] + SHORTEST_S >= self.now]
        self.twin.parts = 1_000_000
        self.twin.kept = [Kept(held, held.images, held.device_s) for held in told]
        self.twin.claims = {
            name: claim
            for name, claim in self.stored.items()
            if claim.until >= self.now
            and not any(
                (held.user_id, f"{held.tier}/breathing") == name and held.at >= claim.at
                for held in told
            )
        }

    @invariant()
    def what_was_stated_stays_true(self) -> None:
        """Until something other than the load and what is asked changes."""
        for ask, device_s, at in self.promises if hasattr(self, "real") else ():
            assert self.real.denies(ask, device_s, at) is None

    @invariant()
    def all_that_is_told_agrees(self) -> None:
        if not hasattr(self, "real"):
            return
        for about in ABOUT:
            tier, twin = self.real.policy.tiers[about.tier], self.twin
            limits = [limit for limit in tier.limits if about.subject(limit.scope)]
            told = self.real.standings(about, self.now)
            for limit, standing in zip(limits, told, strict=True):
                subject, scale = about.subject(limit.scope), limit.scale
                used = twin.used(limit, subject, self.now)
                most = limit.burst or twin.value(limit, twin.open_for(about, self.now)) * scale
                left = max(most - used, 0) // scale
                assert (standing.used, standing.remaining) == (-(-used // scale), left)
                if not used:
                    assert standing.reset_at is None
                    continue
                assert standing.reset_at is not None
                opens = standing.reset_at
                if twin.claims:
                    continue  # it may be by one of them: `test_claims` has that
                assert twin.used(limit, subject, opens) + (left + 1) * scale <= most
                assert twin.used(limit, subject, opens - 1) + (left + 1) * scale > most


Histories.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
test_histories = Histories.TestCase
