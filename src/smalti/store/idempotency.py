"""Which job a client's `Idempotency-Key` began, so that the same request begins none again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select

from smalti.errors import SmaltiError
from smalti.store.schema import idempotency

KEPT_S = 86_400.0
"""How long a key is remembered."""


@dataclass(frozen=True)
class Idempotency:
    """A key that a user sent. fingerprint: of the body with it, at most 64 characters."""

    user_id: str
    key: str
    fingerprint: str
    at: float


@dataclass(frozen=True)
class Begun:
    """What a key has begun, of which body, and when."""

    fingerprint: str
    job_id: str
    at: float


class AlreadyBegun(SmaltiError):
    """A job of the same user and key was accepted before; nothing is kept of this one."""

    def __init__(self, key: str, begun: Begun) -> None:
        super().__init__(f"The Idempotency-Key '{key}' has begun the job {begun.job_id} already.")
        self.fingerprint = begun.fingerprint
        self.job_id = begun.job_id


_NEW = insert(idempotency)
_ITS_USER: BindParameter[str] = bindparam("its_user")
_ITS_KEY: BindParameter[str] = bindparam("its_key")
_FIND = select(idempotency.c.fingerprint, idempotency.c.job_id, idempotency.c.at).where(
    idempotency.c.user_id == _ITS_USER,
    idempotency.c.key == _ITS_KEY,
    idempotency.c.at > bindparam("since"),
)
_DROP = delete(idempotency).where(idempotency.c.user_id == _ITS_USER, idempotency.c.key == _ITS_KEY)
_FORGET_JOB = delete(idempotency).where(idempotency.c.job_id == bindparam("its_job"))
_PASSED = delete(idempotency).where(idempotency.c.at <= bindparam("before"))


def begin(connection: Connection, asked: Idempotency, job_id: str) -> None:
    """Raises AlreadyBegun."""
    begun = find(connection, asked.user_id, asked.key, asked.at - KEPT_S)
    if begun is not None:
        raise AlreadyBegun(asked.key, begun)
    connection.execute(_DROP, {"its_user": asked.user_id, "its_key": asked.key})
    connection.execute(_NEW, {**vars(asked), "job_id": job_id})


def find(connection: Connection, user_id: str, key: str, since: float) -> Begun | None:
    """What was begun after `since`."""
    its = {"its_user": user_id, "its_key": key, "since": since}
    row = connection.execute(_FIND, its).first()
    return None if row is None else Begun(row.fingerprint, row.job_id, row.at)


def forget_job(connection: Connection, job_id: str) -> None:
    """A job that failed or was cancelled gives back its key."""
    connection.execute(_FORGET_JOB, {"its_job": job_id})


def forget_passed(connection: Connection, now: float) -> None:
    connection.execute(_PASSED, {"before": now - KEPT_S})
