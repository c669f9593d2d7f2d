"""HTTP by hand, for what no client would send."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass

from hosted import Hosted, Served

Server = Hosted | Served


@dataclass(frozen=True)
class Heard:
    """What came back on a connection until the other side closed it."""

    data: bytes

    @property
    def statuses(self) -> list[int]:
        lines = self.data.split(b"HTTP/1.1 ")[1:]
        return [int(line[:3]) for line in lines]

    @property
    def message(self) -> str:
        """Of the error in the last reply."""
        body = self.data.rpartition(b"\r\n\r\n")[2]
        return str(json.loads(body)["error"]["message"])


def connect(served: Server, timeout_s: float = 20) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=timeout_s)


def head(served: Server, line: str, *headers: str) -> bytes:
    """The head of a request with a key. line: such as `POST /x`."""
    own = ("host: smalti", f"authorization: Bearer {served.key}", *headers)
    return "\r\n".join((f"{line} HTTP/1.1", *own, "", "")).encode()


def drawing(served: Server, prompt: str, **fields: object) -> bytes:
    """A whole request for pictures."""
    body = json.dumps({"prompt": prompt, **fields}).encode()
    return head(served, "POST /v1/images/generations", f"content-length: {len(body)}") + body


def say(served: Server, chunks: Iterable[bytes], *, pause_s: float = 0, end: bool = False) -> Heard:
    """Send the chunks, and hear until the server closes. end: say that nothing follows."""
    with connect(served) as wire:
        try:
            for chunk in chunks:
                wire.sendall(chunk)
                if pause_s:
                    time.sleep(pause_s)
            if end:
                wire.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has closed before everything was said; what it answered can still be read
        return Heard(rest_of(wire))


def rest_of(wire: socket.socket) -> bytes:
    data = b""
    try:
        while chunk := wire.recv(65_536):
            data += chunk
    except ConnectionResetError:
        pass
    return data


def until(wire: socket.socket, what: bytes) -> bytes:
    data = b""
    while what not in data:
        chunk = wire.recv(65_536)
        assert chunk, data
        data += chunk
    return data


def break_off(wire: socket.socket) -> None:
    """Close as a program does that has been killed, without a goodbye."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()
