"""A worker process: one engine on one device, told what to draw over one socket.

    python -m smalti.fleet.worker FD [MODULE ...]

FD is its end of a socket pair; each MODULE is imported at once, so that a standby has done its
slow imports when it is told what to `Serve`. The process lives as long as its socket: a thread
reads it, and ends the process when the other end is gone, even in the middle of a step.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import NoReturn

import numpy as np

from smalti.engine import Engine, Failed, PictureOrder
from smalti.engine.errors import EngineError, ProtocolError
from smalti.fleet.messages import (
    Cancel,
    Dying,
    Heartbeat,
    Message,
    Pause,
    Ready,
    Report,
    Serve,
    Start,
    encode,
    read,
)
from smalti.models.registry import resolve
from smalti.models.tile_model import Conditions, TileModel

log = logging.getLogger(__name__)

EXIT_ORPHANED = 3
EXIT_FAILED = 4
TRACE_MAX = 6000
"""Characters of a traceback that are told, from its end."""


class Line:
    """The worker's end of the socket: messages come in by a thread and go out from the loop."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="listen", daemon=True).start()

    def receive(self, timeout_s: float | None) -> Message | None:
        """The next message, or None if none came within timeout_s (None: wait for ever)."""
        try:
            return self._inbox.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def send(self, reports: Iterable[Report]) -> None:
        try:
            self._sock.sendall(b"".join(encode(report) for report in reports))
        except OSError:
            os._exit(EXIT_ORPHANED)

    def _listen(self) -> NoReturn:
        """Read until the other end is gone, and then do not wait for a step to end."""
        try:
            with self._sock.makefile("rb") as stream:

                def read_exactly(count: int) -> bytes:
                    data = stream.read(count)
                    if len(data) < count:
                        raise EOFError
                    return data

                while True:
                    self._inbox.put(read(read_exactly))
        except (OSError, EOFError):
            pass
        except ProtocolError as error:
            log.critical("%s", error)
        os._exit(EXIT_ORPHANED)


class Worker:
    """Draws what it is told until its process ends."""

    def __init__(self, line: Line, engine: Engine, heartbeat_s: float) -> None:
        self._line = line
        self._engine = engine
        self._heartbeat_s = heartbeat_s
        self._last_beat = 0.0

    def turn(self) -> None:
        """Hear what is new, and draw one tile of each picture."""
        for command in self._commands():
            self._obey(command)
        if self._engine.busy:
            self._line.send(self._engine.step())
        self._beat()

    def _commands(self) -> Iterator[Message]:
        """What has come; waits for a beat's time if there is nothing to draw."""
        message = self._line.receive(0 if self._engine.busy else self._heartbeat_s)
        while message is not None:
            yield message
            message = self._line.receive(0)

    def _obey(self, command: Message) -> None:
        match command:
            case Start(order):
                self._start(order)
            case Cancel(picture_id):
                self._engine.cancel(picture_id)
            case Pause(picture_id):
                self._engine.pause(picture_id)
            case _:
                raise ProtocolError(f"A worker that serves was sent a {type(command).__name__}.")

    def _start(self, order: PictureOrder) -> None:
        try:
            self._engine.add(order)
        except EngineError as error:
            self._line.send([Failed(order.picture_id, str(error))])

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._last_beat >= self._heartbeat_s:
            self._last_beat = now
            scheduler = self._engine.scheduler
            beat = Heartbeat(scheduler.running, scheduler.waiting, self._engine.tiles_drawn)
            self._line.send([beat])


def serve(line: Line, modules: Iterable[str]) -> NoReturn:
    """Import, wait to be told what to serve, load it, and draw."""
    try:
        for module in modules:
            import_module(module)
        order = line.receive(None)
        if not isinstance(order, Serve):
            raise ProtocolError(f"A worker is told what to serve, not {type(order).__name__}.")
        model = resolve(order.loader)(order.device)
        warm_up(model)
        worker = Worker(line, Engine(model, order.slots, worker=order.worker), order.heartbeat_s)
        line.send([Ready(model.name)])
        while True:
            worker.turn()
    except Exception as error:
        line.send([Dying(f"{type(error).__name__}: {error}", traceback.format_exc()[-TRACE_MAX:])])
        sys.exit(EXIT_FAILED)


def warm_up(model: TileModel) -> None:
    """Draw a tile and decode a row for nobody, before `Ready`.

    What a library does once, in its first call, may take a starved machine seconds: in a worker
    that serves, that silence would be taken for a hang, and again in each one that replaces it.
    """
    grid = model.grids[0]
    engine = Engine(model, slots=1)
    engine.add(PictureOrder("warm-up", model.name, "warm-up", Conditions("a picture", grid), 0))
    engine.step()
    model.decode_rows(np.zeros((grid.tiles, model.codes_per_tile), np.int16), grid, 0, 1)


def main(arguments: list[str]) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides when to stop
    descriptor, *modules = arguments
    line = Line(socket.socket(fileno=int(descriptor)))
    serve(line, modules)


if __name__ == "__main__":
    main(sys.argv[1:])
