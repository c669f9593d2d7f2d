"""What a live service decided is decided again from its recording."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from lives import ask

from smalti.config import read_settings
from smalti.control.recording import replay_recorded
from smalti.errors import ConfigError
from smalti.fleet.paced import PacedBackend
from smalti.models.facts import MINI
from smalti.service import Denied, Service, open_parts
from smalti.service.recorder import Recorder
from smalti.store.identity import DEFAULT_ORGANISATION, Caller

STEP_S = (0.0002, 0.0003)


def recorded(folder: Path, requests: int) -> tuple[Path, int]:
    """The recording of requests that come faster than they are drawn; how many were refused."""
    file, refused = folder / "decisions.jsonl", 0

    async def run() -> None:
        nonlocal refused
        tiers = {"plus": {"promised_wait_s": 1}, "free": {"limits": ["2/day"]}}
        about = {"data_dir": folder, "record_decisions": file, "tiers": tiers}
        settings = read_settings(about, environ={})
        parts = open_parts(settings)
        parts.people.enter_organisation(DEFAULT_ORGANISATION, "default")
        service = Service(PacedBackend(1, 2, STEP_S, rows=False), (MINI,), settings, parts)
        await service.start()
        callers = [
            Caller(
                user=parts.people.create_user(f"user {i}", DEFAULT_ORGANISATION, tier),
                key_id="",
                scopes=frozenset({"images"}),
            )
            for i, tier in enumerate(["free"] * 90 + ["plus"] * 6 + ["pro"] * 2)
        ]
        jobs = []
        for i in range(requests):
            caller = callers[(5 * i) % len(callers)]
            try:
                job = await service.submit(ask(seed=i), caller, detached=True)
            except Denied:
                refused += 1
            else:
                jobs.append(job)
                if i % 9 == 0:
                    await service.cancel(job.job_id, caller)
            if i % 10 == 0:
                await asyncio.sleep(0.01)
        for job in jobs:
            await job.over.wait()
        await service.stop()

    asyncio.run(run())
    return file, refused


def test_every_decision_comes_out_the_same(tmp_path: Path) -> None:
    file, refused = recorded(tmp_path, 500)
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    found = replay_recorded(entries)
    assert found.difference is None
    assert found.same == found.decisions > 500
    kinds = {e["decided"][1] for e in entries if e["do"] == "admit" and "refused" in e["decided"]}
    assert refused > 50 and "limit" in kinds


def test_a_decision_that_was_forged_is_found(tmp_path: Path) -> None:
    file, _ = recorded(tmp_path, 40)
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    admitted = next(e for e in entries if e["do"] == "admit" and e["decided"][0] == "admitted")
    admitted["decided"] = ["refused", "limit", "free/day", 1.0]
    found = replay_recorded(entries)
    assert found.same == found.decisions - 1
    assert found.difference is not None and found.difference[1] == admitted["decided"]


def test_what_follows_from_a_difference_is_no_error(tmp_path: Path) -> None:
    file, _ = recorded(tmp_path, 40)
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    admitted = next(e for e in entries if e["do"] == "admit" and e["decided"][0] == "admitted")
    admitted["ask"]["model"] = "paused"
    begun = next(e for e in entries if e["do"] == "begin")
    begun["policy"]["switches"].append({"scope": "model", "name": "paused", "message": "Not now."})
    found = replay_recorded(entries)
    assert 0 < found.same < found.decisions
    assert found.difference is not None and found.difference[2][0] == "refused"


def test_what_is_no_recording_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with 'begin'"):
        replay_recorded([{"do": "admit"}])


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    settings = read_settings({"data_dir": tmp_path}, environ={})
    settings = replace(settings, record_decisions=tmp_path / "nowhere" / "file")
    parts = open_parts(settings)
    with pytest.raises(ConfigError, match="record_decisions"):
        Service(PacedBackend(1, 2, STEP_S), (MINI,), settings, parts)
    parts.close()


def on_a_stuck_disk(folder: Path) -> tuple[Recorder, int]:
    """What it writes is read from the second, and held up until then."""
    pipe = folder / "decisions.jsonl"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    return Recorder(pipe), reading


def test_a_slow_disk_holds_up_nobody_and_nothing_is_lost(tmp_path: Path) -> None:
    recorder, reading = on_a_stuck_disk(tmp_path)
    entries = [{"do": "retract", "job_id": f"{i} " + "x" * 1000} for i in range(1000)]
    telling = threading.Thread(target=lambda: [recorder.tell(entry) for entry in entries])
    telling.daemon = True
    telling.start()
    telling.join(timeout=10)
    assert not telling.is_alive(), "whoever tells waits for the disk"
    os.set_blocking(reading, True)
    closing = threading.Thread(target=recorder.close)
    with os.fdopen(reading, encoding="utf-8") as lines:
        closing.start()
        assert [json.loads(line) for line in lines] == entries
    closing.join()


def test_a_disk_that_hangs_does_not_keep_the_server_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("smalti.service.recorder.CLOSES_WITHIN_S", 0.05)
    recorder, reading = on_a_stuck_disk(tmp_path)
    recorder.tell({"do": "retract", "job_id": "x" * 1_000_000})
    recorder.close()
    assert "is not finished" in caplog.text
    os.close(reading)


def test_a_disk_that_is_far_too_slow_ends_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("smalti.service.recorder.UNWRITTEN_MAX", 3)
    recorder, reading = on_a_stuck_disk(tmp_path)
    for _ in range(6):
        recorder.tell({"do": "retract", "job_id": "x" * 100_000})
    assert caplog.text.count("too slow") == 1
    os.set_blocking(reading, True)
    closing = threading.Thread(target=recorder.close)
    closing.start()
    with os.fdopen(reading) as lines:
        assert 3 <= len(lines.readlines()) <= 4
    closing.join()
