"""`Admission`: from a request to a job on disk, or a refusal; nothing is promised in between."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NoReturn

from smalti.control.denial import Denial
from smalti.control.nouns import Admission as Admitted
from smalti.control.nouns import Ask
from smalti.errors import StoreUnavailable
from smalti.models.facts import ModelFacts
from smalti.models.tile_model import Conditions, Rgb
from smalti.pictures.framing import Frame
from smalti.service.books import Books
from smalti.service.ends import mask_name, source_name, source_names
from smalti.service.finishing import keep_source
from smalti.service.job import Job, Picture, Ties, blank
from smalti.service.refusals import Denied
from smalti.service.request import Brief, DrawRequest, in_full, seeds_of
from smalti.service.rungs import offers_of, on_rung
from smalti.store.idempotency import Idempotency
from smalti.store.people import Caller
from smalti.store.rows import JobRow, PictureRow


class Admission:
    """models: those that are served. tier_of: the tier whose rules hold for a caller."""

    def __init__(
        self, books: Books, models: Mapping[str, ModelFacts], tier_of: Callable[[Caller], str]
    ) -> None:
        self._books = books
        self._models = models
        self._tier_of = tier_of

    def explain(self, request: DrawRequest, model: ModelFacts, caller: Caller) -> Denial | Admitted:
        """What would happen to a request."""
        ask = self._ask(new_job_id(), request, model, caller)
        return self._books.controller.consider(ask, self._books.now())

    async def accept(
        self,
        request: DrawRequest,
        model: ModelFacts,
        caller: Caller,
        ties: Ties,
        request_id: str,
        detached: bool,
    ) -> Job:
        """The job, committed; it does not wait for a slot yet.

        Raises Denied or StoreUnavailable.
        """
        ask = self._ask(new_job_id(), request, model, caller)
        created_at = self._books.now()
        admitted = self._books.controller.admit(ask, created_at)
        if isinstance(admitted, Denial):
            await self._refuse(admitted, ask, request_id, created_at)
        ask = replace(ask, work=admitted.offer.work)
        rungs = self._rungs(ask.tier)
        served = on_rung(request, model, admitted.offer.rung, rungs, self._models)
        frame, brief = served.frame, Brief.of(request, served, admitted.service)
        seeds = seeds_of(request)
        try:
            shown = await self._keep_source(ask.job_id, request, frame)
            key = request.manner.idempotency
            await self._commit(ask, caller, brief, seeds, admitted, request_id, key)
        except BaseException:
            self._books.controller.retract(ask.job_id)
            await self._books.keeper.delete(source_names(ask.job_id, brief))
            raise
        self._books.metrics.job_accepted(ask.tier, admitted.offer.rung)
        return Job(
            ask=ask,
            told=admitted.wait,
            promised_s=self._promised_s(ask),
            brief=brief,
            model=served.model,
            conditions=Conditions(request.prompt, frame.grid, shown, request.style),
            pictures=tuple(Picture(i, seed, blank(frame)) for i, seed in enumerate(seeds)),
            ties=ties,
            spans=self._books.traces.job(ask.job_id, ask.tier),
            created_at=created_at,
            detached=detached,
        )

    def _ask(self, job_id: str, request: DrawRequest, model: ModelFacts, caller: Caller) -> Ask:
        user, manner, tier = caller.user, request.manner, self._tier_of(caller)
        features = {request.kind + "s", *(["streaming"] if manner.streamed else [])}
        return Ask(
            job_id,
            user.user_id,
            user.org_id,
            tier,
            request.n,
            in_full(request, model).work,
            key_id=caller.key_id,
            region=manner.region,
            model=request.model,
            service=manner.service,
            offers=(
                offers_of(request, model, self._rungs(tier), self._models) if manner.degrade else ()
            ),
            patience_s=manner.patience_s,
            features=frozenset(features),
        )

    def _rungs(self, tier: str) -> tuple[str, ...]:
        return self._books.controller.policy.tiers[tier].rungs

    def _promised_s(self, ask: Ask) -> float | None:
        tier = self._books.controller.policy.tiers.get(ask.tier)
        return None if tier is None or ask.served_as == "flex" else tier.promised_wait_s

    async def _refuse(self, denial: Denial, ask: Ask, request_id: str, now: float) -> NoReturn:
        """The time that it states is kept before it is told. Raises Denied, StoreUnavailable."""
        self._books.metrics.denied(denial.rule, denial.kind, ask.tier)
        self._books.refusals.note(denial, ask, request_id, now)
        if denial.claim is not None:
            try:
                await self._books.jobs.keep_claim(denial.claim)
            except StoreUnavailable as error:
                self._books.health.report(error)
                raise
        raise Denied(denial)

    async def _keep_source(self, job_id: str, request: DrawRequest, frame: Frame) -> Rgb | None:
        """What the model is shown of a source, after all that is needed later is kept."""
        if request.source is None:
            return None
        files = await asyncio.to_thread(keep_source, request.source, request.mask, frame)
        try:
            await self._books.keeper.put(source_name(job_id), files.source)
            if files.mask is not None:
                await self._books.keeper.put(mask_name(job_id), files.mask)
        except StoreUnavailable as error:
            self._books.health.report(error)
            raise
        return files.shown

    async def _commit(
        self,
        ask: Ask,
        caller: Caller,
        brief: Brief,
        seeds: list[int],
        admitted: Admitted,
        request_id: str,
        key: tuple[str, str] | None,
    ) -> None:
        grid, held = brief.frame.grid, admitted.reservation
        row = JobRow(
            job_id=ask.job_id,
            user_id=ask.user_id,
            org_id=ask.org_id,
            key_id=caller.key_id or None,
            tier=ask.tier,
            kind=brief.kind,
            request=brief.written(),
            images=ask.images,
            seed=seeds[0],
            created_at=held.at,
            request_id=request_id,
            source_blob=source_name(ask.job_id) if brief.with_source else None,
            mask_blob=mask_name(ask.job_id) if brief.with_mask else None,
        )
        pictures = [
            PictureRow(job_id=ask.job_id, index=i, seed=seed, columns=grid.columns)
            for i, seed in enumerate(seeds)
        ]
        begun = None if key is None else Idempotency(ask.user_id, *key, held.at)
        try:
            await self._books.jobs.accept(row, pictures, held, begun, admitted.used)
        except StoreUnavailable as error:
            self._books.health.report(error)
            raise


def new_job_id() -> str:
    return f"job_{secrets.token_hex(12)}"
