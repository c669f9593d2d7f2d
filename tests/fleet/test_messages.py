from __future__ import annotations

import io
import json
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from smalti.engine.errors import ProtocolError
from smalti.engine.picture import (
    Cancelled,
    Done,
    Failed,
    Paused,
    PictureOrder,
    RowDrawn,
    Started,
    Strip,
)
from smalti.fleet import messages
from smalti.fleet.messages import (
    Cancel,
    Dying,
    Heartbeat,
    Message,
    Pause,
    Ready,
    Serve,
    Start,
    decode,
    encode,
    read,
)
from smalti.models.tile_model import Conditions, Grid

IDS = st.text(max_size=8)
COUNTS = st.integers(0, 2**40)
SECONDS = st.floats(0, 1e9)
LAYOUTS = st.lists(st.integers(-(2**63), 2**64), max_size=6).map(tuple)
CODES = hnp.arrays(np.int16, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9))
PIXELS = hnp.arrays(np.uint8, st.tuples(st.integers(0, 9), st.integers(0, 9), st.just(3)))
GRIDS = st.builds(Grid, COUNTS, COUNTS)
TEXT = st.text(st.characters(), max_size=40)  # lone surrogates too
CONDITIONS = st.builds(Conditions, TEXT, GRIDS, st.none() | PIXELS, st.none() | TEXT)
ORDERS = st.builds(
    PictureOrder,
    *(IDS, IDS, IDS, CONDITIONS, st.integers()),
    temperature=st.none() | SECONDS,
    layout=st.none() | LAYOUTS,
    drawn=st.none() | CODES,
    shown_rows=COUNTS,
)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Serve, IDS, IDS, COUNTS, IDS, SECONDS),
    st.builds(Start, ORDERS),
    st.builds(Cancel, IDS),
    st.builds(Pause, IDS),
    st.builds(Ready, IDS),
    st.builds(Heartbeat, COUNTS, COUNTS, COUNTS),
    st.builds(Dying, TEXT, TEXT),
    st.builds(Started, IDS, IDS, LAYOUTS),
    st.builds(RowDrawn, IDS, COUNTS, CODES, SECONDS),
    st.builds(Strip, IDS, COUNTS, COUNTS, PIXELS),
    st.builds(Done, IDS, SECONDS, COUNTS),
    st.builds(Failed, IDS, TEXT, SECONDS),
    st.builds(Cancelled, IDS, SECONDS),
    st.builds(Paused, IDS, st.none() | LAYOUTS, st.none() | CODES, COUNTS, SECONDS),
)


def assert_same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    if is_dataclass(a):
        for field in fields(a):
            assert_same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert a.tobytes() == b.tobytes()
        assert b.flags.writeable
    else:
        assert a == b


@given(st.lists(MESSAGES, max_size=4))
def test_messages_come_out_as_they_went_in(sent: list[Message]) -> None:
    stream = io.BytesIO(b"".join(encode(message) for message in sent))
    for message in sent:
        assert_same(message, read(stream.read))
    assert stream.read() == b""


def test_an_array_that_is_a_view_is_sent_as_it_looks() -> None:
    codes = np.arange(24, dtype=np.int16).reshape(6, 4)[::2, ::-1]
    received = read(io.BytesIO(encode(RowDrawn("p", 0, codes, 0.0))).read)
    assert isinstance(received, RowDrawn)
    assert np.array_equal(received.codes, codes)


def test_numbers_of_numpy_are_numbers() -> None:
    received = read(io.BytesIO(encode(Started("p", "w", (np.int64(3),)))).read)
    assert isinstance(received, Started)
    assert received.layout == (3,)


@given(st.binary(max_size=60), st.binary(max_size=20))
def test_noise_is_no_message(header: bytes, payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(header, payload)


ROW = {"type": "RowDrawn", "picture_id": "p", "row": 0, "device_s": 0.0}


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ({"type": "Reboot"}, b""),
        ({"type": "Cancel"}, b""),
        ({"type": "Cancel", "picture_id": "p", "more": 1}, b""),
        ({"type": "Cancel", "picture_id": "p"}, b"x"),
        ({"type": "Start", "order": {"type": "Popen", "args": "ls"}}, b""),
        (ROW | {"codes": {"type": "array", "dtype": "object", "shape": [1]}}, b"12345678"),
        (ROW | {"codes": {"type": "array", "dtype": "int16", "shape": [2, 2]}}, b"123"),
        (ROW | {"codes": {"type": "array", "dtype": "int16", "shape": [-1, -2]}}, b"1234"),
        ([], b""),
    ],
)
def test_a_wrong_message_is_refused(header: Any, payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(json.dumps(header).encode(), payload)


def test_a_frame_that_is_too_large_is_refused_unread() -> None:
    prefix = messages.PREFIX.pack(messages.MAX_BYTES + 1, 0)
    with pytest.raises(ProtocolError, match="is announced"):
        read(io.BytesIO(prefix).read)


def test_a_message_that_is_too_large_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_BYTES", 100)
    with pytest.raises(ProtocolError, match="too large"):
        encode(Strip("p", 0, 1, np.zeros((6, 6, 3), np.uint8)))


@pytest.mark.parametrize("value", [object(), {1: 2}, np.zeros(1), np.zeros(1, object)])
def test_what_has_no_form_as_bytes_is_not_sent(value: Any) -> None:
    with pytest.raises(ProtocolError, match="cannot be sent"):
        encode(Failed("p", value))
