"""`smalti replay`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smalti.cli.commands import run
from smalti.control import DEFAULT_POLICY, Ask
from smalti.control.recording import Recorded
from smalti.store.database import Database


def recording(file: Path) -> None:
    """Two decisions, a line each."""
    with file.open("w") as lines:
        control = Recorded(DEFAULT_POLICY, 10, lambda entry: print(json.dumps(entry), file=lines))
        control.slots = 1
        for job_id in "ab":
            control.admit(Ask(job_id, f"user_{job_id}", "org", "pro", 1, 100.0), 1000.0)


def test_a_recording_that_is_cut_off_is_replayed_as_far_as_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "decisions.jsonl"
    recording(file)
    file.write_text(file.read_text()[:-9])
    assert run(["replay", "--recorded", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"decisions": 1, "same": 1}


@pytest.mark.parametrize("text", ["", "[1]\n", "3\n", '{"do": "begin"}\n', "free,3\n"])
def test_what_is_no_recording_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "decisions.jsonl"
    file.write_text(text)
    assert run(["replay", "--recorded", str(file)]) == 2
    said = capsys.readouterr().err
    assert str(file) in said and "as a recording" in said and "Traceback" not in said


@pytest.mark.parametrize("option", ["--fleet", "--demand", "--recorded"])
def test_a_file_that_is_not_there_is_said_not_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    typed = ["--source", "equal_users", option] if option == "--fleet" else [option]
    assert run(["replay", *typed, str(tmp_path / "nowhere")]) == 2
    said = capsys.readouterr().err
    assert said.endswith(": No such file or directory.\n") and "Err" not in said


HEAD = "arrival_s,user,org,tier,region,model,images,work,service,patience_s\n"


def replayed(folder: Path, capsys: pytest.CaptureFixture[str], rows: str, *more: str) -> Any:
    (folder / "demand.csv").write_text(HEAD + rows)
    assert run(["replay", "--demand", str(folder / "demand.csv"), "--json", *more]) == 0
    return json.loads(capsys.readouterr().out)


def test_device_seconds_count_as_they_were_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each takes 25.6 s, which nobody knew when the first one was admitted."""
    (tmp_path / "smalti.toml").write_text('[tiers.free]\nlimits = ["60 device_s/day"]\n')
    (tmp_path / "fleet.json").write_text('{"devices": 1, "step_s": [0.1]}')
    rows = "".join(f"{100 * i},ann,o,free,DE,smalti-mini,1,256,,\n" for i in range(4))
    files = ["--tiers", str(tmp_path / "smalti.toml"), "--fleet", str(tmp_path / "fleet.json")]
    told = replayed(tmp_path, capsys, rows, *files)
    assert told["by_tier"]["free"]["drawn"] == 2
    assert told["refused"] == {"free/device_s/day": 2}


def test_no_more_wait_than_the_server_lets_wait(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "smalti.toml").write_text("max_waiting = 10\n")
    rows = "".join(f"0,user{i},o,plus,DE,smalti-mini,1,256,,\n" for i in range(30))
    told = replayed(tmp_path, capsys, rows, "--tiers", str(tmp_path / "smalti.toml"))
    assert told["by_tier"]["plus"]["drawn"] == 8 + 10
    assert told["refused"] == {"server/waiting": 12}


def test_without_a_file_the_tiers_are_those_that_come_with_smalti(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not those of a server of whoever asks, who would not be told so."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    theirs = tmp_path / ".local/share/smalti/smalti.toml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text('[tiers.free]\nlimits = ["1/day"]\n')
    rows = "".join(f"{100 * i},ann,o,free,DE,smalti-mini,1,256,,\n" for i in range(4))
    assert replayed(tmp_path, capsys, rows)["refused"] == {"free/day": 1}


def test_tiers_that_were_changed_since_are_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "smalti.toml").write_text('[tiers.free]\nlimits = ["2/day"]\n')
    files = ["--tiers", str(tmp_path / "smalti.toml")]
    Database(f"sqlite:///{tmp_path}/smalti.db").close()
    rows = "".join(f"{100 * i},ann,o,free,DE,smalti-mini,1,256,,\n" for i in range(3))
    (tmp_path / "demand.csv").write_text(HEAD + rows)
    command = ["replay", "--demand", str(tmp_path / "demand.csv"), "--json", *files]
    assert run(command) == 0
    assert capsys.readouterr().err == ""
    change = ["tiers", "set", "free", "--limits", "1/day", "--why", "Too many."]
    assert run([*change, "--data-dir", str(tmp_path)]) == 0
    capsys.readouterr()
    assert run(command) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["refused"] == {"free/day": 1}
    assert "version 1 of its tiers counts" in said.err


