"""What PostgreSQL says when it cannot go on is a reason in words; what is wrong in a statement is
a fault, as with SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from postgres_server import PostgresServer, postgres_server
from sqlalchemy import event, make_url
from sqlalchemy.exc import DBAPIError, InternalError
from store_rows import accepted, drawn

from smalti.cli.store_checks import check_database
from smalti.config import read_settings
from smalti.errors import StoreUnavailable
from smalti.store import postgres, trouble
from smalti.store.database import Database
from smalti.store.jobs import Jobs


class Said(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("what it said")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "words"),
    [
        ("25006", "only takes reads"),
        ("42501", "may not do that"),
        ("53100", "disk is full"),
        ("53300", "no connection to spare"),
        ("XX001", "damaged"),
    ],
)
def test_its_troubles_are_told(sqlstate: str, words: str) -> None:
    url = make_url("postgresql+psycopg://smalti:hunter2@db/smalti?password=hunter3&sslmode=require")
    with pytest.raises(StoreUnavailable, match=words) as told, trouble.told(url):
        raise InternalError("INSERT", None, Said(sqlstate))
    assert "hunter" not in told.value.message and "sslmode=require" in told.value.message


@pytest.mark.parametrize("sqlstate", ["23505", "42601", ""])
def test_a_fault_of_a_statement_is_none_of_them(sqlstate: str) -> None:
    with pytest.raises(DBAPIError), trouble.told(make_url("postgresql+psycopg://db/smalti")):
        raise InternalError("INSERT", None, Said(sqlstate))


@pytest.mark.parametrize(("said", "wait"), [("", 5), ("?connect_timeout=60", "60")])
def test_a_machine_that_is_silent_is_not_waited_for_long(said: str, wait: object) -> None:
    pytest.importorskip("psycopg")
    asked: list[dict[str, object]] = []

    def connecting(dialect: object, record: object, args: object, options: Any) -> None:
        asked.append(options)
        raise ConnectionError

    for engine in postgres.open_engines(make_url(f"postgresql+psycopg://db/smalti{said}")):
        event.listen(engine, "do_connect", connecting)
        with pytest.raises(ConnectionError):
            engine.connect()
    assert [options["connect_timeout"] for options in asked] == [wait, wait]
    assert [options["tcp_user_timeout"] for options in asked] == [5000, 5000]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


def test_while_it_only_takes_reads_what_is_accepted_waits(server: PostgresServer) -> None:
    db = Database(server.url)
    jobs = Jobs(db)
    settings = read_settings({}, {"SMALTI_DATABASE_URL": server.url})

    def only_reads(on: bool) -> None:
        server.sql(f"ALTER ROLE smalti SET default_transaction_read_only = {on}")
        db._writer.dispose()

    async def main() -> None:
        first = await accepted(jobs)
        assert check_database(settings)[0].state == "ok"
        only_reads(True)
        with pytest.raises(StoreUnavailable, match="only takes reads"):
            await accepted(jobs)
        assert jobs.unfinished()[0].job_id == first.job_id
        found = check_database(settings)[0]
        assert (found.state, "only takes reads" in found.finding) == ("fail", True)
        only_reads(False)
        assert await drawn(jobs, first, 0)

    asyncio.run(main())
    db.close()
