"""A lower layer never imports a higher one, and some rooms import next to nothing."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import smalti

ROOT = Path(smalti.__file__).parent

MAY_IMPORT = {
    "errors": set(),
    "values": set(),
    "config": {"errors", "values"},
    "devices": {"errors"},
    "models": set(),
    "engine": {"models"},
    "fleet": {"devices", "engine", "models"},
    "pictures": {"errors", "models"},
    "control": set(),
    "meter": {"errors"},
    "observe": {"errors"},
    "store": {"errors", "control"},
    "plan": {"errors", "control", "meter"},
    "train": {"models", "engine"},
    "service": {
        "errors", "config", "models", "engine", "fleet", "pictures", "control", "meter", "store",
        "observe", "plan",
    },
    "api": {"errors", "config", "models", "pictures", "control", "store", "observe", "service"},
    "studio": {"errors", "config", "api", "service"},
    "cli": {
        "errors", "config", "devices", "models", "engine", "fleet", "pictures", "control", "store",
        "observe", "service", "api", "studio", "train", "plan",
    },
}  # fmt: skip
"""Which rooms a room may import, besides itself."""

THIRD_PARTY = {
    "control": {"mypy_extensions"},
    "engine": {"torch", "numpy", "safetensors", "PIL"},
    "models": {"torch", "numpy", "safetensors", "PIL"},
    "fleet": {"torch", "numpy", "safetensors", "PIL"},
    "pictures": {"numpy", "PIL"},
    "store": {"sqlalchemy", "boto3", "botocore"},
    "observe": {"prometheus_client", "opentelemetry"},
    "service": {"numpy"},
    "studio": {"fastapi", "starlette"},
    "api": {
        "fastapi", "starlette", "pydantic", "pydantic_core", "python_multipart", "uvicorn", "h11",
        "maxminddb",
    },
}  # fmt: skip
"""What else these rooms may import, besides the standard library."""


def files() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or room(path))


def room(path: Path) -> str:
    """The first part of a module's name under smalti; nothing for smalti itself."""
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    return "" if part == "__init__" else part


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            module = node.module or ""
            if module == "smalti":
                yield from (f"smalti.{alias.name}" for alias in node.names)
            else:
                yield module


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_layers(path: Path) -> None:
    here = room(path)
    assert here in MAY_IMPORT, f"{here} is a new room: say in MAY_IMPORT what it may import"
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "smalti":
            there = rest.partition(".")[0]
            allowed = MAY_IMPORT[here] | {here, "__version__"}
            assert there in allowed, f"{here} must not import {there}"
        elif here in THIRD_PARTY and top not in sys.stdlib_module_names:
            assert top in THIRD_PARTY[here], f"{here} must not import {top}"
