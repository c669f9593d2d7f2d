"""What is said and refused before the server serves."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from fake_backend import FakeBackend

from smalti.cli import serving
from smalti.cli.commands import run
from smalti.cli.serving import (
    PatientServer,
    _greeting,
    _listen,
    check_local_mode,
    serve_until_stopped,
)
from smalti.config import Settings, read_settings
from smalti.errors import ConfigError, SmaltiError
from smalti.models.facts import MODELS
from smalti.service import Parts, open_parts
from smalti.service.sole import sole_server
from smalti.store.database import Database


def settings(folder: Path, **flags: object) -> Settings:
    return read_settings({"data_dir": folder, **flags}, environ={})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_local_mode_is_for_this_machine_alone(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match=f"'host' has value '{host}'"):
        check_local_mode(settings(tmp_path, host=host, local_mode=True))
    check_local_mode(settings(tmp_path, host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_local_mode_on_loopback(tmp_path: Path, host: str) -> None:
    check_local_mode(settings(tmp_path, host=host, local_mode=True))


def test_local_mode_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["serve", "--local", "--host", "0.0.0.0", "--data-dir", str(tmp_path)]
    assert run(arguments) == 2
    assert "Use local mode with --host 127.0.0.1, or keys." in capsys.readouterr().err
    assert not (tmp_path / "smalti.db").exists()


def test_the_greeting_says_how_to_draw(tmp_path: Path) -> None:
    with_key = _greeting(settings(tmp_path), 8000, "cpu", "sk-the-key")
    assert "Authorization: Bearer sk-the-key" in with_key and "need no key" not in with_key
    local = _greeting(settings(tmp_path, local_mode=True), 8000, "cpu", "sk-the-key")
    assert "Authorization" not in local and "programs on this machine need no key" in local
    assert "http://127.0.0.1:8000/v1/images/generations" in local


def speaks_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", *["::1", "::"] * speaks_ipv6()])
def test_the_address_that_is_greeted_with_is_one_at_which_the_server_is(
    tmp_path: Path, host: str
) -> None:
    with _listen(host, 0) as listener:
        told = _greeting(settings(tmp_path, host=host), listener.getsockname()[1], "cpu", "key")
        found = re.search(r"address +http://\[?([^\s\]]+)\]?:(\d+)\n", told)
        assert found is not None
        with socket.create_connection((found[1], int(found[2]))):
            pass


def test_a_second_server_over_the_same_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sole_server(tmp_path):
        assert run(["serve", "--port", "0", "--device", "cpu", "--data-dir", str(tmp_path)]) == 2
    assert f"Another server runs over {tmp_path}" in capsys.readouterr().err


def test_a_second_server_over_the_same_database_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite:///{tmp_path}/one.db"
    monkeypatch.setenv("SMALTI_DATABASE_URL", address)
    first = Database(address, alone=True)
    folder = tmp_path / "second"
    assert run(["serve", "--port", "0", "--device", "cpu", "--data-dir", str(folder)]) == 2
    assert f"Another server uses the database {tmp_path}/one.db." in capsys.readouterr().err
    first.close()


def test_a_server_whose_database_was_taken_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Parts] = []

    def opening(its: Settings, *, alone: bool) -> Parts:
        opened.append(open_parts(its, alone=alone))
        return opened[0]

    def serving_until_taken(server: PatientServer, sockets: object) -> None:
        opened[0].database.superseded = "Another server has used the database."
        opened[0].database.when_superseded()
        assert server.should_exit

    monkeypatch.setattr(serving, "open_parts", opening)
    monkeypatch.setattr(PatientServer, "run", serving_until_taken)
    its = settings(tmp_path, port=0)
    with pytest.raises(SmaltiError, match="Another server has used the database"):
        serve_until_stopped(its, instead=(FakeBackend(), MODELS))
