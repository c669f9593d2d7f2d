"""Turns what a database says when it cannot go on into StoreUnavailable, with the reason in words.

A fault of a statement (a duplicate, a bug) is none of that, and passes as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from smalti.errors import StoreUnavailable
from smalti.store import postgres, sqlite


@contextmanager
def told(url: URL) -> Iterator[None]:
    """Raises StoreUnavailable in place of what a database at `url` raises when it is in trouble."""
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as error:
        why = reason(error)
        if why is None:
            raise
        raise unavailable("The database", place(url), why) from error


def unavailable(what: str, where: str, why: str) -> StoreUnavailable:
    """where: is for the log, and so is what `why` has in parentheses."""
    return StoreUnavailable(
        f"{what} {where} cannot be used now: {why}.",
        told=f"{what} cannot be used now: {why.partition(' (')[0]}.",
    )


def reason(error: BaseException) -> str | None:
    """Why the database cannot go on now, or None where it can."""
    if isinstance(error, PoolTimeout):
        return "too many threads read it at once"
    if isinstance(error, DBAPIError):
        words = sqlite.reason(error.orig) or postgres.reason(error.orig)
        if words is None and _is_lost(error):
            words = f"it does not answer ({str(error.orig).splitlines()[0]})"
        return words
    return None


def place(url: URL) -> str:
    """Which database it is, without a password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    hidden = [name for name in url.query if "password" in name.lower()]
    return url.difference_update_query(hidden).render_as_string(hide_password=True)


def _is_lost(error: DBAPIError) -> bool:
    """Whether a server's connection broke; SQLite's operational errors may be a statement's."""
    kinds = (OperationalError, InterfaceError)
    return error.connection_invalidated or (
        isinstance(error, kinds) and not type(error.orig).__module__.startswith("sqlite3")
    )
