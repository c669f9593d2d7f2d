"""The container file: linted, and what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "Containerfile"
TEXT = FILE.read_text(encoding="utf-8")


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is not installed: pip install 'smalti[test]'")
    said = subprocess.run([hadolint, "--no-color", FILE], capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (0, "")


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is() -> None:
    last = TEXT.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001$", last, re.M)
    assert re.search(r"^HEALTHCHECK .*\n.*healthz", last, re.M)
    assert "pip uninstall" in last
    assert "pip install" not in last


def test_what_is_copied_is_there() -> None:
    for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.M):
        *sources, _ = line.split()
        for source in sources:
            assert (ROOT / source).exists(), source


def test_torch_is_the_one_that_is_tested() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    (pin,) = re.findall(r"torch==\S+", TEXT)
    assert f"\n{pin}\n" in pins


def test_what_settings_need_can_be_installed() -> None:
    """The image has no pip: what is not in it cannot be used."""
    (extras,) = re.findall(r"install '\.\[(.+)\]' \$MORE$", TEXT, re.M)
    assert {"geo", "otel", "s3"} <= set(extras.split(","))


def test_the_extras_exist() -> None:
    (extras,) = re.findall(r"install '\.\[(.+)\]'", TEXT)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for extra in extras.split(","):
        assert re.search(rf"^{extra} = \[", project, re.M), extra
