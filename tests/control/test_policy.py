"""A policy as one document."""

from __future__ import annotations

import json
import tomllib

import pytest
from control.test_rolling_limits import limits
from control.test_switches import switches
from hypothesis import given
from hypothesis import strategies as st

from smalti.control import DEFAULT_POLICY, Policy, Switch, Tier, parse_limit, read_policy
from smalti.control.ladder import RUNGS
from smalti.control.tiers import SERVICES


def some(known: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(st.sampled_from(known)).map(lambda s: tuple(k for k in known if k in s))


def a_tier(name: str) -> st.SearchStrategy[Tier]:
    return st.builds(
        Tier,
        st.just(name),
        st.floats(0.001, 1e6),
        st.lists(limits, max_size=4, unique_by=lambda limit: limit.rule).map(tuple),
        st.integers(1, 10**6),
        st.integers(1, 10**6),
        st.none() | st.floats(1, 86400),
        some(RUNGS),
        some(SERVICES).filter(bool),
        st.lists(st.sampled_from(["mini", "mini 2", "large"]), unique=True).map(tuple),
    )


policies = st.builds(
    lambda free, lab, paused, version: Policy(
        {"free": free} | ({"lab": lab} if lab else {}), tuple(paused), version
    ),
    a_tier("free"),
    st.none() | a_tier("lab"),
    st.lists(switches, max_size=4, unique_by=lambda s: (s.scope, s.name)),
    st.integers(0, 99),
)


@given(policies)
def test_a_written_policy_reads_as_itself(policy: Policy) -> None:
    document = json.loads(json.dumps(policy.written()))
    assert read_policy(document, version=policy.version) == policy
    assert read_policy(document, base=policy, version=policy.version) == policy


def test_the_default_reads_as_itself() -> None:
    assert read_policy(DEFAULT_POLICY.written()) == DEFAULT_POLICY


def test_a_document_is_the_whole_policy_or_changes_a_base() -> None:
    lab = {"lab": {"weight": 1, "max_running": 1, "max_waiting": 1}}
    assert list(read_policy({"tiers": lab}).tiers) == ["lab"]
    assert list(read_policy({"tiers": lab}, DEFAULT_POLICY).tiers) == [
        "free", "plus", "pro", "team", "lab",
    ]  # fmt: skip


def test_it_changes_what_a_settings_file_names() -> None:
    text = """
    [tiers.free]
    limits = ["1..5/day"]

    [[switches]]
    scope = "tier"
    name = "free"
    message = "Back soon."
    """
    policy = read_policy(tomllib.loads(text), DEFAULT_POLICY, version=3)
    assert policy.tiers["free"].limits == (parse_limit("1..5/day"),)
    assert policy.tiers["free"].max_waiting == 3
    assert policy.tiers["plus"] == DEFAULT_POLICY.tiers["plus"]
    assert policy.switches == (Switch("tier", "free", "Back soon."),)
    assert policy.version == 3
    assert read_policy({}, policy, 3) == policy


def test_what_is_wrong_is_named() -> None:
    with pytest.raises(ValueError, match=r"A policy sets 'users'. It has tiers and switches"):
        read_policy({"users": {}}, DEFAULT_POLICY)
    wrong: tuple[object, ...] = ({}, 3, None)
    for tables in wrong:
        with pytest.raises(ValueError, match="It must be tables, one at least"):
            read_policy({"tiers": tables})
    with pytest.raises(ValueError, match=r"tiers.free.weight has value 'no'"):
        read_policy({"tiers": {"free": {"weight": "no"}}}, DEFAULT_POLICY)
    gold = Switch("tier", "gold", "Back soon.").written()
    with pytest.raises(ValueError, match=r"name has value 'gold'. It must be one of free, plus"):
        read_policy({"switches": [gold]}, DEFAULT_POLICY)


def test_a_switch_takes_the_place_of_its_like() -> None:
    first, second = Switch("region", "DE", "Soon."), Switch("region", "DE", "Later.")
    policy = DEFAULT_POLICY.with_switch(first).with_switch(second)
    assert policy.switches == (second,)
    assert policy.without_switch("tier", "DE") == policy
    assert policy.without_switch("region", "DE") == DEFAULT_POLICY
