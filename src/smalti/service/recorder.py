"""`Recorder`: writes what the controller is told and decides into a file, a line each.

A thread of its own writes, so that a slow disk holds up nobody. A file that cannot be written, or
not as fast as decisions come, ends the recording, and nothing else.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from pathlib import Path
from typing import TextIO

from smalti.control.recording import Entry
from smalti.errors import ConfigError

log = logging.getLogger(__name__)

UNWRITTEN_MAX = 100_000
"""Lines that may wait for the disk: about a minute of a server that is as busy as can be."""

CLOSES_WITHIN_S = 10.0
"""A disk that hangs holds up the end of the server no longer than this."""


class Recorder:
    """Raises ConfigError where the file cannot be made."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._over = False
        try:
            opened = file.open("w", encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"Setting 'record_decisions' has value '{file}', which cannot be written: "
                f"{error.strerror}."
            ) from None
        self._thread = threading.Thread(
            target=self._write_all, args=(opened,), name="recorder", daemon=True
        )
        self._thread.start()

    def tell(self, entry: Entry) -> None:
        if self._over:
            return
        if self._lines.qsize() >= UNWRITTEN_MAX:
            log.error("%s is no longer written: its disk is too slow", self._path)
            self._over = True
            return
        self._lines.put(json.dumps(entry, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Returns once all that was told is written, or the disk has hung for too long."""
        self._over = True
        self._lines.put(None)
        self._thread.join(CLOSES_WITHIN_S)
        if self._thread.is_alive():
            log.error("%s is not finished: its disk hangs", self._path)

    def _write_all(self, file: TextIO) -> None:
        """On the thread: until it is closed, or the file cannot be written."""
        try:
            with file:
                while (line := self._lines.get()) is not None:
                    file.write(line)
                    if self._lines.empty():
                        file.flush()
        except OSError as error:
            log.error("%s is no longer written: %s", self._path, error)
            self._over = True


def recorder_to(file: Path | None) -> Recorder | None:
    """Raises ConfigError."""
    return None if file is None else Recorder(file)
