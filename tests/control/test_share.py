"""What the fair order promises, in figures."""

from __future__ import annotations

import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import replace

import pytest
from control.asks import NOON, ask, controller, send
from control.asks import tier as a_tier
from control.shop import WEIGHTS, Shop, path
from hypothesis import given, settings
from hypothesis import strategies as st

from smalti.control.fair import FairQueue
from smalti.control.nouns import ServiceTier


def widest(gaps: Iterable[float]) -> float:
    """The largest change of a gap over any stretch of time."""
    gaps = list(gaps)
    return max(gaps) - min(gaps)


@pytest.mark.parametrize("orgs", [("org", "org"), ("one", "two")], ids=["one org", "two orgs"])
@given(
    costs=st.lists(st.tuples(st.floats(0.01, 10), st.floats(0.01, 10)), min_size=1, max_size=60),
    others=st.lists(st.booleans(), min_size=60, max_size=60),
)
@settings(max_examples=100, deadline=None)
def test_equal_users_stay_within_two_pictures(
    orgs: tuple[str, str], costs: list[tuple[float, float]], others: list[bool]
) -> None:
    """Over any stretch in which both have work waiting, whatever others do and costs turn out.

    Neither runs dry, not even between a picture that is named and the next that he sends.

    costs: of each picture, as expected and as it turns out to be.
    """
    shop, gaps, at = Shop(0), [0.0], dict(zip("ab", orgs, strict=True))
    for (expected, device_s), other in zip(costs, others, strict=False):
        for user in "ab":
            while shop.waiting(user, org=at[user]) < 2:
                shop.send(user, expected, org=at[user])
        if other:
            shop.send("other", expected, org="third" if orgs[0] != orgs[1] else "org")
        shop.step(lambda *_, device_s=device_s: device_s)
        gaps.append(shop.served["a"] - shop.served["b"])
    largest = max(max(cost) for cost in costs)
    assert widest(gaps) <= 2 * largest + 1e-6


@pytest.mark.parametrize("slots", [1, 4, 16])
def test_shares_follow_the_weights(slots: int) -> None:
    """With every tier backlogged, works and numbers of users uneven, and costs misjudged."""
    shop = Shop(3, slots)
    users = {"free": 12, "plus": 3, "team": 1}
    served: defaultdict[str, float] = defaultdict(float)
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


def test_organisations_share_equally_then_their_users() -> None:
    shop = Shop(9)
    for user in range(9):
        shop.send(f"large{user}", 1.0, images=200, org="large")
    shop.send("small", 1.0, images=400, org="small")
    for _ in range(600):
        shop.step()
    assert shop.served["small"] == pytest.approx(300, abs=2)
    for user in range(9):
        assert shop.served[f"large{user}"] == pytest.approx(300 / 9, abs=2)


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


def p95_wait(users: int, often: float, greedy: float) -> float:
    """Of all users but one, in seconds of drawing; that one sends `greedy` times as often."""
    dice, queue, slots, draw_s = random.Random(7), FairQueue(), 8, 1.0
    arrivals = []
    for user in range(users):
        rate = often * (greedy if user == 0 else 1.0)
        at = dice.expovariate(rate)
        while at < 300.0:
            arrivals.append((at, user))
            at += dice.expovariate(rate)
    arrivals.sort()
    sent_at: dict[str, float] = {}
    ends: deque[tuple[float, tuple[str, int]]] = deque()
    waits = []
    coming = deque(arrivals)
    while coming or queue.waiting:
        now = min(coming[0][0] if coming else 1e9, ends[0][0] if ends else 1e9)
        while coming and coming[0][0] <= now:
            at, user = coming.popleft()
            job_id = f"{user}-{at}"
            sent_at[job_id] = at
            queue.put(job_id, path("free", f"u{user}"), [0], 1.0)
        while ends and ends[0][0] <= now:
            queue.finish(*ends.popleft()[1], draw_s)
        while len(ends) < slots and (named := queue.next(now)) is not None:
            ends.append((now + draw_s, named))
            if not named[0].startswith("0-"):
                waits.append(now - sent_at[named[0]])
    waits.sort()
    return waits[int(0.95 * len(waits))]


@pytest.mark.parametrize("load", [1.0, 2.0, 10.0])
def test_a_hundred_times_as_much_makes_nobody_wait_longer(load: float) -> None:
    """Of 100 users, who together fill the slots, one sends a hundred times as much as before."""
    often = load * 8 / 100
    assert p95_wait(100, often, 100.0) <= 1.25 * p95_wait(100, often, 1.0)


def test_while_slots_are_free_now_and_then_he_costs_at_most_a_picture() -> None:
    """He fills all slots; a newcomer waits until one is drawn, where he might not have waited."""
    often = 0.8 * 8 / 100
    assert p95_wait(100, often, 100.0) <= p95_wait(100, often, 1.0) + 1.0


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


def test_a_class_that_was_away_is_ahead_by_its_credit_and_no_more() -> None:
    """Ten device-seconds for each of its weight; then all have their shares again."""
    shop = Shop(4)
    shop.queue.root.credit = 10.0
    shop.send("old", 1.0, images=2000)
    for _ in range(1000):
        shop.step()
    before = shop.served["old"]
    shop.send("new", 1.0, "plus", images=400)
    first = [shop.step() for _ in range(40)]
    assert first.count("old") <= 1
    for _ in range(200):
        shop.step()
    assert shop.served["new"] == pytest.approx(40 + 0.8 * 200, abs=5)
    assert shop.served["old"] - before == pytest.approx(0.2 * 200, abs=5)


