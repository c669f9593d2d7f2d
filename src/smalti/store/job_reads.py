"""What is asked about jobs, within the caller's snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    func,
    or_,
    select,
)

from smalti.control.nouns import Reservation
from smalti.errors import InvalidRequest
from smalti.store.job_writes import unbroken
from smalti.store.readable import REQUEST
from smalti.store.rows import (
    ALL_JOBS,
    LIVE,
    PROMPTS_MAX,
    JobFilter,
    JobRow,
    PictureRow,
    ReservationRow,
    counted_s,
)
from smalti.store.schema import jobs, picture_rows, pictures, reservations

_JOB = tuple(field.name for field in fields(JobRow))

COUNTED = select(
    *(
        (reservations.c.images - reservations.c.refunded).label(field.name)
        if field.name == "images"
        else reservations.c[field.name]
        for field in fields(Reservation)
    )
)
"""What counts of a reservation, field by field: less the images that were refunded. Those used
nothing, so device-seconds are as settled."""

_JOBS: BindParameter[list[str]] = bindparam("some", expanding=True)
_GET = select(jobs).where(jobs.c.job_id == bindparam("its_job"))
_PICTURES = (
    select(pictures)
    .where(pictures.c.job_id.in_(_JOBS))
    .order_by(pictures.c.job_id, pictures.c.picture)
)
_ROWS = (
    select(picture_rows)
    .where(picture_rows.c.job_id.in_(_JOBS))
    .order_by(picture_rows.c.job_id, picture_rows.c.picture, picture_rows.c.row)
)


def get(connection: Connection, job_id: str) -> JobRow | None:
    row = connection.execute(_GET, {"its_job": job_id}).first()
    return None if row is None else _job(row)


def pictures_of(
    connection: Connection, job_ids: Sequence[str]
) -> dict[str, tuple[PictureRow, ...]]:
    found = connection.execute(_PICTURES, {"some": list(job_ids)}).all()
    drawing = {row.job_id for row in found if row.rows}
    codes = _codes(connection, sorted(drawing)) if drawing else {}
    its: dict[str, tuple[PictureRow, ...]] = dict.fromkeys(job_ids, ())
    for row in found:
        values = dict(row._mapping)
        values["index"] = values.pop("picture")
        values["layout"] = None if row.layout is None else tuple(row.layout)
        values["device_s"] = counted_s(row.device_s)
        values["codes"] = codes.get((row.job_id, row.picture))
        its[row.job_id] += (PictureRow(**values),)
    return its


def _codes(connection: Connection, job_ids: Sequence[str]) -> dict[tuple[str, int], bytes]:
    told: dict[tuple[str, int], list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(_ROWS, {"some": list(job_ids)}):
        told[row.job_id, row.picture].append(row)
    whole = {key: rows[: unbroken([r.row for r in rows])] for key, rows in told.items()}
    return {key: b"".join(r.codes for r in rows) for key, rows in whole.items() if rows}


def unfinished(connection: Connection) -> list[JobRow]:
    live = select(jobs).where(jobs.c.state.in_(LIVE))
    found = connection.execute(live.order_by(jobs.c.created_at, jobs.c.job_id))
    return [_job(row) for row in found]


def of_user(
    connection: Connection,
    user_id: str,
    limit: int,
    after: str | None,
    only: JobFilter = ALL_JOBS,
) -> list[JobRow]:
    his = select(jobs).where(jobs.c.user_id == user_id, *_meant(only))
    if after is not None:
        last = get(connection, after)
        if last is None or last.user_id != user_id:
            raise InvalidRequest(
                f"There is no job '{after}' of yours to go on after. Give the id of the last job "
                "of the page before.",
                param="after",
            )
        older = and_(jobs.c.created_at == last.created_at, jobs.c.job_id < last.job_id)
        his = his.where(or_(jobs.c.created_at < last.created_at, older))
    newest_first = his.order_by(jobs.c.created_at.desc(), jobs.c.job_id.desc()).limit(limit)
    found, left = list[JobRow](), PROMPTS_MAX
    for row in connection.execute(newest_first):
        found.append(_job(row))
        left -= len((found[-1].request or {}).get("prompt", ""))
        if left < 0:
            break
    return found


def _meant(only: JobFilter) -> list[ColumnElement[bool]]:
    asked = REQUEST["asked"]
    prompt = REQUEST["prompt"].as_string()
    terms = [prompt.icontains(word, autoescape=True) for word in only.search.split()]
    if only.style is not None:
        terms.append(REQUEST["style"].as_string() == only.style)
    if only.state is not None:
        terms.append(jobs.c.state == only.state)
    if only.conversation is not None:
        terms.append(asked["conversation"].as_string() == only.conversation)
    return terms


def counts(connection: Connection) -> dict[str, int]:
    found = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state))
    return {row[0]: row[1] for row in found}


def reservation(connection: Connection, job_id: str) -> ReservationRow | None:
    its = select(reservations).where(reservations.c.job_id == job_id)
    row = connection.execute(its).first()
    return None if row is None else ReservationRow(**row._mapping)


def reservations_since(connection: Connection, since: float) -> list[Reservation]:
    table = reservations.c
    those = COUNTED.where(table.at > since, table.images > table.refunded)
    return [counted(row) for row in connection.execute(those.order_by(table.at, table.job_id))]


def counted(row: Row[Any]) -> Reservation:
    """Of a row of `COUNTED`. There may be a million of them, so it looks nothing up by name."""
    values = list(row)
    values[-1] = counted_s(values[-1])
    return Reservation(*values)


def _job(row: Row[Any]) -> JobRow:
    return JobRow(**{name: row._mapping[name] for name in _JOB})
