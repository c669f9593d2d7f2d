"""`Recorder`: writes what the controller is told and decides into a file, a line each.

A file that cannot be written ends the recording, and nothing else.
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import TextIO

from smalti.control.recording import Entry
from smalti.errors import ConfigError

log = logging.getLogger(__name__)

FLUSH_EVERY_S = 1.0


class Recorder:
    """Raises ConfigError where the file cannot be made."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._flushed = time.monotonic()
        try:
            self._file: TextIO | None = file.open("w", encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"Setting 'record_decisions' has value '{file}', which cannot be written: "
                f"{error.strerror}."
            ) from None

    def tell(self, entry: Entry) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(entry, separators=(",", ":")) + "\n")
            if time.monotonic() - self._flushed > FLUSH_EVERY_S:
                self._file.flush()
                self._flushed = time.monotonic()
        except OSError as error:
            log.error("%s is no longer written: %s", self._path, error)
            self._drop()

    def close(self) -> None:
        try:
            if self._file is not None:
                self._file.close()
        except OSError as error:
            log.error("%s could not be finished: %s", self._path, error)
        self._file = None

    def _drop(self) -> None:
        file, self._file = self._file, None
        try:
            if file is not None:
                file.close()
        except OSError:
            log.debug("%s could not be closed", self._path)
