from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smalti.store.database import Database
from smalti.store.jobs import Jobs
from smalti.store.people import People


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/smalti.db")
    yield database
    database.close()


@pytest.fixture
def jobs(db: Database) -> Jobs:
    return Jobs(db)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(db: Database, clock: Clock) -> People:
    return People(db, clock)
