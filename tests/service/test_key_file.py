"""The key in the data directory."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from smalti.errors import ConfigError
from smalti.service.first_start import find_or_make_key


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    key = find_or_make_key(folder)
    assert key.startswith("sk-") and len(key) > 40
    assert find_or_make_key(folder) == key
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert find_or_make_key(tmp_path / "other") != key


def test_an_empty_key_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        find_or_make_key(tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="SMALTI_DATA_DIR"):
        find_or_make_key(tmp_path / "file")
