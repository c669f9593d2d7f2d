"""Who was refused, from the command line."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from smalti.cli.commands import run
from smalti.store.database import Database
from smalti.store.jobs import Jobs
from smalti.store.people import People
from smalti.store.rows import DenialRow


@pytest.fixture
def user_id(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Of ada, who was refused twice by her limit and once, two hours ago, for the load; somebody
    else was refused once."""
    monkeypatch.setenv("SMALTI_DATA_DIR", str(tmp_path))
    assert run(["users", "create", "ada", "--tier", "free"]) == 0
    now = time.time()
    db = Database(f"sqlite:///{tmp_path}/smalti.db")
    ada = next(user.user_id for user in People(db).users() if user.name == "ada")

    def refused(ago_s: float, user_id: str, rule: str) -> DenialRow:
        return DenialRow(
            at=now - ago_s, user_id=user_id, org_id="o", tier="free", rule=rule, kind="limit",
            images=2, region="DE", retry_at=now,
        )  # fmt: skip

    rows = [
        refused(7200.0, ada, "server/promise"),
        refused(60.0, "user_gone", "free/day"),
        refused(30.0, ada, "free/day"),
        refused(20.0, ada, "free/day"),
    ]
    asyncio.run(Jobs(db).note_denials(rows))
    db.close()
    return ada


def test_rules_are_counted_and_the_newest_are_listed(
    user_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["denials", "--limit", "3"]) == 0
    counts, rows = capsys.readouterr().out.split("\n\n")
    assert [line.split() for line in counts.splitlines()] == [
        ["rule", "requests"], ["free/day", "3"], ["server/promise", "1"]
    ]  # fmt: skip
    assert [line.split()[2:7] for line in rows.splitlines()[1:]] == [
        ["ada", "free", "DE", "2", "free/day"],
        ["ada", "free", "DE", "2", "free/day"],
        ["user_gone", "free", "DE", "2", "free/day"],
    ]


def test_of_one_user_and_of_the_last_hour(user_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["denials", "--user", "ada", "--hours", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"] == {"free/day": 2}
    assert [row["user_id"] for row in told["data"]] == [user_id] * 2
    assert run(["denials", "--hours", "0"]) == 0
    assert capsys.readouterr().out == "Nobody was refused in the last 0 hours.\n"


def test_a_user_who_is_not_there(user_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["denials", "--user", "bob"]) == 2
    assert "There is no user 'bob'." in capsys.readouterr().err
