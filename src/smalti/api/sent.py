"""What /openapi.json says of the bodies that are sent: what is taken, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from smalti.api.body import SOURCES_MAX
from smalti.api.schema import LEGACY_STYLES, EditRequest, GenerationRequest, ImageRequest
from smalti.models.facts import ModelFacts

Schema = dict[str, Any]

_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
_ENCODED = {"type": "string", "minLength": 1, "description": "A data URL, or base64."}
_PICTURE = {
    "anyOf": [
        _ENCODED,
        {"type": "object", "properties": {"image_url": _ENCODED}, "required": ["image_url"]},
    ]
}
_TOGETHER: list[Schema] = [
    {
        "if": {
            "required": ["partial_images"],
            "properties": {"partial_images": {"type": "integer", "minimum": 1}},
        },
        "then": {"required": ["stream"], "properties": {"stream": {"const": True}}},
    },
    {
        "if": {
            "required": ["response_format"],
            "properties": {"response_format": {"const": "url"}},
        },
        "then": {"properties": {"stream": {"enum": [False, None]}}},
    },
]
"""Partial pictures are streamed; links are not."""


def bodies_of(models: Iterable[ModelFacts]) -> dict[str, Schema]:
    """`requestBody` of each operation that has pictures drawn, by its name."""
    models = tuple(models)
    generation = _fields(GenerationRequest, models)
    edit = _fields(EditRequest, models)
    return {
        "generate_images": _body(_json(generation), _form(generation, {})),
        "edit_images": _body(_json_edit(edit), _form(edit, _FILES)),
        "explain_limits": _body(_json(generation), _form(generation, {})),
    }


def json_body(kind: type[BaseModel]) -> Schema:
    """`requestBody` of an operation that takes JSON alone."""
    schema = kind.model_json_schema()
    required = schema.get("required", [])
    schema["properties"] = _nullable(schema["properties"], required)
    return _body(schema, None)


def _fields(kind: type[ImageRequest], models: tuple[ModelFacts, ...]) -> Schema:
    """Those of a request, with the models and styles that are here."""
    properties: Schema = kind.model_json_schema()["properties"]
    styles = sorted({style for model in models for style in model.styles})
    properties["prompt"]["pattern"] = r"\S"
    properties["model"]["enum"] = [model.name for model in models]
    properties["style"] = {"type": "string", "enum": [*styles, *LEGACY_STYLES]}
    properties["background"]["enum"] = ["opaque", "auto"]
    properties["size"] |= {
        "pattern": r"^(auto|[1-9][0-9]{1,3}x[1-9][0-9]{1,3})$",
        "description": "auto, or width and height: divisible by 16, 1:3 to 3:1, at most 4096.",
    }
    return {name: _plain(field) for name, field in properties.items()}


def _plain(field: Schema) -> Schema:
    """Without a title, and without the null that its Python type has."""
    for choice in field.pop("anyOf", ()):
        if choice != {"type": "null"}:
            field |= choice
    return {key: value for key, value in field.items() if key != "title" and value is not None}


def _nullable(properties: Schema, required: Iterable[str]) -> Schema:
    """A field that is null counts as not given."""
    return {
        name: field if name in required else {"anyOf": [_plain(field), {"type": "null"}]}
        for name, field in properties.items()
    }


def _json(fields: Schema) -> Schema:
    return _object(_nullable(fields, ["prompt"]), ["prompt"]) | {"allOf": _TOGETHER}


def _json_edit(fields: Schema) -> Schema:
    pictures = {"type": "array", "items": _PICTURE, "minItems": 1, "maxItems": SOURCES_MAX}
    one_or_more = {"anyOf": [*_PICTURE["anyOf"], pictures]}
    whole = _json(fields)
    whole["properties"] |= {"image": one_or_more, "images": one_or_more, "mask": _PICTURE}
    return whole | {"oneOf": [{"required": ["image"]}, {"required": ["images"]}]}


_FILES: Schema = {
    "image": {"anyOf": [_FILE, {"type": "array", "items": _FILE}]},
    "mask": _FILE,
}


def _form(fields: Schema, files: Schema) -> Schema:
    required = ["prompt", "image"] if files else ["prompt"]
    return _object({**fields, **files}, required) | {"allOf": _TOGETHER}


def _object(properties: Schema, required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _body(json: Schema, form: Schema | None) -> Schema:
    content = {"application/json": {"schema": json}}
    if form is not None:
        content["multipart/form-data"] = {"schema": form}
    return {"required": True, "content": content}
