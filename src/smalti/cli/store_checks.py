"""The checks of `smalti doctor` that look at what is kept: folder, key, database, pictures.

They make nothing that is not there yet, and change nothing that is.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import tempfile
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Integer,
    create_engine,
    func,
    inspect,
    make_url,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from smalti.cli.finding import Finding, fail, ok, warn
from smalti.config import FILE, Settings, without_passwords
from smalti.errors import SmaltiError
from smalti.store import trouble
from smalti.store.blobs import Blobs
from smalti.store.folder import FolderBlobs
from smalti.store.policies import newest
from smalti.store.rows import PolicyRow
from smalti.store.s3 import s3_blobs
from smalti.store.schema import facts, jobs, policies
from smalti.store.sqlite import read_json
from smalti.store.upgrade import UPGRADES, VERSION

LOW_GB, LEAST_GB = 2.0, 0.2
PATIENCE_S = 2.0


def check_folder(settings: Settings) -> Finding:
    """The data directory: there, writable, and with room."""
    folder = settings.data_dir
    if not folder.exists():
        above = next(parent for parent in folder.parents if parent.exists())
        if not (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
            return fail(
                "data directory",
                f"{folder} cannot be made in {above}",
                "Make it for smalti's user, or set SMALTI_DATA_DIR to another folder.",
            )
        return ok("data directory", f"{folder} is made at the first start")
    free_gb = shutil.disk_usage(folder).free / 1e9
    said = f"{folder}, {free_gb:.1f} GB free"
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"smalti")
    except OSError as error:
        return fail(
            "data directory",
            f"{folder} cannot be written: {error.strerror}",
            "Let smalti's user write it, free the disk, or set SMALTI_DATA_DIR to another folder.",
        )
    if free_gb < LEAST_GB:
        return fail("data directory", said, "Free some space: new work is refused soon.")
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        return warn(
            "data directory",
            f"{said}; it belongs to user {owner}, and you are {os.geteuid()}",
            "Ask as the user that the server runs as: sudo -u … smalti doctor.",
        )
    if free_gb < LOW_GB:
        return warn(
            "data directory",
            said,
            "Free some space, or lower picture_retention_days in smalti.toml.",
        )
    return ok("data directory", said)


def check_secrets(settings: Settings) -> Finding:
    """Files with secrets in them are for their owner alone."""
    open_files = [
        file
        for file in (settings.data_dir / name for name in ("key", "address-secret", FILE))
        if file.is_file() and file.stat().st_mode & 0o077
    ]
    if open_files:
        names = " ".join(str(file) for file in open_files)
        return warn("secrets", f"others may read {names}", f"chmod 600 {names}")
    return ok("secrets", "nobody else may read the files that hold them")


def database_address(settings: Settings) -> str:
    return settings.database_url or f"sqlite:///{settings.data_dir / 'smalti.db'}"


def check_database(settings: Settings) -> tuple[Finding, float | None]:
    """The finding, and when the newest job was accepted."""
    address = database_address(settings)
    try:
        url = make_url(address)
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
            return ok("database", f"{url.database} is made at the first start"), None
        engine = _engine(url)
        try:
            with trouble.told(url), engine.connect() as connection:
                return _look(connection, url)
        finally:
            engine.dispose()
    except (SmaltiError, SQLAlchemyError, ModuleNotFoundError) as error:
        shown = without_passwords("", str(error).replace(address, "…"))
        return fail("database", shown, _remedy(error)), None


def newest_policy(settings: Settings) -> PolicyRow | None:
    """Of the tiers; None where there is none, or the database cannot be read."""
    try:
        url = make_url(database_address(settings))
        engine = _engine(url)
        try:
            with engine.connect() as connection:
                return newest(connection) if inspect(connection).has_table(policies.name) else None
        finally:
            engine.dispose()
    except (SQLAlchemyError, ModuleNotFoundError):
        return None


def _remedy(error: Exception) -> str:
    if isinstance(error, SmaltiError):
        return "See docs/operations.md for each of these."
    if isinstance(error, ModuleNotFoundError):
        return "pip install 'psycopg[binary]', and begin the address with postgresql+psycopg://."
    return "Look at database_url, or restore a backup."


def _engine(url: URL) -> Engine:
    """As it is: SQLite makes no file, and no table is made."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url)
    file = f"file:{quote(str(url.database))}?mode=rw"
    return create_engine(
        "sqlite://",
        json_deserializer=read_json,
        creator=lambda: sqlite3.connect(
            file, uri=True, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
        ),
    )