def test_who_gives_up_in_his_slot_is_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fleet.json").write_text('{"devices": 1, "step_s": [0.1]}')
    rows = "0,ann,o,team,DE,smalti-mini,1,256,,5\n9,ben,o,team,DE,smalti-mini,1,256,,60\n"
    told = replayed(tmp_path, capsys, rows, "--fleet", str(tmp_path / "fleet.json"))
    assert told["by_tier"]["team"] == {"asked": 2, "drawn": 1, "wait_p50_s": 0, "wait_p95_s": 0}


def test_a_place_where_no_demand_can_be_saved_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "demand.csv").write_text(HEAD + "0,ann,o,free,DE,smalti-mini,1,256,,\n")
    file = tmp_path / "nowhere" / "saved.csv"
    assert run(["replay", "--demand", str(tmp_path / "demand.csv"), "--save", str(file)]) == 2
    assert f"{file} cannot be written" in capsys.readouterr().err


def test_a_region_is_its_country_in_whatever_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paused = '[[switches]]\nscope = "region"\nname = "de"\nmessage = "Closed."\n'
    (tmp_path / "smalti.toml").write_text(paused)
    rows = "".join(f"{i},user{i},o,plus,{code},smalti-mini,1,256,,\n" for i, code in
                   enumerate(("de", "DE", "fr")))  # fmt: skip
    told = replayed(tmp_path, capsys, rows, "--tiers", str(tmp_path / "smalti.toml"))
    assert told["refused"] == {"switch/region/DE": 2}


@pytest.mark.parametrize(
    "name, said",
    [("policy.toml", "of the name smalti.toml"), ("none/smalti.toml", "There is no file")],
)
def test_a_file_of_tiers_that_is_not_taken_is_told_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    (tmp_path / "policy.toml").write_text("max_waiting = 10\n")
    (tmp_path / "demand.csv").write_text(HEAD)
    files = ["--demand", str(tmp_path / "demand.csv"), "--tiers", str(tmp_path / name)]
    assert run(["replay", *files]) == 2
    error = capsys.readouterr().err
    assert said in error and str(tmp_path / name) in error


def test_a_pause_of_some_hours_is_replayed_at_its_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without one nobody could say whether it counts."""
    times = "from = 2026-12-01T18:00:00Z\nuntil = 2026-12-01T20:00:00Z\n"
    paused = '[[switches]]\nscope = "tier"\nname = "plus"\nmessage = "Closed."\n'
    (tmp_path / "smalti.toml").write_text(paused + times)
    rows = "".join(f"{3600 * i},user{i},o,plus,DE,smalti-mini,1,256,,\n" for i in range(4))
    files = ["--tiers", str(tmp_path / "smalti.toml")]
    told = replayed(tmp_path, capsys, rows, *files, "--begins", "2026-12-01T18:00:00+01:00")
    assert told["refused"] == {"switch/tier/plus": 2}
    assert told["by_tier"]["plus"]["drawn"] == 2
    asked = ["--demand", str(tmp_path / "demand.csv"), *files]
    assert run(["replay", *asked]) == 2
    assert "'plus' is paused for a time. Say with --begins" in capsys.readouterr().err
    for begins in ("tomorrow", "2026-12-01T18:00:00"):
        assert run(["replay", *asked, "--begins", begins]) == 2
        assert f"--begins has value '{begins}'" in capsys.readouterr().err


def test_all_who_asked_are_drawn_or_refused_or_gave_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"0,user{i},o,plus,DE,smalti-mini,1,256,,7\n" for i in range(40))
    rows += "0,user0,o,plus,DE,smalti-mini,4,256,priority,\n"
    told = replayed(tmp_path, capsys, rows)
    drawn = told["by_tier"]["plus"]["drawn"]
    assert told["given_up"] > 0 and told["promises_broken"] == 0
    assert drawn + told["given_up"] + sum(told["refused"].values()) == 41
    assert run(["replay", "--demand", str(tmp_path / "demand.csv")]) == 0
    assert f"gave up before they had all: {told['given_up']}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--demand", "demand.csv", "--load", "10"], "--load has no effect here: a demand file"),
        (["--recorded", "decisions.jsonl", "--fleet", "fleet.json"], "--fleet has no effect here"),
        (["--recorded", "decisions.jsonl", "--in-full"], "--in-full has no effect here"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    typed: list[str],
    said: str,
) -> None:
    """Else the figures would be taken for those of what was typed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demand.csv").write_text(HEAD + "0,ann,o,free,DE,smalti-mini,1,256,,\n")
    recording(tmp_path / "decisions.jsonl")
    assert run(["replay", *typed]) == 2
    assert said in capsys.readouterr().err
