"""How many pictures are there now: `Lines`, of each user; `Present`, of whom a bound counts."""

from __future__ import annotations

from collections.abc import Iterable, Reversible

from smalti.control.accounts import FIELDS
from smalti.control.limits import Bound
from smalti.control.live import Live
from smalti.control.nouns import Ask, Reservation, Scope, ServiceTier


class Lines:
    """How many pictures of each user wait, those that are not enqueued yet too.

    Flex has a line of its own: what he has there does not stand in the way of what he wants now.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, int] = {}

    def waiting(self, ask: Ask, service: ServiceTier | None = None) -> int:
        """Of its user, in its line. service: in place of the one it asks for."""
        waiting = 0
        for its in classes_in_line(service or ask.served_as):
            waiting += self._waiting.get(_class_of(ask, its), 0)
        return waiting

    def in_class(self, ask: Ask) -> int:
        """Of its user, served as it is: they are drawn before it."""
        return self._waiting.get(_class_of(ask, ask.served_as), 0)

    def add(self, ask: Ask, pictures: int) -> None:
        name = _class_of(ask, ask.served_as)
        waiting = self._waiting.get(name, 0) + pictures
        if waiting:
            self._waiting[name] = waiting
        else:
            self._waiting.pop(name, None)


def classes_in_line(service: ServiceTier) -> tuple[ServiceTier, ...]:
    """How those are served that stand in one line."""
    return ("flex",) if service == "flex" else ("default", "priority")


def _class_of(ask: Ask, service: ServiceTier) -> str:
    return ask.user_id if service == "default" else f"{ask.user_id} {service}"


class _There:
    """Pictures of one subject, and the jobs that they are of, in order of admission."""

    __slots__ = ("jobs", "running", "waiting")

    def __init__(self) -> None:
        self.waiting = self.running = 0
        self.jobs: dict[str, Live] = {}


class Present:
    """The pictures of everybody for whom some bound counts them; nobody else's are looked at."""

    def __init__(self) -> None:
        self._there: dict[Scope, dict[str, _There]] = {}

    def keep(self, scopes: Iterable[Scope], live: Iterable[Live]) -> None:
        """From now on these are counted. live: all jobs that are there."""
        kept = set(scopes)
        if kept == self._there.keys():
            return
        self._there = {scope: {} for scope in sorted(kept)}
        for one in live:
            self.count(one, one.pending + one.waiting, len(one.running))

    def count(self, live: Live, waiting: int, running: int) -> None:
        """So many more of a job's pictures wait, and are drawn."""
        for scope, there in self._there.items():
            subject = getattr(live.ask, FIELDS[scope])
            if not subject:
                continue
            its = there.get(subject)
            if its is None:
                its = there[subject] = _There()
            its.waiting += waiting
            its.running += running
            its.jobs[live.ask.job_id] = live
            if not (live.pending or live.waiting or live.running):
                del its.jobs[live.ask.job_id]
            if not its.jobs:
                del there[subject]

    def used(self, bound: Bound, about: Ask | Reservation) -> int:
        its = self._of(bound, about)
        if its is None:
            return 0
        return its.waiting + (its.running if bound.of == "at once" else 0)

    def counts(self, bound: Bound, about: Ask | Reservation) -> bool:
        """Whether it is known for whom it counts."""
        return bool(getattr(about, FIELDS[bound.scope]))

    def jobs(self, bound: Bound, about: Ask | Reservation) -> Reversible[Live]:
        """What must go before there is room, the oldest first."""
        its = self._of(bound, about)
        return () if its is None else its.jobs.values()

    def _of(self, bound: Bound, about: Ask | Reservation) -> _There | None:
        return self._there.get(bound.scope, {}).get(getattr(about, FIELDS[bound.scope]))
