"""Read a request's body, JSON or multipart, up to a limit: its fields, and the files in it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message

from smalti.errors import InvalidRequest, TooLarge

SOURCES_MAX = 16
_FILE_FIELDS = {"image": "image", "image[]": "image", "images": "image", "mask": "mask"}


@dataclass(frozen=True)
class SentFile:
    """name: what the client calls it. param: the field in which it came."""

    name: str
    param: str
    data: bytes


@dataclass(frozen=True)
class Body:
    """typed: whether numbers and booleans are of their own types (JSON), or text (multipart)."""

    fields: Mapping[str, Any]
    typed: bool
    images: list[SentFile] = field(default_factory=list)
    masks: list[SentFile] = field(default_factory=list)


async def read_body(request: Request, limit_bytes: int) -> Body:
    """Raises InvalidRequest or TooLarge."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit_bytes:
        raise TooLarge(limit_bytes)
    limited = _limited(request, limit_bytes)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _read_form(limited)
    return _read_json(await limited.body())


def _limited(request: Request, limit_bytes: int) -> Request:
    """The same request; reading more than `limit_bytes` of it raises TooLarge."""
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > limit_bytes:
            raise TooLarge(limit_bytes)
        return message

    return Request(request.scope, receive)


async def _read_form(request: Request) -> Body:
    body = Body(fields={}, typed=False)
    fields: dict[str, str] = {}
    async with request.form(max_files=2 * SOURCES_MAX, max_fields=64) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                param = _FILE_FIELDS.get(name)
                if param is None:
                    raise InvalidRequest(
                        f"Unknown parameter: '{name}', sent as a file.", name, "unknown_parameter"
                    )
                data = await value.read()
                _add(body, SentFile(value.filename or name, param, data))
            elif name in fields:
                raise InvalidRequest(f"'{name}' is given more than once.", name)
            elif name in _FILE_FIELDS:
                _add_from_json(body, name, value)
            else:
                fields[name] = value
    return Body(fields, False, body.images, body.masks)


def _read_json(data: bytes) -> Body:
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(
            f"The body is not valid JSON ({str(error)[:100]}).", code="invalid_json"
        ) from None
    if not isinstance(fields, dict):
        raise InvalidRequest("The body must be a JSON object.", code="invalid_json")
    body = Body({k: v for k, v in fields.items() if k not in _FILE_FIELDS}, True)
    for name in _FILE_FIELDS:
        value = fields.get(name)
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                _add_from_json(body, name, item)
    return body


def _add(body: Body, file: SentFile) -> None:
    files = body.images if file.param == "image" else body.masks
    files.append(file)
    if len(body.images) > SOURCES_MAX:
        raise InvalidRequest(
            f"More than {SOURCES_MAX} images. Send at most {SOURCES_MAX}.", param="image"
        )
    if len(body.masks) > 1:
        raise InvalidRequest("More than one mask. Send one.", param="mask")


def _add_from_json(body: Body, field_name: str, item: object) -> None:
    """item: base64, a data URL, or `{"image_url": …}` around either."""
    param = _FILE_FIELDS[field_name]
    name = param if param == "mask" else f"image[{len(body.images)}]"
    if isinstance(item, dict):
        if item.get("file_id") is not None:
            raise InvalidRequest(
                f"{name}: this server keeps no files. Send the picture itself, as a data URL.",
                param=param,
            )
        item = item.get("image_url")
    if not isinstance(item, str):
        raise InvalidRequest(
            f"{name}: a picture must be sent as a file, a data URL or base64.",
            param=param,
            code="invalid_type",
        )
    if item.startswith(("http://", "https://")):
        raise InvalidRequest(
            f"{name}: this server fetches nothing from other addresses. Send the picture itself, "
            "as a data URL.",
            param=param,
        )
    _add(body, SentFile(name, param, _unpack(item, name, param)))


def _unpack(text: str, name: str, param: str) -> bytes:
    """The bytes of base64, or of a data URL."""
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.endswith(";base64"):
            raise InvalidRequest(f"{name}: the data URL is not a base64 one.", param=param)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest(
            f"{name}: this is neither a file, nor base64, nor a data URL.", param=param
        ) from None
