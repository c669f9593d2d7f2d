"""Two servers over one database would each decide as if they were alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from postgres_server import PostgresServer, postgres_server
from sqlalchemy import insert, select

from smalti.errors import ConfigError, StoreUnavailable
from smalti.store import exclusive
from smalti.store.database import Database
from smalti.store.exclusive import Superseded
from smalti.store.schema import doomed_blobs


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/smalti.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    monkeypatch.setattr(exclusive, "PATIENCE_S", 0.0)
    return server.url


def add(db: Database, name: str) -> None:
    db.write_now(lambda c: c.execute(insert(doomed_blobs).values(name=name)))


def names(db: Database) -> set[str]:
    return set(db.read(lambda c: c.scalars(select(doomed_blobs.c.name)).all()))


def test_a_second_server_is_refused_and_told_which_database_it_is(address: str) -> None:
    with (
        closing(Database(address, alone=True)) as db,
        pytest.raises(ConfigError, match=r"Another server uses the database \S+(db|postgres)"),
    ):
        Database(address, alone=True)
    assert db.superseded is None


def test_commands_write_beside_it(address: str) -> None:
    with closing(Database(address, alone=True)) as db:
        with closing(Database(address)) as beside:
            add(beside, f"beside {address}")
        assert f"beside {address}" in names(db)


def test_another_follows_once_it_is_closed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exclusive, "PATIENCE_S", 60.0)  # a server's connection ends a moment later
    for _ in range(3):
        Database(address, alone=True).close()


def test_a_database_of_several_names_is_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with (
        closing(Database(f"sqlite:///{tmp_path}/smalti.db", alone=True)),
        pytest.raises(ConfigError, match="Another server uses the database"),
    ):
        Database(f"sqlite:///{tmp_path}/link/smalti.db", alone=True)


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "smalti.db-lock").mkdir()
    with pytest.raises(ConfigError, match=r"smalti\.db-lock cannot be made: Is a directory"):
        Database(f"sqlite:///{tmp_path}/smalti.db", alone=True)


def test_schemas_of_one_database_are_apart(postgres: PostgresServer) -> None:
    for name in ("small", '"Large"'):
        postgres.sql(f"CREATE SCHEMA {name}")
    small, large = (
        f"{postgres.url}&options=-csearch_path%3D{name}" for name in ("small", "%22Large%22")
    )
    with (
        closing(Database(small, alone=True)),
        closing(Database(large, alone=True)),
        pytest.raises(ConfigError, match="Another server uses"),
    ):
        Database(large, alone=True)


def test_who_lost_the_connection_goes_on_if_nobody_came(postgres: PostgresServer) -> None:
    with closing(Database(postgres.url, alone=True)) as db:
        postgres.stop()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            add(db, "while it is away")
        postgres.start()
        add(db, "after it came back")
        assert names(db) >= {"after it came back"}
        assert db.superseded is None
        with pytest.raises(ConfigError, match="Another server uses"):
            Database(postgres.url, alone=True)


def test_who_lost_it_to_another_server_writes_nothing_more(postgres: PostgresServer) -> None:
    ended = threading.Event()
    first = Database(postgres.url, alone=True)
    first.when_superseded = ended.set
    first._writer.dispose()
    second = Database(postgres.url, alone=True)
    with pytest.raises(Superseded, match="Another server has used the database"):
        add(first, "while the second is there")
    second.close()
    assert ended.is_set()
    with pytest.raises(Superseded):
        add(first, "after it has gone")
    first.close()
    assert first.superseded is not None
    with closing(Database(postgres.url)) as db:
        assert names(db).isdisjoint({"while the second is there", "after it has gone"})


def test_a_connection_that_has_not_ended_is_waited_for(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that vanished from the net may still be held for there when it comes back."""
    monkeypatch.setattr(exclusive, "PATIENCE_S", 0.0)
    with closing(Database(postgres.url, alone=True)) as db:
        ghost = db._writer.connect()
        db._writer.pool = db._writer.pool.recreate()
        with pytest.raises(StoreUnavailable, match="has not let go of this server's") as told:
            add(db, "too early")
        assert not isinstance(told.value, Superseded)
        monkeypatch.setattr(exclusive, "PATIENCE_S", 60.0)
        ghost.detach()
        ghost.close()
        add(db, "in time")
        assert "in time" in names(db)
