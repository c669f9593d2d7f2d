"""What a job was asked for, as a statement may look into it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from smalti.store.schema import jobs


class Readable(FunctionElement[Any]):
    """JSON, or nothing where it is damaged: SQLite keeps any text in such a column, and a
    statement that looks into one that is no JSON fails for all rows."""

    name = "readable"
    type = JSON()
    inherit_cache = True


@compiles(Readable)
def _as_it_is(element: Readable, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.clauses, **how)


@compiles(Readable, "sqlite")
def _if_valid(element: Readable, compiler: SQLCompiler, **how: Any) -> str:
    column = compiler.process(element.clauses, **how)
    return f"CASE WHEN json_valid({column}) THEN {column} END"


REQUEST = Readable(jobs.c.request)
