"""The country of a client: what is believed, of whom, and what is ignored."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from starlette.requests import Request

from smalti.api.country import Countries, Proxied, country_of
from smalti.config import read_settings
from smalti.errors import ConfigError

PROXY, CLIENT, STRANGER = "10.0.0.1", "192.0.2.7", "203.0.113.9"


def countries(tmp_path: Path, **flags: object) -> Countries:
    trusted = {"trusted_proxies": "10.0.0.0/8, 2001:db8::1"}
    return Countries(read_settings({"data_dir": tmp_path, **trusted, **flags}, {}))


def seen(found: Countries | None, peer: str | None, **headers: str) -> tuple[str, str, str]:
    """The country, the client and the scheme of a request, as the app sees them."""
    told: list[tuple[str, str, str]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope)
        host = "" if request.client is None else request.client.host
        told.append((country_of(request), host, request.url.scheme))

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "scheme": "http",
        "server": ("smalti", 80),
        "client": None if peer is None else (peer, 50_000),
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin1"))
            for name, value in headers.items()
        ],
        "app": SimpleNamespace(state=SimpleNamespace(countries=found)),
    }
    proxied = Proxied(app, ("10.0.0.0/8", "2001:db8::1/128"))
    asyncio.run(proxied(scope, None, None))  # type: ignore[arg-type]
    return told[0]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    writer = MMDBWriter(6, "GeoLite2-Country", ipv4_compatible=True)
    swiss = {"country": {"iso_code": "CH"}, "registered_country": {"iso_code": "DE"}}
    writer.insert_network(IPSet(["192.0.2.0/24"]), swiss)
    writer.insert_network(IPSet(["2001:db8:1::/48"]), {"registered_country": {"iso_code": "JP"}})
    writer.insert_network(IPSet(["198.51.100.0/25"]), {"country_code": "IN", "asn": "AS1"})
    writer.insert_network(IPSet(["198.51.100.128/25"]), {"country": "somewhere", "asn": 7})
    file = tmp_path_factory.mktemp("geo") / "countries.mmdb"
    writer.to_db_file(str(file))
    return file


# --- a proxy's header ---


def test_a_proxy_that_says_no_country_is_served(tmp_path: Path, database: Path) -> None:
    """A health check of its own, say. A database is asked then, where there is one."""
    header = countries(tmp_path, country_header="CF-IPCountry")
    both = countries(tmp_path, country_header="CF-IPCountry", country_database=database)
    assert seen(header, PROXY, x_forwarded_for=CLIENT)[0] == ""
    assert seen(both, PROXY, x_forwarded_for=CLIENT)[0] == "CH"


@pytest.mark.parametrize(
    ("peer", "said", "country"),
    [
        (PROXY, "CH", "CH"),
        (PROXY, " ch ", "CH"),
        ("2001:db8::1", "CH", "CH"),
        (STRANGER, "CH", ""),
        ("2001:db8::2", "CH", ""),
        ("unix", "CH", ""),
        (None, "CH", ""),
        (PROXY, "XX", ""),
        (PROXY, "T1", ""),
        (PROXY, "", ""),
        (PROXY, "Schweiz", ""),
        (PROXY, "C\xe9", ""),
        (PROXY, "\xdf", ""),
        (PROXY, "xx", ""),
        (PROXY, "CH, DE", ""),
    ],
)
def test_a_header_is_believed_of_a_proxy_alone(
    tmp_path: Path, peer: str | None, said: str, country: str
) -> None:
    found = countries(tmp_path, country_header="CF-IPCountry")
    assert seen(found, peer, cf_ipcountry=said)[0] == country


def test_what_a_client_wrote_before_the_proxy_is_not_believed(tmp_path: Path) -> None:
    found = countries(tmp_path, country_header="CF-IPCountry")
    twice = {"cf_ipcountry": "DE", "cf-ipcountry": "CH"}
    assert seen(found, PROXY, **twice)[0] == "CH"


def test_a_header_that_is_not_set_up_says_nothing(tmp_path: Path) -> None:
    assert seen(countries(tmp_path), PROXY, cf_ipcountry="CH")[0] == ""
    assert seen(None, PROXY, cf_ipcountry="CH")[0] == ""


def test_the_proxy_is_who_is_connected_and_not_who_is_named(tmp_path: Path) -> None:
    found = countries(tmp_path, country_header="CF-IPCountry")
    through = seen(found, PROXY, cf_ipcountry="CH", x_forwarded_for=CLIENT)
    assert through[:2] == ("CH", CLIENT)
    forged = seen(found, STRANGER, cf_ipcountry="CH", x_forwarded_for=PROXY)
    assert forged[:2] == ("", STRANGER)


# --- a database ---


@pytest.mark.parametrize(
    ("peer", "headers", "country"),
    [
        (CLIENT, {}, "CH"),
        ("::ffff:192.0.2.7", {}, "CH"),
        ("2001:db8:1::5", {}, "JP"),
        ("198.51.100.1", {}, "IN"),
        ("198.51.100.200", {}, ""),
        (STRANGER, {}, ""),
        ("unix", {}, ""),
        (None, {}, ""),
        (PROXY, {"x_forwarded_for": CLIENT}, "CH"),
        (PROXY, {"x_forwarded_for": f"{STRANGER}, {CLIENT}, 10.0.0.2"}, "CH"),
        (PROXY, {"x_forwarded_for": f"{CLIENT}:4711"}, "CH"),
        (PROXY, {"x_forwarded_for": "nonsense"}, ""),
        (PROXY, {"x_forwarded_for": ""}, ""),
        (PROXY, {}, ""),
        (STRANGER, {"x_forwarded_for": CLIENT}, ""),
    ],
)
def test_an_address_is_looked_up(
    tmp_path: Path, database: Path, peer: str | None, headers: dict[str, str], country: str
) -> None:
    assert seen(countries(tmp_path, country_database=database), peer, **headers)[0] == country


def test_the_header_comes_before_the_database(tmp_path: Path, database: Path) -> None:
    found = countries(tmp_path, country_header="CF-IPCountry", country_database=database)
    assert seen(found, PROXY, cf_ipcountry="FR", x_forwarded_for=CLIENT)[0] == "FR"
    assert seen(found, PROXY, cf_ipcountry="XX", x_forwarded_for=CLIENT)[0] == "CH"
    assert seen(found, CLIENT, cf_ipcountry="FR")[0] == "CH"


def test_a_database_of_ipv4_alone(tmp_path: Path) -> None:
    writer = MMDBWriter(4, "Old")
    writer.insert_network(IPSet(["192.0.2.0/24"]), {"country": {"iso_code": "CH"}})
    writer.to_db_file(str(tmp_path / "old.mmdb"))
    found = countries(tmp_path, country_database=tmp_path / "old.mmdb")
    assert seen(found, CLIENT)[0] == "CH"
    assert seen(found, "2001:db8:1::5")[0] == ""


def test_a_file_that_is_damaged_is_no_fault_of_the_request(tmp_path: Path, database: Path) -> None:
    whole = bytearray(database.read_bytes())
    begin, end = whole.index(b"iso_code") - 40, whole.index(b"iso_code") + 12
    whole[begin:end] = b"\xff" * (end - begin)
    (tmp_path / "damaged.mmdb").write_bytes(whole)
    found = countries(tmp_path, country_database=tmp_path / "damaged.mmdb")
    assert seen(found, CLIENT)[0] == ""


def no_file(folder: Path) -> Path:
    return folder / "none.mmdb"


def other_file(folder: Path) -> Path:
    (folder / "list.mmdb").write_text("a shopping list" * 100)
    return folder / "list.mmdb"


@pytest.mark.parametrize(
    ("file", "said"),
    [(no_file, "No such file"), (other_file, "no MaxMind database"), (Path, "cannot be read")],
)
def test_a_database_that_cannot_be_read(
    tmp_path: Path, file: Callable[[Path], Path], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        countries(tmp_path, country_database=file(tmp_path))


def test_without_the_library(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(ConfigError, match="pip install 'smalti\\[geo\\]'"):
        countries(tmp_path, country_database=database)


# --- who the client is ---


def test_a_proxy_says_how_the_client_came(tmp_path: Path) -> None:
    headers = {"x_forwarded_proto": "https", "x_forwarded_for": CLIENT}
    assert seen(None, PROXY, **headers) == ("", CLIENT, "https")
    assert seen(None, STRANGER, **headers) == ("", STRANGER, "http")
