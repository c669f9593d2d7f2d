"""`Idempotency-Key`: a request that is sent again under its key begins nothing again.

A key is a user's own and is good for a day (IETF draft-ietf-httpapi-idempotency-key-header). A
refusal does not use it up, nor does a job that failed or was cancelled.
"""

from __future__ import annotations

import asyncio
import time
from weakref import WeakValueDictionary

from starlette.requests import Request

from smalti.api.auth import caller_of
from smalti.api.errors import KeyReused
from smalti.api.retries import Fingerprint
from smalti.errors import InvalidRequest, Unavailable
from smalti.service import JobView, Service
from smalti.service.health import RETRY_AFTER_S
from smalti.service.service import ENDS_WITHIN_S
from smalti.store.idempotency import KEPT_S, AlreadyBegun

HEADER = "idempotency-key"
REPLAYED = {"idempotent-replayed": "true"}
LONGEST = 255


class Keys:
    """Lets one request at a time begin something under a key: the next one finds what it began."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def alone(self, request: Request, key: str) -> asyncio.Lock:
        """To be held from looking for what was begun until something is."""
        user_id = caller_of(request).user.user_id
        return self._locks.setdefault((user_id, key), asyncio.Lock())


def key_of(request: Request) -> str | None:
    """Raises InvalidRequest for what is no key."""
    keys = dict.fromkeys(request.headers.getlist(HEADER))
    if not keys:
        return None
    key, *others = keys
    if others:
        raise InvalidRequest(
            f"The request has the Idempotency-Keys '{key[:40]}' and '{others[0][:40]}'. Send one.",
            param="Idempotency-Key",
        )
    if not 0 < len(key) <= LONGEST or not all(" " < c <= "~" for c in key):
        raise InvalidRequest(
            f"The Idempotency-Key '{key[:40]}' cannot be one. Send 1 to {LONGEST} visible ASCII "
            "characters.",
            param="Idempotency-Key",
        )
    return key


async def begun_by(
    service: Service, request: Request, key: str, sent: Fingerprint
) -> JobView | None:
    """The job that the key has begun; one that is about to fail or to be cancelled gives it back.

    Raises KeyReused where it came with another body, Unavailable where that end cannot be written.
    """
    view = _begun_by(service, request, key, sent)
    job = None if view is None else view.live
    if job is None or not job.doomed:
        return view
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            await job.over.wait()
    except TimeoutError:
        raise Unavailable(f"The job {job.job_id} is about to end.", RETRY_AFTER_S) from None
    return _begun_by(service, request, key, sent)


def _begun_by(service: Service, request: Request, key: str, sent: Fingerprint) -> JobView | None:
    caller = caller_of(request)
    found = service.begun(caller, key, time.time() - KEPT_S)
    if found is None:
        return None
    if found.fingerprint != sent[1]:
        raise KeyReused(key)
    return service.find(found.job_id, caller)


def begun_meanwhile(
    service: Service, request: Request, key: str, sent: Fingerprint, begun: AlreadyBegun
) -> JobView:
    """The job that another request with the same key began at the same time."""
    if begun.fingerprint != sent[1]:
        raise KeyReused(key)
    return service.find(begun.job_id, caller_of(request))
