"""The README's Python lines do what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

README = Path(__file__).parents[2] / "README.md"


def test_the_python_lines(live: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert found is not None
    code = found[1].replace("http://127.0.0.1:8000", live.url)
    folder = tmp_path / ".local" / "share" / "smalti"
    folder.mkdir(parents=True)
    (folder / "key").write_text(live.openai.api_key + "\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(README), "exec"), {})
    assert Image.open("image_generation.completed.png").size == (256, 256)
    assert Path("image_generation.partial_image.png").is_file()