def test_a_class_that_was_served_early_stands_back_by_its_credit_and_no_more() -> None:
    """Ten device-seconds for its weight; one of weight 4 is served forty meanwhile."""
    queue = FairQueue()
    queue.root.credit = 10.0
    queue.put("early", path("free", "e"), range(200), 1.0)
    queue.put("other", path("plus", "o"), range(2000), 1.0)
    for _ in range(100):
        named = queue.next(0.0, "early")
        assert named is not None
        queue.finish(*named, 1.0)
    turns = []
    for _ in range(200):
        named = queue.next(0.0)
        assert named is not None
        queue.finish(*named, 1.0)
        turns.append(named[0])
    assert turns[:39].count("early") == 0
    assert turns.count("early") == pytest.approx(0.2 * 160, abs=2)


def test_what_was_not_charged_is_not_given_back() -> None:
    """A class is served far beyond its credit, and all of it is taken off its slots again."""
    queue = FairQueue()
    queue.root.credit = 10.0
    queue.put("early", path("free", "e"), range(100), 1.0)
    queue.put("other", path("plus", "o"), range(2000), 1.0)
    early = [queue.next(0.0, "early") for _ in range(50)]
    for named in early:
        assert named is not None and queue.finish(*named, 0.0)
    turns = [named[0] for _ in range(40) if (named := queue.next(0.0)) is not None]
    assert turns.count("early") == pytest.approx(0.2 * 40, abs=1)


@given(goes=st.lists(st.integers(1, 60), min_size=5, max_size=30))
@settings(deadline=None)
def test_who_comes_and_goes_has_his_credit_once(goes: list[int]) -> None:
    """Never more than his share of all that was drawn, and the credit."""
    shop = Shop(4)
    shop.queue.root.credit = 10.0
    shop.send("old", 1.0, images=2000)
    shop.step()
    for stays_away in goes:
        for _ in range(stays_away):
            shop.step()
        shop.send("new", 1.0, "plus", images=9)
        while shop.has_waiting("new", "plus"):
            shop.step()
        both = shop.served["new"] + shop.served["old"]
        assert shop.served["new"] <= 0.8 * both + 10 * 4 + 1


def test_standing_aside_earns_nothing() -> None:
    """A tier that could not use its share for long does not take everything afterwards."""
    queue = FairQueue()
    queue.put("bound", path("team", "t0", bound=1), range(3000), 1.0)
    queue.put("free", path("free", "f0"), range(3000), 1.0)
    assert queue.next(0.0) == ("bound", 0)
    for _ in range(1000):
        named = queue.next(0.0)
        assert named is not None and named[0] == "free"
        queue.finish(*named, 1.0)
    queue.finish("bound", 0, 1.0)
    queue.put("more", path("team", "t1"), range(3000), 1.0)
    turns = Counter(named[0] for _ in range(170) if (named := queue.next(0.0)) is not None)
    assert turns["free"] == pytest.approx(10, abs=2)


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


@pytest.mark.parametrize("really", [0.2, 5.0])
def test_newcomers_start_even_where_costs_are_misjudged(really: float) -> None:
    """Virtual time follows what pictures did cost, not what they were expected to."""
    shop = Shop(6)
    shop.send("old", 1.0, images=2000)
    for _ in range(1000):
        shop.step(lambda _, expected: expected * really)
    before = shop.served["old"]
    shop.send("new", 1.0, images=500)
    for _ in range(200):
        shop.step(lambda _, expected: expected * really)
    assert shop.served["new"] == pytest.approx(shop.served["old"] - before, abs=4 * max(really, 1))


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


def turns_until_second(newcomers: int, plain: bool) -> int:
    """Turns until a user's second picture is named, while others come who have one each.

    Every turn somebody new comes; there are always so many. plain: virtual time is the tag of who
    was served last.
    """
    queue = FairQueue()
    queue.put("patient", path("free", "patient"), range(2), 1.0)
    assert queue.next(0.0) == ("patient", 0)
    queue.finish("patient", 0, 1.0)
    for turn in range(1000):
        while queue.waiting <= newcomers:
            queue.put(
                f"n{turn}-{queue.waiting}", path("free", f"u{turn}-{queue.waiting}"), [0], 1.0
            )
        named = queue.next(0.0)
        assert named is not None
        if named[0] == "patient":
            return turn
        queue.finish(*named, 1.0)
        if plain:
            user = queue.user(path("free", "patient"))
            assert user is not None
            group = user.seat.parent
            assert group is not None
            group.virtual = group.served
    return 1000


@pytest.mark.parametrize("newcomers", [1, 5, 50])
def test_newcomers_without_end_starve_nobody(newcomers: int) -> None:
    """By the plain rule of start tags they would: virtual time would not move."""
    assert turns_until_second(newcomers, plain=True) == 1000
    assert turns_until_second(newcomers, plain=False) <= 2 * newcomers + 2


def test_what_one_asks_for_in_priority_weighs_twice_and_in_flex_a_tenth() -> None:
    """Of a tier's own weight, while all three have pictures waiting."""
    services: tuple[ServiceTier, ...] = ("default", "priority", "flex")
    control = controller(replace(a_tier(), services=services))
    for service in services:
        for i in range(100):
            send(control, replace(ask(f"{service}{i}"), service=service))
    served = Counter[str]()
    for _ in range(124):
        turn = control.next(NOON)
        assert turn is not None
        served[control._live[turn.job_id].ask.service] += 1
        control.finished(turn.job_id, turn.index, 1.0, NOON + 1)
    assert [served[service] for service in services] == pytest.approx([40, 80, 4], abs=1)
