"""The country of a client: from a header of a trusted proxy, or from a database of addresses.

A header that stands there twice is the proxy's where it stands last. One of anybody else is not
believed: `Proxied` notes who is at the other end of the connection before a proxy's
`X-Forwarded-For` says for whom it speaks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from smalti.config import Settings
from smalti.errors import ConfigError

if TYPE_CHECKING:
    from maxminddb import Reader

PEER = "smalti.peer"
UNKNOWN = ("XX",)
"""What proxies write for a country that they do not know."""


class Proxied:
    """ASGI middleware around everything else: the client is the one that a trusted proxy names.

    networks: of the proxies. What anybody else says of himself is left as it is, and not believed.
    """

    def __init__(self, app: ASGIApp, networks: Sequence[str]) -> None:
        self._app = ProxyHeadersMiddleware(app, trusted_hosts=list(networks))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[PEER] = scope["client"][0] if scope.get("client") else ""
        await self._app(scope, receive, send)  # type: ignore[arg-type]


class Countries:
    """What the settings say of it. Raises ConfigError."""

    def __init__(self, settings: Settings) -> None:
        self._header = settings.country_header
        self._proxies = [ip_network(network) for network in settings.trusted_proxies]
        self._database = None
        if settings.country_database is not None:
            self._database = open_database(settings.country_database)

    def of(self, request: Request) -> str:
        """Two upper-case letters, or empty where nobody knows."""
        if self._header is not None and self._is_proxy(request.scope.get(PEER, "")):
            said = country_in((request.headers.getlist(self._header) or [""])[-1])
            if said:
                return said
        if self._database is not None and request.client is not None:
            return self._looked_up(self._database, request.client.host)
        return ""

    def _is_proxy(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._proxies)

    def _looked_up(self, database: Reader, host: str) -> str:
        try:
            address = ip_address(host)
            mapped = getattr(address, "ipv4_mapped", None)
            found: Any = database.get(mapped or address)
        except (ValueError, RuntimeError):  # no address, none of its kind; a file that is damaged
            return ""
        for name in ("country", "registered_country", "country_code"):
            said = found.get(name) if isinstance(found, dict) else None
            code = country_in(said.get("iso_code") if isinstance(said, dict) else said)
            if code:
                return code
        return ""


def country_of(request: Request) -> str:
    """The country that a request comes from: two upper-case letters, or empty.

    As `app.state.countries` finds it; empty where the app has none.
    """
    countries: Countries | None = getattr(request.app.state, "countries", None)
    return "" if countries is None else countries.of(request)


def country_in(said: object) -> str:
    """Whatever is no code of two letters is ignored."""
    found = re.fullmatch("[A-Za-z]{2}", said.strip()) if isinstance(said, str) else None
    code = "" if found is None else found[0].upper()
    return "" if code in UNKNOWN else code


def open_database(file: Path) -> Reader:
    """Raises ConfigError."""
    try:
        import maxminddb
    except ModuleNotFoundError:
        raise ConfigError(
            f"Setting 'country_database' has value '{file}' and needs 'maxminddb', which is not "
            "installed: pip install 'smalti[geo]'."
        ) from None
    try:
        return maxminddb.open_database(file)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no MaxMind database"
        raise ConfigError(
            f"Setting 'country_database' has value '{file}', which cannot be read: {reason}. It "
            "must be a file such as GeoLite2-Country.mmdb."
        ) from None
