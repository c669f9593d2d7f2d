"""Tiers and switches, live, and what was refused; needs the scope `admin`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar, get_args

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from smalti.api.admin_routes import add_route
from smalti.api.admin_shapes import (
    DenialPage,
    IfVersion,
    NewSwitch,
    OneSwitchReply,
    PolicyPage,
    PolicyReply,
    SwitchPage,
    TierChange,
    Undo,
    WholePolicy,
    Why,
)
from smalti.api.auth import caller_of
from smalti.api.body import read_body
from smalti.api.errors import JsonReply
from smalti.api.jobs import whole
from smalti.api.schema import read_fields
from smalti.control.policy import Policy
from smalti.control.switches import Paused
from smalti.control.tiers import NAME as TIER_NAME
from smalti.errors import InvalidRequest
from smalti.service.policies import Cause, Policies
from smalti.store.jobs import DenialRow, Jobs
from smalti.store.rows import PolicyRow

BODY_BYTES_MAX = 100_000
DAY_S = 86_400
_ABOUT = {"why", "if_version"}

Sent = TypeVar("Sent", bound=BaseModel)
Change = Callable[[Cause], Policy]
TierName = Annotated[
    str, Path(description="The tier.", json_schema_extra={"pattern": f"^{TIER_NAME}$"})
]
Scope = Annotated[
    str, Path(description="What is paused.", json_schema_extra={"enum": list(get_args(Paused))})
]
SwitchName = Annotated[str, Path(description="Its name: of a region, the country's code.")]


class WhyQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    why: str = Why
    if_version: int | None = IfVersion


class HistoryQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=100)


class DenialsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user_id: str | None = Field(default=None, description="Of this user alone.")
    since: int | None = Field(
        default=None, ge=0, le=2**53, description="Unix seconds; a day ago if left out."
    )
    limit: int = Field(default=100, ge=1, le=1000)


class AdminPolicy:
    """A change counts from the next decision on, and is written to the record."""

    def __init__(self, policies: Policies, jobs: Jobs) -> None:
        self._policies = policies
        self._jobs = jobs

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/admin", default_response_class=Response)
        changes, removal = (400, 408, 409, 413), (400, 404, 409)
        one_tier, one_switch = "/tiers/{name}", "/switches/{scope}/{name}"
        for method, path, endpoint, sent, shape, errors in (
            ("GET", "/tiers", self.tiers, None, PolicyReply, ()),
            ("PUT", "/tiers", self.replace_tiers, WholePolicy, PolicyReply, changes),
            ("GET", "/tiers/history", self.tiers_history, None, PolicyPage, (400,)),
            ("POST", "/tiers/undo", self.undo_tiers, Undo, PolicyReply, (*changes, 404)),
            ("PATCH", one_tier, self.change_tier, TierChange, PolicyReply, changes),
            ("DELETE", one_tier, self.remove_tier, None, PolicyReply, removal),
            ("GET", "/switches", self.switches, None, SwitchPage, ()),
            ("GET", one_switch, self.switch, None, OneSwitchReply, (404,)),
            ("PUT", one_switch, self.set_switch, NewSwitch, PolicyReply, changes),
            ("DELETE", one_switch, self.remove_switch, None, PolicyReply, removal),
            ("GET", "/denials", self.denials, None, DenialPage, (400,)),
        ):
            add_route(router, method, path, endpoint, sent, shape, errors)
        return router

    # --- tiers ---

    async def tiers(self) -> Response:
        """The policy in force: its tiers and switches, and who made it, when and why."""
        return self._told(self._policies.current())

    async def tiers_history(self, query: Annotated[HistoryQuery, Query()]) -> Response:
        """The policies that were made, newest first."""
        rows = await asyncio.to_thread(self._policies.history, query.limit)
        return JsonReply(
            {"object": "list", "data": [told_policy(row.document, row) for row in rows]}
        )

    async def change_tier(self, request: Request, name: TierName) -> Response:
        """Other values for some fields of a tier, or a new tier."""
        sent = await _read(TierChange, request)
        return await self._change(request, sent, tier_change(self._policies, name, sent))

    async def remove_tier(
        self, request: Request, name: TierName, query: Annotated[WhyQuery, Query()]
    ) -> Response:
        """A tier less; not the default one, and none that somebody is in."""
        return await self._change(
            request, query, lambda cause: self._policies.remove_tier(name, cause)
        )

    async def replace_tiers(self, request: Request) -> Response:
        """All tiers at once."""
        sent = await _read(WholePolicy, request)
        return await self._change(request, sent, policy_change(self._policies, sent))

    async def undo_tiers(self, request: Request) -> Response:
        """Return to an older policy, in a new version."""
        sent = await _read(Undo, request)
        return await self._change(
            request, sent, lambda cause: self._policies.undo(sent.version, cause)
        )

    # --- switches ---

    async def switches(self) -> Response:
        """What is paused, will be, or was until its time."""
        policy = self._policies.current()
        data = [switch.written() for switch in policy.switches]
        return JsonReply({"object": "list", "version": policy.version, "data": data})

    async def switch(self, scope: Scope, name: SwitchName) -> Response:
        """One thing that is paused, will be, or was until its time."""
        policy = self._policies.current()
        wanted = scope, name.upper() if scope == "region" else name
        for switch in policy.switches:
            if (switch.scope, switch.name) == wanted:
                about = {"object": "switch", "version": policy.version}
                return JsonReply({**about, **switch.written()})
        raise InvalidRequest(
            f"The {scope} '{name}' is not paused.", param="name", code="switch_not_found"
        )

    async def set_switch(self, request: Request, scope: Scope, name: SwitchName) -> Response:
        """Pause something, now or at a time, with the sentence that users read."""
        sent = await _read(NewSwitch, request)
        change = switch_change(self._policies, scope, name, sent)
        return await self._change(request, sent, change)

    async def remove_switch(
        self, request: Request, scope: Scope, name: SwitchName, query: Annotated[WhyQuery, Query()]
    ) -> Response:
        """Resume what was paused."""
        return await self._change(
            request, query, lambda cause: self._policies.remove_switch(scope, name, cause)
        )

    # --- what was refused ---

    async def denials(self, query: Annotated[DenialsQuery, Query()]) -> Response:
        """Requests that were refused, newest first, and how many each rule refused."""
        since = time.time() - DAY_S if query.since is None else query.since
        rows = await asyncio.to_thread(self._jobs.denials_since, since, query.user_id, query.limit)
        counts = await asyncio.to_thread(self._jobs.denial_counts, since)
        return JsonReply(
            {"object": "list", "data": [told_denial(row) for row in rows], "counts": counts}
        )

    # --- parts of them ---

    async def _change(
        self,
        request: Request,
        sent: TierChange | NewSwitch | WholePolicy | Undo | WhyQuery,
        change: Change,
    ) -> Response:
        cause = Cause(caller_of(request).key_id, sent.why, sent.if_version)
        return self._told(await asyncio.to_thread(change, cause))

    def _told(self, policy: Policy) -> Response:
        row = self._policies.made(policy.version)
        return JsonReply(told_policy(policy.written(), row))


# --- changes, as they are sent ---


def tier_change(policies: Policies, name: str, sent: TierChange) -> Change:
    fields = sent.model_dump(exclude_none=True, exclude=_ABOUT)
    return lambda cause: policies.set_tier(name, fields, cause)


def policy_change(policies: Policies, sent: WholePolicy) -> Change:
    document = sent.model_dump(exclude_none=True, exclude=_ABOUT)
    return lambda cause: policies.replace(document, cause)


def switch_change(policies: Policies, scope: object, name: object, sent: NewSwitch) -> Change:
    said = sent.model_dump(by_alias=True, exclude=_ABOUT)
    table = {"scope": scope, "name": name, **said}
    return lambda cause: policies.set_switch(table, cause)


async def _read(kind: type[Sent], request: Request) -> Sent:
    return read_fields(kind, await read_body(request, BODY_BYTES_MAX))


def told_policy(document: Mapping[str, Any], row: PolicyRow | None) -> dict[str, Any]:
    """row: who made it; None for what the settings say."""
    return {
        "object": "policy",
        "version": 0 if row is None else row.version,
        "at": None if row is None else int(row.at),
        "who": None if row is None else row.who,
        "why": None if row is None else row.why,
        "tiers": document["tiers"],
        "switches": document["switches"],
    }


def told_denial(row: DenialRow) -> dict[str, Any]:
    times = {"at": int(row.at), "retry_at": whole(row.retry_at)}
    return {"object": "denial", **vars(row), **times}
