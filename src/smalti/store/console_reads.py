"""What the operator's console asks: who used what, a user's day, and what was asked for.

Prompts are not among it. What is needed of a job's request is taken out by the database, so that
no reader unpacks the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    Select,
    and_,
    case,
    func,
    literal,
    select,
    union_all,
)

from smalti.control.nouns import FULL, Reservation
from smalti.store.job_reads import COUNTED, counted
from smalti.store.readable import REQUEST
from smalti.store.rows import DenialRow, counted_s
from smalti.store.schema import denials, jobs, organisations, pictures, reservations, users

_COLUMNS = REQUEST[("frame", "grid", "columns")].as_integer()
_ROWS = REQUEST[("frame", "grid", "rows")].as_integer()
_RUNG = func.coalesce(REQUEST["rung"].as_string(), FULL).label("rung")
_SERVICE = func.coalesce(REQUEST["service"].as_string(), "default").label("service")
_USED = (
    select(func.coalesce(func.sum(pictures.c.device_s), 0.0))
    .where(pictures.c.job_id == jobs.c.job_id)
    .scalar_subquery()
)
_DENIAL = tuple(field.name for field in fields(DenialRow))


# --- who used what ---


@dataclass(frozen=True, kw_only=True)
class Use:
    """Of a user or an organisation. name: None where it is no longer known.

    images: those that count. device_s: of jobs that go on, what they are expected to use.
    """

    id: str
    name: str | None
    images: int
    device_s: float
    jobs: int
    denials: int


def use(connection: Connection, of: Literal["user", "org"], since: float, limit: int) -> list[Use]:
    """Who used most device-seconds, first."""
    its = "user_id" if of == "user" else "org_id"
    known = users if of == "user" else organisations
    held, refused = reservations.c, denials.c
    used = select(
        held[its].label("its_id"),
        (held.images - held.refunded).label("images"),
        held.device_s.label("device_s"),
        literal(1).label("jobs"),
        literal(0).label("denials"),
    ).where(held.at >= since)
    denied = select(
        refused[its].label("its_id"),
        literal(0).label("images"),
        literal(0.0).label("device_s"),
        literal(0).label("jobs"),
        literal(1).label("denials"),
    ).where(refused.at >= since)
    both = union_all(used, denied).subquery()
    columns = ("images", "device_s", "jobs", "denials")
    sums = {name: func.sum(both.c[name]).label(name) for name in columns}
    biggest = (
        select(both.c.its_id, *sums.values())
        .group_by(both.c.its_id)
        .order_by(sums["device_s"].desc(), sums["images"].desc(), sums["denials"].desc(),
                  both.c.its_id)
        .limit(limit)
        .subquery()
    )  # fmt: skip
    named = (
        select(biggest, known.c.name)
        .select_from(biggest.outerjoin(known, known.c[its] == biggest.c.its_id))
        .order_by(biggest.c.device_s.desc(), biggest.c.images.desc(), biggest.c.denials.desc(),
                  biggest.c.its_id)
    )  # fmt: skip
    return [
        Use(
            id=row.its_id,
            name=row.name,
            images=int(row.images),
            device_s=counted_s(row.device_s),
            jobs=int(row.jobs),
            denials=int(row.denials),
        )
        for row in connection.execute(named)
    ]


# --- a user's day ---


@dataclass(frozen=True, kw_only=True)
class JobOfDay:
    """device_s: what its pictures have used, as last told."""

    job_id: str
    created_at: float
    started_at: float | None
    finished_at: float | None
    state: str
    tier: str
    images: int
    kind: str
    rung: str
    service: str
    device_s: float
    error_code: str | None


@dataclass(frozen=True, kw_only=True)
class Day:
    """jobs, rows: oldest first, `limit` of each at most. The figures are of all of them."""

    jobs: Sequence[JobOfDay]
    rows: Sequence[DenialRow]
    job_count: int
    images: int
    denial_count: int
    device_s: float


def day(connection: Connection, user_id: str, since: float, until: float, limit: int) -> Day:
    """What a user asked for in [since, until)."""
    his_jobs = and_(
        jobs.c.user_id == user_id, jobs.c.created_at >= since, jobs.c.created_at < until
    )
    his_denials = and_(denials.c.user_id == user_id, denials.c.at >= since, denials.c.at < until)
    columns = [
        jobs.c[name]
        for name in ("job_id", "created_at", "started_at", "finished_at", "state", "tier", "images",
                     "kind", "error_code")
    ]  # fmt: skip
    first_jobs = (
        select(*columns, _RUNG, _SERVICE, _USED.label("device_s"))
        .where(his_jobs)
        .order_by(jobs.c.created_at, jobs.c.job_id)
        .limit(limit)
    )
    first_denials = (
        select(denials).where(his_denials).order_by(denials.c.at, denials.c.number).limit(limit)
    )
    images = func.coalesce(func.sum(jobs.c.images), 0)
    job_count, image_count = connection.execute(
        select(func.count(), images).select_from(jobs).where(his_jobs)
    ).one()
    device_s = connection.scalar(
        select(func.coalesce(func.sum(pictures.c.device_s), 0.0))
        .select_from(jobs.join(pictures, pictures.c.job_id == jobs.c.job_id))
        .where(his_jobs)
    )
    denial_count = connection.scalar(select(func.count()).select_from(denials).where(his_denials))
    return Day(
        jobs=[_job_of_day(row._mapping) for row in connection.execute(first_jobs)],
        rows=[_denial(row) for row in connection.execute(first_denials)],
        job_count=int(job_count),
        images=int(image_count),
        denial_count=int(denial_count or 0),
        device_s=counted_s(device_s or 0.0),
    )


def _job_of_day(told: RowMapping) -> JobOfDay:
    return JobOfDay(**{**told, "device_s": counted_s(told["device_s"])})


def _denial(row: Row[Any]) -> DenialRow:
    return DenialRow(**{name: row._mapping[name] for name in _DENIAL})


# --- what was asked for ---


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that was admitted. work: tile-steps of one picture; None where it is not known.

    rung: of the ladder, on which it was served.
    ended: how its job ended, if it has, and ended_s: so long after it was admitted.
    """

    at: float
    user_id: str
    org_id: str
    key_id: str
    tier: str
    region: str
    model: str
    images: int
    device_s: float
    work: float | None
    kind: str
    service: str
    streamed: bool
    partial_images: int
    degrade: bool
    rung: str
    ended: str | None
    ended_s: float | None


