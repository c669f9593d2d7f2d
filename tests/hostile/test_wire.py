"""What is hardly HTTP, said to a live server by hand."""

from __future__ import annotations

import contextlib
import socket
import time

import httpx2
import pytest
from hosted import Served
from wire import Heard, break_off, connect, drawing, head, rest_of, say, until

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: smalti\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nhost: smalti\r\nconnection: close\r\n\r\n"
POST = "POST /v1/images/generations"


def until_it_draws(http: httpx2.Client) -> None:
    for _ in range(1000):
        if any(job["status"] == "running" for job in http.get("/v1/jobs").json()["data"]):
            return
        time.sleep(0.01)
    raise AssertionError("nothing is drawn")


def is_refused(heard: Heard, status: int = 400) -> None:
    assert heard.statuses[-1:] == [status], heard.data
    assert heard.message
    assert b"x-request-id: req_" in heard.data


NO_HTTP = {
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40) + b"\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "HTTP/99": b"GET / HTTP/99\r\nhost: a\r\n\r\n",
    "NUL in the path": b"GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n",
    "a space in the path": b"GET /a b HTTP/1.1\r\nhost: a\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\nhost: a\r\n: b\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nhost: a\r\nbcd\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nhost : a\r\n\r\n",
    "no line": b"\r\n\r\n\r\n\r\nfoo\r\n\r\n",
    "binary": bytes(range(256)) * 4 + b"\r\n\r\n",
}


@pytest.mark.parametrize("name", NO_HTTP)
def test_no_http_is_refused(served: Served, name: str) -> None:
    is_refused(say(served, [NO_HTTP[name]]))


LENGTHS = {
    "negative": ["content-length: -1"],
    "no number": ["content-length: many"],
    "in hexadecimal": ["content-length: 0x10"],
    "two": ["content-length: 5", "content-length: 6"],
    "two in one": ["content-length: 5, 6"],
    "of forty digits": ["content-length: " + "9" * 40],
    "with a plus": ["content-length: +5"],
    "a list of codings": ["transfer-encoding: gzip, chunked"],
    "an unknown coding": ["transfer-encoding: x"],
    "chunked twice": ["transfer-encoding: chunked", "transfer-encoding: chunked"],
}


@pytest.mark.parametrize("name", LENGTHS)
def test_a_length_that_is_none(served: Served, name: str) -> None:
    is_refused(say(served, [head(served, POST, *LENGTHS[name])]))


CHUNKS = {
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "no number": b"zz\r\nabc\r\n0\r\n\r\n",
    "negative": b"-5\r\nabc\r\n0\r\n\r\n",
    "of thirty digits": b"f" * 30 + b"\r\nabc",
    "too little": b"2\r\nabcdef\r\n0\r\n\r\n",
    "a long extension": b"2;" + b"x" * 100_000,
}


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks_that_are_garbage(served: Served, name: str) -> None:
    heard = say(served, [head(served, POST, "transfer-encoding: chunked"), CHUNKS[name]])
    assert heard.statuses[0] in (400, 431), heard.data
    assert heard.message


