"""`Service`: the one place that knows all the parts, and what the doors speak to."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence

from smalti.config import Settings
from smalti.control.controller import Controller, Standing, Wait
from smalti.control.denial import Denial
from smalti.control.nouns import Admission as Admitted
from smalti.control.nouns import Ask, Occupancy
from smalti.control.recording import Recorded
from smalti.control.switches import Switch
from smalti.control.tiers import Tier
from smalti.errors import Unavailable
from smalti.fleet.backend import Backend, DeviceState
from smalti.models.facts import ModelFacts
from smalti.observe import NO_TRACES, Metrics, Traces
from smalti.service.admission import Admission
from smalti.service.books import Books
from smalti.service.cleaning import clean_hourly
from smalti.service.clock import Clock
from smalti.service.dispatch import Dispatcher
from smalti.service.ends import Ends
from smalti.service.health import RETRY_AFTER_S, Health
from smalti.service.job import Job, Ties
from smalti.service.keeper import Keeper
from smalti.service.lessons import Lessons
from smalti.service.overview import Overview
from smalti.service.parts import Parts, probe
from smalti.service.policies import Policies
from smalti.service.previews import Previews
from smalti.service.recorder import recorder_to
from smalti.service.refusals import NotFound, Stopped
from smalti.service.refused import RefusalLog
from smalti.service.request import DrawRequest, check
from smalti.service.restoring import Restorer
from smalti.service.shared import Shared
from smalti.service.turns import Turns
from smalti.service.views import JobView, KeptJob, view_of_rows
from smalti.store.idempotency import Begun
from smalti.store.identity import Caller
from smalti.store.jobs import ALL_JOBS, JobFilter

log = logging.getLogger(__name__)

ENDS_WITHIN_S = 10.0
"""How long a cancelling waits to be written down before its caller is told that it is not."""


class Service:
    """parts: what `open_parts` opened; the service closes them. clock: Unix time in seconds.

    steady: seconds of a clock that nobody sets; without one, `clock` itself is none that is set.
    when_left: told of each job that is cancelled because whoever waited for it went away.
    """

    def __init__(
        self,
        backend: Backend,
        models: Sequence[ModelFacts],
        settings: Settings,
        parts: Parts,
        metrics: Metrics | None = None,
        traces: Traces = NO_TRACES,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] | None = None,
    ) -> None:
        if steady is None:
            steady = time.monotonic if clock is time.time else clock
        self.models = {model.name: model for model in models}
        self.settings = settings
        self.people = parts.people
        self.metrics = metrics or Metrics(clock)
        self._backend = backend
        self._parts = parts
        health = Health(lambda: probe(parts), lambda: self._dispatcher.fill())
        self.policies = Policies(parts.database, settings, self.models, clock)
        self._recorder = recorder = recorder_to(settings.record_decisions)
        policy = self.policies.checked()
        controller = Controller(policy, settings.max_waiting)
        if recorder is not None:
            controller = Recorded(policy, settings.max_waiting, recorder.tell)
        self._counted, self._counted_s = policy.version, controller.keep_s
        clock = Clock(clock, steady, controller.clock_set)
        keeper = Keeper(parts.blobs, health)
        self._books = books = Books(
            live={},
            controller=controller,
            turns=Turns(controller, clock),
            shared=Shared(),
            jobs=parts.jobs,
            keeper=keeper,
            refusals=RefusalLog(parts.jobs, keeper),
            health=health,
            metrics=self.metrics,
            traces=traces,
            now=clock,
        )
        self._ties = Ties(self._wait, self._left, self.picture, clock)
        self._ends = Ends(books, backend)
        self._dispatcher = Dispatcher(books, backend, self._ends, self.look_at_policy)
        self._lessons = Lessons(books, backend.devices)
        self._admission = Admission(books, self.models, self.tier_of)
        self.overview = Overview(books, self.models)
        self.previews = Previews(
            books, self.policies, parts.database.url, settings, self.models, self.devices
        )
        self.when_left: Callable[[Job], None] = lambda job: None
        self._failure: str | None = None
        self._stop: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.metrics.watch(devices=self.devices, **self.overview.readings())

    # --- life ---

    async def start(self) -> None:
        """Takes up the jobs that were left; returns as soon as the workers are starting."""
        await self._backend.start()
        await self._books.health.look()
        self._lessons.recall()
        restorer = Restorer(self._books, self.models, self._ties, self._dispatcher.begin)
        await restorer.restore(self._books.controller.keep_s)
        self._dispatcher.open = True
        self._tasks = [
            asyncio.create_task(self._until_ready()),
            asyncio.create_task(self._dispatcher.look()),
            asyncio.create_task(clean_hourly(self._books, self.settings)),
            asyncio.create_task(self._lessons.keep_going()),
        ]

    async def stop(self) -> None:
        """Pause what is being drawn; every job goes on at the next start.

        Whoever calls it again, or is cancelled, waits for the one stop or leaves it alone.
        """
        if self._stop is None:
            self._stop = asyncio.create_task(self._pause_all())
        await asyncio.shield(self._stop)

    async def _pause_all(self) -> None:
        self._dispatcher.open = False
        for task in self._tasks:
            task.cancel()
        for job in list(self._books.live.values()):
            job.interrupt(Stopped(job.job_id))
        self.previews.close()
        await self._backend.stop()
        self._books.health.close()
        await self._lessons.keep()
        await self._books.keeper.settle(at_most_s=5.0)
        await asyncio.to_thread(self._parts.close)
        if self._recorder is not None:
            await asyncio.to_thread(self._recorder.close)

    @property
    def ready(self) -> bool:
        return self._stop is None and any(d.state == "ready" for d in self.devices())

    @property
    def failure(self) -> str | None:
        """Why nothing new is accepted now, and may not be soon; or None."""
        if self._stop is not None:
            return "The server is stopping."
        problem = self._books.health.problem
        return problem or (None if self.ready else self._failure)

    @property
    def waiting(self) -> int:
        """Pictures that wait for a slot."""
        return self._books.controller.waiting

    def devices(self) -> tuple[DeviceState, ...]:
        return self._backend.devices()

    async def _until_ready(self) -> None:
        begun = time.monotonic()
        try:
            await self._backend.ready()
        except Exception as error:
            self._failure = f"Nothing can be drawn here: {error}"
            log.error("nothing can be drawn: %s", error)
        else:
            log.info("ready to draw after %.1f s", time.monotonic() - begun)
            self._dispatcher.fill()

    # --- requests ---

    def model(self, name: str) -> ModelFacts:
        """Raises UnknownModel."""
        return self.check(DrawRequest("", name))

    @property
    def tiers(self) -> Mapping[str, Tier]:
        """Those in force now."""
        return self._books.controller.policy.tiers

    def look_at_policy(self) -> None:
        """What is decided next is decided by the policy in force. Raises StoreUnavailable."""
        controller, policy = self._books.controller, self.policies.current()
        if policy.version == self._counted:
            return
        controller.policy = policy
        if controller.keep_s > self._counted_s:  # what was dropped since then counts again
            now = self._books.now()
            controller.recount(self._books.jobs.reservations_since(now - controller.keep_s), now)
        self._counted_s = controller.keep_s
        self._counted = policy.version
        log.info("version %d of the tiers is in force", policy.version)

    def tier_of(self, caller: Caller) -> str:
        """The tier whose rules hold for a caller: the default one if his is no longer there."""
        tier = caller.user.tier
        return tier if tier in self.tiers else self.settings.default_tier

    def check(self, request: DrawRequest) -> ModelFacts:
        """The model that a request is for. Raises UnknownModel or InvalidRequest."""
        return check(request, self.models)

    async def submit(
        self, request: DrawRequest, caller: Caller, *, request_id: str = "", detached: bool = False
    ) -> Job:
        """Accept a request; returns once it is on disk, and its pictures wait for their slots.

        detached: whether the job goes on when nobody listens to it. If the task that awaits this is
        cancelled, so is the job, unless it is detached.

        Raises InvalidRequest, UnknownModel, Denied, Unavailable.
        """
        model = self.check(request)
        self._refuse_if_failing()
        self.look_at_policy()
        accepting = self._books.keeper.spawn(
            self._accept(request, model, caller, request_id, detached)
        )
        try:
            return await asyncio.shield(accepting)
        except asyncio.CancelledError:
            if not detached:
                accepting.add_done_callback(self._cancel_unwanted)
            raise

    async def _accept(
        self,
        request: DrawRequest,
        model: ModelFacts,
        caller: Caller,
        request_id: str,
        detached: bool,
    ) -> Job:
        job = await self._admission.accept(request, model, caller, self._ties, request_id, detached)
        self._books.live[job.job_id] = job
        self._dispatcher.begin(job)
        return job

    def explain(self, request: DrawRequest, caller: Caller) -> Denial | Admitted:
        """What would happen to a request. Raises InvalidRequest, UnknownModel, Unavailable."""
        model = self.check(request)
        self._refuse_if_failing()
        self.look_at_policy()
        return self._admission.explain(request, model, caller)

    def standing(self, caller: Caller, region: str = "", model: str = "") -> list[Standing]:
        """Use of each limit of the caller's tier that counts for him, and for these if given."""
        now = self._books.now()
        self._books.controller.look(now)
        return self._books.controller.standing(self._about(caller, region, model), now)

    def occupancies(self, caller: Caller, region: str = "", model: str = "") -> list[Occupancy]:
        """Use of each bound, likewise."""
        return self._books.controller.occupancies(self._about(caller, region, model))

    def _about(self, caller: Caller, region: str, model: str) -> Ask:
        him, tier = caller.user, self.tier_of(caller)
        return Ask("", him.user_id, him.org_id, tier, 1, 1.0, caller.key_id, region, model)

    def paused(self, caller: Caller, region: str) -> list[Switch]:
        """What an operator has paused now that concerns a caller, whatever he asks for."""
        tier, now = self.tier_of(caller), self._books.now()
        return [
            switch
            for switch in self._books.controller.policy.switches
            if switch.on(now)
            and (switch.scope in ("model", "feature") or switch.name in (tier, region))
        ]

    @property
    def load(self) -> float:
        """0 while it is calm, 1 where promises are at their edge."""
        return self._books.load

    def _refuse_if_failing(self) -> None:
        if self.failure is not None:
            raise Unavailable(self.failure, retry_after_s=RETRY_AFTER_S)

    # --- jobs ---

    def find(self, job_id: str, caller: Caller) -> JobView:
        """One of the caller's jobs. Raises NotFound, StoreUnavailable."""
        job = self._books.live.get(job_id)
        if job is not None and job.user_id == caller.user.user_id:
            return job.view()
        row = self._books.jobs.get(job_id)
        if row is None or row.user_id != caller.user.user_id or not row.request:
            raise NotFound("job", job_id)
        return view_of_rows(row, self._books.jobs.pictures(job_id))

    def taken_up(self, user_id: str, sent: str) -> Job | None:
        """The job that goes on since a restart, of a user who had sent just this."""
        return self._books.taken_up(user_id, sent)

    def begun(self, caller: Caller, key: str, since: float) -> Begun | None:
        """What a caller's Idempotency-Key has begun. Raises StoreUnavailable."""
        return self._books.jobs.find_idempotent(caller.user.user_id, key, since)

    def jobs(
        self, caller: Caller, limit: int, after: str | None = None, only: JobFilter = ALL_JOBS
    ) -> list[JobView]:
        """The caller's jobs, as `kept_jobs` finds them."""
        return self.views_of(self.kept_jobs(caller, limit, after, only))

    def kept_jobs(
        self, caller: Caller, limit: int, after: str | None = None, only: JobFilter = ALL_JOBS
    ) -> list[KeptJob]:
        """The caller's, newest first; fewer than `limit` where their prompts are long. It may take
        long: call it off the event loop. after: the last job of the page before.

        Raises InvalidRequest where `after` is none of his; StoreUnavailable.
        """
        rows = self._books.jobs.of_user(caller.user.user_id, limit, after, only)
        pictures = self._books.jobs.pictures_of([row.job_id for row in rows])
        return [(row, pictures[row.job_id]) for row in rows if row.request]

    def views_of(self, kept: Sequence[KeptJob]) -> list[JobView]:
        live = self._books.live
        return [
            live[row.job_id].view() if row.job_id in live else view_of_rows(row, pictures)
            for row, pictures in kept
        ]

    async def cancel(self, job_id: str, caller: Caller) -> JobView:
        """End one of the caller's jobs; one that has ended stays as it is.

        Raises NotFound; Unavailable if the end cannot be written down now (it will be).
        """
        view = self.find(job_id, caller)
        job = view.live
        if view.ended:
            return view
        if job is None:
            raise Unavailable(f"The job {job_id} is just being taken up again.", retry_after_s=2)
        self._ends.cancel(job)
        try:
            async with asyncio.timeout(ENDS_WITHIN_S):
                await job.over.wait()
        except TimeoutError:
            raise Unavailable(
                self._books.health.problem or f"The job {job_id} is about to end.", RETRY_AFTER_S
            ) from None
        return job.view()

    async def forget(self, job_id: str, caller: Caller) -> None:
        """Delete one of the caller's jobs for good, its words and pictures; cancelled first, if it
        goes on. What it used of a limit stays used.

        Raises NotFound, Unavailable, StoreUnavailable.
        """
        await self.cancel(job_id, caller)
        names = await self._books.jobs.forget_job(job_id)
        await self._books.jobs.blobs_deleted(await self._books.keeper.delete(names))

    def picture(self, name: str) -> bytes:
        """A file by its blob's name. It may be far away: call it off the event loop.

        Raises NotFound, StoreUnavailable.
        """
        file = self._parts.blobs.get(name)
        if file is None:
            raise NotFound("picture", name)
        return file

    def _cancel_unwanted(self, accepting: asyncio.Task[Job]) -> None:
        if not accepting.cancelled() and accepting.exception() is None:
            self._left(accepting.result())

    def _left(self, job: Job) -> None:
        """Nobody waits for the job any more; a stop is no reason to give it up."""
        if self._stop is None:
            self._ends.cancel(job)
            self.when_left(job)

    def _wait(self, job: Job) -> Wait | None:
        return self._books.turns.wait(self._books.waited_for(job))
