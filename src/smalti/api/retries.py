"""Joins what an SDK sends again to the job that its first attempt began.

The SDKs send a request again when a connection breaks, under the same body and with a count. Where
the first attempt is still being drawn, because its connection broke in a way that nobody has told
us of, or because the server was started again, the second one follows the same job, and nothing is
drawn twice. What has an `Idempotency-Key` is known by that alone (`idempotent`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from weakref import WeakValueDictionary

from smalti.api.body import Body
from smalti.service import Job

COUNT = "x-stainless-retry-count"
KEPT = 10_000
"""Fingerprints of attempts that are over, of which a retry may come."""
SAME_KEPT = 100
"""Of these, how many of one fingerprint."""
COMES_WITHIN_S = 90.0
"""Later no retry comes by itself: the SDKs wait for a minute at most, and the rest is the way."""

Fingerprint = tuple[str, str]
"""A user's id, and a hash of what he sent."""
Attempts = Sequence[asyncio.Event]
"""Each is set once it is known what becomes of it."""


class Retries:
    """taken_up: the job that goes on since a restart, of a fingerprint."""

    def __init__(self, taken_up: Callable[[str, str], Job | None]) -> None:
        self._taken_up = taken_up
        self._jobs: WeakValueDictionary[Fingerprint, Job] = WeakValueDictionary()
        self._ended: OrderedDict[Fingerprint, list[float]] = OrderedDict()
        self._beginning: dict[Fingerprint, list[asyncio.Event]] = {}

    @contextmanager
    def attempt(self, sent: Fingerprint) -> Iterator[Attempts]:
        """To be held until it is known what becomes of an attempt. Gives those that came before and
        of which that is not known yet: a slow disk may keep a job longer than its client waits."""
        before, over = self._beginning.get(sent, []), asyncio.Event()
        self._beginning[sent] = [*before, over]
        try:
            yield before
        finally:
            over.set()
            self._beginning[sent] = [one for one in self._beginning[sent] if one is not over]
            if not self._beginning[sent]:
                del self._beginning[sent]

    async def joined(
        self, sent: Fingerprint, headers: Mapping[str, str], before: Attempts
    ) -> Job | None:
        """As `first_attempt`, once it is known what becomes of those attempts."""
        if _is_retry(headers):
            for one in before:
                await one.wait()
        return self.first_attempt(sent, headers)

    def begun(self, sent: Fingerprint, job: Job) -> None:
        self._jobs[sent] = job

    def refused(self, sent: Fingerprint) -> None:
        """The next retry of this is for an attempt that was refused and may come again by itself,
        not for one that is lost."""
        self._over(sent)

    def left(self, job: Job) -> None:
        """The next retry is for this one, which is cancelled, and not for another like it."""
        if job.brief.sent:
            self._over((job.user_id, job.brief.sent))

    def _over(self, sent: Fingerprint) -> None:
        self._ended[sent] = [*self._awaited(sent), time.monotonic()][-SAME_KEPT:]
        if len(self._ended) > KEPT:
            self._ended.popitem(last=False)

    def first_attempt(self, sent: Fingerprint, headers: Mapping[str, str]) -> Job | None:
        """The job that goes on for the first attempt of a retry, if there is one."""
        if not _is_retry(headers):
            return None
        ended = self._awaited(sent)
        if ended:
            if len(ended) > 1:
                self._ended[sent] = ended[1:]
            return None
        job = self._jobs.get(sent) or self._taken_up(*sent)
        return None if job is None or job.ended or job.doomed else job

    def _awaited(self, sent: Fingerprint) -> list[float]:
        """Takes out when those attempts ended of which a retry may still come."""
        since = time.monotonic() - COMES_WITHIN_S
        return [at for at in self._ended.pop(sent, ()) if at > since]


def _is_retry(headers: Mapping[str, str]) -> bool:
    count = headers.get(COUNT, "")
    return count.isdecimal() and int(count[:9]) > 0


def fingerprint(user_id: str, path: str, body: Body) -> Fingerprint:
    """Of what was read: forms differ in their boundaries, and what is null is not given."""
    given = {name: value for name, value in body.fields.items() if value is not None}
    fields = json.dumps([path, given], sort_keys=True, default=str)
    whole = hashlib.sha256(fields.encode("utf-8", "surrogatepass"))
    for file in body.images + body.masks:
        whole.update(file.param.encode() + hashlib.sha256(file.data).digest())
    return user_id, whole.hexdigest()