FLOODS = {
    "many headers": "".join(f"x-{i}: {i}\r\n" for i in range(10_000)),
    "one long header": "x: " + "a" * 1_000_000 + "\r\n",
    "one long name": "x" * 1_000_000 + ": a\r\n",
    "many cookies": "cookie: a=b\r\n" * 20_000,
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_headers(served: Served, name: str) -> None:
    flood = b"GET /healthz HTTP/1.1\r\nhost: a\r\n" + FLOODS[name].encode() + b"\r\n"
    is_refused(say(served, [flood[:70_000]]), 431)
    assert say(served, [flood]).statuses in ([], [431])


def test_a_flood_that_never_ends(served: Served) -> None:
    line = b"x-more: of the same\r\n" * 1000
    heard = say(served, [b"GET /healthz HTTP/1.1\r\nhost: a\r\n", *[line] * 2000])
    assert heard.statuses in ([], [431])


@pytest.mark.parametrize(
    "path",
    [
        "/pictures/..%2f..%2f..%2fetc%2fpasswd",
        "/pictures/../../../etc/passwd",
        "/pictures/%00.png",
        "/v1/jobs/%ff%fe",
        "/v1/jobs/" + "a" * 50_000,
        "/%e2%80%ae",
        "//",
        "http://other.example/v1/models/x",
        "/v1/models?" + "&".join(f"a{i}=1" for i in range(5000)),
    ],
)
def test_odd_paths(served: Served, path: str) -> None:
    heard = say(served, [head(served, f"GET {path}", "connection: close")])
    assert heard.statuses[0] in (200, 400, 404), heard.data
    assert b"root:" not in heard.data


@pytest.mark.parametrize("method", ["BREW", "TRACE", "CONNECT", "get", "A" * 10_000])
def test_odd_methods(served: Served, method: str) -> None:
    heard = say(served, [head(served, f"{method} /v1/models", "connection: close")])
    assert heard.statuses[0] in (400, 404, 405), heard.data
    assert heard.message


def test_a_key_that_is_no_text(served: Served) -> None:
    for key in (b"\xff\xfe", b"sk-" + b"\xc3\xbc" * 20, b"sk-" + b"x" * 50_000, b" "):
        request = b"GET /v1/models HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
        heard = say(served, [request + b"authorization: Bearer " + key + b"\r\n\r\n"])
        assert heard.statuses == [401], heard.data


def test_http_1_0(served: Served) -> None:
    assert say(served, [b"GET /healthz HTTP/1.0\r\n\r\n"]).statuses == [200]
    old = drawing(served, "a boat").replace(b"HTTP/1.1", b"HTTP/1.0")
    assert say(served, [old]).statuses == [200]


def test_requests_in_a_row_are_answered_in_order(served: Served) -> None:
    asked = [HEALTH, drawing(served, "a boat"), head(served, "GET /nowhere")] * 5
    assert say(served, [b"".join(asked) + LAST]).statuses == [200, 200, 404] * 5 + [200]


def test_garbage_after_a_request(served: Served) -> None:
    heard = say(served, [HEALTH + b"\x00\x01garbage\r\n\r\n"])
    assert heard.statuses == [200, 400]


def test_a_body_longer_than_its_length_is_no_part_of_it(served: Served) -> None:
    heard = say(served, [drawing(served, "a boat") + b'{"smuggled": true}\r\n\r\n'])
    assert heard.statuses == [200, 400]


def test_a_length_beside_chunks_is_not_believed(served: Served) -> None:
    body = b"10\r\n" + b'{"prompt": "ab"}' + b"\r\n0\r\n\r\n"
    lines = ("content-length: 3", "transfer-encoding: chunked")
    heard = say(served, [head(served, POST, *lines) + body + LAST])
    assert heard.statuses in ([200, 200], [400])


def test_a_body_shorter_than_its_length(served: Served) -> None:
    cut = head(served, POST, "content-length: 1000") + b'{"prompt": "a"}'
    assert say(served, [cut], end=True).statuses in ([], [400])


def test_a_length_over_the_limit_is_refused_unread(served: Served) -> None:
    heard = say(served, [head(served, POST, "content-length: 999999999999")])
    is_refused(heard, 413)


def test_who_stops_sending_and_waits_counts_as_gone(served: Served) -> None:
    heard = say(served, [drawing(served, "hold@1")], end=True)
    assert heard.statuses == []


@pytest.mark.parametrize("fields", [{}, {"stream": True}])
def test_who_is_killed_frees_his_slot(served: Served, fields: dict[str, object]) -> None:
    for _ in range(3):
        wire = connect(served)
        wire.sendall(drawing(served, "hold@1", **fields))
        if fields:
            until(wire, b": ")
        break_off(wire)


@pytest.mark.parametrize("fields", [{}, {"stream": True}])
def test_who_has_asked_for_more_ahead_and_is_gone_frees_his_slot(
    served: Served, http: httpx2.Client, fields: dict[str, object]
) -> None:
    with connect(served, timeout_s=5) as wire:
        wire.sendall(drawing(served, "hold@1", **fields))
        until_it_draws(http)
        wire.sendall(HEALTH)  # ahead of the reply
        wire.shutdown(socket.SHUT_WR)
        assert rest_of(wire).count(b" 200 OK") == len(fields)


def test_who_sends_a_flood_ahead_of_his_reply_counts_as_gone(
    served: Served, http: httpx2.Client
) -> None:
    with connect(served) as wire:
        wire.sendall(drawing(served, "hold@1"))
        until_it_draws(http)
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                wire.sendall(HEALTH * 100)
        assert rest_of(wire) == b""


def test_who_is_killed_while_he_sends(served: Served) -> None:
    for _ in range(10):
        wire = connect(served)
        wire.sendall(head(served, "POST /v1/images/edits", "content-length: 5000000") + b"-" * 9000)
        break_off(wire)


def test_who_expects_a_100_gets_it(served: Served) -> None:
    body = b'{"prompt": "a boat"}'
    lines = (f"content-length: {len(body)}", "expect: 100-continue", "connection: close")
    with connect(served) as wire:
        wire.sendall(head(served, POST, *lines))
        assert b" 100 " in until(wire, b"\r\n\r\n")
        wire.sendall(body)
        assert Heard(rest_of(wire)).statuses == [200]
