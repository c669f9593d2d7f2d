"""smalti doctor: what it finds, what it says to do, and that it touches nothing."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert, update
from store_rows import accepted

from smalti.cli import machine_checks, store_checks
from smalti.cli.commands import run
from smalti.config import Settings, read_settings
from smalti.errors import StoreUnavailable
from smalti.store.database import Database
from smalti.store.jobs import Jobs
from smalti.store.schema import facts, jobs

NOW = time.time()


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("SMALTI_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SMALTI_PORT", "0")
    monkeypatch.setenv("SMALTI_DEVICE", "cpu")


def settings_of(folder: Path, **more: object) -> Settings:
    return read_settings({"data_dir": folder, **more}, {})


def make_database(folder: Path) -> Path:
    database = Database(f"sqlite:///{folder / 'smalti.db'}")
    database.close()
    return folder / "smalti.db"


def doctor(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any], str]:
    """Exit code, the checks by name, and all that was printed."""
    code = run(["doctor", "--data-dir", str(folder), "--json"])
    printed = capsys.readouterr().out
    told = json.loads(printed)
    return code, {check["check"]: check for check in told["checks"]}, printed


def test_before_the_first_start_all_is_well_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, checks, _ = doctor(tmp_path / "data", capsys)
    assert code == 0
    assert {name for name, check in checks.items() if check["state"] == "fail"} == set()
    assert checks.keys() >= {"python", "settings", "database", "pictures", "weights", "device"}
    assert list(tmp_path.iterdir()) == []


def test_after_a_start_it_leaves_everything_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_database(tmp_path)
    (tmp_path / "pictures").mkdir()
    before = sorted(tmp_path.rglob("*"))
    code, checks, _ = doctor(tmp_path, capsys)
    assert code == 0
    assert checks["database"]["state"] == "ok"
    assert "whole, tables of version" in checks["database"]["finding"]
    assert "put, read and deleted one" in checks["pictures"]["finding"]
    assert sorted(tmp_path.rglob("*")) == before


def test_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key").write_text("sk-x")
    (tmp_path / "key").chmod(0o644)
    assert run(["doctor", "--data-dir", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert f"warn secrets: others may read {tmp_path}/key" in said
    assert f"-> chmod 600 {tmp_path}/key" in said
    assert "ok   python: Python 3." in said


def test_settings_and_where_they_came_from_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "postgresql+nothing://smalti:hunter2@127.0.0.1:1/x"
    monkeypatch.setenv("SMALTI_KEY", "hunter2-as-a-key-of-length")
    (tmp_path / "smalti.toml").write_text(f'database_url = "{secret}"\nslots = 3\n')
    code = run(["doctor", "--data-dir", str(tmp_path), "--json"])
    printed = capsys.readouterr().out
    assert "hunter2" not in printed
    rows = {row["name"]: row for row in json.loads(printed)["settings"]}
    assert rows["slots"] == {"name": "slots", "value": "3", "from": f"{tmp_path}/smalti.toml"}
    assert rows["key"] == {"name": "key", "value": "…", "from": "SMALTI_KEY"}
    assert rows["data_dir"]["from"] == "--data-dir"
    assert rows["host"]["from"] == "default"
    assert rows["database_url"]["value"] == "postgresql+nothing://smalti:…@127.0.0.1:1/x"
    assert code == 1  # there is no such driver
    assert run(["doctor", "--data-dir", str(tmp_path)]) == 1
    assert "hunter2" not in capsys.readouterr().out


def test_values_are_shown_as_they_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMALTI_TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    assert run(["doctor", "--json", "--data-dir", str(tmp_path)]) == 0
    shown = {row["name"]: row["value"] for row in json.loads(capsys.readouterr().out)["settings"]}
    assert shown["trusted_proxies"] == "10.0.0.0/8, ::1/128"
    assert shown["local_mode"] == "false"


def test_a_setting_that_is_wrong_is_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "smalti.toml").write_text("slots = 'eighty'\n")
    code, checks, _ = doctor(tmp_path, capsys)
    assert code == 1
    assert "has value 'eighty'" in checks["settings"]["finding"]
    (tmp_path / "smalti.toml").write_text("default_tier = 'gold'\n")
    code, checks, _ = doctor(tmp_path, capsys)
    assert code == 1
    assert "'gold'" in checks["settings"]["finding"]


def test_no_database(tmp_path: Path) -> None:
    (tmp_path / "smalti.db").write_bytes(b"not a database, whatever its name " * 100)
    finding, _ = store_checks.check_database(settings_of(tmp_path))
    assert finding.state == "fail"
    assert "is no SQLite database" in finding.finding


def test_a_damaged_database(tmp_path: Path) -> None:
    file = make_database(tmp_path)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(file.read_bytes())
    for page in range(1, len(data) // 4096):
        data[4096 * page + 8 : 4096 * page + 100] = b"\xff" * 92
    file.write_bytes(data)
    finding, _ = store_checks.check_database(settings_of(tmp_path))
    assert finding.state == "fail"
    assert "damaged" in finding.finding
    assert "backup" in finding.finding + finding.remedy


def test_a_job_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'smalti.db'}")
    asyncio.run(accepted(Jobs(database)))
    database.write_now(lambda c: c.exec_driver_sql("UPDATE jobs SET request = '{x'"))
    database.close()
    finding, _ = store_checks.check_database(settings_of(tmp_path))
    assert finding.state == "warn"
    assert "what was asked for is damaged: 1" in finding.finding


def test_a_locked_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_checks, "PATIENCE_S", 0.05)
    holder = sqlite3.connect(make_database(tmp_path), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    finding, _ = store_checks.check_database(settings_of(tmp_path))
    holder.close()
    assert finding.state == "fail"
    assert "locked" in finding.finding


def test_a_database_of_a_newer_smalti(tmp_path: Path) -> None:
    file = make_database(tmp_path)
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(update(facts).values(value="999"))
    engine.dispose()
    finding, _ = store_checks.check_database(settings_of(tmp_path))
    assert finding.state == "fail"
    assert "version 999" in finding.finding


def test_the_newest_job_and_the_clock(tmp_path: Path) -> None:
    file = make_database(tmp_path)
    engine = create_engine(f"sqlite:///{file}")
    row = {column.name: _anything(column) for column in jobs.columns if not column.nullable}
    with engine.begin() as connection:
        connection.execute(insert(jobs).values({**row, "created_at": NOW + 7200}))
    engine.dispose()
    finding, newest = store_checks.check_database(settings_of(tmp_path))
    assert finding.state == "ok"
    assert newest == NOW + 7200
    assert machine_checks.check_clock(newest).state == "warn"
    assert machine_checks.check_clock(NOW - 10).state == "ok"
    assert machine_checks.check_clock(None).state == "ok"


def _anything(column: Any) -> object:
    kind = column.type.python_type
    return {} if kind in (dict, object) else kind()


def test_a_clock_from_before_the_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert machine_checks.check_clock(None).state == "fail"


def test_a_folder_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert store_checks.check_folder(settings_of(tmp_path / "file" / "data")).state == "fail"

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_checks.tempfile, "TemporaryFile", full)
    finding = store_checks.check_folder(settings_of(tmp_path))
    assert finding.state == "fail"
    assert "No space left on device" in finding.finding


@pytest.mark.parametrize(("free", "state"), [(10**8, "fail"), (10**9, "warn"), (10**11, "ok")])
def test_free_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    usage = store_checks.shutil.disk_usage("/")._replace(free=free)
    monkeypatch.setattr(store_checks.shutil, "disk_usage", lambda path: usage)
    assert store_checks.check_folder(settings_of(tmp_path)).state == state


class Faulty:
    """Blobs that fail in a way."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.kept: bytes | None = None

    def put(self, name: str, data: bytes) -> None:
        if self.way == "down":
            raise StoreUnavailable("The bucket 'b' cannot be used now: it does not answer.")
        self.kept = data[:-1] if self.way == "short" else data

    def get(self, name: str) -> bytes | None:
        return self.kept

    def delete(self, name: str) -> None:
        if self.way != "keeps":
            self.kept = None


