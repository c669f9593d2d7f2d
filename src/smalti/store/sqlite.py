"""What is particular to SQLite: how it is opened, and what it says when it cannot go on.

WAL: readers never wait for the writer. synchronous=FULL: a commit that returned is on the disk,
whatever happens to the process or the machine.
"""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from smalti.errors import ConfigError

WRITE_PATIENCE_S = 2.0
"""How long a write waits for another process that holds the database."""
READ_PATIENCE_S = 0.2
"""The same for a read, which an event loop may be waiting for."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 67108864",
)
_REASONS = (
    ("SQLITE_FULL", "the disk is full; free some space on it"),
    ("SQLITE_READONLY", "its file cannot be written; let smalti's user write it and its folder"),
    ("SQLITE_BUSY", "another process has locked it; end that process, or wait for it"),
    ("SQLITE_LOCKED", "another process has locked it; end that process, or wait for it"),
    ("SQLITE_CANTOPEN", "its file cannot be opened; look at its folder and its rights"),
    ("SQLITE_PERM", "its file cannot be opened; look at its folder and its rights"),
    ("SQLITE_IOERR", "the disk failed; look at the system's log"),
    ("SQLITE_CORRUPT", "its file is damaged; restore it from a backup"),
    ("SQLITE_NOTADB", "its file is no SQLite database; name another with database_url"),
)


def open_engines(url: URL) -> tuple[Engine, Engine]:
    """One engine for the writer and one for readers. Raises ConfigError."""
    if url.database in (None, "", ":memory:"):
        raise ConfigError(
            "The database cannot lie in memory: it must survive a restart. Give it a file, as in "
            "sqlite:////var/lib/smalti/smalti.db."
        )
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The folder of the database, {folder}, cannot be made: {error.strerror}."
        ) from None
    return _engine(url, "BEGIN IMMEDIATE", WRITE_PATIENCE_S), _engine(url, "BEGIN", READ_PATIENCE_S)


def reason(error: BaseException | None) -> str | None:
    """Why SQLite cannot go on now, or None where the fault is the statement's."""
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        for beginning, words in _REASONS:
            if name.startswith(beginning):
                return words
    return None


def read_json(text: str) -> Any:
    """What is damaged reads as if it were not there; the others are not to suffer for it."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _engine(url: URL, begin: str, patience_s: float) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": patience_s, "check_same_thread": False},
        json_deserializer=read_json,
        pool_size=8,
        max_overflow=64,
    )

    @event.listens_for(engine, "connect")
    def _opened(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late for a snapshot
        for pragma in _PRAGMAS:
            _execute(connection, pragma, patience_s)

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _execute(connection: sqlite3.Connection, pragma: str, patience_s: float) -> None:
    """SQLite itself does not wait where two processes change the journal of a new file at once."""
    until = time.monotonic() + patience_s
    while True:
        try:
            connection.execute(pragma)
            return
        except sqlite3.OperationalError as error:
            busy = getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
            if not busy or time.monotonic() >= until:
                raise
        time.sleep(0.01)
