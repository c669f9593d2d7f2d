"""Tiers as they are written in smalti.toml."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from smalti.control import DEFAULT_TIERS, Limit, Tier, read_tiers
from smalti.control.ladder import RUNGS


def read(text: str) -> dict[str, Tier]:
    return read_tiers(tomllib.loads(text).get("tiers", {}))


def test_without_tables_there_are_four() -> None:
    tiers = read("")
    assert tiers == DEFAULT_TIERS
    assert [(t.name, t.weight, t.max_running, t.max_waiting) for t in tiers.values()] == [
        ("free", 1, 1, 3),
        ("plus", 4, 2, 10),
        ("pro", 10, 4, 20),
        ("team", 20, 16, 200),
    ]
    assert [[limit.written() for limit in t.limits] for t in tiers.values()] == [
        ["3/day"],
        ["3..50/3h", "200/day"],
        ["50..200/3h", "1000/day"],
        [],
    ]
    assert [t.promised_wait_s for t in tiers.values()] == [180, 90, 45, 30]
    assert [t.rungs for t in tiers.values()] == [RUNGS, RUNGS[:4], RUNGS[:3], RUNGS[:1]]
    assert [t.services[2:] for t in tiers.values()] == [(), (), ("priority",), ("priority",)]
    assert all(t.models == () for t in tiers.values())


def test_a_table_changes_what_it_names() -> None:
    tiers = read("[tiers.free]\nlimits = ['5/day', '2/hour']\nweight = 2\n")
    limits = Limit(5, 86400, "day"), Limit(2, 3600, "hour")
    assert tiers["free"] == replace(DEFAULT_TIERS["free"], weight=2.0, limits=limits)
    assert tiers["plus"] == DEFAULT_TIERS["plus"]


def test_a_limit_can_be_lifted() -> None:
    assert read("[tiers.free]\nlimits = []\n")["free"].limits == ()


def test_a_promise_can_be_taken_back() -> None:
    assert read("[tiers.free]\npromised_wait_s = 0\n")["free"].promised_wait_s is None
    assert read("[tiers.free]\npromised_wait_s = 20\n")["free"].promised_wait_s == 20.0


def test_what_may_be_done_is_in_the_order_of_the_ladder() -> None:
    free = read(
        "[tiers.free]\nrungs = ['size', 'partials']\nservices = ['priority', 'default']\n"
        "models = ['mini', 'mini', 'large']\n"
    )["free"]
    assert free.rungs == ("partials", "size")
    assert free.services == ("default", "priority")
    assert free.models == ("mini", "large")


def test_a_new_tier_says_all_but_its_limits() -> None:
    tiers = read("[tiers.lab]\nweight = 0.5\nmax_running = 3\nmax_waiting = 9\n")
    assert tiers["lab"] == Tier("lab", 0.5, (), 3, 9)
    with pytest.raises(ValueError, match="does not say its weight and max_waiting"):
        read("[tiers.lab]\nmax_running = 3\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("weight = 'heavy'", r"tiers.free.weight has value 'heavy'. It must be a number from"),
        ("weight = 0", "weight has value '0'"),
        ("weight = true", "weight has value 'True'"),
        ("weight = nan", "weight has value 'nan'"),
        ("weight = inf", "weight has value 'inf'"),
        (f"weight = 1{'0' * 400}", "It must be a number from 0.001 to 1000000"),
        ("max_running = 0", "max_running has value '0'. It must be a whole number from 1"),
        ("max_waiting = 2.5", "max_waiting has value '2.5'"),
        ("max_waiting = true", "max_waiting has value 'True'"),
        ("limits = '3/day'", r"limits has value '3/day'. It must be a list"),
        ("limits = ['3/year']", r"'3/year'. It must be images per time, as in 3/day"),
        ("limits = [3]", "limits has value '3'"),
        ("limits = ['3/day', '9/day']", "limits with a different time, scope or unit each"),
        ("promised_wait_s = -1", "promised_wait_s has value '-1'. It must be seconds from 1"),
        ("promised_wait_s = false", "promised_wait_s has value 'False'"),
        ("rungs = ['colour']", "It must be a list of some of partials, guidance"),
        ("rungs = 'size'", "rungs has value 'size'"),
        ("services = []", "It must be a list of some of default, flex, priority"),
        ("services = ['auto']", "It must be a list of some of default, flex, priority"),
        ("models = ['']", "It must be a list of models' names, or"),
        ("models = 'mini'", "models has value 'mini'"),
        ("colour = 1", "sets 'colour', which tiers do not have. They have weight, max_running"),
    ],
)
def test_what_is_wrong_is_named(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read(f"[tiers.free]\n{text}\n")


def test_a_tier_has_a_plain_name() -> None:
    with pytest.raises(ValueError, match="'Gold Card' cannot name a tier"):
        read("[tiers.'Gold Card']\nweight = 1\n")
    with pytest.raises(ValueError, match="It must be a table"):
        read_tiers({"free": 3})
