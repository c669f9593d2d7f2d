"""Makes the tables, or brings those of an older version up to this one."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, insert, inspect, select, update

from smalti.errors import ConfigError
from smalti.store.schema import facts, metadata

UPGRADES: tuple[Callable[[Connection], None], ...] = ()
"""The step at i takes the tables from version i + 1 to i + 2."""

VERSION = "schema_version"


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
