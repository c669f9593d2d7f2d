"""What was refused, and by which rule. Rows are only ever added, until they are forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select

from smalti.store.rows import DenialRow
from smalti.store.schema import denials

BATCH = 5000
"""Rows that are forgotten at a time, so that nobody waits long for the writer."""

_FIELDS = tuple(field.name for field in fields(DenialRow))
_NEW = insert(denials)
_SINCE = (
    select(denials)
    .where(denials.c.at >= bindparam("since"))
    .order_by(denials.c.at.desc(), denials.c.number.desc())
    .limit(bindparam("most"))
)
_OF_USER = _SINCE.where(denials.c.user_id == bindparam("its_user"))
_COUNTS = (
    select(denials.c.rule, func.count())
    .where(denials.c.at >= bindparam("since"))
    .group_by(denials.c.rule)
)
_COUNTS_OF_USER = _COUNTS.where(denials.c.user_id == bindparam("its_user"))
_OLD = select(denials.c.number).where(denials.c.at < bindparam("before")).limit(bindparam("most"))
_FORGET = delete(denials).where(denials.c.number.in_(_OLD))


def note(connection: Connection, rows: Sequence[DenialRow]) -> None:
    if rows:
        connection.execute(_NEW, [vars(row) for row in rows])


def since(connection: Connection, at: float, user_id: str | None, limit: int) -> list[DenialRow]:
    """Newest first; of one user or of all."""
    query = _SINCE if user_id is None else _OF_USER
    asked = {"since": at, "most": limit, "its_user": user_id}
    return [_row(row) for row in connection.execute(query, asked)]


def counts(connection: Connection, since: float, user_id: str | None = None) -> dict[str, int]:
    """How many requests each rule has refused; of one user or of all."""
    query = _COUNTS if user_id is None else _COUNTS_OF_USER
    asked = {"since": since, "its_user": user_id}
    return {row[0]: row[1] for row in connection.execute(query, asked)}


def forget_some(connection: Connection, before: float) -> int:
    """How many are forgotten; 0 when there is nothing left to forget."""
    return connection.execute(_FORGET, {"before": before, "most": BATCH}).rowcount


def _row(row: Row[Any]) -> DenialRow:
    return DenialRow(**{name: row._mapping[name] for name in _FIELDS})
