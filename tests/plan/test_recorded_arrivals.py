"""The arrivals of a recorded run, with a simulated fleet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorded_runs import FLEET, STEP_S, cancelled_run, recorded_run

from smalti.control import DEFAULT_POLICY, Ask
from smalti.control.recording import Entry, Recorded, replay_recorded
from smalti.errors import InvalidRequest
from smalti.plan.fleet import FleetSpec
from smalti.plan.measured import measured_fleet
from smalti.plan.recorded import read_recording, replay_arrivals, waits_of


def test_with_the_same_fleet_all_is_decided_the_same() -> None:
    entries = recorded_run()
    again = replay_arrivals(entries, FLEET)
    assert again.agreement.difference is None
    assert again.agreement.same == again.agreement.decisions > 300
    assert again.waits_s == pytest.approx(waits_of(entries), abs=1e-4)


def test_with_a_faster_fleet_more_is_admitted() -> None:
    faster = FleetSpec(1, tuple(step / 3 for step in STEP_S), 0.0)
    again = replay_arrivals(recorded_run(), faster)
    assert again.agreement.same < again.agreement.decisions
    assert again.agreement.difference is not None


def test_who_went_away_goes_away_again() -> None:
    entries = cancelled_run()
    again = replay_arrivals(entries, FleetSpec(1, (0.01,), 0.0))
    assert again.waits_s == {"a": 0.0, "c": 1.0} == waits_of(entries)


@pytest.mark.parametrize("by_s", [3600.0, -3600.0])
def test_a_clock_that_was_set_meanwhile_draws_nothing(by_s: float) -> None:
    """The second picture had been in its slot for half a second, and the third waited."""
    entries: list[Entry] = []
    control = Recorded(DEFAULT_POLICY, 1000, entries.append)
    control.slots = 1
    for job_id in "abc":
        control.admit(Ask(job_id, f"user_{job_id}", "org", "pro", 1, 100.0), 1e9)
        control.enqueue(job_id, 1e9)
    assert control.next(1e9)
    control.finished("a", 0, 1.0, 1e9 + 1.0)
    assert control.next(1e9 + 1.0)
    control.look(1e9 + 1.5)
    control.clock_set(by_s)
    control.finished("b", 0, 1.0, 1e9 + 2.0 + by_s)
    assert control.next(1e9 + 2.0 + by_s)
    control.finished("c", 0, 1.0, 1e9 + 3.0 + by_s)
    again = replay_arrivals(entries, FleetSpec(1, (0.01,), 0.0))
    assert again.waits_s == {"a": 0.0, "b": 1.0, "c": 2.0} == waits_of(entries)
    measured = measured_fleet(entries)
    assert measured.step_s == (pytest.approx(0.01),) and len(measured.drift.speeds) == 1


def test_the_fleet_is_measured_by_how_long_pictures_took() -> None:
    entries = recorded_run(load=0.8)
    fleet = measured_fleet(entries)
    assert fleet.step_s == pytest.approx(STEP_S, rel=0.01)
    assert fleet.spread < 0.01
    noisy = FleetSpec(1, STEP_S, 0.1)
    fleet = measured_fleet(recorded_run(load=0.8, fleet=noisy))
    assert fleet.step_s == pytest.approx(STEP_S, rel=0.1)
    assert 0.05 < fleet.spread < 0.2


def test_a_number_of_pictures_that_was_never_seen_is_as_its_neighbour() -> None:
    entries = cancelled_run()
    entries.insert(1, {"do": "slots", "slots": 3})
    assert measured_fleet(entries).step_s == (pytest.approx(0.01),) * 3


def test_nothing_that_was_drawn_is_no_measure() -> None:
    with pytest.raises(InvalidRequest, match="Nothing was drawn"):
        measured_fleet(cancelled_run()[:3])


def test_a_recording_is_read_from_its_file(tmp_path: Path) -> None:
    file, entries = tmp_path / "decisions.jsonl", recorded_run(100)
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert replay_recorded(read_recording(file)) == replay_recorded(entries)
    file.write_text("[1, 2]\n")
    with pytest.raises(InvalidRequest, match="line 1 is no entry"):
        list(read_recording(file))
    with pytest.raises(InvalidRequest, match="cannot be read"):
        list(read_recording(tmp_path / "nowhere"))