@pytest.mark.parametrize(
    ("way", "said"),
    [("down", "does not answer"), ("short", "did not give back"), ("keeps", "kept what was")],
)
def test_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, said: str) -> None:
    monkeypatch.setattr(store_checks, "_blobs", lambda settings: Faulty(way))
    finding = store_checks.check_pictures(settings_of(tmp_path))
    assert finding.state == "fail"
    assert said in finding.finding


@pytest.mark.parametrize(
    ("name", "state"),
    [("here.jsonl", "ok"), ("not_yet.jsonl", "ok"), ("", "fail"), ("nowhere/a.jsonl", "fail")],
)
def test_a_recording_that_cannot_be_written(tmp_path: Path, name: str, state: str) -> None:
    (tmp_path / "here.jsonl").write_text("kept")
    file = tmp_path / name
    settings = read_settings({"data_dir": tmp_path / "data", "record_decisions": file}, environ={})
    assert [finding.state for finding in store_checks.check_recording(settings)] == [state]
    assert (tmp_path / "here.jsonl").read_text() == "kept"
    assert not (tmp_path / "not_yet.jsonl").exists()


def test_weights(tmp_path: Path) -> None:
    real = machine_checks.check_weights()
    assert real.state == "ok"
    assert "sha256 " in real.finding
    assert machine_checks.check_weights(tmp_path / "none").state == "fail"
    source = machine_checks.weights_file()
    assert source is not None
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(source.read_bytes()[:100_000])
    assert machine_checks.check_weights(cut).state == "fail"


