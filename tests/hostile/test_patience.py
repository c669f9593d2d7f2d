"""Clients that send a byte now and then, or read nothing, or come in hundreds."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable

import httpx2
import pytest
from crowd import CROWD, OTHERS, among_idle_streams, eventually_draws
from hosted import Hosted, Served, new_key, soon
from wire import Heard, break_off, connect, drawing, head, rest_of, say, until

from smalti.api import guard

POST = "POST /v1/images/generations"
BODY = b'{"prompt": "a boat"}'


def drip(text: bytes) -> list[bytes]:
    return [text[i : i + 1] for i in range(len(text))]


def test_a_head_that_comes_a_byte_at_a_time(impatient: Hosted) -> None:
    heard = say(impatient, drip(b"GET /healthz HTTP/1.1\r\nhost: a\r\n"), pause_s=0.1)
    assert heard.statuses == [408]
    assert "within 1 s" in heard.message


def test_a_head_that_stops(impatient: Hosted) -> None:
    heard = say(impatient, [b"GET /healthz HTTP/1.1\r\nhost"])
    assert heard.statuses == [408]


def test_a_connection_without_a_word_is_closed(impatient: Hosted) -> None:
    assert say(impatient, []) == Heard(b"")


TCP_REPAIR = 19
"""A socket in this mode is closed without a word to the other side; from linux/tcp.h."""


def vanish(wire: socket.socket) -> None:
    """As if its machine had lost its power."""
    try:
        wire.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except OSError:
        pytest.skip("only root may let a connection vanish")
    wire.close()


def test_who_vanishes_without_a_word_frees_his_slot(
    impatient: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "PROBE_AFTER_S", 1)
    wire = connect(impatient)
    wire.sendall(drawing(impatient, "hold@1"))
    impatient.backend.holding.get(timeout=5)
    vanish(wire)
    eventually_draws(impatient)


def test_a_body_that_stops(impatient: Hosted) -> None:
    heard = say(impatient, [head(impatient, POST, "content-length: 1000") + BODY])
    assert heard.statuses == [408]
    assert "too slowly" in heard.message


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b"])
def test_a_body_that_comes_a_byte_at_a_time(impatient: Hosted, kind: str) -> None:
    begun = head(impatient, POST, "content-length: 1000", f"content-type: {kind}")
    heard = say(impatient, [begun, *drip(b"--b\r\nContent-Disposition: form-data")], pause_s=0.1)
    assert heard.statuses == [408]


def test_chunks_that_come_a_byte_at_a_time(impatient: Hosted) -> None:
    chunks = [b"1\r\n" + byte + b"\r\n" for byte in drip(BODY * 2)]
    heard = say(
        impatient, [head(impatient, POST, "transfer-encoding: chunked"), *chunks], pause_s=0.1
    )
    assert heard.statuses == [408]


def test_a_body_that_nobody_waits_for_is_not_read_for_ever(impatient: Hosted) -> None:
    wrong = head(impatient, POST, "content-length: 100000").replace(b"Bearer sk", b"Bearer xx")
    heard = say(impatient, [wrong, *drip(bytes(60))], pause_s=0.1)
    assert heard.statuses == [401]


def test_a_connection_is_left_open_once_the_body_that_nobody_waited_for_has_come(
    start_here: Callable[..., Hosted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LINGER_S", 0.5)
    served = start_here(slots=1)
    refused = head(served, POST, "content-length: 9", "content-type: multipart/form-data")
    with connect(served) as wire:
        wire.sendall(refused)
        until(wire, b"boundary")
        wire.sendall(bytes(9))
        whole = drawing(served, "a boat")
        for piece in (whole[:-2], whole[-2:-1], whole[-1:]):
            wire.sendall(piece)
            time.sleep(0.4)
        assert b" 200 " in until(wire, b"\r\n\r\n")


def test_a_stream_that_is_silent_tells_that_it_lives(impatient: Hosted) -> None:
    with connect(impatient) as wire:
        wire.sendall(drawing(impatient, "hold@3", stream=True))
        until(wire, b" accepted\n\n")
        for _ in range(3):
            assert b": " in until(wire, b"\n\n")
        break_off(wire)
    eventually_draws(impatient)


def test_more_connections_than_are_taken(start_here: Callable[..., Hosted]) -> None:
    served = start_here(slots=1, max_connections=10, body_timeout_s=2)
    crowd = [connect(served) for _ in range(15)]
    with connect(served) as late:
        late.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        heard = Heard(rest_of(late))
        assert heard.statuses == [503]
        assert "10 connections" in heard.message
        assert b"retry-after: 5\r\n" in heard.data
    more = [connect(served) for _ in range(10)]
    assert rest_of(more[-1]) == b""
    for wire in (*crowd, *more):
        wire.close()
    eventually_draws(served)


IDLE = 100
"""`make fuzz` does the same with a thousand."""
IDLE_MB = 50


def test_idle_streams(start: Callable[..., Served]) -> None:
    """They wait; the others are served."""
    served = start(**CROWD)
    before = served.memory_mb()
    assert asyncio.run(among_idle_streams(served, IDLE)) == OTHERS
    assert served.memory_mb(peak=True) - before < IDLE_MB
    eventually_draws(served)


def test_who_keeps_many_streams_open_leaves_connections_to_others(
    start_here: Callable[..., Hosted],
) -> None:
    served = start_here(slots=1, max_connections=20)
    eve, ben = new_key(served), new_key(served)
    held = drawing(served, "hold@1", stream=True).replace(served.key.encode(), eve.encode())
    wires = [connect(served) for _ in range(12)]
    heard = list[bytes]()
    for wire in wires:
        wire.sendall(held)
        heard.append(until(wire, b"\r\n\r\n"))
    assert [b" 200 " in line for line in heard] == [True] * 10 + [False] * 2
    assert b" 429 " in heard[-1] and b"retry-after: 5" in heard[-1]
    with connect(served) as wire:
        wire.sendall(head(served, "GET /v1/models").replace(served.key.encode(), ben.encode()))
        assert b" 200 " in until(wire, b"\r\n\r\n")
    for wire in wires:
        break_off(wire)
    eventually_draws(served)
    soon(lambda: _models(served, eve) == 200)


def _models(served: Hosted, key: str) -> int:
    headers = {"authorization": f"Bearer {key}"}
    return httpx2.get(f"{served.url}/v1/models", headers=headers).status_code


@pytest.mark.parametrize("other", ["h2c", "websocket", "TLS/1.3"])
def test_an_offer_of_another_protocol_is_left_aside_without_a_word(
    impatient: Hosted, other: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "uvicorn.error")
    asked = f"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: {other}"
    assert say(impatient, [asked.encode() + b"\r\n\r\n"]).statuses == [200]
    assert "uvicorn.error" not in {record.name for record in caplog.records}
