"""Read a multipart form while it arrives: its parts, in memory, in order."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from smalti.errors import InvalidRequest

# NOTE: the parser warns of every broken form; whoever sent it is told, and the log is not filled.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

PARTS_MAX = 64
"""Sixteen pictures, a mask and every field there is are fewer."""
FIELD_BYTES_MAX = 1_000_000
"""Longest part that is neither a file nor a picture."""
NAME_MAX = 100
"""Longest name of a field or a file that is quoted back."""


@dataclass
class Part:
    """filename is None for a field that is no file."""

    name: str
    filename: str | None = None
    data: bytearray = field(default_factory=bytearray)


class FormReader:
    """Give it the chunks of a body; `finish` returns the parts.

    long_fields: fields that may be longer than FIELD_BYTES_MAX, as they may hold a picture.
    Raises InvalidRequest, as do its methods.
    """

    def __init__(self, content_type: str, long_fields: frozenset[str]) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise _broken("its Content-Type names no boundary")
        self._opening = b"--" + boundary
        self._begun: bytearray | None = bytearray()
        self._long_fields = long_fields
        self._parts: list[Part] = []
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._take_header,
                    "on_header_value": self._take_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._name_part,
                    "on_part_data": self._take_data,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _broken(str(error)) from None

    def write(self, chunk: bytes) -> None:
        if self._begun is not None:
            self._begun += chunk
            if len(self._begun) < len(self._opening) + 2:
                return
            chunk, self._begun = bytes(self._begun).removeprefix(b"\r\n"), None
            if not chunk.startswith(self._opening):
                raise _broken("it does not begin with its boundary")
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _broken(str(error)) from None

    def finish(self) -> list[Part]:
        if not self._ended:
            raise _broken("it is cut short: its last boundary is missing")
        return self._parts

    # --- what the parser tells ---

    def _begin_part(self) -> None:
        if len(self._parts) == PARTS_MAX:
            raise _broken(f"it has more than {PARTS_MAX} parts")
        self._disposition = b""

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _name_part(self) -> None:
        options = parse_options_header(self._disposition)[1]
        name = options.get(b"name")
        if not name:
            raise _broken("a part of it has no name")
        filename = options.get(b"filename")
        self._parts.append(
            Part(_shown(name), None if filename is None else _shown(_last_of_path(filename)))
        )

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        part = self._parts[-1]
        bounded = part.filename is None and part.name not in self._long_fields
        if bounded and len(part.data) + end - start > FIELD_BYTES_MAX:
            raise InvalidRequest(
                f"Invalid '{part.name}': it is longer than {FIELD_BYTES_MAX / 1e6:g} MB.",
                param=part.name,
            )
        part.data += data[start:end]

    def _end(self) -> None:
        self._ended = True


def _broken(why: str) -> InvalidRequest:
    return InvalidRequest(f"The body is not a valid form ({why}).", code="invalid_form")


def _last_of_path(filename: bytes) -> bytes:
    return filename.replace(b"\\", b"/").rpartition(b"/")[2]


def _shown(name: bytes) -> str:
    """A name that can stand in a message, whatever was sent."""
    text = name.decode("utf-8", "replace")
    return shortened("".join(c if c.isprintable() else "?" for c in text))


def shortened(name: str) -> str:
    return name if len(name) <= NAME_MAX else name[: NAME_MAX - 3] + "..."
