"""A database that an older smalti made is brought up to date, with what is in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect

from smalti.control.nouns import Reservation
from smalti.store.database import Database
from smalti.store.jobs import Jobs
from smalti.store.people import People
from smalti.store.schema import metadata

VERSION_1 = Path(__file__).with_name("version_1.sql")


@pytest.fixture
def upgraded(tmp_path: Path) -> Iterator[Database]:
    connection = sqlite3.connect(tmp_path / "old.db")
    connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    connection.close()
    database = Database(f"sqlite:///{tmp_path}/old.db")
    yield database
    database.close()


def shape_of(connection: Connection) -> object:
    """Tables with their columns, keys and indexes, whatever order they were added in."""
    look = inspect(connection)
    return {
        table: (
            {
                (c["name"], str(c["type"]), c["nullable"], str(c["default"]).strip("'"))
                for c in look.get_columns(table)
            },
            look.get_pk_constraint(table)["constrained_columns"],
            {(i["name"], tuple(i["column_names"])) for i in look.get_indexes(table)},
        )
        for table in metadata.tables
    }


def test_the_tables_are_those_of_a_new_database(upgraded: Database, db: Database) -> None:
    assert upgraded.read(shape_of) == db.read(shape_of)


def test_it_is_done_once(upgraded: Database, tmp_path: Path) -> None:
    again = Database(f"sqlite:///{tmp_path}/old.db")
    assert len(Jobs(again).reservations_since(0.0)) == 4
    again.close()


def test_what_was_there_is_there(upgraded: Database) -> None:
    jobs = Jobs(upgraded)
    assert jobs.counts() == {"cancelled": 1, "queued": 1, "succeeded": 1}
    assert [job.job_id for job in jobs.unfinished()] == ["job_waiting"]
    assert People(upgraded).user("user_1").name == "ada"  # type: ignore[union-attr]
    assert jobs.claims(0.0) == []
    assert jobs.denials_since(0.0) == []


def test_reservations_learn_what_they_count_for(upgraded: Database) -> None:
    def made(job_id: str, images: int, at: float, **known: object) -> Reservation:
        return Reservation(job_id, "user_1", "free", images, at, **known)  # type: ignore[arg-type]

    about = {"org_id": "org_1", "key_id": "key_1", "model": "smalti-mini"}
    assert Jobs(upgraded).reservations_since(0.0) == [
        made("job_forgotten", 1, 999.0),
        made("job_done", 2, 1001.0, **about, device_s=3.0),
        made("job_waiting", 1, 1002.0, **about | {"key_id": ""}),
        made("job_cancelled", 1, 1003.0, **about | {"model": ""}, device_s=1.5),
    ]
