"""What an operator watches: the last hour, what a change would do, and who used what; needs the
scope `admin`. No prompt and no picture is told here."""

from __future__ import annotations

import asyncio
import heapq
import re
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from smalti.api.admin_policy import (
    BODY_BYTES_MAX,
    DAY_S,
    Change,
    policy_change,
    switch_change,
    tier_change,
)
from smalti.api.admin_routes import add_route
from smalti.api.admin_shapes import NewSwitch, TierChange, WholePolicy
from smalti.api.body import Body, read_body
from smalti.api.console_shapes import (
    MINUTES_MAX,
    DayReply,
    NowReply,
    PreviewReply,
    PreviewRequest,
    UseReply,
)
from smalti.api.errors import JsonReply
from smalti.api.jobs import whole
from smalti.api.limits import window
from smalti.api.schema import read_fields
from smalti.errors import InvalidRequest
from smalti.observe.minutes import Minute, Tally, Waits
from smalti.service import NotFound, Service
from smalti.service.previews import WHY, Preview
from smalti.store.identity import Caller
from smalti.store.jobs import DenialRow, JobOfDay, Jobs, Use

EVENTS_MAX = 1000
USERS_MAX = 100
HOUR = 60
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

UserId = Annotated[str, Path(description="As it stands in `id`.")]


class NowQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    minutes: int = Field(default=HOUR, ge=1, le=MINUTES_MAX, description="That are counted.")


class DayQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    date: str | None = Field(
        default=None,
        description="As in 2027-01-31, UTC; today if left out.",
        json_schema_extra={"format": "date"},
    )


class UseQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: int = Field(default=1, ge=1, le=366, description="Before now.")


class Console:
    def __init__(self, service: Service, jobs: Jobs) -> None:
        self._service = service
        self._jobs = jobs

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/admin", default_response_class=Response)
        changes = (400, 408, 409, 413)
        for method, path, endpoint, sent, shape, errors in (
            ("GET", "/now", self.now, None, NowReply, (400,)),
            ("POST", "/preview", self.preview, PreviewRequest, PreviewReply, changes),
            ("GET", "/users/{user_id}/day", self.day, None, DayReply, (400, 404)),
            ("GET", "/use", self.use, None, UseReply, (400,)),
        ):
            add_route(router, method, path, endpoint, sent, shape, errors, prefix="console_")
        return router

    # --- now ---

    async def now(self, query: Annotated[NowQuery, Query()]) -> Response:
        """What the server is doing, and the last minutes one by one."""
        service = self._service
        service.look_at_policy()
        overview, minutes = service.overview, service.metrics.minutes
        now = overview.now
        past = minutes.total(query.minutes, now)
        told = [_minute(minute) for minute in minutes.last(query.minutes, now)]
        devices = service.devices()
        ready = [device for device in devices if device.state == "ready"]
        return JsonReply(
            {
                "object": "now",
                "at": int(now),
                "since": int(minutes.since),
                "store_healthy": overview.store_healthy,
                "load": round(overview.load, 3),
                "fleet": {
                    "slots": sum(device.slots for device in ready),
                    "busy": sum(device.busy for device in ready),
                    "tiles_per_s": round(minutes.tiles_per_s(now), 2),
                },
                "devices": [
                    {
                        "device": device.device,
                        "name": device.worker,
                        "state": device.state,
                        "model": device.model,
                        "slots": device.slots,
                        "busy": device.busy,
                        "restarts": device.restarts,
                        "temperature_c": None,
                        "watts": None,
                        "problem": device.problem or None,
                    }
                    for device in devices
                ],
                "tiers": self._tiers(past),
                "rungs": dict(past.rungs.most_common()),
                "denials": dict(past.rules.most_common()),
                "errors": {"jobs": past.errors - past.replies, "replies": past.replies},
                "minutes": told,
            }
        )

    def _tiers(self, past: Minute) -> dict[str, Any]:
        overview, tiers = self._service.overview, self._service.tiers
        waiting, running, rungs = overview.waiting(), overview.running(), overview.rungs()
        told = {}
        for name in dict.fromkeys([*tiers, *waiting, *past.tiers]):
            tally, tier = past.tiers.get(name, Tally()), tiers.get(name)
            told[name] = {
                "waiting": waiting.get(name, 0),
                "running": running.get(name, 0),
                "promised_wait_s": None if tier is None else tier.promised_wait_s,
                "rung": rungs.get(name),
                **_waits(tally.waits),
                "promises_kept": tally.kept,
                "promises_broken": tally.broken,
                **_counts(tally),
            }
        return told

    # --- previews ---

    async def preview(self, request: Request) -> Response:
        """What a change of tiers or switches would have done to the last hour. Nothing changes."""
        asked = read_fields(PreviewRequest, await read_body(request, BODY_BYTES_MAX))
        change, if_version = self._change(asked)
        preview = await self._service.previews.preview(change, asked.minutes, if_version)
        return JsonReply(_told_preview(preview))

    def _change(self, asked: PreviewRequest) -> tuple[Change, int | None]:
        """Read as the addresses read it that make it."""
        given = {"change": asked.change, "policy": asked.policy, "switch": asked.switch}
        kinds = [kind for kind, fields in given.items() if fields is not None]
        if len(kinds) != 1 or (asked.tier is None) != (asked.change is None):
            raise InvalidRequest(
                "A preview is of one change: 'tier' with 'change', or 'policy', or 'switch'.",
                param=kinds[1] if len(kinds) > 1 else "change",
            )
        policies, fields = self._service.policies, {"why": WHY, **(given[kinds[0]] or {})}
        if kinds[0] == "policy":
            whole_policy = read_fields(WholePolicy, Body(fields, True))
            return policy_change(policies, whole_policy), whole_policy.if_version
        if kinds[0] == "switch":
            scope, name = fields.pop("scope", None), fields.pop("name", None)
            switch = read_fields(NewSwitch, Body(fields, True))
            return switch_change(policies, scope, name, switch), switch.if_version
        tier = read_fields(TierChange, Body(fields, True))
        return tier_change(policies, asked.tier or "", tier), tier.if_version

    # --- who ---

    async def day(self, user_id: UserId, query: Annotated[DayQuery, Query()]) -> Response:
        """What a user asked for on a day, what became of it, and which rule or rung decided."""
        user = self._service.people.user(user_id)
        if user is None:
            raise NotFound("user", user_id)
        date, since = _day_of(query.date, self._service.overview.now)
        found = await asyncio.to_thread(
            self._jobs.day, user_id, since, since + DAY_S, EVENTS_MAX + 1
        )
        jobs = ((job.created_at, _job_event(job)) for job in found.jobs)
        rows = ((row.at, _denial_event(row)) for row in found.rows)
        events = [event for _, event in heapq.merge(jobs, rows, key=lambda pair: pair[0])]
        self._service.look_at_policy()
        standing = self._service.standing(Caller(user=user, key_id="", scopes=frozenset()))
        return JsonReply(
            {
                "object": "user.day",
                "user_id": user_id,
                "date": date,
                "events": events[:EVENTS_MAX],
                "has_more": len(events) > EVENTS_MAX,
                "totals": {
                    "jobs": found.job_count,
                    "images": found.images,
                    "denials": found.denial_count,
                    "device_s": round(found.device_s, 3),
                },
                "standing": [window(one) for one in standing],
            }
        )

    async def use(self, query: Annotated[UseQuery, Query()]) -> Response:
        """Who used most, of users and of organisations."""
        since = self._service.overview.now - query.days * DAY_S
        users = await asyncio.to_thread(self._jobs.use, "user", since, USERS_MAX)
        organisations = await asyncio.to_thread(self._jobs.use, "org", since, USERS_MAX)
        return JsonReply(
            {
                "object": "use",
                "since": int(since),
                "users": [_use(use) for use in users],
                "organisations": [_use(use) for use in organisations],
            }
        )


