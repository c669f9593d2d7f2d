"""One thread writes, anyone reads."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from smalti.errors import ConfigError, StoreUnavailable
from smalti.store import upgrade
from smalti.store.database import Database
from smalti.store.schema import doomed_blobs


def add(connection: Connection, name: str) -> str:
    connection.execute(insert(doomed_blobs).values(name=name))
    return name


def names(db: Database) -> list[str]:
    return sorted(db.read(lambda c: c.scalars(select(doomed_blobs.c.name)).all()))


def count_commits(db: Database) -> list[str]:
    commits: list[str] = []
    event.listen(db._writer, "commit", lambda connection: commits.append("commit"))
    return commits


def test_a_write_is_there_once_it_is_awaited(db: Database) -> None:
    async def main() -> None:
        assert await db.write(lambda c: add(c, "a")) == "a"
        assert names(db) == ["a"]

    asyncio.run(main())


def test_writes_that_wait_for_each_other_commit_together(db: Database) -> None:
    commits = count_commits(db)
    held, go_on = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        held.set()
        go_on.wait(10)

    async def main() -> None:
        first = asyncio.create_task(db.write(hold))
        await asyncio.to_thread(held.wait, 10)
        rest = [asyncio.create_task(db.write(lambda c, i=i: add(c, f"{i:03}"))) for i in range(100)]
        await asyncio.sleep(0)
        go_on.set()
        assert await asyncio.gather(*rest) == [f"{i:03}" for i in range(100)]
        await first

    asyncio.run(main())
    assert len(commits) == 2
    assert len(names(db)) == 100


def test_a_write_that_fails_fails_alone(db: Database) -> None:
    def half(connection: Connection) -> None:
        add(connection, "half")
        raise ValueError("a fault of this write")

    async def main() -> list[object]:
        writes = [
            db.write(lambda c: add(c, "a")),
            db.write(lambda c: add(c, "a")),
            db.write(half),
            db.write(lambda c: add(c, "b")),
        ]
        return list(await asyncio.gather(*writes, return_exceptions=True))

    first, twice, halved, last = asyncio.run(main())
    assert (first, last) == ("a", "b")
    assert isinstance(twice, IntegrityError)
    assert isinstance(halved, ValueError)
    assert names(db) == ["a", "b"]


def test_a_write_that_was_asked_for_is_made_though_its_task_is_cancelled(db: Database) -> None:
    async def main() -> None:
        task = asyncio.create_task(db.write(lambda c: add(c, "a")))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await db.write(lambda c: add(c, "b"))

    asyncio.run(main())
    assert names(db) == ["a", "b"]


def test_a_read_sees_one_snapshot(db: Database) -> None:
    def twice(connection: Connection) -> tuple[int, int]:
        count = select(func.count()).select_from(doomed_blobs)
        before = connection.scalar(count)
        db.write_now(lambda c: add(c, "meanwhile"))
        return before or 0, connection.scalar(count) or 0

    assert db.read(twice) == (0, 0)
    assert names(db) == ["meanwhile"]


def test_many_threads_read_and_write(db: Database) -> None:
    def work(worker: int) -> None:
        for i in range(20):
            db.write_now(lambda c, i=i: add(c, f"{worker}-{i}"))
            assert f"{worker}-{i}" in names(db)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(db)) == 160


def test_closing_finishes_what_was_asked_for_and_refuses_the_rest(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/smalti.db"
    db = Database(address)

    async def main() -> None:
        writes = [asyncio.create_task(db.write(lambda c, i=i: add(c, str(i)))) for i in range(50)]
        await asyncio.sleep(0)
        await asyncio.to_thread(db.close)
        await asyncio.gather(*writes)
        with pytest.raises(StoreUnavailable, match="closed"):
            await db.write(lambda c: add(c, "late"))

    asyncio.run(main())
    db.close()
    again = Database(address)
    assert len(names(again)) == 50
    again.close()


def test_sqlite_is_opened_to_keep_what_it_confirmed(db: Database) -> None:
    def pragmas(connection: Connection) -> list[object]:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.scalar(text(f"PRAGMA {name}")) for name in asked]

    assert db.read(pragmas) == ["wal", 2, 1]
    assert db.write_now(pragmas) == ["wal", 2, 1]


def test_two_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    opened: list[Database] = []
    threads = [
        threading.Thread(target=lambda: opened.append(Database(f"sqlite:///{tmp_path}/a.db")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6
    for number, db in enumerate(opened):
        db.write_now(lambda c, name=str(number): add(c, name))
    assert len(names(opened[0])) == 6
    for db in opened:
        db.close()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nothing", "is no address"),
        ("sqlite:///:memory:", "memory"),
        ("sqlite://", "memory"),
        ("postgresql+nosuchdriver://localhost/smalti", "not installed"),
    ],
)
def test_an_address_that_cannot_be_one(address: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Database(address)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "smalti.db").write_text("a shopping list, long enough to be taken for a page" * 50)
    with pytest.raises(StoreUnavailable, match="is no SQLite database"):
        Database(f"sqlite:///{tmp_path}/smalti.db")


def test_tables_are_upgraded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"sqlite:///{tmp_path}/smalti.db"
    Database(address).close()
    steps: list[int] = []

    def step(connection: Connection) -> None:
        steps.append(len(steps))
        connection.execute(text("ALTER TABLE doomed_blobs ADD COLUMN why TEXT"))

    monkeypatch.setattr(upgrade, "UPGRADES", (*upgrade.UPGRADES, step))
    for _ in range(2):
        db = Database(address)
        db.read(lambda c: c.execute(text("SELECT why FROM doomed_blobs")).all())
        db.close()
    assert steps == [0]


def test_an_upgrade_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite:///{tmp_path}/smalti.db"
    Database(address).close()

    def step(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE doomed_blobs ADD COLUMN why TEXT"))
        raise RuntimeError("half-way")

    monkeypatch.setattr(upgrade, "UPGRADES", (*upgrade.UPGRADES, step))
    with pytest.raises(RuntimeError, match="half-way"):
        Database(address)
    monkeypatch.undo()
    db = Database(address)
    columns = db.read(lambda c: c.execute(text("SELECT * FROM doomed_blobs")).keys())
    assert list(columns) == ["name"]
    db.close()


def test_tables_of_a_newer_smalti_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite:///{tmp_path}/smalti.db"
    monkeypatch.setattr(upgrade, "UPGRADES", (*upgrade.UPGRADES, lambda connection: None))
    Database(address).close()
    monkeypatch.undo()
    with pytest.raises(ConfigError, match="version 3"):
        Database(address)
