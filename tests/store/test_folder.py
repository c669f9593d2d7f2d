"""Pictures in a folder."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from smalti.errors import StoreUnavailable
from smalti.store.folder import FolderBlobs


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "pictures")


def test_put_get_and_delete(blobs: FolderBlobs, tmp_path: Path) -> None:
    blobs.check()
    blobs.put("job_1/0.png", b"a picture")
    blobs.put("job_1/source.png", b"")
    assert blobs.get("job_1/0.png") == b"a picture"
    assert blobs.get("job_1/source.png") == b""
    blobs.put("job_1/0.png", b"the same again")
    assert blobs.get("job_1/0.png") == b"the same again"
    for name in ("job_1/0.png", "job_1/source.png", "job_1/source.png", "job_2/0.png"):
        blobs.delete(name)
    assert blobs.get("job_1/0.png") is None
    assert list((tmp_path / "pictures").iterdir()) == []


def test_what_a_killed_process_left_of_a_picture_goes_with_it(
    blobs: FolderBlobs, tmp_path: Path
) -> None:
    blobs.put("job_1/0.png", b"a picture")
    (tmp_path / "pictures/job_1/.0.png.0123456789ab").write_bytes(b"half a pic")
    blobs.delete("job_1/0.png")
    assert list((tmp_path / "pictures").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["", "key", "../key", "a/../../key.png", "/etc/passwd", "job/.hidden.png", "job/0", "a/b/c.png",
     "job/0.png\n", "jöb/0.png", "job/0.PNG", "\x00/0.png", "x" * 129 + "/0.png"],
)  # fmt: skip
def test_names_that_no_blob_has(blobs: FolderBlobs, name: str) -> None:
    for use in (blobs.get, blobs.delete, lambda name: blobs.put(name, b"")):
        with pytest.raises(ValueError, match="no name of a blob"):
            use(name)


def test_a_blob_is_there_whole_or_not_at_all(blobs: FolderBlobs) -> None:
    whole = [bytes([i]) * 300_000 for i in range(4)]
    done = threading.Event()

    def put() -> None:
        for data in whole * 5:
            blobs.put("job_1/0.png", data)
        done.set()

    thread = threading.Thread(target=put)
    thread.start()
    while not done.is_set():
        assert blobs.get("job_1/0.png") in (None, *whole)
    thread.join()
    assert blobs.get("job_1/0.png") == whole[-1]


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "pictures").write_text("no folder")
    blobs = FolderBlobs(tmp_path / "pictures")
    with pytest.raises(StoreUnavailable, match=str(tmp_path / "pictures")):
        blobs.put("job_1/0.png", b"")
    with pytest.raises(StoreUnavailable):
        blobs.check()
    (tmp_path / "pictures").unlink()
    blobs.put("job_1/0.png", b"")
    blobs.check()
