"""Who is drawn where: `Waiting` pictures, and the `Station` of each device. No I/O."""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from smalti.fleet.backend import DeviceState, Health
from smalti.fleet.flight import Flight
from smalti.fleet.process import WorkerProcess

MAX_FAILED_STARTS = 3
"""So many workers in a row that never got ready, and a device counts as lost."""
FIRST_RETRY_S, LAST_RETRY_S = 0.25, 30.0

_FOLDERS = re.compile(
    r"""(?<=['"])[/~][^'"]*/(?=[^'"/]+/?['"])|(?<![\w.:/~'"])[/~](?:[^\s'"/]*/)*(?=[^\s'"/])"""
)
"""Of a file that is named in quotes, or without."""


class Waiting:
    """Pictures without a worker, by model, in the order in which they are to be drawn."""

    def __init__(self) -> None:
        self._by_model: defaultdict[str, OrderedDict[str, Flight]] = defaultdict(OrderedDict)

    def add(self, flight: Flight) -> None:
        self._by_model[flight.model][flight.picture_id] = flight

    def add_first(self, flights: Iterable[Flight]) -> None:
        """Put back pictures that had a slot before: ahead of all, in their old order."""
        for flight in reversed(list(flights)):
            self.add(flight)
            self._by_model[flight.model].move_to_end(flight.picture_id, last=False)

    def take(self, model: str) -> Flight | None:
        queue = self._by_model[model]
        return queue.popitem(last=False)[1] if queue else None

    def take_all(self, model: str) -> list[Flight]:
        return list(self._by_model.pop(model, {}).values())

    def discard(self, flight: Flight) -> None:
        self._by_model[flight.model].pop(flight.picture_id, None)


@dataclass(eq=False)
class Station:
    """One device: the worker on it, the pictures given to that worker, and how it fares.

    suspects: pictures to be drawn here with no other aboard (see `Flight`).
    """

    index: int
    device: str
    model: str
    loader: str
    slots: int
    health: Health = "starting"
    worker: WorkerProcess | None = None
    aboard: dict[str, Flight] = field(default_factory=dict)
    suspects: deque[Flight] = field(default_factory=deque)
    restarts: int = 0
    failed_starts: int = 0
    tiles_drawn: int = 0
    problem: str = ""

    @property
    def name(self) -> str:
        """Of the present worker."""
        return f"{self.device}#{self.index}.{self.restarts}"

    @property
    def lost(self) -> bool:
        """Whether its workers fail to start; it is tried again, ever less often."""
        return self.failed_starts >= MAX_FAILED_STARTS

    @property
    def retry_s(self) -> float:
        """How long to wait before the next worker."""
        if self.failed_starts == 0:
            return 0.0
        return min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** (self.failed_starts - 1))

    def next_of(self, waiting: Waiting) -> Flight | None:
        """The picture that this device is to draw now, if it has room for one."""
        if self.health != "ready" or len(self.aboard) >= self.slots:
            return None
        if self.suspects:
            return None if self.aboard else self.suspects.popleft()
        if any(flight.suspect for flight in self.aboard.values()):
            return None
        return waiting.take(self.model)

    def hire(self, worker: WorkerProcess) -> None:
        self.worker, self.tiles_drawn = worker, 0

    def lose_worker(self, reason: str, *, hung: bool) -> list[Flight]:
        """The worker is gone; returns the pictures that were aboard.

        reason: without folders, since whoever asks how the server fares is told it.
        """
        self.failed_starts += self.health == "starting"
        self.health = "hung" if hung else "dead"
        self.worker, self.problem = None, reason
        self.restarts += 1
        flights = list(self.aboard.values())
        self.aboard.clear()
        for flight in flights:
            flight.lose_worker()
        return flights

    def forget(self, flight: Flight) -> None:
        """The picture has ended."""
        self.aboard.pop(flight.picture_id, None)
        with suppress(ValueError):
            self.suspects.remove(flight)

    def retire(self) -> None:
        self.worker, self.health = None, "stopped"

    def state(self) -> DeviceState:
        return DeviceState(
            device=self.device,
            worker=self.name,
            state=self.health,
            model=self.model,
            slots=self.slots,
            busy=len(self.aboard),
            restarts=self.restarts,
            pid=None if self.worker is None else self.worker.pid,
            tiles_drawn=self.tiles_drawn,
            problem=self.problem,
        )


def without_folders(reason: str) -> str:
    """The same, with the name alone of each file that it names."""
    return _FOLDERS.sub("", reason)
