"""Two servers over one data directory would draw the same jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from smalti.errors import ConfigError
from smalti.service.sole import sole_server


def test_there_is_one_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with (
        sole_server(folder),
        pytest.raises(ConfigError, match=f"Another server runs over {folder}"),
        sole_server(folder),
    ):
        pass
    with sole_server(folder), sole_server(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be made"), sole_server(tmp_path / "file"):
        pass
