"""What a supervisor and a worker say to each other, as bytes.

    down   Serve, Start, Cancel, Pause
    up     Ready, Heartbeat, Dying, and the events of `engine.picture`

A message is a frame: two big-endian uint32 (bytes of the header, bytes of the payload), a JSON
header, a payload. The header is the message's fields; an array in it stands as {"type": "array",
"dtype", "shape"}, its bytes in the payload, in the order in which the arrays appear. Nothing in a
frame is ever run, so that a frame may come over a network.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smalti.engine.errors import ProtocolError
from smalti.engine.picture import (
    Cancelled,
    Done,
    Event,
    Failed,
    Paused,
    PictureOrder,
    RowDrawn,
    Started,
    Strip,
)
from smalti.models.tile_model import Conditions, Grid


@dataclass(frozen=True)
class Serve:
    """The first message to a worker: what it is to draw with, where, and its name.

    loader: import path of a function (device) -> TileModel.
    heartbeat_s: the longest silence of a worker that is well.
    """

    loader: str
    device: str
    slots: int
    worker: str
    heartbeat_s: float


@dataclass(frozen=True, eq=False)
class Start:
    order: PictureOrder


@dataclass(frozen=True)
class Cancel:
    picture_id: str


@dataclass(frozen=True)
class Pause:
    picture_id: str


@dataclass(frozen=True)
class Ready:
    """The model is loaded. model: its own name."""

    model: str


@dataclass(frozen=True)
class Heartbeat:
    """Sent from the loop that draws, so that a step that never ends is silent.

    running, waiting: pictures; tiles_drawn: since the worker began.
    """

    running: int
    waiting: int
    tiles_drawn: int


@dataclass(frozen=True)
class Dying:
    """The last message of a worker that cannot go on. reason: one sentence. trace: a traceback."""

    reason: str
    trace: str = ""


Command = Serve | Start | Cancel | Pause
Report = Ready | Heartbeat | Dying | Event
Message = Command | Report

MESSAGES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(Serve, Start, Cancel, Pause, Ready, Heartbeat, Dying),
        *(Started, RowDrawn, Strip, Done, Failed, Cancelled, Paused),
    )
}
PARTS: dict[str, type[Any]] = {kind.__name__: kind for kind in (PictureOrder, Conditions, Grid)}
DTYPES: dict[str, np.dtype[Any]] = {"uint8": np.dtype("u1"), "int16": np.dtype("<i2")}

PREFIX = struct.Struct(">II")
MAX_BYTES = 1 << 29
"""Of a header or a payload: room for a source picture of 13,000 x 13,000."""


def encode(message: Message) -> bytes:
    """The frame of a message. Raises ProtocolError if it has no form as bytes."""
    arrays: list[bytes] = []
    header = json.dumps(_to_json(message, arrays), separators=(",", ":")).encode("ascii")
    payload = b"".join(arrays)
    if max(len(header), len(payload)) > MAX_BYTES:
        raise ProtocolError(
            f"A {type(message).__name__} of {len(header) + len(payload)} bytes is too large "
            f"to send; {MAX_BYTES} is the most."
        )
    return PREFIX.pack(len(header), len(payload)) + header + payload


def sizes(prefix: bytes) -> tuple[int, int]:
    """Bytes of the header and of the payload that follow a prefix. Raises ProtocolError."""
    header, payload = PREFIX.unpack(prefix)
    if max(header, payload) > MAX_BYTES:
        raise ProtocolError(f"A frame of {header + payload} bytes is announced: not a worker's.")
    return header, payload


def decode(header: bytes, payload: bytes) -> Message:
    """The message of a frame. Its arrays are the reader's own. Raises ProtocolError."""
    try:
        arrays = _Arrays(payload)
        named = json.loads(header)
        kind = MESSAGES[named.pop("type")]
        message: Message = kind(**{name: _from_json(part, arrays) for name, part in named.items()})
        arrays.check_all_taken()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ProtocolError(
            f"A frame is no message ({type(error).__name__}: {error}). "
            "Do both ends run the same version?"
        ) from error
    return message


def read(read_exactly: Callable[[int], bytes]) -> Message:
    """The next message. read_exactly raises if the stream has ended."""
    header, payload = sizes(read_exactly(PREFIX.size))
    return decode(read_exactly(header), read_exactly(payload))


async def read_async(read_exactly: Callable[[int], Awaitable[bytes]]) -> Message:
    """`read` of a stream that is awaited."""
    header, payload = sizes(await read_exactly(PREFIX.size))
    return decode(await read_exactly(header), await read_exactly(payload))


class _Arrays:
    """Takes a payload's arrays off one after the other."""

    def __init__(self, payload: bytes) -> None:
        self._left = memoryview(payload)

    def take(self, dtype: np.dtype[Any], shape: Sequence[int]) -> NDArray[Any]:
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or size > len(self._left):
            raise ValueError(f"an array of shape {shape} in {len(self._left)} bytes")
        array = np.frombuffer(self._left[:size], dtype).reshape(shape)
        self._left = self._left[size:]
        return array.astype(dtype.newbyteorder("="))

    def check_all_taken(self) -> None:
        if len(self._left) > 0:
            raise ValueError(f"{len(self._left)} bytes too many")


def _from_json(value: Any, arrays: _Arrays) -> Any:
    if isinstance(value, list):
        return tuple(_from_json(item, arrays) for item in value)
    if not isinstance(value, dict):
        return value
    named = dict(value)
    kind = named.pop("type")
    if kind == "array":
        return arrays.take(DTYPES[named["dtype"]], named["shape"])
    return PARTS[kind](**{name: _from_json(part, arrays) for name, part in named.items()})


def _to_json(value: Any, arrays: list[bytes]) -> Any:
    """JSON's form of a value; the bytes of its arrays are added to `arrays`."""
    if isinstance(value, np.ndarray):
        name = value.dtype.name
        if name not in DTYPES:
            raise ProtocolError(f"An array of {name} cannot be sent, only {', '.join(DTYPES)}.")
        arrays.append(np.ascontiguousarray(value, DTYPES[name]).tobytes())
        return {"type": "array", "dtype": name, "shape": value.shape}
    if isinstance(value, tuple | list):
        return [_to_json(item, arrays) for item in value]
    kind = type(value).__name__
    if type(value) in (PARTS.get(kind), MESSAGES.get(kind)):
        names = [field.name for field in fields(value)]
        return {"type": kind} | {name: _to_json(getattr(value, name), arrays) for name in names}
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, np.integer | np.floating):
        return value.item()
    raise ProtocolError(f"{value!r} cannot be sent: it is a {kind}.")
