"""Pictures kept in a folder for a while, each under a name that nobody can guess."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9_-]{32}\.(png|webp|jpeg)")
_SWEEP_EVERY_S = 60.0


class FolderBlobs:
    """lifetime_s: how long a picture can be fetched. clock: Unix time."""

    def __init__(
        self, folder: Path, lifetime_s: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._swept_at = 0.0

    def put(self, data: bytes, kind: str) -> str:
        """Keep a picture; returns its name. kind: the end of the name, such as png."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        name = f"{secrets.token_urlsafe(24)}.{kind}"
        partial = self._folder / f"{name}.partial"
        partial.write_bytes(data)
        partial.rename(self._folder / name)
        return name

    def get(self, name: str) -> bytes | None:
        """The picture, or None if there is none of that name, or none any more."""
        if not _NAME.fullmatch(name):
            return None
        path = self._folder / name
        try:
            if self._expired(path):
                path.unlink()
                return None
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def _expired(self, path: Path) -> bool:
        return path.stat().st_mtime + self._lifetime_s <= self._clock()

    def _sweep(self) -> None:
        if self._clock() < self._swept_at + _SWEEP_EVERY_S:
            return
        self._swept_at = self._clock()
        for path in self._folder.iterdir():
            try:
                if self._expired(path):
                    path.unlink()
            except FileNotFoundError:
                continue  # another sweep was here first
