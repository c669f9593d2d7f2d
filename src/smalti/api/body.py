"""Read a request's body, JSON or multipart, up to a limit: its fields, and the files in it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import math
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from smalti.api.form import NAME_MAX, FormReader, Part, shortened
from smalti.errors import InvalidRequest, TooLarge, Unavailable
from smalti.observe import about_request

SOURCES_MAX = 16
VALUES_MAX = 100_000
"""Values in a JSON body: each takes a hundred bytes of memory, and three of the body."""
DIGITS_MAX = 400
"""Digits of a number in a JSON body."""
SMALL_BYTES = 1_000_000
"""A body up to this size is read at once, and by the event loop itself."""
ROOM_TIMEOUT_S = 30
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


class Bodies:
    """Reads bodies, and bounds the memory that those in hand take together.

    limit_bytes: largest body. A body over SMALL_BYTES waits, unread, while `at_once_bytes` (not
    less than one of the largest) are in hand; or half of that, or one of the largest, of its own
    user: who sends slowly stands in the way of himself, and not of everybody.
    """

    def __init__(self, limit_bytes: int, at_once_bytes: int | None = None) -> None:
        self._limit_bytes = limit_bytes
        self._free = max(limit_bytes, at_once_bytes or 2 * limit_bytes)
        self._of_one_user = max(limit_bytes, self._free // 2)
        self._taken = Counter[str]()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[Body]:
        """The files of the body are there within the block alone.

        Raises InvalidRequest, TooLarge, or Unavailable if others' bodies leave it no room.
        """
        taken, user_id = self._weight(request), about_request().user_id
        await self._take(taken, user_id)
        try:
            body = await read_body(request, self._limit_bytes)
            yield body
            body.images.clear()
            body.masks.clear()
        finally:
            async with self._changed:
                self._free += taken
                self._taken[user_id] -= taken
                self._taken += Counter()  # forgets those who have nothing in hand
                self._changed.notify_all()

    def _weight(self, request: Request) -> int:
        """Bytes to set aside: all that may come, where the length is not told."""
        length = request.headers.get("content-length", "")
        told = int(length) if length.isdecimal() else self._limit_bytes
        return 0 if told <= SMALL_BYTES else min(told, self._limit_bytes)

    async def _take(self, weight: int, user_id: str) -> None:
        def fits() -> bool:
            his = weight + self._taken[user_id] if weight else 0
            return self._free >= weight and his <= self._of_one_user

        try:
            async with asyncio.timeout(ROOM_TIMEOUT_S), self._changed:
                await self._changed.wait_for(fits)
                self._free -= weight
                self._taken[user_id] += weight
        except TimeoutError:
            raise Unavailable(
                "Many large uploads are being read. Try again in 10 s.", retry_after_s=10
            ) from None


async def read_body(request: Request, limit_bytes: int) -> Body:
    """Raises InvalidRequest or TooLarge."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit_bytes:
        raise TooLarge(limit_bytes)
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise InvalidRequest(
            f"The body has the Content-Encoding '{coding[:40]}'. Send it as it is.",
            code="unsupported_encoding",
        )
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() == "multipart/form-data":
        form = FormReader(content_type, frozenset(_FILE_FIELDS))
        async for chunk in _chunks(request, limit_bytes):
            form.write(chunk)
        return body_from_form(form.finish())
    data = bytearray()
    async for chunk in _chunks(request, limit_bytes):
        data += chunk
    if len(data) <= SMALL_BYTES:
        return body_from_json(data)
    return await asyncio.to_thread(body_from_json, data)


async def _chunks(request: Request, limit_bytes: int) -> AsyncIterator[bytes]:
    """The body as it arrives; more than `limit_bytes` of it raises TooLarge."""
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > limit_bytes:
            raise TooLarge(limit_bytes)
        yield chunk


def body_from_form(parts: list[Part]) -> Body:
    """Empties the parts. Raises InvalidRequest."""
    fields: dict[str, str] = {}
    body = Body(fields, typed=False)
    for part in parts:
        param = _FILE_FIELDS.get(part.name)
        if part.filename is not None:
            if param is None:
                raise InvalidRequest(
                    f"Unknown parameter: '{part.name}', sent as a file.",
                    part.name,
                    "unknown_parameter",
                )
            _add(body, SentFile(part.filename or part.name, param, bytes(part.data)))
        elif part.name in fields:
            raise InvalidRequest(f"'{part.name}' is given more than once.", part.name)
        elif param is not None:
            _add_from_json(body, part.name, _text(part))
        else:
            fields[part.name] = _text(part)
        part.data.clear()
    _check_text(fields)
    return body


def _text(part: Part) -> str:
    try:
        return part.data.decode()
    except UnicodeDecodeError:
        raise InvalidRequest(f"Invalid '{part.name}': it is not UTF-8.", part.name) from None


def body_from_json(data: bytes | bytearray) -> Body:
    """Raises InvalidRequest."""
    fields = _json_object(data)
    _check_text(fields)
    body = Body(fields, typed=True)
    for name in _FILE_FIELDS:
        value = fields.pop(name, None)
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                _add_from_json(body, name, item)
    return body


def _json_object(data: bytes | bytearray) -> dict[str, Any]:
    def refuse(why: object) -> InvalidRequest:
        return InvalidRequest(
            f"The body is not valid JSON ({why}). Send a JSON object, or a multipart form.",
            code="invalid_json",
        )

    if sum(data.count(sign) for sign in (b"[", b"{", b",")) > VALUES_MAX:
        raise refuse(f"it holds more than {VALUES_MAX:,} values")
    try:
        value = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_int=_int,
            parse_float=_float,
        )
    except RecursionError:
        raise refuse("it is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise refuse(f"byte {error.start} is not UTF-8") from None
    except ValueError as error:
        raise refuse(str(error)[:100]) from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.", code="invalid_json")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise InvalidRequest(f"'{shortened(twice)}' is given more than once.", shortened(twice))
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _int(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _float(digits: str) -> float:
    """A number without a fraction is whole, however it is written: `4.0`, `4e0`."""
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"the number {digits[:40]} is too large")
    return int(value) if value.is_integer() else value


def _check_text(fields: Mapping[str, Any]) -> None:
    """No field has a name that cannot be one, or a NUL, which a database may not keep."""
    for name, value in fields.items():
        shown = shortened(name.replace("\0", "?"))
        if len(name) > NAME_MAX:
            raise InvalidRequest(f"Unknown parameter: '{shown}'.", shown, "unknown_parameter")
        if "\0" in name or (isinstance(value, str) and "\0" in value):
            raise InvalidRequest(
                f"Invalid '{shown}': it holds a NUL character. Leave it out.", shown
            )


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
        if "\n" in text or " " in text:
            text = "".join(text.split())
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest(
            f"{name}: this is neither a file, nor base64, nor a data URL.", param=param
        ) from None
