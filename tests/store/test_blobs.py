"""Pictures kept for a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from smalti.store.blobs import FolderBlobs


class Clock:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ahead = 0.0

    def __call__(self) -> float:
        return max((p.stat().st_mtime for p in self.folder.glob("*")), default=0.0) + self.ahead


def test_put_and_get(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "pictures", 60)
    names = [blobs.put(b"picture", "png") for _ in range(20)]
    assert len(set(names)) == 20
    assert blobs.get(names[0]) == b"picture"


def test_a_picture_expires_and_its_file_goes(tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    blobs = FolderBlobs(tmp_path, 60, clock)
    name = blobs.put(b"picture", "png")
    clock.ahead = 59.9
    assert blobs.get(name) == b"picture"
    clock.ahead = 60.1
    assert blobs.get(name) is None
    assert list(tmp_path.iterdir()) == []


def test_putting_sweeps_what_expired(tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    blobs = FolderBlobs(tmp_path, 60, clock)
    blobs.put(b"old", "png")
    clock.ahead = 100
    new = blobs.put(b"new", "webp")
    assert [path.name for path in tmp_path.iterdir()] == [new]


@pytest.mark.parametrize("name", ["../key", "a.png", "", "x" * 32 + ".exe", "x" * 32 + ".png"])
def test_other_names_are_not_found(tmp_path: Path, name: str) -> None:
    assert FolderBlobs(tmp_path, 60).get(name) is None
