"""A part of a long list: some of a million users, a page of them, or one by name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Table, or_, select, tuple_


@dataclass(frozen=True)
class Part:
    """ids: these alone. search: of whom the name has it in it, or the id is it. after: those that
    follow on the one with this id. limit: at most so many; None for all."""

    ids: Collection[str] | None = None
    search: str = ""
    after: str | None = None
    limit: int | None = None


WHOLE = Part()


def oldest_first(table: Table, part: Part) -> Select[Any]:
    """The rows of a table with a name and a time of making."""
    (its_id,) = table.primary_key.columns
    rows = select(table).order_by(table.c.created_at, its_id)
    if part.ids is not None:
        rows = rows.where(its_id.in_(part.ids))
    if part.search:
        named = table.c.name.icontains(part.search, autoescape=True)
        rows = rows.where(or_(named, its_id == part.search))
    if part.after is not None:
        at = select(table.c.created_at).where(its_id == part.after).scalar_subquery()
        rows = rows.where(tuple_(table.c.created_at, its_id) > tuple_(at, part.after))
    return rows if part.limit is None else rows.limit(part.limit)
