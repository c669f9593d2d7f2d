"""What a service stands on: the database, those who may draw, and the pictures' place."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from smalti.config import Settings
from smalti.store.blobs import Blobs
from smalti.store.database import Database
from smalti.store.folder import FolderBlobs
from smalti.store.jobs import Jobs
from smalti.store.people import People
from smalti.store.s3 import s3_blobs


@dataclass(frozen=True)
class Parts:
    database: Database
    jobs: Jobs
    people: People
    blobs: Blobs

    def close(self) -> None:
        """Once nothing is asked of them any more; a second call does nothing."""
        self.database.close()


def open_parts(settings: Settings, *, alone: bool = False) -> Parts:
    """Opens the database (and makes or upgrades its tables) and the place for pictures.

    alone: for the server, which keeps other servers out of the database meanwhile.

    Raises ConfigError, StoreUnavailable.
    """
    blobs: Blobs
    if settings.pictures_url is None:
        blobs = FolderBlobs(settings.data_dir / "pictures")
    else:
        blobs = s3_blobs(settings.pictures_url, settings.s3_endpoint, settings.s3_region)
    address = settings.database_url or f"sqlite:///{settings.data_dir / 'smalti.db'}"
    database = Database(address, alone=alone)
    return Parts(database, Jobs(database), People(database), blobs)


async def probe(parts: Parts) -> None:
    """Write something in each place. Raises StoreUnavailable."""
    await parts.database.write(lambda c: c.exec_driver_sql("UPDATE facts SET value = value"))
    await asyncio.to_thread(parts.blobs.check)
