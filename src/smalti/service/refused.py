"""`RefusalLog`: writes down who was refused by which rule, and keeps no reply waiting for it."""

from __future__ import annotations

import logging

from smalti.control.denial import Denial
from smalti.control.nouns import Ask
from smalti.errors import StoreUnavailable
from smalti.service.keeper import Keeper
from smalti.store.jobs import Jobs
from smalti.store.rows import DenialRow

log = logging.getLogger(__name__)

KEPT = 10_000
"""Refusals that may wait to be written; more are counted and not kept."""


class RefusalLog:
    """dropped: refusals that could not be written down."""

    def __init__(self, jobs: Jobs, keeper: Keeper) -> None:
        self.dropped = 0
        self._jobs = jobs
        self._keeper = keeper
        self._rows: list[DenialRow] = []
        self._writing = False

    def note(self, denial: Denial, ask: Ask, request_id: str, now: float) -> None:
        if len(self._rows) >= KEPT:
            self.dropped += 1
            return
        self._rows.append(
            DenialRow(
                at=now,
                user_id=ask.user_id,
                org_id=ask.org_id,
                tier=ask.tier,
                rule=denial.rule,
                kind=denial.kind,
                images=ask.images,
                key_id=ask.key_id,
                region=ask.region,
                retry_at=denial.retry_at,
                request_id=request_id,
            )
        )
        if not self._writing:
            self._writing = True
            self._keeper.spawn(self._write())

    async def _write(self) -> None:
        try:
            while self._rows:
                rows, self._rows = self._rows, []
                await self._jobs.note_denials(rows)
        except StoreUnavailable as error:
            self.dropped += len(rows)
            log.warning("refusals could not be written down (%d): %s", len(rows), error)
        finally:
            self._writing = False
