"""Facts: what is to be known again after a restart, each under a name."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from smalti.store.schema import facts


def note(connection: Connection, name: str, value: str) -> None:
    """In place of what was noted before."""
    change = update(facts).where(facts.c.name == name).values(value=value)
    if connection.execute(change).rowcount == 0:
        connection.execute(insert(facts).values(name=name, value=value))


def noted(connection: Connection, name: str) -> str | None:
    return connection.scalar(select(facts.c.value).where(facts.c.name == name))
