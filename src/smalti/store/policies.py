"""`PolicyBook`: every policy that was in force. Rows are only ever added; the newest one counts."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from smalti.errors import Conflict
from smalti.store import audit
from smalti.store.database import Database
from smalti.store.rows import LIVE, AuditRow, PolicyRow
from smalti.store.schema import jobs, policies, users

InUse = Callable[[str], tuple[int, int]]
"""How many users are in a tier, and how many jobs of it are still to be drawn."""
Make = Callable[[PolicyRow | None, InUse], tuple[PolicyRow, AuditRow]]
"""From the newest version, or None: the next one, and what the record of changes says of it."""

VERSION_MAX = 2**31 - 1
"""The largest that the column holds."""

_NEWEST = select(func.max(policies.c.version))
_READ = select(policies).where(policies.c.version == bindparam("its_version"))
_HISTORY = select(policies).order_by(policies.c.version.desc()).limit(bindparam("most"))
_NEW = insert(policies)
_USERS_IN = select(func.count()).select_from(users).where(users.c.tier == bindparam("its_tier"))
_LIVE_IN = (
    select(func.count())
    .select_from(jobs)
    .where(jobs.c.state.in_(LIVE), jobs.c.tier == bindparam("its_tier"))
)


class PolicyBook:
    """Raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def newest_version(self) -> int:
        """0 where there is none. Takes a fraction of a millisecond."""
        return self._db.read(_newest_version)

    def newest(self) -> PolicyRow | None:
        return self._db.read(newest)

    def version(self, number: int) -> PolicyRow | None:
        """None also for a number that is larger than any version's."""
        return None if number > VERSION_MAX else self._db.read(lambda c: _version(c, number))

    def history(self, limit: int) -> list[PolicyRow]:
        """Newest first."""
        return self._db.read(
            lambda c: [PolicyRow(**row._mapping) for row in c.execute(_HISTORY, {"most": limit})]
        )

    def add(self, make: Make) -> PolicyRow:
        """The next version and its entry in the record of changes, in one transaction.

        Raises what `make` raises, and Conflict where another process was quicker; then nothing is
        kept.
        """
        return self._db.write_now(lambda c: _add(c, make))

    def would_add(self, make: Make) -> PolicyRow:
        """What `add` would, and nothing is kept. Raises what `make` raises."""
        return self._db.read(lambda c: make(newest(c), lambda tier: _in_use(c, tier))[0])


def _add(connection: Connection, make: Make) -> PolicyRow:
    row, entry = make(newest(connection), lambda tier: _in_use(connection, tier))
    try:
        connection.execute(_NEW, vars(row))
    except IntegrityError:
        raise Conflict(
            f"Version {row.version} of the tiers was made just now by somebody else. Read it, and "
            "change that.",
            param="if_version",
            code="version_conflict",
        ) from None
    audit.note(connection, entry.at, entry.who, entry.action, entry.detail)
    return row


def _newest_version(connection: Connection) -> int:
    return int(connection.execute(_NEWEST).scalar() or 0)


def _version(connection: Connection, number: int) -> PolicyRow | None:
    row = connection.execute(_READ, {"its_version": number}).first()
    return None if row is None else PolicyRow(**row._mapping)


def newest(connection: Connection) -> PolicyRow | None:
    return _version(connection, _newest_version(connection))


def _in_use(connection: Connection, tier: str) -> tuple[int, int]:
    its = {"its_tier": tier}
    counts = (connection.execute(query, its).scalar() or 0 for query in (_USERS_IN, _LIVE_IN))
    people, live = map(int, counts)
    return people, live
