"""What happens to a job, each as one change of the database, within the caller's transaction.

Nothing changes a job that has ended, whatever is told of it late. Statements are made once:
building one costs several times what running it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from smalti.control.nouns import Claim, Reservation
from smalti.store import claims, idempotency
from smalti.store.idempotency import Idempotency
from smalti.store.rows import LIVE, UNDRAWN, JobRow, JobState, PictureRow, PictureState
from smalti.store.schema import jobs, picture_rows, pictures, reservations

Used = Sequence[tuple[int, float]]
"""Pictures, and device-seconds that each has used in all."""

_JOB: BindParameter[str] = bindparam("its_job")
_PICTURE: BindParameter[int] = bindparam("its_picture")
_LIVE = jobs.c.state.in_(LIVE)
_UNDRAWN = pictures.c.state.in_(UNDRAWN)

_NEW_JOB, _NEW_PICTURE = insert(jobs), insert(pictures)
_NEW_ROW, _NEW_RESERVATION = insert(picture_rows), insert(reservations)
_CHANGE_PICTURE = update(pictures).where(
    pictures.c.job_id == _JOB, pictures.c.picture == _PICTURE, _UNDRAWN
)
_START_PICTURE = _CHANGE_PICTURE.values(state="drawing", attempts=pictures.c.attempts + 1)
_RUN_JOB = (
    update(jobs)
    .where(jobs.c.job_id == _JOB)
    .values(state="running", started_at=func.coalesce(jobs.c.started_at, bindparam("now")))
)
_END_JOB = update(jobs).where(jobs.c.job_id == _JOB, _LIVE)
_END_PICTURES = update(pictures).where(pictures.c.job_id == _JOB, _UNDRAWN)
_NOT_DRAWN = select(pictures.c.picture).where(
    pictures.c.job_id == _JOB, pictures.c.state != "drawn"
)
_ROWS = select(picture_rows.c.row).where(
    picture_rows.c.job_id == _JOB, picture_rows.c.picture == _PICTURE
)
_DROP_ROWS = delete(picture_rows).where(picture_rows.c.job_id == _JOB)
_DROP_PICTURES_ROWS = _DROP_ROWS.where(picture_rows.c.picture == _PICTURE)
_BACK = case(
    (bindparam("back") < reservations.c.images, bindparam("back")), else_=reservations.c.images
)
_USED = (
    select(func.coalesce(func.sum(pictures.c.device_s), 0.0))
    .where(pictures.c.job_id == _JOB)
    .scalar_subquery()
)
_SETTLE = (
    update(reservations)
    .where(reservations.c.job_id == _JOB)
    .values(
        refunded=_BACK,
        state=case((reservations.c.images == _BACK, "refunded"), else_="settled"),
        device_s=_USED,
    )
)
_ALL_OF_THEM = 2**31 - 1


def accept(
    connection: Connection,
    job: JobRow,
    its_pictures: Sequence[PictureRow],
    reservation: Reservation,
    asked: Idempotency | None,
    used: Sequence[Claim],
) -> None:
    if asked is not None:
        idempotency.begin(connection, asked, job.job_id)
    connection.execute(_NEW_JOB, {**vars(job), "has_files": True})
    connection.execute(_NEW_PICTURE, [_new(picture) for picture in its_pictures])
    held = {**asdict(reservation), "job_id": job.job_id, "refunded": 0, "state": "held"}
    connection.execute(_NEW_RESERVATION, held)
    claims.use(connection, used)


def _new(picture: PictureRow) -> dict[str, Any]:
    values = dict(vars(picture))
    del values["codes"]
    return values | {"picture": values.pop("index")}


def started(
    connection: Connection, job_id: str, index: int, layout: Sequence[int], at: float
) -> bool:
    it = {"its_job": job_id, "its_picture": index}
    if connection.execute(_START_PICTURE, {**it, "layout": list(layout)}).rowcount != 1:
        return False
    connection.execute(_RUN_JOB, {"its_job": job_id, "now": at})
    return True


def put_back(connection: Connection, job_id: str, index: int) -> bool:
    return _change_undrawn(connection, job_id, index, state="waiting")


def checkpoint(
    connection: Connection, job_id: str, index: int, row: int, codes: bytes, device_s: float
) -> bool:
    told = set(connection.scalars(_ROWS, {"its_job": job_id, "its_picture": index}))
    rows = unbroken(sorted(told | {row}))
    if row in told or not _change_undrawn(connection, job_id, index, rows=rows, device_s=device_s):
        return False
    new = {"job_id": job_id, "picture": index, "row": row, "codes": codes}
    connection.execute(_NEW_ROW, new)
    return True


def picture_done(
    connection: Connection, job_id: str, index: int, at: float, **values: object
) -> bool:
    """values: the columns of the finished file."""
    if not _change_undrawn(connection, job_id, index, state="drawn", **values):
        return False
    connection.execute(_DROP_PICTURES_ROWS, {"its_job": job_id, "its_picture": index})
    if connection.scalar(_NOT_DRAWN, {"its_job": job_id}) is None:
        _end(connection, job_id, "succeeded", at)
        _settle(connection, job_id, 0)
    return True


def fail(connection: Connection, job_id: str, code: str, message: str, at: float) -> bool:
    if not _end(connection, job_id, "failed", at, error_code=code, error_message=message):
        return False
    _end_pictures(connection, job_id, "failed")
    idempotency.forget_job(connection, job_id)
    _settle(connection, job_id, _ALL_OF_THEM)
    return True


def cancel(connection: Connection, job_id: str, at: float, refunded: int, used: Used = ()) -> bool:
    if not _end(connection, job_id, "cancelled", at):
        return False
    for index, device_s in used:
        _change_undrawn(connection, job_id, index, device_s=device_s)
    _end_pictures(connection, job_id, "cancelled")
    idempotency.forget_job(connection, job_id)
    _settle(connection, job_id, max(refunded, 0))
    return True


def unbroken(rows: Sequence[int]) -> int:
    """How many of these rows follow one another from row 0 on; they are in order."""
    return next((i for i, row in enumerate(rows) if row != i), len(rows))


def _change_undrawn(connection: Connection, job_id: str, index: int, **values: object) -> bool:
    """Whether there is such a picture, still to be drawn; it is changed then."""
    it = {"its_job": job_id, "its_picture": index}
    return connection.execute(_CHANGE_PICTURE, it | values).rowcount == 1


def _end(connection: Connection, job_id: str, state: JobState, at: float, **values: object) -> bool:
    its = {"its_job": job_id, "state": state, "finished_at": at}
    return connection.execute(_END_JOB, its | values).rowcount == 1


def _end_pictures(connection: Connection, job_id: str, state: PictureState) -> None:
    connection.execute(_END_PICTURES, {"its_job": job_id, "state": state})
    connection.execute(_DROP_ROWS, {"its_job": job_id})


def _settle(connection: Connection, job_id: str, refunded: int) -> None:
    """refunded: pictures that do not count after all; of the job's, no more than there are."""
    connection.execute(_SETTLE, {"its_job": job_id, "back": refunded})
