"""One server at a time over one data directory: two would draw the same jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smalti.errors import ConfigError
from smalti.store.exclusive import lock_file

LOCK_FILE = "lock"


@contextmanager
def sole_server(data_dir: Path) -> Iterator[None]:
    """Within it, no other process is in it; the end of a process, however it ends, lets it go.

    Raises ConfigError.
    """
    file = data_dir / LOCK_FILE
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = lock_file(file)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be made: {error.strerror}. Set SMALTI_DATA_DIR to a folder that can be "
            "written."
        ) from None
    if opened is None:
        raise ConfigError(
            f"Another server runs over {data_dir}. Stop it first, or give this one a folder of "
            "its own with --data-dir."
        )
    with opened:
        yield
