"""smalti doctor: whether the port is free, and who has it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from smalti.cli import machine_checks
from smalti.cli.finding import Finding
from smalti.config import read_settings


@pytest.fixture
def taken() -> Iterator[Callable[..., int]]:
    """Starts a web server on a free port; says which."""
    servers: list[HTTPServer] = []

    def start(**headers: str) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        servers.append(server)
        return server.server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def port_finding(tmp_path: Path, port: int, host: str = "127.0.0.1") -> Finding:
    settings = read_settings({"data_dir": tmp_path, "port": port, "host": host}, {})
    return machine_checks.check_port(settings)


def test_a_port_that_is_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert port_finding(tmp_path, port).state == "ok"


def test_a_port_where_smalti_answers(tmp_path: Path, taken: Callable[..., int]) -> None:
    finding = port_finding(tmp_path, taken(x_request_id="req_1"))
    assert finding.state == "ok"
    assert "a smalti answers" in finding.finding


def test_a_port_that_another_has(tmp_path: Path, taken: Callable[..., int]) -> None:
    finding = port_finding(tmp_path, taken())
    assert finding.state == "fail"
    assert "SMALTI_PORT" in finding.remedy


def test_a_port_whose_owner_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_checks, "ASK_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert port_finding(tmp_path, listener.getsockname()[1]).state == "fail"


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    assert port_finding(tmp_path, 8000, "192.0.2.1").state == "fail"
