"""`Database`: one thread writes, anyone reads.

Writes that wait for each other commit together, since a commit costs a wait for the disk and a
write costs next to nothing. Each is a savepoint of its own, so that one that fails fails alone.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from smalti.errors import ConfigError, StoreUnavailable
from smalti.store import postgres, sqlite, trouble
from smalti.store.exclusive import Superseded, claim_on
from smalti.store.upgrade import make_or_upgrade

T = TypeVar("T")

GROUP_MAX = 256
"""Writes that share one commit at most."""


@dataclass(frozen=True)
class _Write:
    do: Callable[[Connection], Any]
    outcome: Future[Any]


class Database:
    """url: an SQLAlchemy address of an SQLite file or a PostgreSQL database. alone: whether this
    is the one server that decides over it, and another one is kept out until it is closed.

    Makes or upgrades the tables. Raises ConfigError for an address that cannot be one or, with
    `alone`, that another server uses; and StoreUnavailable.

    superseded: why another server must have taken the database from this one, or None.
    when_superseded: told of it once, on the writer's thread; the server is to end then.
    """

    def __init__(self, url: str, *, alone: bool = False) -> None:
        self.url = url
        self.superseded: str | None = None
        self.when_superseded: Callable[[], None] = lambda: None
        self._url = _parsed(url)
        self._writer, self._reader = _engines(self._url)
        self._claim = claim_on(self._url) if alone else None
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        try:
            if self._claim is not None:
                self._claim.guard(self._writer)
            with trouble.told(self._url), self._writer.begin() as connection:
                make_or_upgrade(connection)
                if self._claim is not None:
                    self._claim.enter(connection)
            self.read(lambda connection: None)  # opened now, a reader outlasts what befalls writers
        except BaseException:
            self._dispose()
            raise
        self._thread = threading.Thread(target=self._write_all, name="database-writer", daemon=True)
        self._thread.start()

    # --- what others do with it ---

    def read(self, do: Callable[[Connection], T]) -> T:
        """What `do` returns, from one snapshot of all that is committed. Raises StoreUnavailable.

        Short reads take well under a millisecond and may be made on an event loop.
        """
        with trouble.told(self._url), self._reader.connect() as connection:
            return do(connection)

    async def write(self, do: Callable[[Connection], T]) -> T:
        """What `do` returns, once it is committed; `do` runs on the writer's thread.

        Raises StoreUnavailable, and whatever `do` raises, and then nothing of it is kept. A write
        that was asked for is made, also when the task that awaits it is cancelled.
        """
        return await asyncio.shield(asyncio.wrap_future(self._ask(do)))

    def write_now(self, do: Callable[[Connection], T]) -> T:
        """As `write`, and waits for it on this thread."""
        return self._ask(do).result()

    def close(self) -> None:
        """Finish the writes that were asked for; later ones are refused."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._dispose()

    # --- the writer's thread ---

    def _ask(self, do: Callable[[Connection], T]) -> Future[T]:
        outcome: Future[T] = Future()
        outcome.set_running_or_notify_cancel()
        with self._lock:
            if self._closed:
                raise StoreUnavailable("The database is closed: the server is stopping.")
            self._queue.put(_Write(do, outcome))
        return outcome

    def _write_all(self) -> None:
        last = False
        while not last:
            group, last = self._next_group()
            if group:
                self._commit(group)

    def _next_group(self) -> tuple[list[_Write], bool]:
        """Waits for a write and takes those behind it; whether they are the last."""
        group: list[_Write] = []
        write = self._queue.get()
        while write is not None:
            group.append(write)
            if len(group) == GROUP_MAX or self._queue.empty():
                return group, False
            write = self._queue.get()
        return group, True

    def _commit(self, group: list[_Write]) -> None:
        """One transaction; nobody hears of a result before the commit."""
        results: list[tuple[_Write, Any, BaseException | None]] = []
        try:
            with trouble.told(self._url), self._writer.begin() as connection:
                for write in group:
                    results.append((write, *_attempt(connection, write)))
        except BaseException as error:
            self._writer.dispose()  # a new connection sees a file that was replaced or freed
            if isinstance(error, Superseded) and self.superseded is None:
                self.superseded = error.message
                self.when_superseded()
            for write in group:
                each = error
                if isinstance(error, StoreUnavailable):
                    each = type(error)(str(error), told=error.told)
                write.outcome.set_exception(each)
            return
        for write, result, failure in results:
            if failure is None:
                write.outcome.set_result(result)
            else:
                write.outcome.set_exception(failure)

    def _dispose(self) -> None:
        self._writer.dispose()
        self._reader.dispose()
        if self._claim is not None:
            self._claim.close()


def read_once(url: str, do: Callable[[Connection], T]) -> T:
    """As `Database.read`, for another process than the one that writes.

    Raises ConfigError, StoreUnavailable.
    """
    parsed = _parsed(url)
    _, reader = _engines(parsed)
    try:
        with trouble.told(parsed), reader.connect() as connection:
            return do(connection)
    finally:
        reader.dispose()


def _attempt(connection: Connection, write: _Write) -> tuple[Any, BaseException | None]:
    """Its result, or why it alone failed; raises what fails the whole transaction."""
    connection.exec_driver_sql("SAVEPOINT one_write")
    try:
        result = write.do(connection)
    except BaseException as error:
        if trouble.reason(error) is not None:
            raise
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT one_write")
        connection.exec_driver_sql("RELEASE SAVEPOINT one_write")
        return None, error
    connection.exec_driver_sql("RELEASE SAVEPOINT one_write")
    return result, None


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        raise ConfigError(
            f"'{url.partition('//')[0]}…' is no address of a database. Use one such as "
            "sqlite:////var/lib/smalti/smalti.db."
        ) from None


def _engines(url: URL) -> tuple[Engine, Engine]:
    if url.get_backend_name() == "sqlite":
        return sqlite.open_engines(url)
    try:
        return postgres.open_engines(url)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise ConfigError(
            f"The database '{url.render_as_string()}' needs a driver that is not installed "
            f"({error}): pip install 'psycopg[binary]' and begin the address with "
            "postgresql+psycopg://."
        ) from None
