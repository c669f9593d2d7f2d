"""The real server, as a process of its own with a data directory of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from smalti.control.recording import Entry
from smalti.plan.recorded import read_recording

READY_MAX_S = 300.0
FLUSHED_S = 2.5
"""After it, what was decided is in the recording."""
MAX_WAITING = 10_000


@dataclass(frozen=True)
class Server:
    """key: of its administrator. recording: of what it decides."""

    url: str
    key: str
    recording: Path
    model: str

    def entries(self) -> list[Entry]:
        """What it has decided so far."""
        time.sleep(FLUSHED_S)
        return list(read_recording(self.recording))


@contextmanager
def served(folder: Path, paced: Sequence[float] = ()) -> Iterator[Server]:
    """A server that can draw; nothing is left of it afterwards.

    paced: step times of an engine that draws nothing; the built-in model if there are none.
    """
    folder.mkdir(parents=True)
    command = ["-m", "smalti.cli", "serve", "--port", "0"]
    if paced:
        command = [str(Path(__file__).with_name("paced_server.py")), *map(str, paced)]
    recording = folder / "decisions.jsonl"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            env={
                **os.environ,
                "SMALTI_PORT": "0",
                "SMALTI_DATA_DIR": str(folder / "data"),
                "SMALTI_RECORD_DECISIONS": str(recording),
                "SMALTI_MAX_WAITING": str(MAX_WAITING),
                "SMALTI_LOG_LEVEL": "warning",
            },
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            url, key = _address(process)
            _wait_until_ready(url)
            yield Server(url, key, recording, "paced" if paced else "smalti-mini")
        finally:
            process.terminate()
            process.wait(60)


def _address(process: subprocess.Popen[str]) -> tuple[str, str]:
    assert process.stdout is not None
    printed = ""
    while (found := re.search(r"address +(\S+)\n +key +(\S+)\n", printed)) is None:
        line = process.stdout.readline()
        if not line:
            sys.exit(f"The server ended before it said where it is. It printed: {printed!r}")
        printed += line
    return found[1], found[2]


def _wait_until_ready(url: str) -> None:
    until = time.monotonic() + READY_MAX_S
    while time.monotonic() < until:
        try:
            with urlopen(f"{url}/readyz") as reply:
                if reply.status == 200:
                    return
        except URLError:
            pass
        time.sleep(0.05)
    sys.exit(f"The server at {url} was not ready after {READY_MAX_S:.0f} s.")
