"""The engine of this process, as a backend: for one command, without a worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from smalti.engine import Engine, EngineError
from smalti.fleet.backend import (
    LAST_EVENTS,
    DeviceState,
    Event,
    Failed,
    Health,
    OnEvent,
    Paused,
    PictureOrder,
)
from smalti.models.registry import load

Command = Callable[[Engine], None]
log = logging.getLogger(__name__)


class InlineBackend:
    """A `Backend` that draws on one thread of this process; what is stopped begins anew."""

    def __init__(self, model: str, device: str, slots: int) -> None:
        self._model = model
        self._device = device
        self._slots = slots
        self._state: Health = "starting"
        self._listeners: dict[str, OnEvent] = {}
        self._commands: list[Command] = []
        self._news = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "draw")
        self._loading: asyncio.Future[Engine] | None = None
        self._drawing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._loading = loop.run_in_executor(self._thread, self._load)
        self._drawing = asyncio.create_task(self._draw(self._loading))

    async def ready(self) -> None:
        """Raises what the loading of the model raised."""
        assert self._loading is not None, "start comes first"
        await asyncio.shield(self._loading)

    async def stop(self, grace_s: float = 5.0) -> None:
        self._state = "stopped"
        if self._drawing is not None:
            self._drawing.cancel()
            await asyncio.wait((self._drawing,))
        self._thread.shutdown(wait=True, cancel_futures=True)
        for picture_id in list(self._listeners):
            self._tell(Paused(picture_id, None, None, 0, 0.0))
        await asyncio.sleep(0)  # the last events are told before this returns

    def send(self, order: PictureOrder, on_event: OnEvent) -> None:
        self._listeners[order.picture_id] = on_event
        self._command(lambda engine: engine.add(order))

    def cancel(self, picture_id: str) -> None:
        self._command(lambda engine: engine.cancel(picture_id))

    def pause(self, picture_id: str) -> None:
        self._command(lambda engine: engine.pause(picture_id))

    def devices(self) -> tuple[DeviceState, ...]:
        busy = len(self._listeners)
        return (
            DeviceState(self._device, "inline", self._state, self._model, self._slots, busy, 0),
        )

    def _load(self) -> Engine:
        return Engine(load(self._model, self._device), self._slots)

    def _command(self, command: Command) -> None:
        self._commands.append(command)
        self._news.set()

    async def _draw(self, loading: asyncio.Future[Engine]) -> None:
        """Until cancelled: step while there is something to draw, and wait for news otherwise."""
        await asyncio.wait((loading,))
        if loading.exception() is not None:
            self._state = "dead"
            return
        engine = loading.result()
        self._state = "ready"
        loop = asyncio.get_running_loop()
        while True:
            await self._news.wait()
            self._news.clear()
            while self._commands or engine.busy:
                commands, self._commands = self._commands, []
                try:
                    events = await loop.run_in_executor(self._thread, _turn, engine, commands)
                except Exception as error:  # whatever it is: else its pictures are waited for
                    if not isinstance(error, EngineError):
                        log.critical("the engine broke", exc_info=error)
                    self._state = "dead"
                    events = [Failed(name, str(error)) for name in self._listeners]
                for event in events:
                    self._tell(event)
                if self._state == "dead":
                    return

    def _tell(self, event: Event) -> None:
        """In a turn of the loop of its own: a listener that raises stops no picture."""
        listener = self._listeners[event.picture_id]
        if isinstance(event, LAST_EVENTS):
            del self._listeners[event.picture_id]
        asyncio.get_running_loop().call_soon(listener, event)


def _turn(engine: Engine, commands: Sequence[Command]) -> Sequence[Event]:
    for command in commands:
        command(engine)
    return engine.step()
