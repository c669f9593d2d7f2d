"""The worker process, spoken to without a supervisor."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from listening import PATIENCE_S, order

from smalti.engine.picture import Done, RowDrawn, Started, Strip
from smalti.fleet.messages import (
    Cancel,
    Command,
    Dying,
    Heartbeat,
    Message,
    Ready,
    Serve,
    Start,
    encode,
    read,
)
from smalti.fleet.worker import EXIT_FAILED, EXIT_ORPHANED

SERVE = Serve("fake_model:load", "cpu", 2, "w", heartbeat_s=0.01)


class Wire:
    def __init__(self, process: subprocess.Popen[bytes], sock: socket.socket) -> None:
        self.process = process
        self.sock = sock
        self._stream = sock.makefile("rb")

    def send(self, *commands: Command) -> None:
        self.sock.sendall(b"".join(encode(command) for command in commands))

    def next(self) -> Message:
        return read(self._stream.read)

    def close(self) -> None:
        self._stream.close()
        self.sock.close()


@contextmanager
def worker(*modules: str) -> Iterator[Wire]:
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE_S)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "smalti.fleet.worker", str(theirs.fileno()), *modules],
            pass_fds=[theirs.fileno()],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
    wire = Wire(process, ours)
    with process:
        try:
            yield wire
        finally:
            wire.close()
            process.wait(PATIENCE_S)


def test_it_loads_draws_and_ends_with_its_socket() -> None:
    with worker("fake_model") as wire:
        wire.send(SERVE, Start(order()))
        assert wire.next() == Ready("fake")
        told: list[Message] = []
        while not told or not isinstance(told[-1], Done):
            told.append(wire.next())
        kinds = [type(event) for event in told if not isinstance(event, Heartbeat)]
        assert kinds[0] is Started
        assert kinds.count(RowDrawn) == kinds.count(Strip) + 1 == 8
        wire.close()
        assert wire.process.wait(PATIENCE_S) == EXIT_ORPHANED


def test_it_beats_while_it_is_idle() -> None:
    with worker() as wire:
        wire.send(SERVE)
        assert wire.next() == Ready("fake")
        assert [wire.next() for _ in range(3)] == [Heartbeat(0, 0, 0)] * 3


def test_it_ends_when_it_is_spoken_to_in_another_tongue() -> None:
    with worker() as wire:
        wire.sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert wire.process.wait(PATIENCE_S) == EXIT_ORPHANED


def test_it_tells_why_it_cannot_go_on() -> None:
    missing = Serve("fake_model:nothing", "cpu", 1, "w", 0.01)
    commands: list[tuple[Command, str]] = [
        (missing, "There is no loader at 'fake_model:nothing'"),
        (Cancel("p"), "told what to serve, not Cancel"),
    ]
    for command, reason in commands:
        with worker() as wire:
            wire.send(command)
            dying = wire.next()
            assert isinstance(dying, Dying)
            assert reason in dying.reason
            assert dying.trace.startswith("Traceback") and reason in dying.trace
            assert wire.process.wait(PATIENCE_S) == EXIT_FAILED


def test_it_tells_which_import_failed() -> None:
    with worker("no_such_module") as wire:
        dying = wire.next()
        assert isinstance(dying, Dying)
        assert "no_such_module" in dying.reason