def test_weights_that_are_not_those_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_checks, "recorded_digest", lambda file: b"another")
    assert machine_checks.check_weights().state == "warn"


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    finding = machine_checks.check_device(settings_of(tmp_path, device="cuda:97"))
    assert finding.state == "fail"
    assert "SMALTI_DEVICE=auto" in finding.remedy


def test_a_gpu_that_torch_cannot_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_checks, "find_device", lambda name: "cpu")
    monkeypatch.setattr(machine_checks, "cuda_devices", lambda: 1)
    monkeypatch.setattr(machine_checks, "torch_has_cuda", lambda: False)
    assert machine_checks.check_device(settings_of(tmp_path)).state == "warn"


def test_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_checks, "free_memory_gb", lambda: 0.3)
    assert machine_checks.check_device(settings_of(tmp_path, device="cpu")).state == "warn"


@pytest.mark.parametrize(
    ("soft", "hard", "state", "said"),
    [
        (1024, 524_288, "warn", "ulimit -n 2256"),
        (1024, 1024, "warn", "hard limit"),
        (4096, 4096, "ok", ""),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, "ok", ""),
    ],
)
def test_open_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, state: str, said: str
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, hard))
    finding = machine_checks.check_files(settings_of(tmp_path))
    assert finding.state == state
    assert said in finding.remedy


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("local_mode = true\nhost = '0.0.0.0'\n", "'local_mode' has value 'true' and 'host'"),
        ("[tiers.free]\nmodels = ['owl']\n", "'tiers' names the model 'owl'"),
        ("country_database = '/none.mmdb'\n", "'/none.mmdb', which cannot be read: No such file"),
    ],
)
def test_settings_that_stop_a_start_are_found_before_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str, said: str
) -> None:
    (tmp_path / "smalti.toml").write_text(written)
    code, checks, _ = doctor(tmp_path, capsys)
    assert (code, checks["settings"]["state"]) == (1, "fail")
    assert said in checks["settings"]["finding"]


def test_every_finding_that_is_not_well_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "smalti.db").write_bytes(b"x" * 5000)
    (tmp_path / "pictures").write_text("in the way")
    monkeypatch.setenv("SMALTI_DEVICE", "cuda:97")
    code, checks, _ = doctor(tmp_path, capsys)
    assert code == 1
    failed = {name for name, check in checks.items() if check["state"] == "fail"}
    assert failed == {"database", "pictures", "device"}
    for check in checks.values():
        assert (check["state"] == "ok") == (check["remedy"] == "")