@dataclass(frozen=True, kw_only=True)
class Past:
    """admitted, denied: oldest first; of each, the newest `limit` at most. before: what counted
    already when the period began."""

    since: float
    admitted: Sequence[Asked]
    denied: Sequence[DenialRow]
    before: Sequence[Reservation]
    capped: bool


def past(
    connection: Connection, since: float, until: float, reach_s: float, limit: int, before: int
) -> Past:
    """Everything that was asked for from `since` to `until`, and what was reserved before it.

    limit: requests at most; the period begins later where there were more. reach_s: how long
    before it reservations count; before: so many of them at most, the newest.
    """
    held, refused = reservations.c, denials.c
    newest_held = (
        _admitted(and_(held.at >= since, held.at <= until))
        .order_by(held.at.desc(), held.job_id.desc())
        .limit(limit + 1)
    )
    newest_refused = (
        select(denials)
        .where(refused.at >= since, refused.at <= until)
        .order_by(refused.at.desc(), refused.number.desc())
        .limit(limit + 1)
    )
    admitted = [_asked(row) for row in connection.execute(newest_held)]
    denied = [_denial(row) for row in connection.execute(newest_refused)]
    times = sorted([row.at for row in admitted] + [row.at for row in denied], reverse=True)
    capped = len(times) > limit
    if capped:
        since = times[limit - 1]
        admitted = [row for row in admitted if row.at >= since]
        denied = [row for row in denied if row.at >= since]
    counting = and_(held.at >= since - reach_s, held.at < since, held.images > held.refunded)
    earlier = COUNTED.where(counting).order_by(held.at.desc(), held.job_id.desc()).limit(before + 1)
    rows = [counted(row) for row in connection.execute(earlier)] if reach_s > 0 else []
    return Past(
        since=since,
        admitted=admitted[::-1],
        denied=denied[::-1],
        before=rows[:before][::-1],
        capped=capped or len(rows) > before,
    )


def _admitted(where: ColumnElement[bool]) -> Select[Any]:
    held = reservations.c
    ended = case((jobs.c.finished_at.is_not(None), jobs.c.state), else_=None)
    return (
        select(
            *(held[name] for name in ("at", "user_id", "org_id", "key_id", "tier", "region",
                                      "model", "images", "device_s")),
            (_COLUMNS * _ROWS).label("work"),
            func.coalesce(jobs.c.kind, "generation").label("kind"),
            _SERVICE,
            _RUNG,
            _of_request("stream").as_boolean().label("streamed"),
            func.coalesce(_of_request("partial_images").as_integer(), 0).label("partial_images"),
            _of_request("degrade").as_string().label("degrade"),
            ended.label("ended"),
            (jobs.c.finished_at - held.at).label("ended_s"),
        )
        .select_from(reservations.outerjoin(jobs, jobs.c.job_id == held.job_id))
        .where(where)
    )  # fmt: skip


def _of_request(name: str) -> Any:
    return REQUEST[("asked", name)]


def _asked(row: Row[Any]) -> Asked:
    told = dict(row._mapping)
    work = told["work"]
    told |= {
        "work": float(work) if work else None,
        "streamed": bool(told["streamed"]),
        "degrade": told["degrade"] != "never",
        "device_s": counted_s(row.device_s),
    }
    return Asked(**told)
