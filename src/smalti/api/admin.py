"""Organisations, users, keys, and the record of who changed them; needs the scope `admin`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from smalti.api.admin_routes import add_route
from smalti.api.admin_shapes import (
    AuditPage,
    KeyPage,
    KeyReply,
    NewKey,
    NewKeyReply,
    NewOrganisation,
    NewUser,
    OrganisationPage,
    OrganisationReply,
    UserChange,
    UserPage,
    UserReply,
)
from smalti.api.auth import caller_of
from smalti.api.body import read_body
from smalti.api.errors import JsonReply, Taken
from smalti.api.jobs import page_of, whole
from smalti.api.schema import read_fields
from smalti.errors import InvalidRequest
from smalti.service import NotFound, Service
from smalti.service.policies import Policies
from smalti.store.identity import DEFAULT_ORGANISATION, Key, Organisation, User, checked_name
from smalti.store.jobs import Jobs
from smalti.store.parts import Part
from smalti.store.people import People

BODY_BYTES_MAX = 100_000
PAGE_MAX = 1000

Made = TypeVar("Made")
Sent = TypeVar("Sent", bound=BaseModel)
UserId = Annotated[str, Path(description="As it stands in `id`.")]
KeyId = Annotated[str, Path(description="As it stands in `id`.")]


class ListQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    search: str = Field(default="", max_length=200, description="In the name, or the id itself.")
    id: list[str] | None = Field(
        default=None, max_length=PAGE_MAX, description="Those with these ids; it may come often."
    )
    limit: int = Field(default=PAGE_MAX, ge=1, le=PAGE_MAX, description="How many on a page.")
    after: str | None = Field(default=None, description="The last one of the page before.")

    @property
    def part(self) -> Part:
        """One more than a page has, which says that there are more."""
        return Part(self.id, self.search, self.after, self.limit + 1)


class UsersQuery(ListQuery):
    org_id: str | None = Field(default=None, description="Of this organisation alone.")


class KeysQuery(ListQuery):
    user_id: str | None = Field(default=None, description="Of this user alone.")


class AuditQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since: int = Field(default=0, ge=0, le=2**53, description="Unix seconds.")
    limit: int = Field(default=100, ge=1, le=1000)


class Admin:
    """Every change is made in a thread, and written to the record by who made it."""

    def __init__(self, service: Service, policies: Policies, jobs: Jobs) -> None:
        self._service = service
        self._policies = policies
        self._people: People = service.people
        self._jobs = jobs

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/admin", default_response_class=Response)
        changes = (400, 401, 403, 408, 413, 503)
        for method, path, endpoint, sent, status, shape, errors in (
            ("GET", "/organisations", self.organisations, None, 200, OrganisationPage, (400, 404)),
            ("POST", "/organisations", self.add_organisation, NewOrganisation, 201,
             OrganisationReply, (*changes, 409)),
            ("GET", "/users", self.users, None, 200, UserPage, (400, 404)),
            ("POST", "/users", self.add_user, NewUser, 201, UserReply, (*changes, 404, 409)),
            ("GET", "/users/{user_id}", self.user, None, 200, UserReply, (404,)),
            ("POST", "/users/{user_id}", self.change_user, UserChange, 200, UserReply,
             (*changes, 404)),
            ("GET", "/keys", self.keys, None, 200, KeyPage, (400, 404)),
            ("POST", "/keys", self.add_key, NewKey, 201, NewKeyReply, (*changes, 404)),
            ("DELETE", "/keys/{key_id}", self.revoke_key, None, 200, KeyReply, (404,)),
            ("GET", "/audit", self.audit, None, 200, AuditPage, (400,)),
        ):  # fmt: skip
            add_route(router, method, path, endpoint, sent, shape, errors, status)
        return router

    # --- organisations ---

    async def organisations(self, query: Annotated[ListQuery, Query()]) -> Response:
        """Organisations, oldest first."""
        people = self._people
        return await _part(
            query, "organisation", told_organisation, people.organisation, people.organisations
        )

    async def add_organisation(self, request: Request) -> Response:
        """A new organisation."""
        new = await self._read(NewOrganisation, request)
        name = checked_name(new.name)
        made = await _new(self._people.create_organisation, name)
        return await self._made(request, "organisation.create", told_organisation(made))

    # --- users ---

    async def users(self, query: Annotated[UsersQuery, Query()]) -> Response:
        """Users, oldest first."""
        people = self._people
        return await _part(query, "user", told_user, people.user, people.users, query.org_id)

    async def add_user(self, request: Request) -> Response:
        """A new user."""
        new = await self._read(NewUser, request)
        tier = self._tier(self._service.settings.default_tier if new.tier is None else new.tier)
        org_id = DEFAULT_ORGANISATION if new.org_id is None else new.org_id
        made = await _new(self._people.create_user, checked_name(new.name), org_id, tier)
        return await self._made(request, "user.create", told_user(made))

    async def user(self, user_id: UserId) -> Response:
        """One user."""
        return JsonReply(told_user(self._find_user(user_id)))

    async def change_user(self, request: Request, user_id: UserId) -> Response:
        """Another tier, or whether the user's keys are accepted; both count at once."""
        change = await self._read(UserChange, request)
        user = self._find_user(user_id)
        before = told_user(user)
        if change.tier is not None:
            user = await asyncio.to_thread(self._people.set_tier, user_id, self._tier(change.tier))
        if change.disabled not in (None, user.disabled_at is not None):
            act = self._people.disable if change.disabled else self._people.enable
            user = await asyncio.to_thread(act, user_id)
        told = told_user(user)
        changed = {name: was for name, was in before.items() if told[name] != was}
        if changed:
            await self._note(request, "user.change", {**told, "before": changed})
        return JsonReply(told)

    def _find_user(self, user_id: str) -> User:
        found = self._people.user(user_id)
        if found is None:
            raise NotFound("user", user_id)
        return found

    def _tier(self, name: str) -> str:
        tiers = self._policies.current().tiers
        if name not in tiers:
            raise InvalidRequest(
                f"There is no tier '{name}'. There are {', '.join(tiers)}.",
                param="tier",
            )
        return name

    # --- keys ---

    async def keys(self, query: Annotated[KeysQuery, Query()]) -> Response:
        """Keys, oldest first; without their secrets, which nobody has any more."""
        people = self._people
        return await _part(query, "key", told_key, people.key, people.keys, query.user_id)

    async def add_key(self, request: Request) -> Response:
        """A new key. Its secret stands in this reply and nowhere else."""
        new = await self._read(NewKey, request)
        expires_at = None if new.expires_in_s is None else time.time() + new.expires_in_s
        key, secret = await asyncio.to_thread(
            self._people.create_key, new.user_id, new.name, new.scopes, expires_at
        )
        reply = await self._made(request, "key.create", told_key(key), secret=secret)
        reply.headers["cache-control"] = "no-store"
        return reply

    async def revoke_key(self, request: Request, key_id: KeyId) -> Response:
        """Accept a key no more, from the next request on."""
        if self._people.key(key_id) is None:
            raise NotFound("key", key_id)
        told = told_key(await asyncio.to_thread(self._people.revoke, key_id))
        await self._note(request, "key.revoke", told)
        return JsonReply(told)

    # --- the record ---

    async def audit(self, query: Annotated[AuditQuery, Query()]) -> Response:
        """Who changed what, newest first."""
        entries = self._jobs.audit_since(query.since, query.limit)
        return _page(
            {
                "object": "audit.entry",
                "at": int(entry.at),
                "who": entry.who,
                "action": entry.action,
                "detail": entry.detail,
            }
            for entry in entries
        )

    async def _note(self, request: Request, action: str, detail: dict[str, Any]) -> None:
        await self._jobs.audit(time.time(), caller_of(request).key_id, action, detail)

    # --- parts of them ---

    async def _read(self, kind: type[Sent], request: Request) -> Sent:
        return read_fields(kind, await read_body(request, BODY_BYTES_MAX))

    async def _made(
        self, request: Request, action: str, told: dict[str, Any], **only_once: str
    ) -> Response:
        """only_once: told in the reply, and not kept."""
        await self._note(request, action, told)
        return JsonReply({**told, **only_once}, status_code=201)


