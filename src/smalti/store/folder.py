"""Pictures in a folder, one file each."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from smalti.store.blobs import checked
from smalti.store.trouble import unavailable

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space on it",
    errno.EDQUOT: "the disk's quota is used up; free some space on it",
    errno.EFBIG: "the file would be larger than this process may write; raise its limit",
    errno.EROFS: "the disk is mounted read-only; mount it for writing",
    errno.EACCES: "smalti's user may not write there; change its rights",
    errno.EPERM: "smalti's user may not write there; change its rights",
    errno.EIO: "the disk failed; look at the system's log",
    errno.EEXIST: "a file is in the way of a folder; move it away",
    errno.ENOTDIR: "a file is in the way of a folder; move it away",
}


class FolderBlobs:
    """`Blobs` under a folder, which is made if it is not there.

    A blob is there whole or not at all, whatever happens to the process or the machine while it is
    put: it is written beside its place, and moved there once it is on the disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, data: bytes) -> None:
        path = self._path(name)
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
            try:
                _write(partial, data)
                partial.rename(path)
            except BaseException:
                with suppress(OSError):
                    partial.unlink()
                raise
            _sync_folder(path.parent)

    def get(self, name: str) -> bytes | None:
        path = self._path(name)
        with self._told():
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def delete(self, name: str) -> None:
        path = self._path(name)
        with self._told():
            path.unlink(missing_ok=True)
            for partial in path.parent.glob(f".{path.name}.*"):  # of a process that was killed
                partial.unlink(missing_ok=True)
            with suppress(OSError):  # it goes with the last picture of its job
                path.parent.rmdir()

    def check(self) -> None:
        with self._told():
            self._folder.mkdir(parents=True, exist_ok=True)
            probe = self._folder / f".check-{secrets.token_hex(6)}"
            try:
                _write(probe, b"smalti can write here\n")
            finally:
                with suppress(OSError):
                    probe.unlink()

    def _path(self, name: str) -> Path:
        return self._folder / checked(name)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = _REASONS.get(error.errno or 0, str(error.strerror))
            raise unavailable("The pictures", f"in {self._folder}", why) from error


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk only once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
