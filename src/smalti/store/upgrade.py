"""Makes the tables, or brings those of an older version up to this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, ScalarSelect, Table, func, insert, inspect, select, update
from sqlalchemy.schema import CreateColumn

from smalti.errors import ConfigError
from smalti.store.schema import facts, jobs, metadata, pictures, reservations

VERSION = "schema_version"


def _limits_of_all_scopes(connection: Connection) -> None:
    """To version 2: what a reservation counts for; policies, claims, denials, idempotency."""
    _add_columns(connection, reservations)
    metadata.create_all(connection)
    used = select(func.sum(pictures.c.device_s)).where(pictures.c.job_id == reservations.c.job_id)
    connection.execute(
        update(reservations).values(
            org_id=func.coalesce(_of_its_job(jobs.c.org_id), ""),
            key_id=func.coalesce(_of_its_job(jobs.c.key_id), ""),
            model=func.coalesce(_of_its_job(jobs.c.request["model"].as_string()), ""),
            device_s=func.coalesce(used.scalar_subquery(), 0.0),
        )
    )


def _of_its_job(column: Any) -> ScalarSelect[Any]:
    return select(column).where(jobs.c.job_id == reservations.c.job_id).scalar_subquery()


def _add_columns(connection: Connection, table: Table) -> None:
    """Those that the table does not have yet."""
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in there:
            text = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {text}")


UPGRADES: tuple[Callable[[Connection], None], ...] = (_limits_of_all_scopes,)
"""The step at i takes the tables from version i + 1 to i + 2."""


def make_or_upgrade(connection: Connection) -> None:
    """Within the transaction of `connection`. Raises ConfigError for tables of a newer smalti."""
    newest = len(UPGRADES) + 1
    if not inspect(connection).has_table(facts.name):
        metadata.create_all(connection)
        connection.execute(insert(facts).values(name=VERSION, value=str(newest)))
        return
    stored = connection.scalar(select(facts.c.value).where(facts.c.name == VERSION))
    version = int(stored or newest)
    if version > newest:
        raise ConfigError(
            f"The database has tables of version {version}, and this smalti knows them up to "
            f"{newest}. Start the newer smalti that wrote them, or name another database."
        )
    if version < newest:
        for step in UPGRADES[version - 1 :]:
            step(connection)
        connection.execute(update(facts).where(facts.c.name == VERSION).values(value=str(newest)))
