"""The queue against its slow twin, and its promises in figures."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Iterable

import pytest
from control.slow_queue import Picture, SlowQueue
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from smalti.control.fair import FairQueue, Step, User
from smalti.control.share import Group

WEIGHTS = {"free": 1.0, "plus": 4.0, "team": 16.0}
USERS = {f"{tier}{i}": tier for tier in WEIGHTS for i in range(4)}


def path(tier: str, user: str, bound: int = 1000) -> tuple[Step, Step]:
    return Step(tier, WEIGHTS.get(tier, 1.0)), Step(user, 1.0, bound)


class Queues(RuleBasedStateMachine):
    """The same random life for both. Works are powers of two, so that no sum is rounded."""

    @initialize(bounds=st.lists(st.integers(1, 3), min_size=12, max_size=12))
    def begin(self, bounds: list[int]) -> None:
        self.bounds = dict(zip(USERS, bounds, strict=True))
        self.queue = FairQueue()
        self.slow = SlowQueue(WEIGHTS, self.bounds)
        self.jobs = 0

    @rule(
        user=st.sampled_from(list(USERS)),
        images=st.integers(1, 4),
        work=st.sampled_from([4, 16, 64]),
    )
    def put(self, user: str, images: int, work: float) -> None:
        self.jobs += 1
        job_id, tier = f"j{self.jobs}", USERS[user]
        self.queue.put(job_id, path(tier, user, self.bounds[user]), range(images), work)
        self.slow.put([Picture(job_id, i, tier, user, work) for i in range(images)])

    @rule(times=st.integers(1, 6))
    def name(self, times: int) -> None:
        for _ in range(times):
            named = self.queue.next(0.0)
            may = {(p.job_id, p.index): p for p in self.slow.may_be_named()}
            if named is None:
                assert not may, "somebody waits who may be named"
                return
            assert named in may
            self.slow.name(may[named])

    @rule(data=st.data(), cost=st.sampled_from([0, 2, 16, 256]))
    def finish(self, data: st.DataObject, cost: float) -> None:
        assume(self.slow.running)
        p = data.draw(st.sampled_from(self.slow.running))
        assert self.queue.finish(p.job_id, p.index, cost) is not None
        assert self.queue.finish(p.job_id, p.index, cost) is None
        self.slow.settle(p, cost)

    @rule(data=st.data())
    def put_back(self, data: st.DataObject) -> None:
        assume(self.slow.running)
        p = data.draw(st.sampled_from(self.slow.running))
        assert self.queue.put_back(p.job_id, p.index)
        self.slow.put_back(p)

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        assume(self.slow.waiting)
        job_id = data.draw(st.sampled_from(self.slow.waiting)).job_id
        assert self.queue.withdraw(job_id) == self.slow.withdraw(job_id)
        assert self.queue.withdraw(job_id) == []

    @invariant()
    def everyone_stands_where_he_belongs(self) -> None:
        if not hasattr(self, "slow"):
            return
        assert self.queue.waiting == len(self.slow.waiting)
        assert len(self.queue.running) == len(self.slow.running)
        root = self.queue.root
        assert {name for _, _, name in root.ready_line} == self.slow.ready_tiers()
        for tier, group in root.members.items():
            assert isinstance(group, Group)
            self.check_tier(tier, group)

    def check_tier(self, tier: str, group: Group) -> None:
        waiting = Counter(p.user for p in self.slow.waiting if p.tier == tier)
        ready = self.slow.ready_users(tier)
        assert {name for _, _, name in group.ready_line} == ready
        assert {name for _, _, name in group.aside} == set(waiting) - ready
        assert group.lengths == [
            sum(n > place for n in waiting.values())
            for place in range(max(waiting.values(), default=0))
        ]
        for name, member in group.members.items():
            assert isinstance(member, User)
            level = self.slow.users[tier]
            twin = level.members[name]
            assert member.waiting == waiting[name]
            if member.waiting or member.running:
                assert member.tag - group.virtual == twin.tag - level.virtual
                assert member.floor - group.virtual == twin.floor - level.virtual


Queues.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
test_twins = Queues.TestCase


class Shop:
    """A queue in which some users always have work waiting; says what each was served.

    size: device-seconds of a user's next picture, as expected and as it turns out to be.
    """

    def __init__(self, seed: int, slots: int = 1) -> None:
        self.dice = random.Random(seed)
        self.queue = FairQueue()
        self.slots = slots
        self.served: Counter[str] = Counter()
        self.user_of: dict[str, str] = {}
        self._jobs = 0
        self._running: deque[tuple[str, int]] = deque()

    def send(self, user: str, expected: float, tier: str = "free", images: int = 1) -> None:
        self._jobs += 1
        job_id = f"j{self._jobs}"
        self.user_of[job_id] = user
        self.queue.put(job_id, path(tier, user), range(images), expected)

    def has_waiting(self, user: str, tier: str = "free") -> bool:
        found = self.queue.user(path(tier, user))
        return found is not None and found.waiting > 0

    def step(self, cost: Callable[[str, float], float] = lambda _, expected: expected) -> str:
        """Fill the slots, then finish the oldest running picture; whose it was."""
        while len(self._running) < self.slots:
            named = self.queue.next(0.0)
            if named is None:
                break
            self._running.append(named)
        job_id, index = self._running.popleft()
        user = self.user_of[job_id]
        device_s = cost(user, self.queue.running[job_id, index].work)
        self.queue.finish(job_id, index, device_s)
        self.served[user] += device_s
        return user


def widest(gaps: Iterable[float]) -> float:
    """The largest change of a gap over any stretch of time."""
    gaps = list(gaps)
    return max(gaps) - min(gaps)


@given(st.integers(0, 10**6), st.floats(1, 10), st.floats(1, 10))
@settings(max_examples=30, deadline=None)
def test_equal_users_stay_within_two_pictures(seed: int, large_a: float, large_b: float) -> None:
    """Over any stretch in which both have work waiting, whatever others do and costs turn out."""
    shop, gaps = Shop(seed), [0.0]
    largest = {"a": large_a, "b": large_b}
    for _ in range(200):
        for user in "ab":
            while not shop.has_waiting(user):
                shop.send(user, shop.dice.uniform(0.1, 1.0) * largest[user])
        if shop.dice.random() < 0.3:
            shop.send(f"other{shop.dice.randrange(5)}", shop.dice.uniform(0.1, 20.0))
        shop.step(lambda user, _: shop.dice.uniform(0.01, 1.0) * largest.get(user, 20.0))
        gaps.append(shop.served["a"] - shop.served["b"])
    assert widest(gaps) <= 2 * max(largest.values()) + 1e-6


@pytest.mark.parametrize("slots", [1, 4, 16])
def test_shares_follow_the_weights(slots: int) -> None:
    """With every tier backlogged, works and numbers of users uneven, and costs misjudged."""
    shop = Shop(3, slots)
    users = {"free": 12, "plus": 3, "team": 1}
    served: Counter[str] = Counter()
    for _ in range(5000):
        for tier, count in users.items():
            for i in range(count):
                while not shop.has_waiting(f"{tier}{i}", tier):
                    shop.send(f"{tier}{i}", shop.dice.uniform(1, 3), tier, images=4)
        shop.step(lambda _, expected: expected * shop.dice.uniform(0.5, 2.0))
    for user, device_s in shop.served.items():
        served[user.rstrip("0123456789")] += device_s
    for tier, weight in WEIGHTS.items():
        share = served[tier] / sum(served.values())
        assert share == pytest.approx(weight / sum(WEIGHTS.values()), rel=0.05)
    each = [shop.served[f"free{i}"] for i in range(12)]
    assert max(each) - min(each) <= 2 * 6 + slots * 6


def test_idle_share_is_lent_and_taken_back() -> None:
    shop = Shop(1)
    shop.send("free0", 1.0, "free", images=1000)
    for _ in range(100):
        assert shop.step() == "free0"
    shop.send("team0", 1.0, "team", images=1000)
    turns = [shop.step() for _ in range(170)]
    assert turns.count("team0") == pytest.approx(160, abs=2)


def test_a_hundred_times_as_much_gets_no_more() -> None:
    shop = Shop(2, slots=4)
    for _ in range(10):
        shop.send("greedy", 1.0, images=100)
    for _ in range(600):
        if not shop.has_waiting("modest"):
            shop.send("modest", 1.0)
        shop.step()
    assert abs(shop.served["greedy"] - shop.served["modest"]) <= 2 + 4


def test_absence_earns_nothing() -> None:
    shop = Shop(4)
    shop.send("old", 1.0, images=2000)
    shop.send("gone", 1.0)
    for _ in range(1000):
        shop.step()
    before = shop.served["old"]
    shop.send("gone", 1.0, images=200)
    shop.send("new", 1.0, images=200)
    for _ in range(300):
        shop.step()
    assert shop.served["old"] - before == pytest.approx(100, abs=2)
    assert shop.served["new"] == pytest.approx(100, abs=2)


def test_an_overcharge_settled_late_is_no_credit_for_absence() -> None:
    queue = FairQueue()
    queue.put("a", path("free", "a"), [0], 1000.0)
    queue.put("b", path("free", "b"), range(3000), 1.0)
    assert queue.next(0.0) == ("a", 0)
    for _ in range(2000):
        named = queue.next(0.0)
        assert named is not None
        queue.finish(*named, 1.0)
    queue.put("a2", path("free", "a"), range(100), 1.0)
    queue.finish("a", 0, 0.0)
    turns = Counter(named[0] for _ in range(50) if (named := queue.next(0.0)) is not None)
    assert turns["a2"] <= 26


def test_nobody_starves() -> None:
    """The lightest user is named once in every 17 turns, however much the heavy tier sends."""
    shop = Shop(5)
    shop.send("free0", 1.0, "free", images=50)
    since = 0
    for _ in range(800):
        for i in range(6):
            if not shop.has_waiting(f"team{i}", "team"):
                shop.send(f"team{i}", 1.0, "team", images=5)
        since = 0 if shop.step() == "free0" else since + 1
        assert since <= 17


def test_levels_compose() -> None:
    """Three levels, as the two: an organisation between the tier and its users."""
    queue = FairQueue()
    for org, users in (("org1", 1), ("org2", 9)):
        for i in range(users):
            steps = (Step("free"), Step(org, 3.0 if org == "org1" else 1.0), Step(f"{org}u{i}"))
            queue.put(f"{org}:{i}", steps, range(500), 1.0)
    turns = Counter(
        named[0].split(":")[0] for _ in range(400) if (named := queue.next(0.0)) is not None
    )
    assert turns["org1"] == pytest.approx(300, abs=2)


def test_users_are_forgotten() -> None:
    """Nobody who has nothing here and owes nothing is remembered."""
    queue = FairQueue()
    for i in range(2000):
        queue.put(f"j{i}", path("free", f"u{i}"), [0], 1.0)
        if i % 2:
            for _ in range(2):
                named = queue.next(0.0)
                assert named is not None
                queue.finish(*named, 1.0)
    group = queue.root.members.get("free")
    left = len(group.members) if isinstance(group, Group) else 0
    assert left < 10
