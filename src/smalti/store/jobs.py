"""`Jobs`: accepted requests and how far they are, under the names of what happens to them.

Every write is one transaction and returns once it is committed; every one raises StoreUnavailable
when it cannot be, and may be made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from smalti.control.nouns import Claim, Reservation
from smalti.store import (
    audit,
    claims,
    console_reads,
    denials,
    facts,
    idempotency,
    job_reads,
    job_writes,
    purge,
)
from smalti.store.console_reads import Day, JobOfDay, Use
from smalti.store.database import Database
from smalti.store.idempotency import AlreadyBegun, Begun, Idempotency
from smalti.store.rows import (
    ALL_JOBS,
    LIVE,
    PROMPTS_MAX,
    UNDRAWN,
    AuditRow,
    DenialRow,
    JobFilter,
    JobRow,
    JobState,
    Kind,
    PictureRow,
    PictureState,
    ReservationRow,
)

__all__ = [
    "ALL_JOBS",
    "LIVE",
    "PROMPTS_MAX",
    "UNDRAWN",
    "AlreadyBegun",
    "AuditRow",
    "Begun",
    "Day",
    "DenialRow",
    "Idempotency",
    "JobFilter",
    "JobOfDay",
    "JobRow",
    "JobState",
    "Jobs",
    "Kind",
    "PictureRow",
    "PictureState",
    "ReservationRow",
    "Use",
]


class Jobs:
    """Times are Unix seconds."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- what happens to a job ---

    async def accept(
        self,
        job: JobRow,
        pictures: Sequence[PictureRow],
        reservation: Reservation,
        idempotency: Idempotency | None = None,
        used: Sequence[Claim] = (),
    ) -> None:
        """Keep a request with its pictures and what it holds of its user's allowance.

        idempotency: the key that came with it. Raises AlreadyBegun where it has begun another job
        within the day before; then nothing is kept. used: claims that are used up with this.
        """
        await self._db.write(
            lambda c: job_writes.accept(c, job, pictures, reservation, idempotency, used)
        )

    async def started(self, job_id: str, index: int, layout: Sequence[int], at: float) -> bool:
        """A picture has a slot; its job runs. False where it had ended before."""
        return await self._db.write(lambda c: job_writes.started(c, job_id, index, layout, at))

    async def put_back(self, job_id: str, index: int) -> bool:
        """A picture was taken off its slot and waits again. False where it had ended before."""
        return await self._db.write(lambda c: job_writes.put_back(c, job_id, index))

    async def checkpoint(
        self, job_id: str, index: int, row: int, codes: bytes, device_s: float
    ) -> bool:
        """A row of tiles is drawn. False for one that was told before, or too late.

        codes: int16 little-endian. device_s: what the picture has used so far. Rows may be told in
        any order; `PictureRow.codes` ends before the first one that is missing.
        """
        return await self._db.write(
            lambda c: job_writes.checkpoint(c, job_id, index, row, codes, device_s)
        )

    async def picture_done(
        self,
        job_id: str,
        index: int,
        blob: str,
        format: str,
        width: int,
        height: int,
        bytes: int,
        device_s: float,
        at: float,
    ) -> bool:
        """A finished picture is in the blobs; with the last one its job has succeeded.

        False where it was done before, or its job had ended; then nothing changes.
        """
        file = {"blob": blob, "format": format, "width": width, "height": height, "bytes": bytes}
        return await self._db.write(
            lambda c: job_writes.picture_done(c, job_id, index, at, device_s=device_s, **file)
        )

    async def fail(self, job_id: str, code: str, message: str, at: float) -> bool:
        """A job ends without all its pictures, and its whole reservation is given back.

        False where it had ended before.
        """
        return await self._db.write(lambda c: job_writes.fail(c, job_id, code, message, at))

    async def cancel(
        self, job_id: str, at: float, refunded: int, used: job_writes.Used = ()
    ) -> bool:
        """A job ends by its owner's wish. refunded: pictures that do not count after all.

        used: of pictures that are not finished, as far as it is more than their rows have told.
        False where it had ended before.
        """
        return await self._db.write(lambda c: job_writes.cancel(c, job_id, at, refunded, used))

    # --- what is asked ---

    def get(self, job_id: str) -> JobRow | None:
        return self._db.read(lambda c: job_reads.get(c, job_id))

    def pictures(self, job_id: str) -> tuple[PictureRow, ...]:
        """In order; none for a job that is not there."""
        return self.pictures_of([job_id])[job_id]

    def pictures_of(self, job_ids: Sequence[str]) -> dict[str, tuple[PictureRow, ...]]:
        """The pictures of several jobs at once."""
        return self._db.read(lambda c: job_reads.pictures_of(c, job_ids))

    def unfinished(self) -> list[JobRow]:
        """Jobs that are to be drawn, oldest first."""
        return self._db.read(job_reads.unfinished)

    def of_user(
        self, user_id: str, limit: int, after: str | None = None, only: JobFilter = ALL_JOBS
    ) -> list[JobRow]:
        """Newest first. after: the last job of the page before.

        Raises InvalidRequest where `after` is no job of his.
        """
        return self._db.read(lambda c: job_reads.of_user(c, user_id, limit, after, only))

    def counts(self) -> dict[str, int]:
        """Jobs by state; a state without jobs is left out. Takes longer the more are kept."""
        return self._db.read(job_reads.counts)

    def reservation(self, job_id: str) -> ReservationRow | None:
        return self._db.read(lambda c: job_reads.reservation(c, job_id))

    def reservations_since(self, t: float) -> list[Reservation]:
        """What still counts of reservations made after `t`, oldest first, without refunds."""
        return self._db.read(lambda c: job_reads.reservations_since(c, t))

    def find_idempotent(self, user_id: str, key: str, since: float) -> Begun | None:
        """What a user's key has begun after `since`."""
        return self._db.read(lambda c: idempotency.find(c, user_id, key, since))

    # --- what was refused ---

    async def note_denials(self, rows: Sequence[DenialRow]) -> None:
        """Record what was refused, any number in one write."""
        await self._db.write(lambda c: denials.note(c, rows))

    def denials_since(
        self, t: float, user_id: str | None = None, limit: int = 100
    ) -> list[DenialRow]:
        """Newest first; of one user or of all."""
        return self._db.read(lambda c: denials.since(c, t, user_id, limit))

    def denial_counts(self, t: float, user_id: str | None = None) -> dict[str, int]:
        """How many requests each rule has refused since, of one user or of all. Takes longer the
        more there are."""
        return self._db.read(lambda c: denials.counts(c, t, user_id))

    async def keep_claim(self, claim: Claim) -> None:
        """A denial is about to state a time. An earlier claim of its user and rule is over."""
        await self._db.write(lambda c: claims.keep(c, claim))

    def claims(self, now: float) -> list[Claim]:
        """Those that are not over, in the order of the times that they state."""
        return self._db.read(lambda c: claims.honoured(c, now))

    async def note(self, name: str, value: str) -> None:
        """To be known again after a restart, in place of what was noted under that name."""
        await self._db.write(lambda c: facts.note(c, name, value))

    def noted(self, name: str) -> str | None:
        return self._db.read(lambda c: facts.noted(c, name))

    # --- what an operator asks ---

    def use(self, of: Literal["user", "org"], since: float, limit: int) -> list[Use]:
        """Who used most since then. Takes longer the more there is."""
        return self._db.read(lambda c: console_reads.use(c, of, since, limit))

    def day(self, user_id: str, since: float, until: float, limit: int) -> Day:
        """What a user asked for in [since, until), oldest first."""
        return self._db.read(lambda c: console_reads.day(c, user_id, since, until, limit))

    # --- forgetting ---

    async def purge(
        self,
        jobs_before: float,
        pictures_before: float,
        reservations_before: float | None = None,
    ) -> list[str]:
        """Forget what ended before these times; returns names of blobs to delete.

        Names are returned again by the next call until `blobs_deleted` tells that they are gone.
        Reservations are kept unless their time is given: limits need them for as long as their
        longest window. Denials are kept as long as jobs.
        """
        while await self._db.write(lambda c: purge.forget_some(c, jobs_before, pictures_before)):
            pass
        while await self._db.write(lambda c: denials.forget_some(c, jobs_before)):
            pass
        if reservations_before is not None:
            before = reservations_before
            while await self._db.write(lambda c: purge.forget_reservations(c, before)):
                pass
        return self._db.read(purge.doomed)

    async def forget_job(self, job_id: str) -> list[str]:
        """Forget one job that has ended; returns names of blobs to delete, as `purge` does.

        What it holds of its user's allowance stays.
        """
        return await self._db.write(lambda c: purge.forget_job(c, job_id))

    async def forget_passed(self, now: float) -> None:
        """Claims that are over, and idempotency keys that are older than a day."""
        await self._db.write(lambda c: claims.forget_passed(c, now))
        await self._db.write(lambda c: idempotency.forget_passed(c, now))

    async def blobs_deleted(self, names: Sequence[str]) -> None:
        """These blobs of `purge` are gone."""
        await self._db.write(lambda c: purge.blobs_deleted(c, names))

    # --- the record of changes ---

    async def audit(self, at: float, who: str, action: str, detail: dict[str, Any]) -> None:
        """Record a change that `who` made. action: as in `key.revoke`; detail: no secrets."""
        await self._db.write(lambda c: audit.note(c, at, who, action, detail))

    def audit_since(self, t: float, limit: int = 100) -> list[AuditRow]:
        """Newest first."""
        return self._db.read(lambda c: audit.since(c, t, limit))
