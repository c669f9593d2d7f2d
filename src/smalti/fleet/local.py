"""`LocalBackend`: one worker process for each device of this machine, watched and replaced.

    backend = LocalBackend(models=["smalti-mini"], devices=["cuda:0", "cuda:1"], slots=16)
    await backend.start()
    backend.send(order, on_event)

Orders wait here, and a worker has no more of them than slots; so a picture goes to whichever device
has room first, and what dies with a worker is known. Each row told is remembered: a worker that
dies or hangs costs its pictures the tiles since their last row, and no more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

from smalti.engine.drawing import Wish
from smalti.engine.errors import (
    DuplicatePicture,
    FleetError,
    NotRunning,
    NoWorker,
    ProtocolError,
    WorkerGone,
)
from smalti.engine.picture import LAST_EVENTS, Event, PictureOrder
from smalti.fleet.backend import DeviceState, OnEvent
from smalti.fleet.flight import MAX_DEATHS, Flight
from smalti.fleet.messages import Cancel, Dying, Heartbeat, Message, Pause, Ready, Serve, Start
from smalti.fleet.process import Standby, WorkerProcess
from smalti.fleet.station import Station, Waiting, without_folders
from smalti.models.registry import loader_path

log = logging.getLogger(__name__)

BEATS = 8
"""A worker beats so many times in the silence that would kill it."""


class LocalBackend:
    """A `Backend` of processes on this machine.

    models: names; device i serves models[i % len(models)]. List a device twice to share it.
    slots: pictures in flight on each device.
    loaders: import paths by model name, for models that the registry does not know.
    standbys: processes kept ready to replace a worker (the memory of their imports each).
    hang_s: silence after which a worker is killed; longer than its longest step.
    load_s: the same while it loads its model.
    """

    def __init__(
        self,
        models: Sequence[str],
        devices: Sequence[str] = ("cpu",),
        slots: int = 8,
        *,
        loaders: Mapping[str, str] | None = None,
        standbys: int = 1,
        hang_s: float = 4.0,
        load_s: float = 300.0,
    ) -> None:
        if not models or len(devices) < len(models):
            raise FleetError(
                f"Models to serve: {len(models)}; devices: {len(devices)}. Name at least one "
                "model, and a device for each; a device may be named twice."
            )
        paths = {name: (loaders or {}).get(name) or loader_path(name) for name in models}
        self._stations = [
            Station(index, device, name, paths[name], slots)
            for index, device in enumerate(devices)
            for name in (models[index % len(models)],)
        ]
        modules = sorted({path.partition(":")[0] for path in paths.values()})
        self._standby = Standby(modules, standbys)
        self._hang_s = hang_s
        self._load_s = load_s
        self._flights: dict[str, Flight] = {}
        self._waiting = Waiting()
        self._keepers: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self._running = False

    async def start(self) -> None:
        self._running = True
        self._keepers = [asyncio.create_task(self._keep(station)) for station in self._stations]
        for keeper in self._keepers:
            keeper.add_done_callback(_tell_if_broken)

    async def ready(self) -> None:
        while not any(station.health == "ready" for station in self._stations):
            if not self._running:
                raise NotRunning
            if all(station.lost for station in self._stations):
                models = ", ".join(sorted({station.model for station in self._stations}))
                raise NoWorker(models, self._stations[0].problem)
            await self._next_news()

    async def stop(self, grace_s: float = 5.0) -> None:
        self._running = False
        for picture_id in list(self._flights):
            self.pause(picture_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                while self._flights:
                    await self._next_news()
        for flight in list(self._flights.values()):
            self._end(flight, flight.farewell())
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await self._standby.end()
        for station in self._stations:
            station.retire()
        self._news.set()
        await asyncio.sleep(0)  # the last events are told before this returns

    def send(self, order: PictureOrder, on_event: OnEvent) -> None:
        """Raises NotRunning, DuplicatePicture."""
        if not self._running:
            raise NotRunning
        if order.picture_id in self._flights:
            raise DuplicatePicture(order.picture_id)
        flight = Flight(order, on_event)
        self._flights[order.picture_id] = flight
        stations = self._stations_of(order.model)
        if not stations:
            served = ", ".join(sorted({station.model for station in self._stations}))
            reason = f"No device serves the model {order.model!r}. Served: {served}."
            self._end(flight, flight.failure(reason))
        elif all(station.lost for station in stations):
            self._end(flight, flight.failure(str(NoWorker(order.model, stations[0].problem))))
        else:
            self._waiting.add(flight)
            self._dispatch()

    def cancel(self, picture_id: str) -> None:
        self._wish(picture_id, "cancel")

    def pause(self, picture_id: str) -> None:
        self._wish(picture_id, "pause")

    def devices(self) -> tuple[DeviceState, ...]:
        return tuple(station.state() for station in self._stations)

    def _wish(self, picture_id: str, wish: Wish) -> None:
        flight = self._flights.get(picture_id)
        if flight is None or flight.wish == "cancel":
            return
        flight.wish = wish
        for station in self._stations:
            if picture_id in station.aboard and station.worker is not None:
                station.worker.send(Cancel(picture_id) if wish == "cancel" else Pause(picture_id))
                return
        self._end(flight, flight.farewell())

    async def _keep(self, station: Station) -> None:
        """Give a device one worker after the other, for as long as this runs."""
        while True:
            await asyncio.sleep(station.retry_s)
            station.health = "starting"
            try:
                worker = await self._standby.take()
            except WorkerGone as gone:
                self._lose(station, gone)
                continue
            try:
                await self._attend(station, worker)
            except WorkerGone as gone:
                self._lose(station, gone)
            except Exception as error:
                log.exception("what worker %s said cannot be followed", station.name)
                self._lose(station, WorkerGone(f"what it said cannot be followed: {error}"))
            finally:
                await worker.end()

    async def _attend(self, station: Station, worker: WorkerProcess) -> None:
        """Let a worker serve, and hear it until it is gone (raises WorkerGone)."""
        station.hire(worker)
        heartbeat_s = self._hang_s / BEATS
        serve = Serve(station.loader, station.device, station.slots, station.name, heartbeat_s)
        worker.send(serve)
        await worker.listen(
            lambda message: self._hear(station, message),
            lambda: self._load_s if station.health == "starting" else self._hang_s,
            heartbeat_s,
        )

    async def _hear(self, station: Station, message: Message) -> None:
        match message:
            case Ready(model):
                self._begin(station, model)
                await self._standby.fill()
            case Heartbeat(tiles_drawn=tiles_drawn):
                station.tiles_drawn = tiles_drawn
            case Dying(reason, trace):
                gone = WorkerGone(reason)
                gone.add_note(trace)
                raise gone
            case Serve() | Start() | Cancel() | Pause():
                raise WorkerGone(f"it sent a {type(message).__name__}")
            case _:
                self._follow(station, message)

    def _begin(self, station: Station, model: str) -> None:
        if model != station.model:
            raise WorkerGone(f"{station.loader!r} loads {model!r}, not {station.model!r}")
        log.info("worker %s serves %s", station.name, model)
        station.health, station.failed_starts = "ready", 0
        self._news.set()
        self._dispatch()

    def _follow(self, station: Station, event: Event) -> None:
        flight = station.aboard.get(event.picture_id)
        if flight is None:
            return
        told = flight.hear(event)
        if isinstance(told, LAST_EVENTS):
            self._end(flight, told)
        else:
            self._tell(flight, told)
        self._dispatch()

    def _lose(self, station: Station, gone: WorkerGone) -> None:
        """Take the pictures of a worker that is gone, and have them drawn elsewhere."""
        told = gone if hasattr(gone, "__notes__") else None  # what it died of, by its own account
        log.warning("worker %s is gone: %s", station.name, gone, exc_info=told)
        again, why = [], without_folders(str(gone))
        for flight in station.lose_worker(why, hung=gone.hung):
            if flight.wish is not None:
                self._end(flight, flight.farewell())
            elif flight.given_up:
                reason = f"{MAX_DEATHS} workers in a row were lost while they drew it"
                self._end(flight, flight.failure(f"{reason}; the last because {why}."))
            elif flight.suspect:
                station.suspects.append(flight)
            else:
                again.append(flight)
        self._waiting.add_first(again)
        if station.lost:
            self._give_up(station)
        self._news.set()
        self._dispatch()

    def _give_up(self, station: Station) -> None:
        """Leave a lost device's pictures to the others, or fail them if there are none."""
        others = [other for other in self._stations_of(station.model) if not other.lost]
        if others:
            others[0].suspects.extend(station.suspects)
        else:
            reason = str(NoWorker(station.model, station.problem))
            for flight in (*station.suspects, *self._waiting.take_all(station.model)):
                self._end(flight, flight.failure(reason))
        station.suspects.clear()

    def _dispatch(self) -> None:
        """Give waiting pictures to the devices that have room, the emptiest first."""
        given = True
        while given:
            given = False
            for station in sorted(self._stations, key=lambda station: len(station.aboard)):
                flight = station.next_of(self._waiting)
                if flight is not None:
                    self._give(station, flight)
                    given = True
                    break

    def _give(self, station: Station, flight: Flight) -> None:
        assert station.worker is not None, "a device that is ready has a worker"
        try:
            station.worker.send(Start(flight.order))
        except ProtocolError as error:
            self._end(flight, flight.failure(str(error)))
        else:
            station.aboard[flight.picture_id] = flight

    def _end(self, flight: Flight, event: Event) -> None:
        """Tell a picture's last event, and forget it wherever it was."""
        del self._flights[flight.picture_id]
        self._waiting.discard(flight)
        for station in self._stations:
            station.forget(flight)
        self._tell(flight, event)
        self._news.set()

    def _tell(self, flight: Flight, event: Event) -> None:
        """In a turn of the loop of its own: a listener that raises harms nobody else."""
        asyncio.get_running_loop().call_soon(flight.on_event, event)

    def _stations_of(self, model: str) -> list[Station]:
        return [station for station in self._stations if station.model == model]

    async def _next_news(self) -> None:
        self._news.clear()
        await self._news.wait()


def _tell_if_broken(keeper: asyncio.Task[None]) -> None:
    """A device that nobody watches any more must not go unnoticed: that is a bug in this file."""
    if not keeper.cancelled() and keeper.exception() is not None:
        log.critical("a device is no longer watched", exc_info=keeper.exception())
