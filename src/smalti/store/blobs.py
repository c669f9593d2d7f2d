"""`Blobs`: where finished pictures and the sources of edits are kept, by name."""

from __future__ import annotations

import re
from typing import Protocol

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}/[A-Za-z0-9_-]{1,64}\.[a-z0-9]{1,8}")


class Blobs(Protocol):
    """A blob's name is `<job_id>/<index>.<png|webp|jpeg>`, `<job_id>/source.png` or `.../mask.png`.

    Calls may take long and belong on threads; any number may be made at once. All raise
    StoreUnavailable, with the reason, and ValueError for a name that cannot be one.
    """

    def put(self, name: str, data: bytes) -> None:
        """Returns once it is kept for good; a blob of the same name is replaced."""

    def get(self, name: str) -> bytes | None:
        """None if there is none of that name."""

    def delete(self, name: str) -> None:
        """Does nothing if there is none of that name."""

    def check(self) -> None:
        """Returns if blobs can be put and read now."""


def checked(name: str) -> str:
    """Raises ValueError for a name that no blob can have."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no name of a blob")
    return name
