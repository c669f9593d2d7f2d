"""What an operator pauses."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.control import Ask, Switch
from smalti.control.switches import FEATURES, LAST_S, read_switch, read_switches

NOON = 1_800_000_000.0


def read(text: str) -> tuple[Switch, ...]:
    return read_switches(tomllib.loads(text).get("switches", ()))


def ask(**more: Any) -> Ask:
    return Ask("job", "ann", "org_1", "free", 1, 1.0, **more)


def test_they_are_read() -> None:
    told = read(
        """
        [[switches]]
        scope = "region"
        name = "de"
        message = "  Paused for maintenance,\\n back soon. "
        from = 2027-01-15T08:00:00Z
        until = "2027-01-15T10:00:00.5+02:00"

        [[switches]]
        scope = "feature"
        name = "edits"
        message = "Edits are paused."
        until = 1800000000
        """
    )
    assert told == (
        Switch("region", "DE", "Paused for maintenance, back soon.", 1800000000.0, 1800000000.5),
        Switch("feature", "edits", "Edits are paused.", None, 1800000000.0),
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"scope": "user"}, "scope has value 'user'. It must be one of tier, region, model"),
        ({"name": ""}, "name has value ''"),
        ({"name": 3}, "name has value '3'"),
        ({"name": "Germany"}, "name has value 'Germany'. It must be a country's code"),
        ({"name": "ß"}, "name has value 'ß'"),
        ({"scope": "feature", "name": "video"}, "It must be one of generations, edits, streaming"),
        ({"message": ""}, "message has value ''. It must be a sentence"),
        ({"message": "x" * 501}, "at most 500 characters"),
        ({"message": None}, "message has value 'None'"),
        ({"from": "soon"}, "from has value 'soon'. It must be Unix seconds, or a time such as"),
        ({"from": True}, "from has value 'True'"),
        ({"from": -1}, "from has value '-1'"),
        ({"from": float("nan")}, "from has value 'nan'"),
        ({"until": LAST_S + 1}, "until has value"),
        ({"until": "2027-01-15"}, "until has value '2027-01-15'"),
        ({"until": "2027-W05-1T08:00:00Z"}, "until has value '2027-W05-1T08:00:00Z'"),
        ({"message": "x" * 501}, "It must be a sentence of at most 500 characters"),
        ({"until": "2027-01-15T08:00:00"}, "until has value '2027-01-15T08:00:00'"),
        ({"until": "2027-02-30T08:00:00Z"}, "until has value '2027-02-30T08:00:00Z'"),
        ({"from": 9, "until": 9}, "until has value '9'. It must be later than 'from'"),
        ({"colour": 1}, "sets 'colour', which switches do not have. They have scope, name"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_switch({"scope": "region", "name": "DE", "message": "Back soon."} | change)


def test_they_are_tables_and_each_is_there_once() -> None:
    with pytest.raises(ValueError, match=r"switches has value 'off'. It must be a list"):
        read_switches("off")
    with pytest.raises(ValueError, match=r"switches holds 'off'. It must hold tables"):
        read_switches(["off"])
    one = {"scope": "region", "name": "de", "message": "Back soon."}
    with pytest.raises(ValueError, match=r"switches has region/DE twice. It must have each once"):
        read_switches([one, one | {"name": "DE"}])


times = st.none() | st.floats(0, LAST_S / 2)
switches = st.builds(
    lambda what, message, begins, lasts: Switch(
        what[0], what[1], message, begins, None if lasts is None else (begins or 0.0) + lasts
    ),
    st.sampled_from([("tier", "free"), ("region", "DE"), ("model", "mini 2")])
    | st.sampled_from(FEATURES).map(lambda name: ("feature", name)),
    st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20),
    times,
    st.none() | st.floats(1, LAST_S / 2),
)


@given(switches)
def test_a_written_switch_reads_as_itself(switch: Switch) -> None:
    assert read_switch(switch.written()) == switch


def test_a_message_may_be_as_long_as_is_said() -> None:
    table = {"scope": "region", "name": "DE", "message": "x" * 500}
    assert read_switch(table).message == "x" * 500


def test_it_is_on_from_and_until() -> None:
    switch = Switch("tier", "free", "Paused.", NOON, NOON + 10)
    assert [switch.on(NOON + s) for s in (-0.1, 0, 9.9, 10)] == [False, True, True, False]
    assert Switch("tier", "free", "Paused.").on(0.0)


def test_unix_seconds_may_be_text_as_on_a_command_line() -> None:
    table = {"scope": "region", "name": "DE", "message": "Later."}
    switch = read_switch({**table, "from": "1900000000", "until": "1900000060"})
    assert (switch.from_s, switch.until_s) == (1_900_000_000.0, 1_900_000_060.0)


@pytest.mark.parametrize(
    ("scope", "name", "told", "other"),
    [
        ("tier", "free", {}, None),
        ("region", "DE", {"region": "DE"}, {"region": "FR"}),
        ("model", "large", {"model": "large"}, {"model": ""}),
        ("feature", "edits", {"features": frozenset({"edits"})}, {}),
        ("feature", "flex", {"service": "flex"}, {"service": "auto"}),
    ],
)
def test_whom_it_concerns(
    scope: Any, name: str, told: dict[str, Any], other: dict[str, Any] | None
) -> None:
    switch = Switch(scope, name, "Paused.")
    assert switch.concerns(ask(**told))
    assert other is None or not switch.concerns(ask(**other))
    assert switch.rule == f"switch/{scope}/{name}"


def test_which_goes_off_later() -> None:
    early, late = (Switch("tier", "free", "Paused.", None, NOON + s) for s in (1, 2))
    never = Switch("tier", "free", "Paused.")
    assert late.outlasts(early)
    assert not early.outlasts(late)
    assert never.outlasts(late)
    assert not late.outlasts(never)
    assert not never.outlasts(never)
