"""A full disk, a file that cannot be written, a database that another process has locked."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import event, text
from store_rows import accepted, drawn, row_codes

from smalti.errors import StoreUnavailable, Unavailable
from smalti.store import sqlite
from smalti.store.database import Database
from smalti.store.folder import FolderBlobs
from smalti.store.jobs import Jobs
from smalti.store.trouble import unavailable

NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user can reach, which pytest's own cannot be."""
    folder = Path(tempfile.mkdtemp(prefix="smalti-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


@contextmanager
def without_special_rights() -> Iterator[None]:
    """The superuser may write anywhere; nobody may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("a small disk needs mount")
    if done.returncode != 0:
        pytest.skip(f"a small disk needs the right to mount one: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def refused(jobs: Jobs, reason: str) -> str:
    """A job is refused with this reason, and nothing of it is kept. Returns the message."""
    before = jobs.counts()
    with pytest.raises(StoreUnavailable, match=reason) as caught:
        await accepted(jobs)
    assert jobs.counts() == before
    assert isinstance(caught.value, Unavailable)
    return caught.value.message


def test_a_full_disk(small_disk: Path) -> None:
    db = Database(f"sqlite:///{small_disk}/smalti.db")
    jobs = Jobs(db)

    async def main() -> None:
        first = await accepted(jobs)
        await jobs.started(first.job_id, 0, (1,), 1.0)
        ballast = small_disk / "ballast"
        fill(ballast)
        told = await refused_sooner_or_later(jobs)
        assert f"{small_disk}/smalti.db" in told
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            await jobs.checkpoint(first.job_id, 0, 0, bytes(100_000), 1.0)
        assert jobs.unfinished()[0].job_id == first.job_id
        ballast.unlink()
        assert await jobs.checkpoint(first.job_id, 0, 0, row_codes(0), 1.0)
        assert await drawn(jobs, first, 0)
        await accepted(jobs)

    asyncio.run(main())
    db.close()
    again = Database(f"sqlite:///{small_disk}/smalti.db")
    assert Jobs(again).counts()["succeeded"] == 1
    again.close()


def fill(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as opened:
        while True:
            opened.write(bytes(4096))


async def refused_sooner_or_later(jobs: Jobs) -> str:
    """The log of writes may have some room left; whatever is confirmed until it is full is kept."""
    kept = jobs.counts().get("queued", 0)
    for _ in range(2000):
        try:
            await accepted(jobs, request={"prompt": "x" * 3000})
        except StoreUnavailable as error:
            assert "the disk is full" in error.message
            assert jobs.counts().get("queued", 0) == kept
            return error.message
        kept += 1
    raise AssertionError("the disk never became full")


def test_clients_are_not_told_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match=str(tmp_path)) as caught:
        FolderBlobs(tmp_path / "file" / "pictures").check()
    why = "a file is in the way of a folder; move it away."
    assert caught.value.told == f"The pictures cannot be used now: {why}"
    db = Database(f"sqlite:///{tmp_path}/smalti.db")
    with closing(sqlite3.connect(tmp_path / "smalti.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=f"{tmp_path}/smalti.db") as caught:
            asyncio.run(accepted(Jobs(db)))
    db.close()
    assert caught.value.told.startswith("The database cannot be used now: another process has")
    lost = unavailable("The database", "db://host/x", "it does not answer (host:5432 is away)")
    assert lost.told == "The database cannot be used now: it does not answer."


def test_a_database_that_may_not_grow(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/smalti.db")
    jobs = Jobs(db)
    limit = {"pages": db.read(lambda c: c.scalar(text("PRAGMA page_count")))}

    @event.listens_for(db._writer, "connect")
    def _bounded(connection: sqlite3.Connection, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit['pages']}")

    async def main() -> None:
        db._writer.dispose()
        told = await refused_sooner_or_later(jobs)
        assert "free some space" in told
        limit["pages"] = 1_000_000
        await accepted(jobs, request={"prompt": "x" * 10_000})

    asyncio.run(main())
    db.close()


def test_a_file_that_may_not_be_written(open_folder: Path) -> None:
    file = open_folder / "smalti.db"
    with without_special_rights():
        db = Database(f"sqlite:///{file}")
        jobs = Jobs(db)

        async def main() -> None:
            first = await accepted(jobs)
            db._writer.dispose()
            allow_writing(open_folder, False)
            told = await refused(jobs, "cannot be written")
            assert str(file) in told
            assert jobs.get(first.job_id) == first
            allow_writing(open_folder, True)
            await accepted(jobs)

        asyncio.run(main())
        db.close()


def allow_writing(folder: Path, allowed: bool) -> None:
    for file in folder.iterdir():
        file.chmod(0o644 if allowed else 0o444)
    folder.chmod(0o755 if allowed else 0o555)


def test_a_folder_that_may_not_be_written_stops_the_start(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    with without_special_rights(), pytest.raises(StoreUnavailable, match="cannot be opened"):
        Database(f"sqlite:///{open_folder}/smalti.db")


LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_database_that_another_process_has_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "WRITE_PATIENCE_S", 0.1)
    db = Database(f"sqlite:///{tmp_path}/smalti.db")
    jobs = Jobs(db)
    command = [sys.executable, "-c", LOCK, f"{tmp_path}/smalti.db"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"

        async def while_locked() -> None:
            await refused(jobs, "another process has locked it")
            both = await asyncio.gather(accepted(jobs), accepted(jobs), return_exceptions=True)
            assert [type(error) for error in both] == [StoreUnavailable, StoreUnavailable]
            assert both[0] is not both[1]
            assert jobs.counts() == {}

        asyncio.run(while_locked())
        other.communicate()
    asyncio.run(accepted(jobs))
    assert jobs.counts() == {"queued": 1}
    db.close()


def test_a_lock_that_passes_is_waited_for(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/smalti.db")
    jobs = Jobs(db)
    other = sqlite3.connect(tmp_path / "smalti.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def main() -> None:
        waiting = asyncio.create_task(accepted(jobs))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        other.execute("COMMIT")
        await waiting

    asyncio.run(main())
    other.close()
    db.close()


def test_pictures_on_a_full_disk(small_disk: Path) -> None:
    blobs = FolderBlobs(small_disk / "pictures")
    blobs.put("job_1/0.png", b"the first")
    ballast = small_disk / "ballast"
    fill(ballast)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            blobs.put("job_1/1.png", bytes(100_000))
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        blobs.check()
    assert blobs.get("job_1/0.png") == b"the first"
    assert blobs.get("job_1/1.png") is None
    ballast.unlink()
    blobs.check()
    blobs.put("job_1/1.png", bytes(100_000))
    assert sorted(path.name for path in (small_disk / "pictures/job_1").iterdir()) == [
        "0.png",
        "1.png",
    ]


def test_pictures_in_a_folder_that_may_not_be_written(open_folder: Path) -> None:
    blobs = FolderBlobs(open_folder)
    open_folder.chmod(0o555)
    with without_special_rights():
        with pytest.raises(StoreUnavailable, match="may not write there"):
            blobs.put("job_1/0.png", b"a")
        with pytest.raises(StoreUnavailable, match="may not write there"):
            blobs.check()
    open_folder.chmod(0o777)
    with without_special_rights():
        blobs.check()
        blobs.put("job_1/0.png", b"a")
        assert blobs.get("job_1/0.png") == b"a"
        blobs.delete("job_1/0.png")


LIMITED = """
import resource, sys
from pathlib import Path
from smalti.errors import StoreUnavailable
from smalti.store.folder import FolderBlobs
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
blobs = FolderBlobs(Path(sys.argv[1]))
try:
    blobs.put("job_1/0.png", bytes(100_000))
except StoreUnavailable as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
blobs.put("job_1/0.png", bytes(100_000))
print(len(blobs.get("job_1/0.png")))
"""


def test_a_process_that_may_write_no_more(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "larger than this process may write" in told[0]
    assert told[1] == "100000"
