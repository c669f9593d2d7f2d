"""What is particular to PostgreSQL: how it is opened, and what it says when it cannot go on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Engine, create_engine

PATIENCE_S = 5
"""How long a connection that is made, or what is sent, waits for a machine that is silent."""

_LIBPQ = ("psycopg", "psycopg2")
_REASONS = (
    ("25006", "it only takes reads; let it be written, or name the primary with database_url"),
    ("42501", "smalti's user may not do that there; make it the owner of the tables"),
    ("53100", "its disk is full; free some space on it"),
    ("53300", "it has no connection to spare; raise its max_connections, or end others"),
    ("XX001", "it is damaged; restore it from a backup"),
    ("XX002", "it is damaged; restore it from a backup"),
)
"""By the beginning of an SQLSTATE."""


def open_engines(url: URL) -> tuple[Engine, Engine]:
    """One engine for the writer and one for readers.

    Raises ModuleNotFoundError, NoSuchModuleError where the driver is not installed.
    """
    wait: dict[str, Any] = {}
    if url.get_driver_name() in _LIBPQ:
        wait = {"connect_timeout": PATIENCE_S, "tcp_user_timeout": 1000 * PATIENCE_S}
        wait = {name: value for name, value in wait.items() if name not in url.query}
    writer = create_engine(url, pool_pre_ping=True, pool_size=1, max_overflow=0, connect_args=wait)
    reader = create_engine(
        url, pool_pre_ping=True, isolation_level="REPEATABLE READ", connect_args=wait
    )
    return writer, reader


def reason(error: BaseException | None) -> str | None:
    """Why PostgreSQL cannot go on now, or None where the fault is the statement's."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or ""
    return next((words for beginning, words in _REASONS if state.startswith(beginning)), None)