def _day_of(date: str | None, now: float) -> tuple[str, float]:
    """A day as it is written, and when it begins. Raises InvalidRequest."""
    written = datetime.fromtimestamp(now, UTC).date().isoformat() if date is None else date
    try:
        if not _DATE.fullmatch(written):
            raise ValueError
        begins = datetime.fromisoformat(f"{written}T00:00:00+00:00").timestamp()
    except ValueError:
        raise InvalidRequest(
            f"Invalid 'date': {written[:40]!r} is no day. Write it as in 2027-01-31.", param="date"
        ) from None
    return written, begins


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _waits(waits: Waits) -> dict[str, float | None]:
    return {
        "wait_p50_s": _rounded(waits.quantile(0.5)),
        "wait_p95_s": _rounded(waits.quantile(0.95)),
    }


def _counts(tally: Tally) -> dict[str, int]:
    return {
        "admitted": tally.admitted,
        "denied": tally.denied,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "cancelled": tally.cancelled,
    }


def _minute(minute: Minute) -> dict[str, Any]:
    tally = minute.whole()
    return {
        "at": minute.at,
        **_counts(tally),
        "waiting": minute.waiting,
        "busy": round(minute.busy, 2),
        "slots": minute.slots,
        "tiles": minute.tiles,
        "device_s": round(minute.device_s, 3),
        "load": round(minute.load, 3),
        **_waits(tally.waits),
        "errors": minute.errors,
    }


def _told_preview(preview: Preview) -> dict[str, Any]:
    reckoned, fleet = preview.reckoned, preview.fleet
    compared = asdict(reckoned.comparison)
    for outcome in (compared["before"], compared["after"]):
        for tier in outcome["tiers"].values():
            tier |= {name: _rounded(tier[name]) for name in ("wait_p50_s", "wait_p95_s")}
    return {
        "object": "preview",
        "since": int(reckoned.since),
        "until": int(preview.until),
        "capped": reckoned.capped,
        "fleet": {
            "slots": fleet.spec.slots,
            "rate_work_per_s": round(fleet.spec.rate, 1),
            "measured": fleet.measured,
        },
        "recorded": {"admitted": reckoned.admitted, "denied": reckoned.denied},
        **compared,
        "differences": preview.differences,
    }


def _job_event(job: JobOfDay) -> dict[str, Any]:
    waited_s = None if job.started_at is None else max(job.started_at - job.created_at, 0.0)
    return {
        "what": "job",
        "at": int(job.created_at),
        "id": job.job_id,
        "created_at": int(job.created_at),
        "started_at": whole(job.started_at),
        "finished_at": whole(job.finished_at),
        "state": job.state,
        "tier": job.tier,
        "images": job.images,
        "kind": job.kind,
        "rung": job.rung,
        "service": job.service,
        "wait_s": _rounded(waited_s),
        "device_s": round(job.device_s, 3),
        "error_code": job.error_code,
        "decided_by": {"rung": job.rung, "service": job.service},
    }


def _denial_event(row: DenialRow) -> dict[str, Any]:
    return {
        "what": "denial",
        "at": int(row.at),
        "rule": row.rule,
        "kind": row.kind,
        "tier": row.tier,
        "images": row.images,
        "retry_at": whole(row.retry_at),
        "key_id": row.key_id,
        "region": row.region,
        "decided_by": {"rule": row.rule},
    }


def _use(use: Use) -> dict[str, Any]:
    return {**vars(use), "device_s": round(use.device_s, 3)}
