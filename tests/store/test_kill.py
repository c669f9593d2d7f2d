"""What `await` confirmed is there, however the process ends."""

from __future__ import annotations

import multiprocessing
import random
from pathlib import Path

from killed_writer import IMAGES, PICTURE, keep_until_killed
from store_rows import row_codes

from smalti.store.database import Database
from smalti.store.folder import FolderBlobs
from smalti.store.jobs import JobRow, Jobs, PictureRow

LIVES = 10
Said = tuple[str, str, int, int]
"""accepted, row or drawn; the job, the picture, the row."""


def test_nothing_confirmed_is_lost_by_kill_9(tmp_path: Path) -> None:
    chance = random.Random(3)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["smalti.store.folder", "smalti.store.jobs"])
    said: list[Said] = []
    for life in range(LIVES):
        confirmed = until_killed(processes, tmp_path, life, chance.randint(1, 70))
        check(tmp_path, confirmed)
        said += confirmed
    check(tmp_path, said)
    assert {what for what, *_ in said} == {"accepted", "row", "drawn"}


def until_killed(
    processes: multiprocessing.context.ForkServerContext,
    folder: Path,
    life: int,
    confirmations: int,
) -> list[Said]:
    """What a process said was confirmed to it, until it was killed after so many of these."""
    heard, said = processes.Pipe(duplex=False)
    writer = processes.Process(target=keep_until_killed, args=(folder, life, said), daemon=True)
    writer.start()
    said.close()
    confirmed: list[Said] = [heard.recv() for _ in range(confirmations)]
    writer.kill()
    try:
        while True:
            confirmed.append(heard.recv())
    except EOFError:
        writer.join()
    return confirmed


def check(folder: Path, said: list[Said]) -> None:
    db = Database(f"sqlite:///{folder}/smalti.db")
    jobs, blobs = Jobs(db), FolderBlobs(folder / "pictures")
    ids = sorted({job_id for _, job_id, _, _ in said})
    kept = {job_id: jobs.get(job_id) for job_id in ids}
    pictures = jobs.pictures_of(ids)
    for what, job_id, index, row in said:
        assert kept[job_id] is not None, f"{job_id} was accepted and is lost"
        assert len(pictures[job_id]) == IMAGES
        picture = pictures[job_id][index]
        if what == "row":
            assert picture.state == "drawn" or picture.rows > row
        if what == "drawn":
            assert picture.state == "drawn"
            assert blobs.get(picture.blob or "") == PICTURE
    for job_id, job in kept.items():
        assert job is not None
        check_whole(jobs, job, pictures[job_id])
    db.close()


def check_whole(jobs: Jobs, job: JobRow, pictures: tuple[PictureRow, ...]) -> None:
    """No change of a job is there by half."""
    ended = all(picture.state == "drawn" for picture in pictures)
    reservation = jobs.reservation(job.job_id)
    assert reservation is not None
    assert (job.state == "succeeded") == ended
    assert reservation.state == ("settled" if ended else "held")
    for picture in pictures:
        rows = b"".join(row_codes(row) for row in range(picture.rows))
        assert picture.codes == (None if picture.state == "drawn" else rows or None)
