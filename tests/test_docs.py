"""The pages: their links lead somewhere, and what they tell to type is typed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} leads to {target}"


def test_the_readme_leads_to_every_page() -> None:
    readme = PAGES[0].read_text(encoding="utf-8")
    for page in PAGES[1:]:
        assert f"docs/{page.name}" in readme


@pytest.mark.parametrize("name", ["README.md", "docs/quickstart.md"])
def test_what_a_command_reads_was_made_by_one_before(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    made = {"photo.jpg"}
    for line in re.findall(r"^\S*smalti (?:generate|stylize|edit) .*", page, re.M):
        read = re.search(r"(?:stylize|edit) (\S+)", line)
        assert read is None or read[1] in made, line
        written, count = re.search(r"-o (\S+)\.png", line), re.search(r"--n (\d+)", line)
        assert written is not None, line
        last = int(count[1]) if count else 0
        made |= {f"{written[1]}-{i}.png" for i in range(1, last + 1)} or {f"{written[1]}.png"}


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["train"]]
    needed += project["optional-dependencies"]["test"]
    explained = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    for line in needed:
        name = re.split(r"[\[<>=]", line)[0]
        assert name == "smalti" or f"| {name} |" in explained, name


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    needed = [*project["dependencies"], *project["optional-dependencies"]["train"]]
    for line in needed + project["optional-dependencies"]["test"]:
        name = re.split(r"[\[<>=]", line)[0]
        assert name == "smalti" or f"\n{name}==" in pins, name