def _look(connection: Connection, url: URL) -> tuple[Finding, float | None]:
    place = trouble.place(url)
    if url.get_backend_name() == "sqlite":
        faults = connection.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
        if faults != ["ok"]:
            return (
                fail(
                    "database",
                    f"{place} is damaged: {faults[0]}",
                    "Stop the server and restore a backup: see docs/operations.md.",
                ),
                None,
            )
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails where nothing could be written
        connection.exec_driver_sql("ROLLBACK")
    elif connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on":
        return (
            fail(
                "database",
                f"{place} only takes reads",
                "Let it be written, or name the primary with database_url.",
            ),
            None,
        )
    if not inspect(connection).has_table(facts.name):
        return ok("database", f"{place}, without tables yet"), None
    version = int(connection.scalar(select(facts.c.value).where(facts.c.name == VERSION)) or 0)
    newest_job = connection.scalar(select(func.max(jobs.c.created_at)))
    known = len(UPGRADES) + 1
    said = f"{place}, whole, tables of version {version}"
    if version > known:
        return fail(
            "database", said, f"This smalti knows them up to {known}: install a newer."
        ), newest_job
    if version < known:
        return (
            warn("database", said, f"The next start makes them {known}. Back it up before."),
            newest_job,
        )
    if url.get_backend_name() == "sqlite":
        damaged = func.json_valid(jobs.c.request, type_=Integer) == 0
        number = connection.scalar(select(func.count()).select_from(jobs).where(damaged))
        if number:
            return warn(
                "database",
                f"{said}; of so many jobs what was asked for is damaged: {number}",
                "Those that go on are given up at the next start. Restore a backup to have them.",
            ), newest_job
    return ok("database", said), newest_job


def check_pictures(settings: Settings) -> Finding:
    """Put a blob, get it and delete it."""
    place = settings.pictures_url or str(settings.data_dir / "pictures")
    if settings.pictures_url is None and not settings.data_dir.exists():
        return ok("pictures", f"{place} is made at the first start")
    name, data = f"doctor-{secrets.token_hex(6)}/0.png", secrets.token_bytes(64)
    try:
        blobs = _blobs(settings)
        blobs.put(name, data)
        same = blobs.get(name) == data
        blobs.delete(name)
        gone = blobs.get(name) is None
    except SmaltiError as error:
        return fail("pictures", error.message, "See docs/operations.md for each of these.")
    if not (same and gone):
        fault = "did not give back what was put" if not same else "kept what was deleted"
        return fail("pictures", f"{place} {fault}", "Look at what serves the bucket.")
    return ok("pictures", f"{place}: put, read and deleted one")


def check_recording(settings: Settings) -> list[Finding]:
    """The file into which decisions are written, if one is: without it there is no start."""
    file = settings.record_decisions
    if file is None:
        return []
    if file.exists():
        able = not file.is_dir() and os.access(file, os.W_OK)
    else:
        able = file.parent == settings.data_dir or os.access(file.parent, os.W_OK | os.X_OK)
    if able:
        return [ok("recording", f"{file} begins anew at each start")]
    remedy = "Name a file in a folder that is there and writable, or leave record_decisions out."
    return [fail("recording", f"{file} cannot be written", remedy)]


def _blobs(settings: Settings) -> Blobs:
    if settings.pictures_url is None:
        return FolderBlobs(settings.data_dir / "pictures")
    return s3_blobs(settings.pictures_url, settings.s3_endpoint, settings.s3_region)
