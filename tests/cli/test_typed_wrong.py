"""What is said of a value that cannot be, and of an output that does not take what is printed."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path

import pytest

from smalti.cli.commands import main, run
from smalti.models import registry


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(registry.LOADERS, "smalti-mini", "fake_mini:load")
    monkeypatch.setenv("SMALTI_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("denials --hours abc", "--hours has value 'abc'. It must be a valid number."),
        ("denials --hours -1", "--hours has value '-1'. It must be greater than or equal to 0."),
        ("keys create ada --days 0", "--days has value '0'. It must be greater than or equal to"),
        ("tiers undo last --why x", "version has value 'last'. It must be a valid integer."),
        ("generate boat -n 11", "--n / -n has value '11'. It must be less than or equal to 10."),
        ("denials --hours", "Option '--hours' requires"),
        ("generate boat -o a.webp --format jpeg", "'a.webp' and --format jpeg say different"),
        ("tiers set free --rungs kwality,size --why x", "has value 'kwality, size'. It must be a"),
        (f"users create {'b' * 201}", f"'{'b' * 40}' has 201."),
    ],
)
def test_a_wrong_value_is_named(typed: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(typed.split()) == 2
    assert said in capsys.readouterr().err


def test_a_seed_that_is_too_large_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "a boat", "--seed", str(2**53), "-o", "a.png"]) == 2
    assert f"Use one from 0 to {2**53 - 1}." in capsys.readouterr().err
    assert not Path("a.png").exists()


def test_a_folder_that_takes_nothing_is_named_before_anything_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert run(["generate", "a boat", "-o", str(tmp_path / "a.png")]) == 2
    assert f"Nothing may be written into {tmp_path}." in capsys.readouterr().err


def test_a_folder_is_no_file_to_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    assert run(["generate", "a boat", "-o", "pictures"]) == 2
    assert "pictures is a folder. Name a file in it" in capsys.readouterr().err
    assert not folder.with_suffix(".png").exists()


def test_an_edit_says_what_to_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "a boat", "-o", "a.png"]) == 0
    assert run(["edit", "a.png", " ", "-o", "b.png"]) == 2
    assert "Say what to change" in capsys.readouterr().err


def test_a_terminal_that_lacks_a_letter_gets_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["users", "create", "Zoë ✓"]) == 0
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="latin-1"))
    with pytest.raises(SystemExit) as ended:
        main(["users", "list"])
    sys.stdout.flush()
    assert ended.value.code == 0
    assert "Zoë \\u2713" in printed.getvalue().decode("latin-1")


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("typed", ["models", "models --json", "version"])
def test_an_output_that_is_full_is_told(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    assert run(typed.split()) == 1
    assert "cannot be read or written: No space left on device." in capsys.readouterr().err
