"""Who sends a request, and whether he may."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from smalti.api.crowd import Crowd
from smalti.api.metrics_route import from_this_machine
from smalti.errors import Forbidden, Unauthorized
from smalti.observe import about_request
from smalti.store.people import Caller, People

Check = Callable[[Request], Awaitable[None]]


class Gate:
    """local: who a request of this machine without a key is; None outside of local mode."""

    def __init__(self, people: People, crowd: Crowd, local: Caller | None = None) -> None:
        self._people = people
        self._crowd = crowd
        self._local = local

    def needs(self, scope: str) -> Check:
        """A dependency that raises Unauthorized, Forbidden or TooManyOpen, or sets
        `request.state.caller`."""

        async def check(request: Request) -> None:
            caller = self._caller(request)
            about_request().user_id = caller.user.user_id
            if scope not in caller.scopes:
                raise Forbidden(scope)
            self._crowd.enters(request, caller.user.user_id)
            request.state.caller = caller

        return check

    def _caller(self, request: Request) -> Caller:
        header = request.headers.get("authorization")
        if header is None and self._local is not None and is_local(request):
            return self._local
        scheme, _, secret = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Unauthorized(
                "The request has no key. Send one as 'Authorization: Bearer sk-…'; the server "
                "printed its first key when it started.",
                code="missing_api_key",
            )
        return self._people.caller_of(secret.strip(), time.time())


def caller_of(request: Request) -> Caller:
    """Who passed the gate with this request."""
    caller: Caller = request.state.caller
    return caller


def is_local(request: Request) -> bool:
    """Whether a program of this machine sends it, and no web page in a browser of this machine.

    A page of another site can make a browser send requests here, and can have a name that leads
    here; neither hides its own name.
    """
    origin = request.headers.get("origin")
    return (
        from_this_machine(request)
        and _is_loopback(request.url.hostname)
        and (origin is None or _is_loopback(_host_of(origin)))
    )


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False
