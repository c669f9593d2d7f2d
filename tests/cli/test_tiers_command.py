"""Tiers and switches from the command line."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from smalti.cli.commands import run
from smalti.config import read_settings
from smalti.service.policies import Policies
from smalti.store.database import Database
from smalti.store.jobs import Jobs

Say = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SMALTI_DATA_DIR", str(tmp_path))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Policies]:
    """The policy, as a running server has it."""
    db = Database(f"sqlite:///{tmp_path}/smalti.db")
    yield Policies(db, read_settings({"data_dir": tmp_path}, {}))
    db.close()


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command and read the JSON that it prints."""

    def ask(*words: str) -> Any:
        assert run([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return ask


def test_the_tiers_that_there_are(capsys: pytest.CaptureFixture[str], ask: Say) -> None:
    assert run(["tiers"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].split()[:3] == ["tier", "weight", "limits"]
    assert [line.split()[0] for line in lines[1:]] == ["free", "plus", "pro", "team"]
    assert "3..50/3h, 200/day" in printed.out
    assert printed.err == "version 0: what the settings say\n"
    assert ask("tiers")["tiers"]["free"]["limits"] == ["3/day"]


def test_a_change_counts_for_the_running_server(ask: Say, server: Policies) -> None:
    assert server.current().tiers["free"].weight == 1.0
    words = ["--limits", "5/day, 2/h", "--weight", "2", "--promised-wait", "60"]
    told = ask("tiers", "set", "free", *words, "--why", "More for all.")
    assert told["version"] == 1
    assert told["tiers"]["free"]["limits"] == ["5/day", "2/h"]
    tier = server.current().tiers["free"]
    assert (tier.weight, tier.promised_wait_s, tier.max_running) == (2.0, 60.0, 1)
    told = ask("tiers", "set", "free", "--limits", "", "--promised-wait", "0", "--why", "None.")
    assert (told["tiers"]["free"]["limits"], told["tiers"]["free"]["promised_wait_s"]) == ([], None)


def test_a_tier_comes_and_goes(ask: Say, server: Policies) -> None:
    words = ["--weight", "2", "--max-running", "4", "--max-waiting", "40", "--why", "A lab."]
    rest = ["--rungs", "partials,guidance", "--services", "default", "--models", "smalti-mini"]
    told = ask("tiers", "add", "lab", *words, *rest)["tiers"]["lab"]
    assert (told["rungs"], told["services"]) == (["partials", "guidance"], ["default"])
    user = ask("users", "create", "ada", "--tier", "lab")
    assert run(["tiers", "remove", "lab", "--why", "Closed."]) == 2
    ask("users", "tier", user["user_id"], "free")
    assert "lab" not in ask("tiers", "remove", "lab", "--why", "Closed.")["tiers"]
    assert "lab" not in server.current().tiers


def test_what_each_rung_costs_and_gains(capsys: pytest.CaptureFixture[str], ask: Say) -> None:
    facts = ask("tiers", "rungs")["smalti-mini"]["rungs"]
    assert run(["tiers", "rungs"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0][:5] == ["model", "rung", "gain", "work_ratio", "loss"]
    assert [(line[0], line[1]) for line in lines[1:]] == [("smalti-mini", rung) for rung in facts]
    for _, rung, gain, _, loss, *_ in lines[1:]:
        assert (float(gain), float(loss)) == (
            round(facts[rung]["gain"], 3), round(facts[rung]["loss"], 3),
        )  # fmt: skip


def test_history_and_undo(
    ask: Say, server: Policies, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for weight in ("2", "3"):
        ask("tiers", "set", "free", "--weight", weight, "--why", f"To {weight}.")
    assert ask("tiers", "undo", "1", "--why", "Too much.")["version"] == 3
    assert server.current().tiers["free"].weight == 2.0
    rows = ask("tiers", "history")
    assert [(row["version"], row["why"], row["who"]) for row in rows] == [
        (3, "Too much.", "command line"),
        (2, "To 3.", "command line"),
        (1, "To 2.", "command line"),
    ]
    assert run(["tiers", "history", "--limit", "1"]) == 0
    assert "Too much." in capsys.readouterr().out
    assert run(["tiers", "history", "--limit", str(2**63)]) == 2
    assert "less than or equal to 1000000" in capsys.readouterr().err
    db = Database(f"sqlite:///{tmp_path}/smalti.db")
    actions = [row.action for row in Jobs(db).audit_since(0.0)]
    db.close()
    assert actions == ["tiers.undo", "tier.change", "tier.change"]


def test_a_damaged_version_is_named_and_undone(
    ask: Say, server: Policies, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("tiers", "set", "free", "--limits", "4/day", "--why", "One.")
    ask("tiers", "set", "free", "--limits", "5/day", "--why", "Two.")
    with closing(sqlite3.connect(tmp_path / "smalti.db")) as database, database:
        database.execute("UPDATE policies SET document = '{' WHERE version = 2")
    capsys.readouterr()
    for command in (["tiers"], ["tiers", "set", "free", "--weight", "2", "--why", "No."]):
        assert run(command) == 2
        told = capsys.readouterr().err
        assert "Version 2 of the tiers cannot be read by this smalti: it is damaged." in told
        assert "'smalti tiers undo'" in told
    assert run(["doctor"]) == 1
    assert "Version 2 of the tiers cannot be read" in capsys.readouterr().out
    assert run(["tiers", "history"]) == 0
    assert "Two." in capsys.readouterr().out
    assert server.current().version == 0, "who knows another goes on with that"
    told = ask("tiers", "undo", "1", "--why", "It is damaged.")
    assert (told["version"], told["tiers"]["free"]["limits"]) == (3, ["4/day"])
    assert server.current().version == 3


def test_switches(ask: Say, server: Policies, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["switches"]) == 0
    assert capsys.readouterr().out == "Nothing is paused.\n"
    words = ["--message", "Back at noon.", "--until", "2027-01-31T12:00:00Z", "--why", "Repairs."]
    told = ask("switches", "pause", "tier", "free", *words)
    assert told["switches"][0]["until"] == 1801396800.0
    (switch,) = server.current().switches
    assert (switch.rule, switch.message) == ("switch/tier/free", "Back at noon.")
    assert ask("switches") == told
    assert run(["switches"]) == 0
    assert "2027-01-31 12:00:00Z  Back at noon." in capsys.readouterr().out
    assert ask("switches", "resume", "tier", "free", "--why", "Done.")["switches"] == []
    assert server.current().switches == ()


def test_a_time_that_is_listed_can_be_typed_again(
    ask: Say, server: Policies, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says that it is UTC, also to who typed it in the time of another place."""
    words = ("switches", "pause", "tier", "free", "--message", "Back soon.", "--why", "Move.")
    ask(*words, "--until", "2027-03-28T03:30:00+02:00")
    assert run(["switches"]) == 0
    listed = "2027-03-28 01:30:00Z"
    assert listed in capsys.readouterr().out
    (before,) = server.current().switches
    ask(*words, "--until", listed)
    assert server.current().switches == (before,)


def test_switches_that_are_over_and_to_come_are_marked(
    ask: Say,
    server: Policies,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ["--from", "2100-01-31T12:00:00Z", "--until", "2100-01-31T14:00:00Z", "--why", "Move."]
    ask("switches", "pause", "tier", "free", "--message", "Back soon.", *words)
    for hour, told in (
        (-1, "free  from 2100-01-31 12:00:00Z  2100"),
        (1, "free  paused  2100"),
        (2, "free  over since 2100-01-31 14:00:00Z  2100"),
    ):
        now = 4_105_080_000.0 + 3600 * hour
        monkeypatch.setattr("smalti.cli.tiers.time.time", lambda now=now: now)
        assert run(["switches"]) == 0
        assert told in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tiers", "set", "gold", "--weight", "1"], "no tier 'gold'. There are free, plus"),
        (["tiers", "set", "free", "--limits", "3"], "tiers.free.limits has value '3'"),
        (["tiers", "set", "free", "--models", "owl"], "no model 'owl'. There are smalti-mini"),
        (["tiers", "set", "free", "--weight", "2", "--if-version", "4"], "from version 4"),
        (["tiers", "remove", "free"], "'free' is the default one"),
        (["tiers", "remove", "gold"], "no tier 'gold'"),
        (["tiers", "undo", "7"], "no version 7"),
        (["tiers", "undo", str(2**63)], "no version 9223372036854775808"),
        (["switches", "pause", "moon", "x", "--message", "No."], "scope has value 'moon'"),
        (["switches", "pause", "tier", "x", "--message", "No."], "name has value 'x'"),
        (["switches", "resume", "tier", "free"], "The tier 'free' is not paused"),
    ],
)
def test_what_cannot_be_done(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], server: Policies
) -> None:
    assert run([*words, "--why", "A test."]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""
    assert server.current().version == 0


def test_a_tier_is_added_once(ask: Say, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--weight", "2", "--max-running", "4", "--max-waiting", "40", "--why", "A test."]
    assert run(["tiers", "add", "free", *words]) == 2
    assert "There is a tier 'free'" in capsys.readouterr().err


def test_a_change_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tiers", "set", "free", "--weight", "2"]) == 2
    assert "--why" in capsys.readouterr().err
    assert run(["tiers", "set", "free", "--weight", "2", "--why", " "]) == 2
    assert "says why" in capsys.readouterr().err


def test_a_default_tier_that_the_settings_alone_have(
    ask: Say, server: Policies, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A version made before counts: the command that takes what the settings say must work."""
    ask("tiers", "set", "free", "--weight", "2", "--why", "More for all.")
    lab = "default_tier = 'lab'\n[tiers.lab]\nweight = 2\nmax_running = 2\nmax_waiting = 4\n"
    (tmp_path / "smalti.toml").write_text(lab)
    assert run(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "one of free, plus, pro, team: the tiers of version 1, which counts" in said
    assert "'smalti tiers undo 0'" in said
    assert "lab" in ask("tiers", "undo", "0", "--why", "As it stands there.")["tiers"]
    run(["doctor"])
    assert "lab of version 2, for others lab" in capsys.readouterr().out
