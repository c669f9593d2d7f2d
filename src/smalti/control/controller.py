"""`Controller`: who is admitted and how, which picture is next, how long one waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mypy_extensions import mypyc_attr

from smalti.control import wording
from smalti.control.appointments import Appointments
from smalti.control.capacity import Capacity
from smalti.control.denial import Denial, Options, as_many_as_fit
from smalti.control.fair import FairQueue
from smalti.control.forecast import FIRST_DEVICE_S, Forecast, Learnt
from smalti.control.keeping import Keeping
from smalti.control.live import Live, follow, path_of
from smalti.control.nouns import Admission, Ask, Claim, Occupancy, Reservation, Standing, Turn, Wait
from smalti.control.policy import Policy
from smalti.control.promises import Promises
from smalti.control.room import Room
from smalti.control.rules import Rules
from smalti.control.share import CREDIT_S
from smalti.control.tiers import Tier

__all__ = ["Ask", "Controller", "Reservation", "Standing", "Turn", "Wait"]


@mypyc_attr(allow_interpreted_subclasses=True)
class Controller:
    """Decides, and remembers what it decided; reads no clock and no disk.

    A job's way: `admit`, then `enqueue` once it is committed (else `retract`); `next` names its
    pictures, each until `finished` or `requeue`. policy and slots may be set at any time; what is
    admitted stays admitted. max_waiting: pictures of all users that may wait. slots: pictures that
    may be drawn at a time; none before it is set.
    """

    def __init__(self, policy: Policy, max_waiting: int) -> None:
        self._queue = FairQueue(FIRST_DEVICE_S)
        self._promises = Promises()
        self._forecast = Forecast(self._queue, self._promises)
        self._appointments = Appointments()
        rooms = self._queue, self._forecast, self._appointments
        self._keeping = Keeping(*rooms, self._promises)
        self._capacity = Capacity(*rooms, self._keeping, self._in_flex, self._unpaused)
        self._room = Room(max_waiting, self._queue, self._capacity, self.wait, self._unpaused)
        self._rules = Rules(policy, self._room.holds)
        self._live: dict[str, Live] = {}
        self._slots = 0
        self._queue.root.credit = 0.0
        self._set(policy)

    # --- what is set ---

    @property
    def policy(self) -> Policy:
        return self._rules.policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        """Limits that reach further back than before see what is told to `recount`. Who waits
        already has the new weights and bounds."""
        self._rules.policy = policy
        self._set(policy)
        follow(policy.tiers, self._live.values(), self._queue)

    def _set(self, policy: Policy) -> None:
        self._tiers, self._keeping.weights = policy.tiers, policy.weights
        self._room.bounds_are(policy.tiers, self._live.values())

    @property
    def slots(self) -> int:
        return self._slots

    @slots.setter
    def slots(self, slots: int) -> None:
        self._slots = self._forecast.slots = slots

    @property
    def waiting(self) -> int:
        """Pictures that have no slot, those of jobs that are admitted and not enqueued too."""
        return self._room.waiting

    @property
    def running(self) -> int:
        return len(self._queue.running)

    @property
    def load(self) -> float:
        """0 while it is calm; 1 where promises are at their edge. As it was when last looked at."""
        return self._capacity.load

    def look(self, now: float) -> bool:
        """Before limits are told, which breathe with the load. Returns whether a second is over."""
        load = self._capacity.look(self._tiers, now)
        if load is not None:
            self._rules.load_is(load, now)
        return load is not None

    def clock_set(self, by_s: float) -> None:
        """The clock was set, forward if above zero, and no time has passed for who waits."""
        for live in self._live.values():
            live.admitted_at += by_s
        self._capacity.clock_set(by_s)
        self._rules.clock_set(by_s)

    @property
    def keep_s(self) -> int:
        """How far back reservations count, whatever becomes of the clock."""
        return self._rules.keep_s

    def step_s(self) -> tuple[float, ...]:
        """Seconds of a tile-step with 1, 2, … pictures in slots; none before any was measured."""
        return self._forecast.step_s()

    def learnt(self) -> Learnt | None:
        """Of the fleet, of what comes and of waits, as JSON can hold it; None before any."""
        return self._forecast.learnt()

    def recall(self, learnt: Learnt, now: float) -> None:
        """Begin with what was learnt before. Raises ValueError, KeyError or TypeError."""
        self._queue.device_s_per_work = self._forecast.recall(learnt, now)

    def rungs(self) -> dict[str, int]:
        """How many rungs of the ladder are taken for each class."""
        return {name: self._capacity.level(name) for name in self._queue.classes}

    # --- admission ---

    def consider(self, ask: Ask, now: float) -> Admission | Denial:
        """What would become of a job now. Raises ValueError for an unknown tier."""
        self.look(now)
        outcome = self._judge(ask, now)
        return outcome if isinstance(outcome, Denial) else outcome[0]

    def admit(self, ask: Ask, now: float) -> Admission | Denial:
        """Reserve what a job asks for, or say why not. It is not in the queue yet.

        A denial that has a claim must be kept before it is told. Raises ValueError for an unknown
        tier, and for a job that is there already.
        """
        self._check_new(ask)
        self.look(now)
        outcome = self._judge(ask, now)
        self._keeping.decided(ask.tier, outcome if isinstance(outcome, Denial) else None, now)
        if isinstance(outcome, Denial):
            if outcome.claim is not None:
                self._rules.honours(outcome)
                self._capacity.books(outcome.claim, ask, now)
            return outcome
        admission, live = outcome
        live.used = self._rules.reserve(admission.reservation, now)
        if live.raw is not None:
            self._forecast.tells(live.raw, now)
        self._capacity.accepts(live, now)
        self._keeping.accepts(self._tier(ask.tier), live, now)
        before = self._room.before(ask)
        self._forecast.coming.admitted(live.path[0].name, before, ask.images, live.work, now)
        self._register(live)
        return replace(admission, used=tuple(live.used)) if live.used else admission

    def _judge(self, ask: Ask, now: float, helps: bool = True) -> Denial | tuple[Admission, Live]:
        """helps: whether fewer images may be offered, which is looked at in turn."""
        tier = self._tier(ask.tier)
        device_s = ask.work * ask.images * self._queue.device_s_per_work
        denial = self._rules.denies(ask, device_s, now)
        if denial is None and (denial := self._room.denies(tier, ask, now)) is not None:
            denial = denial._replace(options=self._rules.fewer(ask, device_s, now))
        if denial is not None:
            options = self._served_now(denial.options, ask, now) if helps else ()
            return denial._replace(options=options)
        path = path_of(tier, ask)
        offer = self._capacity.offer(tier, ask)
        raw = self._capacity.raw(path, offer.work, ask.images, self._room.before(ask), now)
        alone = not self._room.line(ask)
        denial = self._capacity.denies(tier, ask, path, offer, raw, alone, now)
        if denial is not None:
            return self._rules.with_place(denial, ask, device_s, now)
        admission = self._capacity.admits(ask, offer, raw, now)
        return admission, Live(ask, path, offer.work, ask.images, now, raw, admission.reservation)

    def _served_now(self, fewer: Options, ask: Ask, now: float) -> Options:
        """Fewer images, within the limits, are offered as far as they would be served, too."""

        def served(images: int) -> bool:
            return not isinstance(self._judge(replace(ask, images=images), now, False), Denial)

        return as_many_as_fit(fewer[0].images or 0, served) if fewer else ()

    def _in_flex(self, tier: Tier, ask: Ask, now: float) -> int | None:
        """Pictures of its user that wait in flex; None where it would be denied there, though the
        limits admit it."""
        if "flex" not in tier.services or self._room.denies(tier, ask, now, "flex"):
            return None
        return None if self._rules.pauses_flex(ask, now) else self._room.line(ask, "flex")

    def _unpaused(self, ask: Ask, at: float) -> float:
        return self._rules.unpaused(ask, at)

    def retract(self, job_id: str) -> None:
        """Undo an admission that could not be committed."""
        live = self._live.get(job_id)
        if live is not None and live.pending:
            self._rules.retract(job_id, live.used)
            self._capacity.gives_back(live)
            self._forget_forecast(live)
            self._promises.served(job_id, live.work * live.pending)
            self._promises.forget(job_id)
            self._forget_pending(live)
            del self._live[job_id]

    def refund(self, job_id: str, images: int, now: float) -> None:
        """Images of a job leave the limits' windows at once; more than it has left are ignored."""
        self._rules.release(job_id, images)

    def settle(self, job_id: str, device_s: float) -> None:
        """What a job used in all counts in place of what it was expected to use."""
        self._rules.settle(job_id, device_s)

    def restore(
        self, reservations: Iterable[Reservation], now: float, claims: Iterable[Claim] = ()
    ) -> None:
        """Count what was reserved before a restart; what is known already counts once."""
        told = list(claims)
        self._rules.restore(reservations, told, now)
        self._appointments.restore(claim for claim in told if claim.until >= now)

    def recount(self, reservations: Iterable[Reservation], now: float) -> None:
        """Count anew, where a new policy counts for others than before, or reaches further back."""
        pending = (live.held for live in self._live.values() if live.pending)
        held = [one for one in pending if one is not None]
        self._rules.recount([*reservations, *held], now)

    def adopt(self, ask: Ask, admitted_at: float | None = None) -> None:
        """A job that was admitted before a restart, whatever the rules are now.

        ask.work: on its rung. Its reservation comes with `restore`. If its tier is gone, the one of
        least weight draws it. admitted_at: from when on its promise runs; None where nothing was
        promised. Raises ValueError for a job that is there.
        """
        self._check_new(ask)
        tier = self._tiers.get(ask.tier) or min(self._tiers.values(), key=lambda its: its.weight)
        self._register(live := Live(ask, path_of(tier, ask), ask.work, ask.images))
        if admitted_at is not None:
            self._keeping.accepts(tier, live, admitted_at)

    # --- the queue ---

    def follow(self, job_id: str) -> None:
        """Others draw the pictures of a committed job: it needs no slot until `enqueue`."""
        live = self._live.get(job_id)
        if live is not None and live.pending:
            self._forget_forecast(live)
            self._keeping.rests(live)

    def enqueue(self, job_id: str, now: float, indices: Sequence[int] | None = None) -> None:
        """Let a committed job's pictures be named; indices: those left to draw after a restart.

        Raises ValueError for a job that is not admitted, or in the queue already.
        """
        live = self._live.get(job_id)
        if live is None or not live.pending:
            raise ValueError(f"{job_id} is not admitted, or is in the queue already.")
        pictures = range(live.ask.images) if indices is None else sorted(set(indices))
        self._keeping.wakes(live)
        self._queue.put(job_id, live.path, pictures, live.work)
        self._room.pending -= live.pending
        live.pending, live.waiting = 0, len(pictures)
        drawn = live.ask.images - live.waiting
        if drawn:
            self._room.count(live, -drawn)
            self._promises.served(job_id, live.work * drawn)
            if not pictures:
                self._promises.forget(job_id)
                self._end_if_over(live)

    def next(self, now: float) -> Turn | None:
        """The picture for a free slot; it runs from now on. None if no slot or picture is free."""
        if len(self._queue.running) >= self._slots:
            return None
        named = self._queue.next(now, self._keeping.hurries(now))
        if named is None:
            return None
        live = self._live[named[0]]
        live.running.add(named[1])
        self._count_waiting(live, -1, 1)
        self._promises.served(named[0], live.work)
        if not live.waiting:
            self._promises.forget(named[0])
            if live.raw is not None:
                self._forecast.began(live.raw, now - live.admitted_at)
        return Turn(*named)

    def finished(self, job_id: str, index: int, device_s: float, now: float) -> None:
        """A picture left its slot for good, drawn or not; told twice counts once.

        device_s: what it used in all. The pace is learnt from it unless its job was withdrawn.
        """
        run = self._queue.finish(job_id, index, device_s if device_s > 0 else 0.0)
        if run is None:
            return
        live = self._live[job_id]
        live.running.discard(index)
        self._room.count(live, 0, -1)
        if not live.withdrawn and device_s > 0:
            pace = self._forecast.drew(run.work, run.among, now - run.since, device_s)
            self._queue.device_s_per_work = pace
            self._queue.root.credit = CREDIT_S * self._forecast.rate * pace / self._keeping.weights
            if live.raw is not None and not live.waiting and not live.running:
                self._forecast.ended(live.raw, now - live.admitted_at)
        self._end_if_over(live)

    def requeue(self, job_id: str, index: int, now: float) -> None:
        """A picture left its slot and is not drawn: it goes first. Not if its job was withdrawn."""
        live = self._live.get(job_id)
        if live is not None and live.withdrawn:
            self.finished(job_id, index, 0.0, now)
        elif live is not None and self._queue.put_back(job_id, index):
            live.running.discard(index)
            self._forget_forecast(live)
            self._count_waiting(live, 1, -1)
            self._promises.put_back(job_id, live.work)

    def withdraw(self, job_id: str, now: float) -> list[int]:
        """A job's waiting pictures leave; returns their indices. Running ones end by `finished`."""
        live = self._live.get(job_id)
        if live is None:
            return []
        live.withdrawn = True
        self._forget_forecast(live)
        taken = list(range(live.pending))
        self._forget_pending(live)
        in_queue = self._queue.withdraw(job_id)
        self._count_waiting(live, -len(in_queue))
        self._promises.served(job_id, live.work * (len(taken) + len(in_queue)))
        self._promises.forget(job_id)
        self._end_if_over(live)
        return taken + in_queue

    # --- what is told ---

    def wait(self, job_id: str, now: float) -> Wait | None:
        """What stands before a job; None if none of its pictures waits in the queue."""
        ahead = self._queue.ahead(job_id)
        if ahead is None:
            return None
        live, job = self._live[job_id], self._queue.job(job_id)
        assert job is not None
        before, runs = job.user.before(job)[0], job.user.seat.running
        raw = self._forecast.raw(live.path, live.work, ahead, live.waiting, before, runs, now)
        if live.raw is not None:
            raw.within_s = live.raw.within_s - (now - live.admitted_at)
        raw.position = min(raw.position, self._queue.waiting - 1)
        return self._forecast.wait(raw)

    def standing(self, about: Ask | Reservation, now: float) -> list[Standing]:
        """Use of each limit that counts for somebody. Raises ValueError for an unknown tier."""
        self._tier(about.tier)
        return self._rules.standings(about, now)

    def occupancies(self, about: Ask | Reservation) -> list[Occupancy]:
        """Use of each bound that counts for somebody. Raises ValueError for an unknown tier."""
        return self._room.occupancies(self._tier(about.tier), about)

    # --- within ---

    def _tier(self, name: str) -> Tier:
        tier = self._tiers.get(name)
        if tier is None:
            raise ValueError(wording.no_tier(name, self._tiers))
        return tier

    def _check_new(self, ask: Ask) -> None:
        if ask.job_id in self._live:
            raise ValueError(f"{ask.job_id} is here already.")

    def _register(self, live: Live) -> None:
        self._live[live.ask.job_id] = live
        self._room.pending += live.pending
        self._room.count(live, live.pending)

    def _forget_pending(self, live: Live) -> None:
        pending, live.pending = live.pending, 0
        self._room.pending -= pending
        self._room.count(live, -pending)

    def _forget_forecast(self, live: Live) -> None:
        if live.raw is not None:
            self._forecast.told.forget(live.raw)
            live.raw = None

    def _count_waiting(self, live: Live, pictures: int, running: int = 0) -> None:
        live.waiting += pictures
        self._room.count(live, pictures, running)

    def _end_if_over(self, live: Live) -> None:
        if not (live.pending or live.waiting or live.running):
            self._forget_forecast(live)
            self._live.pop(live.ask.job_id, None)
