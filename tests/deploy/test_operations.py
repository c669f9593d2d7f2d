"""What the manual says to type does what it says."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from smalti.cli.finding import Finding
from smalti.cli.store_checks import check_database
from smalti.config import TABLE, read_settings
from smalti.store.database import Database

MANUAL = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("absent", [(), ("key", "smalti.toml")])
def test_the_backup_is_whole_while_the_server_writes(
    tmp_path: Path, absent: tuple[str, ...]
) -> None:
    """Where the key is set and no settings are written, there is no file of them."""
    for folder in ("data/pictures", "backup", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    present = {"key", "address-secret", "smalti.toml", "pictures/0.png"} - set(absent)
    for name in present:
        (tmp_path / "data" / name).write_text("slots = 3" if name == "smalti.toml" else name)
    (tmp_path / "bin" / "python3").symlink_to(sys.executable)
    database = Database(f"sqlite:///{tmp_path / 'data' / 'smalti.db'}")
    database.write_now(lambda c: c.exec_driver_sql("INSERT INTO facts VALUES ('owl', 'here')"))
    (commands,) = re.findall(r"```sh\n(python3.*?)```", MANUAL, re.S)
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
    subprocess.run(["sh", "-ec", commands], cwd=tmp_path, env={"PATH": path}, check=True)
    database.close()

    backup = tmp_path / "backup"
    assert (backup / "pictures" / "0.png").read_text() == "pictures/0.png"
    for name in present:
        assert (backup / name).exists(), name
    with sqlite3.connect(backup / "smalti.db") as restored:
        assert restored.execute("SELECT value FROM facts WHERE name = 'owl'").fetchone() == (
            "here",
        )
    restored.close()
    assert finding(backup).state == "ok"


def finding(folder: Path) -> Finding:
    return check_database(read_settings({"data_dir": folder}, {}))[0]


def test_settings_that_it_names_exist() -> None:
    names = {row.name for row in TABLE} | {"slow_down", "pg_dump", "pool_mode"}
    for word in re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)(?:=\w+)?`", MANUAL):
        known = word in names or word.startswith(("smalti_", "http_", "process_"))
        assert known, word
