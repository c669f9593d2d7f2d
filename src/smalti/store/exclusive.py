"""One server at a time over one database: two would each admit and draw as if they were alone.

SQLite: a file beside the database is locked for as long as the process lives. PostgreSQL: every
connection that the server writes with holds an advisory lock, so nothing is written without it.
Where such a connection is lost, the next one finds in the tables whether another server has been
there since; if so, what this one remembers is no longer true, and it must end.

Commands such as `smalti tiers` decide nothing, and write beside the server.
"""

from __future__ import annotations

import fcntl
import secrets
import time
from pathlib import Path
from typing import IO, Any, Protocol

from sqlalchemy import URL, Connection, Engine, event

from smalti.errors import ConfigError, StoreUnavailable
from smalti.store import facts, trouble

PATIENCE_S = 2.0
"""How long one waits for the lock of a connection that has just ended."""
FACT = "server"
"""Under which the tables keep who has the lock, or had it last."""

_LOCK = (
    "SELECT pg_try_advisory_lock(hashtext('smalti'), "
    "coalesce(to_regnamespace(quote_ident(current_schema()))::oid::integer, 0))"
)
"""Each schema of a database has its own."""
_WHO = f"SELECT value FROM facts WHERE name = '{FACT}'"
_SOON_NOTICED = (
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)
"""PostgreSQL lets the lock of a machine that has vanished go after 25 s, and not after hours."""


class Superseded(StoreUnavailable):
    """Another server has used the database meanwhile; this does not pass, and the server ends."""


class Claim(Protocol):
    """What keeps other servers out of a database."""

    def guard(self, writer: Engine) -> None:
        """Before the writer's first connection. Raises ConfigError."""

    def enter(self, connection: Connection) -> None:
        """In the writer's first transaction, once there are tables."""

    def close(self) -> None:
        """Let others in."""


def claim_on(url: URL) -> Claim:
    return _OfFile(url) if url.get_backend_name() == "sqlite" else _OfServer(url)


def lock_file(file: Path) -> IO[str] | None:
    """The open file, locked until it is closed; None where another process has it. Raises OSError.

    The end of a process, however it ends, lets it go.
    """
    opened = file.open("a")
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        opened.close()
        return None
    return opened


class _OfFile:
    def __init__(self, url: URL) -> None:
        self._url = url
        self._lock: IO[str] | None = None

    def guard(self, writer: Engine) -> None:
        database = Path(str(self._url.database)).resolve()
        file = database.with_name(f"{database.name}-lock")
        try:
            self._lock = lock_file(file)
        except OSError as error:
            raise ConfigError(
                f"{file} cannot be made: {error.strerror}. Let smalti's user write the folder of "
                "the database."
            ) from None
        if self._lock is None:
            raise ConfigError(_in_use(self._url))

    def enter(self, connection: Connection) -> None:
        pass

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()


class _OfServer:
    def __init__(self, url: URL) -> None:
        self._url = url
        self._name = secrets.token_hex(16)
        self._entered = False

    def guard(self, writer: Engine) -> None:
        event.listen(writer, "connect", self._opened)

    def enter(self, connection: Connection) -> None:
        facts.note(connection, FACT, self._name)
        event.listen(connection.engine, "commit", self._has_entered, once=True)

    def close(self) -> None:
        pass  # its lock goes with the writer's connection

    def _has_entered(self, connection: Connection) -> None:
        self._entered = True

    def _opened(self, connection: Any, record: object) -> None:
        """Raises ConfigError, Superseded, StoreUnavailable, and what the driver raises."""
        try:
            self._take(connection)
        except BaseException:
            connection.close()
            raise

    def _take(self, connection: Any) -> None:
        cursor = connection.cursor()
        for setting in _SOON_NOTICED:
            cursor.execute(setting)
        until = time.monotonic() + PATIENCE_S
        while True:
            held = _answer(cursor, _LOCK)
            connection.commit()  # the lock and the settings are the session's; who it was is newer
            superseded = self._entered and _answer(cursor, _WHO) != self._name
            connection.commit()
            if held or superseded or time.monotonic() >= until:
                break
            time.sleep(0.05)
        cursor.close()
        if superseded:
            raise Superseded(
                f"Another server has used the database {trouble.place(self._url)} while this one "
                "had no connection to it, so this one ends. Run one server for each database; "
                "start this one again once the other is stopped.",
                told="The server is stopping.",
            )
        if held:
            return
        if not self._entered:
            raise ConfigError(_in_use(self._url))
        raise trouble.unavailable(
            "The database",
            trouble.place(self._url),
            "it has not let go of this server's last connection yet",
        )


def _answer(cursor: Any, query: str) -> Any:
    cursor.execute(query)
    row = cursor.fetchone()
    return None if row is None else row[0]


def _in_use(url: URL) -> str:
    return (
        f"Another server uses the database {trouble.place(url)}. Stop it first, or give this one a "
        "database of its own with SMALTI_DATABASE_URL."
    )