async def _new(make: Callable[..., Made], name: str, *rest: object) -> Made:
    """What is made under a name that can be one. Raises Taken where another has it."""
    try:
        return await asyncio.to_thread(make, name, *rest)
    except InvalidRequest as error:
        if error.param == "name":
            raise Taken(error.message, error.param, "already_exists") from None
        raise


def told_organisation(organisation: Organisation) -> dict[str, Any]:
    return {
        "id": organisation.org_id,
        "object": "organisation",
        "name": organisation.name,
        "created_at": int(organisation.created_at),
    }


def told_user(user: User) -> dict[str, Any]:
    return {
        "id": user.user_id,
        "object": "user",
        "org_id": user.org_id,
        "name": user.name,
        "tier": user.tier,
        "created_at": int(user.created_at),
        "disabled_at": whole(user.disabled_at),
    }


def told_key(key: Key) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "object": "key",
        "user_id": key.user_id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "created_at": int(key.created_at),
        "expires_at": whole(key.expires_at),
        "revoked_at": whole(key.revoked_at),
    }


async def _part(
    query: ListQuery, kind: str, told: Callable[[Made], dict[str, Any]],
    one: Callable[[str], Made | None], find: Callable[..., list[Made]], *whose: object,
) -> Response:  # fmt: skip
    """A page of what is meant; nobody else waits until it is found. Raises NotFound for the last of
    a page before that is not there."""

    def page() -> Response:
        if query.after is not None and one(query.after) is None:
            raise NotFound(kind, query.after)
        found = [told(its) for its in find(*whose, query.part)]
        return page_of(found[: query.limit], len(found) > query.limit)

    return await asyncio.to_thread(page)


def _page(data: Iterable[dict[str, Any]]) -> Response:
    return JsonReply({"object": "list", "data": list(data)})
