"""`kept`: the database of a server, for commands that look at it or change it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from smalti.cli.store_checks import database_address
from smalti.errors import ConfigError
from smalti.store.database import Database

if TYPE_CHECKING:
    from smalti.config import Settings

_NAME_IT = "Set --data-dir or SMALTI_DATA_DIR to the one that the server has"


def kept(settings: Settings, new: bool = False) -> Database:
    """new: whether it may be made. Its folder never is: a name that is mistyped is told.

    Raises ConfigError, StoreUnavailable.
    """
    file = _file_of(database_address(settings))
    if file is not None and not file.parent.is_dir():
        raise ConfigError(f"There is no directory {file.parent}. {_NAME_IT}, or make it.")
    if file is not None and not new and not file.exists():
        raise ConfigError(
            f"There is no database {file}. {_NAME_IT}; the first start of a server makes it."
        )
    return Database(database_address(settings))


def _file_of(address: str) -> Path | None:
    """Where SQLite keeps it; None for any other database."""
    try:
        url = make_url(address)
    except ArgumentError:
        return None
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
