"""Models by name: where each one's loader is, as an import path.

A loader is `module:function`, called with a device ("cpu", "cuda:0", ...), and returns a
`TileModel`. It is named by a path so that a process can be told to load a model that it has not
imported.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from smalti.models.tile_model import TileModel

LOADERS: dict[str, str] = {"smalti-mini": "smalti.models.mini:load"}


class UnknownModel(LookupError):
    def __init__(self, name: str) -> None:
        known = ", ".join(sorted(LOADERS))
        super().__init__(f"No model is called {name!r}. Known models: {known}.")


class BadLoader(LookupError):
    """An import path that leads to no loader."""


def loader_path(name: str) -> str:
    """Raises UnknownModel."""
    if name not in LOADERS:
        raise UnknownModel(name)
    return LOADERS[name]


def load(name: str, device: str) -> TileModel:
    """Load a model by its name. Raises UnknownModel, BadLoader, and what the loader raises."""
    return load_from(loader_path(name), device)


def load_from(path: str, device: str) -> TileModel:
    """Load a model by its loader's import path."""
    return resolve(path)(device)


def resolve(path: str) -> Callable[[str], TileModel]:
    """The loader at `module:function`. Raises BadLoader."""
    module_name, _, function_name = path.partition(":")
    if not module_name or not function_name:
        raise BadLoader(f"{path!r} is no loader. Write it as 'package.module:function'.")
    try:
        loader: Callable[[str], TileModel] = getattr(import_module(module_name), function_name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise BadLoader(f"There is no loader at {path!r}: {error}.") from error
    return loader
