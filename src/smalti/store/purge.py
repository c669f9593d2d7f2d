"""Forgetting: old pictures first, old jobs later.

A file cannot be deleted in the transaction that forgets it. So its name is kept as doomed until
the file is known to be gone: a process that dies in between leaves no file behind for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select, update

from smalti.store import idempotency
from smalti.store.rows import LIVE
from smalti.store.schema import doomed_blobs, jobs, pictures, reservations

BATCH = 500
"""Jobs or reservations that are forgotten at a time, so that nobody waits long for the writer."""


def forget_some(connection: Connection, jobs_before: float, pictures_before: float) -> int:
    """How many jobs lost their pictures or their row; 0 when there is nothing left to forget."""
    stripped = _forget_pictures(connection, max(pictures_before, jobs_before))
    old = select(jobs.c.job_id).where(jobs.c.has_files.is_(False), jobs.c.finished_at < jobs_before)
    gone = connection.scalars(old.order_by(jobs.c.finished_at).limit(BATCH)).all()
    connection.execute(delete(jobs).where(jobs.c.job_id.in_(gone)))
    return stripped + len(gone)


def forget_job(connection: Connection, job_id: str) -> list[str]:
    """One job that has ended, for good; returns the names of its files, which are doomed now."""
    ended = jobs.c.state.not_in(LIVE)
    its = connection.execute(select(jobs).where(jobs.c.job_id == job_id, ended)).first()
    if its is None:
        return []
    names = _doom(connection, [job_id], (its.source_blob, its.mask_blob))
    connection.execute(delete(jobs).where(jobs.c.job_id == job_id))
    idempotency.forget_job(connection, job_id)
    return names


def forget_reservations(connection: Connection, before: float) -> int:
    """How many are forgotten; 0 when there is nothing left to forget."""
    ended = reservations.c.state != "held"
    old = select(reservations.c.job_id).where(reservations.c.at < before, ended)
    gone = connection.scalars(old.order_by(reservations.c.at).limit(BATCH)).all()
    connection.execute(delete(reservations).where(reservations.c.job_id.in_(gone)))
    return len(gone)


def doomed(connection: Connection) -> list[str]:
    return list(connection.scalars(select(doomed_blobs.c.name)))


def blobs_deleted(connection: Connection, names: Sequence[str]) -> None:
    for first in range(0, len(names), BATCH):
        some = names[first : first + BATCH]
        connection.execute(delete(doomed_blobs).where(doomed_blobs.c.name.in_(some)))


def _forget_pictures(connection: Connection, before: float) -> int:
    with_blobs = select(jobs.c.job_id, jobs.c.source_blob, jobs.c.mask_blob).where(
        jobs.c.has_files.is_(True), jobs.c.finished_at < before
    )
    found = connection.execute(with_blobs.order_by(jobs.c.finished_at).limit(BATCH)).all()
    if not found:
        return 0
    ids = [row.job_id for row in found]
    _doom(connection, ids, (name for row in found for name in row[1:]))
    connection.execute(update(pictures).where(pictures.c.job_id.in_(ids)).values(blob=None))
    its = update(jobs).where(jobs.c.job_id.in_(ids))
    connection.execute(its.values(source_blob=None, mask_blob=None, has_files=False))
    return len(ids)


def _doom(connection: Connection, ids: Sequence[str], sources: Iterable[str | None]) -> list[str]:
    """Names of the files of these jobs, their sources among them, which are to be deleted now."""
    drawn = select(pictures.c.blob).where(pictures.c.job_id.in_(ids), pictures.c.blob.is_not(None))
    names = [*filter(None, sources), *connection.scalars(drawn)]
    if names:
        connection.execute(insert(doomed_blobs), [{"name": name} for name in names])
    return names
