"""Keys, users and organisations from the command line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from smalti.cli.commands import run
from smalti.errors import Unauthorized
from smalti.store.database import Database
from smalti.store.jobs import Jobs
from smalti.store.people import DEFAULT_ORGANISATION, People

Say = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SMALTI_DATA_DIR", str(tmp_path))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Database]:
    """The database, as a running server has it open."""
    db = Database(f"sqlite:///{tmp_path}/smalti.db")
    yield db
    db.close()


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command and read the JSON that it prints."""

    def ask(*words: str) -> Any:
        assert run([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return ask


def test_a_user_and_his_key(ask: Say, server: Database) -> None:
    user = ask("users", "create", "ada", "--tier", "pro")
    assert (user["name"], user["tier"]) == ("ada", "pro")
    assert user["org_id"] == DEFAULT_ORGANISATION
    key = ask("keys", "create", "ada", "--name", "laptop", "--days", "2")
    caller = People(server).caller_of(key["secret"], time.time())
    assert caller.user.user_id == user["user_id"]
    assert caller.scopes == {"images"}
    with pytest.raises(Unauthorized):
        People(server).caller_of(key["secret"], time.time() + 3 * 86_400)


def test_the_secret_alone_is_printed(capsys: pytest.CaptureFixture[str], server: Database) -> None:
    assert run(["users", "create", "ada"]) == 0
    user_id = capsys.readouterr().out.strip()
    assert run(["keys", "create", user_id, "--scope", "images", "--scope", "admin"]) == 0
    printed = capsys.readouterr()
    caller = People(server).caller_of(printed.out.strip(), time.time())
    assert caller.scopes == {"images", "admin"}
    assert "not shown again" in printed.err
    assert run(["keys", "list"]) == 0
    listed = capsys.readouterr().out
    assert caller.key_id in listed
    assert printed.out.strip() not in listed


def test_a_revoke_counts_for_the_running_server(ask: Say, server: Database) -> None:
    ask("users", "create", "ada")
    key = ask("keys", "create", "ada")
    People(server).caller_of(key["secret"], time.time())
    assert ask("keys", "revoke", key["key_id"])["revoked_at"] is not None
    with pytest.raises(Unauthorized) as caught:
        People(server).caller_of(key["secret"], time.time())
    assert caught.value.code == "revoked_api_key"


def test_a_user_is_disabled_and_changes_tier(ask: Say, server: Database) -> None:
    ask("users", "create", "ada")
    secret = ask("keys", "create", "ada")["secret"]
    assert ask("users", "tier", "ada", "plus")["tier"] == "plus"
    assert People(server).caller_of(secret, time.time()).user.tier == "plus"
    ask("users", "disable", "ada")
    with pytest.raises(Unauthorized):
        People(server).caller_of(secret, time.time())
    assert ask("users", "enable", "ada")["disabled_at"] is None
    People(server).caller_of(secret, time.time())


def test_what_a_disabled_user_has_waiting_is_told_to_be_drawn(
    ask: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("users", "create", "ada")
    assert run(["users", "disable", "ada", "--data-dir", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "ada is disabled. What was accepted of his is still drawn." in said


def test_lists(ask: Say, capsys: pytest.CaptureFixture[str]) -> None:
    org = ask("orgs", "create", "Mosaic Ltd")
    ada = ask("users", "create", "ada", "--org", "Mosaic Ltd")
    ask("users", "create", "bob")
    ask("keys", "create", "ada")
    ask("keys", "create", "bob")
    assert {o["name"] for o in ask("orgs", "list")} == {"Mosaic Ltd", "default"}
    assert ask("users", "list", "--org", org["org_id"]) == [ada]
    assert len(ask("users", "list")) == 2
    (key,) = ask("keys", "list", "--user", "ada")
    assert key["user_id"] == ada["user_id"]
    assert len(ask("keys", "list")) == 2
    assert run(["users", "list"]) == 0
    table = capsys.readouterr().out
    assert ada["user_id"] in table
    assert org["org_id"] in table


def test_changes_are_on_record(ask: Say, server: Database) -> None:
    ask("users", "create", "ada")
    key = ask("keys", "create", "ada")
    ask("keys", "revoke", key["key_id"])
    rows = Jobs(server).audit_since(0.0)
    assert [row.action for row in rows] == ["key.revoke", "key.create", "user.create"]
    assert {row.who for row in rows} == {"command line"}
    assert key["secret"] not in str(rows)


def test_another_folder(ask: Say, tmp_path: Path) -> None:
    there = tmp_path / "elsewhere"
    there.mkdir()
    ask("users", "create", "ada", "--data-dir", str(there))
    assert (there / "smalti.db").exists()
    assert not (tmp_path / "smalti.db").exists()


@pytest.mark.parametrize(
    "words",
    [
        "denials", "orgs list", "orgs create lab", "users list", "users create ada",
        "users tier ada pro", "users disable ada", "users enable ada", "keys list",
        "keys create ada", "keys revoke key_1", "tiers", "tiers history", "switches",
        "tiers set free --weight 2 --why no", "tiers undo 0 --why no",
        "switches pause model smalti-mini --message no --why no",
    ],
)  # fmt: skip
def test_a_folder_that_is_mistyped_is_told_and_not_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: str
) -> None:
    there = tmp_path / "elswhere"
    assert run([*words.split(), "--data-dir", str(there)]) == 2
    assert f"There is no directory {there}." in capsys.readouterr().err
    assert not there.exists()


@pytest.mark.parametrize("words", ["denials", "users list", "keys revoke key_1"])
def test_a_folder_without_a_database_stays_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: str
) -> None:
    assert run(words.split()) == 2
    assert f"There is no database {tmp_path / 'smalti.db'}." in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["users", "create", "ada", "--tier", "gold"], "no tier 'gold'. The tiers: free, plus"),
        (["users", "create", "ada", "--org", "none"], "no organisation 'none'"),
        (["users", "create", " "], "A name has 1 to"),
        (["users", "tier", "nobody", "free"], "no user 'nobody'"),
        (["users", "disable", "nobody"], "no user 'nobody'"),
        (["keys", "create", "nobody"], "no user 'nobody'"),
        (["keys", "revoke", "key_none"], "no key 'key_none'"),
    ],
)
def test_what_cannot_be_done(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], server: Database
) -> None:
    assert run(words) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""


def test_the_same_name_twice(ask: Say, capsys: pytest.CaptureFixture[str]) -> None:
    ask("orgs", "create", "Mosaic Ltd")
    ask("users", "create", "ada")
    assert run(["users", "create", "ada"]) == 2
    assert "Choose another name" in capsys.readouterr().err
    ask("users", "create", "ada", "--org", "Mosaic Ltd")
    assert run(["keys", "create", "ada"]) == 2
    assert "Several users are named 'ada'" in capsys.readouterr().err


def test_a_database_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "smalti.db").write_text("a shopping list" * 100)
    assert run(["users", "list"]) == 1
    assert "is no SQLite database" in capsys.readouterr().err
