"""/openapi.json: what FastAPI says of the addresses, made true.

FastAPI would tell of 422s that are never sent, and does not know of keys or of the shapes that the
replies refer to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from smalti.api import admin_shapes, console_shapes, shapes

ABOUT = (
    "OpenAI's image API, drawn by your own machines. What differs from OpenAI's, and what is "
    "added, is told in docs/api.md. No text may hold a NUL character."
)
_REF = "#/components/schemas/{model}"


def describe_truly(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Takes the place of `app.openapi`; made once, when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    return openapi


def _described(app: FastAPI) -> dict[str, Any]:
    told = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes)
    for path, operations in told["paths"].items():
        for operation in operations.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]  # what the framework would say, and is never sent
            if path.startswith("/v1/"):
                operation["security"] = [{"key": []}]
    told["components"] = {
        "schemas": _schemas(),
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    }
    return told


def _schemas() -> dict[str, Any]:
    kinds = [
        (kind, "serialization")
        for module in (shapes, admin_shapes, console_shapes)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not BaseModel
    ]
    schemas: dict[str, Any] = models_json_schema(kinds, ref_template=_REF)[1]["$defs"]  # type: ignore[arg-type]
    return schemas
