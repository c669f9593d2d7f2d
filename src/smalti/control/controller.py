"""`Controller`: who is admitted, which picture is next, how long one waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from smalti.control import rules
from smalti.control.ahead import own_before, turns_before
from smalti.control.denial import Denial
from smalti.control.fair import FairQueue, Step, User
from smalti.control.lanes import Span, slot_after
from smalti.control.limits import Allowances
from smalti.control.nouns import Ask, Reservation, Standing, Turn, Wait
from smalti.control.pace import Pace
from smalti.control.tiers import Tier

__all__ = ["Ask", "Controller", "Reservation", "Standing", "Turn", "Wait"]

FIRST_SLOT_S = 0.02
"""Seconds in a slot for a tile-step, until the first picture has been measured."""
FIRST_DEVICE_S = 0.005
"""Device-seconds of a tile-step, until then."""


@dataclass
class _Live:
    """A job that is not over. pending: its images until `enqueue`."""

    ask: Ask
    pending: int
    waiting: int = 0
    running: set[int] = field(default_factory=set)
    withdrawn: bool = False


class Controller:
    """Decides, and remembers what it decided; reads no clock and no disk.

    A job's way: `admit`, then `enqueue` once it is committed (else `retract`); `next` names its
    pictures, each until `finished` or `requeue`. tiers, max_waiting and slots may be set at any
    time; what is admitted stays admitted. max_waiting: pictures of all users that may wait. slots:
    pictures that may be drawn at a time; none before it is set.
    """

    def __init__(self, tiers: Mapping[str, Tier], max_waiting: int) -> None:
        self.max_waiting = max_waiting
        self.slots = 0
        self._slot_pace = Pace(FIRST_SLOT_S)
        self._device_pace = Pace(FIRST_DEVICE_S)
        self._queue = FairQueue(FIRST_DEVICE_S)
        self._allowances = Allowances(0)
        self._live: dict[str, _Live] = {}
        self._waiting_of: Counter[str] = Counter()
        self._pending = 0
        self.tiers = tiers

    @property
    def tiers(self) -> Mapping[str, Tier]:
        return self._tiers

    @tiers.setter
    def tiers(self, tiers: Mapping[str, Tier]) -> None:
        """Limits that reach further back than before see what is told to `restore` again."""
        self._tiers = dict(tiers)
        windows = [limit.window_s for tier in tiers.values() for limit in tier.limits]
        self._allowances.keep_s = max(windows, default=0)

    @property
    def waiting(self) -> int:
        """Pictures that have no slot, those of jobs that are admitted and not enqueued too."""
        return self._queue.waiting + self._pending

    @property
    def running(self) -> int:
        return len(self._queue.running)

    # --- admission ---

    def consider(self, ask: Ask, now: float) -> Denial | None:
        """Why a job would be refused now, or None. Raises ValueError for an unknown tier."""
        tier = self._tier(ask.tier)
        denial = rules.never(tier, ask.images, self.max_waiting)
        if denial is None:
            denial = rules.over_limit(self._allowances, ask.user_id, tier, ask.images, now)
        if denial is not None:
            return denial
        waiting = self._waiting_of[ask.user_id]
        over = waiting + ask.images - tier.max_waiting
        if over > 0:
            wait_s = self._named_of(ask, over, now)
            return rules.too_many_waiting(tier, waiting, ask.images, wait_s, now)
        over = self.waiting + ask.images - self.max_waiting
        if over > 0:
            wait_s = self._slot_after(over - 1, now).percentiles[1]
            return rules.full(self.max_waiting, self.waiting, ask.images, wait_s, now)
        return None

    def admit(self, ask: Ask, now: float) -> Denial | None:
        """Reserve what a job asks for, or say why not. It is not in the queue yet.

        Raises ValueError for an unknown tier, and for a job that is there already.
        """
        self._check_new(ask)
        denial = self.consider(ask, now)
        if denial is None:
            self._allowances.drop_old(now)
            if self._allowances.keep_s:
                self._allowances.reserve(ask.job_id, ask.user_id, ask.images, now)
            self._register(ask)
        return denial

    def retract(self, job_id: str) -> None:
        """Undo an admission that could not be committed."""
        live = self._live.get(job_id)
        if live is not None and live.pending:
            self._allowances.release(job_id)
            self._forget_pending(live)
            del self._live[job_id]

    def refund(self, job_id: str, images: int, now: float) -> None:
        """Images of a job leave the limits' windows at once; more than it has left are ignored."""
        self._allowances.release(job_id, images)

    def restore(self, reservations: Iterable[Reservation], now: float) -> None:
        """Count what was reserved before a restart; what is known already counts once."""
        for told in sorted(reservations, key=lambda reservation: reservation.at):
            self._allowances.reserve(told.job_id, told.user_id, told.images, told.at)
            self._allowances.drop_old(now)

    def adopt(self, ask: Ask) -> None:
        """A job that was admitted before a restart, whatever the rules are now.

        Its reservation comes with `restore`. If its tier is gone, it is drawn in the one of least
        weight. Raises ValueError for a job that is there already.
        """
        self._check_new(ask)
        self._register(ask)

    # --- the queue ---

    def enqueue(self, job_id: str, now: float, indices: Sequence[int] | None = None) -> None:
        """Let a committed job's pictures be named; indices: those left to draw after a restart.

        Raises ValueError for a job that is not admitted, or in the queue already.
        """
        live = self._live.get(job_id)
        if live is None or not live.pending:
            raise ValueError(f"{job_id} is not admitted, or is in the queue already.")
        self._forget_pending(live)
        pictures = range(live.ask.images) if indices is None else sorted(set(indices))
        self._put(live, pictures)
        self._end_if_over(live)

    def next(self, now: float) -> Turn | None:
        """The picture for a free slot; it runs from now on. None if no slot or picture is free."""
        if self.running >= self.slots:
            return None
        named = self._queue.next(now)
        if named is None:
            return None
        live = self._live[named[0]]
        live.running.add(named[1])
        self._count_waiting(live, -1)
        return Turn(*named)

    def finished(self, job_id: str, index: int, device_s: float, now: float) -> None:
        """A picture left its slot for good, drawn or not; told twice counts once.

        device_s: what it used in all. The pace is learnt from it unless its job was withdrawn.
        """
        run = self._queue.finish(job_id, index, max(device_s, 0.0))
        if run is None:
            return
        live = self._live[job_id]
        live.running.discard(index)
        if not live.withdrawn:
            self._slot_pace.saw((now - run.since) / run.work)
            self._device_pace.saw(device_s / run.work)
            self._queue.device_s_per_work = self._device_pace.mean
        self._end_if_over(live)

    def requeue(self, job_id: str, index: int, now: float) -> None:
        """A picture left its slot and is not drawn: it goes first. Not if its job was withdrawn."""
        live = self._live.get(job_id)
        if live is not None and live.withdrawn:
            self.finished(job_id, index, 0.0, now)
        elif live is not None and self._queue.put_back(job_id, index):
            live.running.discard(index)
            self._count_waiting(live, 1)

    def withdraw(self, job_id: str, now: float) -> list[int]:
        """A job's waiting pictures leave; returns their indices. Running ones end by `finished`."""
        live = self._live.get(job_id)
        if live is None:
            return []
        live.withdrawn = True
        taken = list(range(live.pending))
        self._forget_pending(live)
        in_queue = self._queue.withdraw(job_id)
        self._count_waiting(live, -len(in_queue))
        self._end_if_over(live)
        return taken + in_queue

    # --- what is told ---

    def wait(self, job_id: str, now: float) -> Wait | None:
        """What stands before a job, as if nobody else came; None if none of its pictures waits."""
        job = self._queue.job(job_id)
        if job is None:
            return None
        first, last = turns_before(self._queue, job)
        own = own_before(job)[0]
        start = self._start(job.user, first, own, now)
        end = self._start(job.user, last, own + len(job.indices) - 1, now)
        end = end.then(self._slot_pace.mean * job.work, self._slot_pace.spread * job.work)
        return Wait(first, start.percentiles, end.percentiles)

    def foresee(self, ask: Ask, now: float) -> Wait:
        """What would stand before a job that is not there, if it were enqueued now."""
        self._check_new(ask)
        self._queue.put(ask.job_id, self._path(ask), range(ask.images), ask.work)
        try:
            wait = self.wait(ask.job_id, now)
        finally:
            self._queue.withdraw(ask.job_id)
        assert wait is not None
        return wait

    def standing(self, user_id: str, tier: str, now: float) -> list[Standing]:
        """A user's use of each limit of a tier. Raises ValueError for an unknown tier."""
        chosen = self._tier(tier)
        return [
            rules.standing(self._allowances, user_id, chosen, limit, now) for limit in chosen.limits
        ]

    # --- within ---

    def _tier(self, name: str) -> Tier:
        if name not in self._tiers:
            raise ValueError(
                f"'{name}' is no tier here; there are {', '.join(self._tiers)}. "
                f"Set [tiers.{name}], or give the user another tier."
            )
        return self._tiers[name]

    def _check_new(self, ask: Ask) -> None:
        if ask.job_id in self._live:
            raise ValueError(f"{ask.job_id} is here already.")

    def _register(self, ask: Ask) -> None:
        self._live[ask.job_id] = live = _Live(ask, ask.images)
        self._pending += live.pending
        self._waiting_of[ask.user_id] += live.pending

    def _forget_pending(self, live: _Live) -> None:
        self._pending -= live.pending
        self._waiting_of[live.ask.user_id] -= live.pending
        live.pending = 0
        self._forget_user(live.ask.user_id)

    def _put(self, live: _Live, indices: Sequence[int]) -> None:
        self._queue.put(live.ask.job_id, self._path(live.ask), indices, live.ask.work)
        self._count_waiting(live, len(indices))

    def _count_waiting(self, live: _Live, pictures: int) -> None:
        live.waiting += pictures
        self._waiting_of[live.ask.user_id] += pictures
        self._forget_user(live.ask.user_id)

    def _forget_user(self, user_id: str) -> None:
        if not self._waiting_of[user_id]:
            del self._waiting_of[user_id]

    def _end_if_over(self, live: _Live) -> None:
        if not (live.pending or live.waiting or live.running):
            self._live.pop(live.ask.job_id, None)

    def _path(self, ask: Ask) -> tuple[Step, Step]:
        tier = self._tiers.get(ask.tier)
        if tier is None:
            tier = min(self._tiers.values(), key=lambda tier: tier.weight)
        return Step(tier.name, tier.weight), Step(ask.user_id, 1.0, tier.max_running)

    def _start(self, user: User, ahead: int, own_ahead: int, now: float) -> Span:
        """When a picture gets a slot: there must be one, and its user must be below his bound."""
        any_slot = self._slot_after(ahead, now)
        if user.max_running is None:
            return any_slot
        own_slot = slot_after(
            own_ahead,
            user.runs.values(),
            user.running,
            user.max_running,
            self._slot_pace,
            self._queue.mean_work,
            now,
        )
        return max(any_slot, own_slot, key=lambda span: span.mean_s)

    def _named_of(self, ask: Ask, pictures: int, now: float) -> float:
        """Seconds, nine times in ten at most, until so many of a user's pictures have slots."""
        user = self._queue.user(self._path(ask))
        before = 0
        for job in user.jobs.values() if user is not None else ():
            if before + len(job.indices) >= pictures:
                first, last = turns_before(self._queue, job)
                ahead = first if pictures == before + 1 else last
                return self._start(job.user, ahead, pictures - 1, now).percentiles[1]
            before += len(job.indices)
        return self._slot_after(pictures - 1, now).percentiles[1]

    def _slot_after(self, ahead: int, now: float) -> Span:
        return slot_after(
            ahead,
            self._queue.running.values(),
            self.running,
            self.slots,
            self._slot_pace,
            self._queue.mean_work,
            now,
        )
