"""The server: wires the parts, says how to reach it, and runs until it is stopped."""

from __future__ import annotations

import asyncio
import shlex
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import quote

import uvicorn

from smalti import __version__
from smalti.api import create_app
from smalti.api.guard import protocol_for
from smalti.cli.machine_checks import ON_THIS_MACHINE
from smalti.config import Settings
from smalti.devices import find_device
from smalti.errors import ConfigError, SmaltiError
from smalti.fleet.backend import Backend
from smalti.fleet.local import LocalBackend
from smalti.models.facts import MODELS, ModelFacts
from smalti.observe import open_traces
from smalti.observe.logs import configure_logs
from smalti.service import Service, open_parts
from smalti.service.first_start import enter_first_people
from smalti.service.sole import sole_server
from smalti.studio import pages_router

KEEP_ALIVE_S = 75
"""How long an idle connection stays open: longer than clients keep one to use it again."""
CHECKPOINT_S = 10
"""How long, after the time of grace, what is being drawn may take to be written down."""


def serve_until_stopped(
    settings: Settings,
    loaders: Mapping[str, str] | None = None,
    *,
    instead: tuple[Backend, Sequence[ModelFacts]] | None = None,
) -> None:
    """loaders: import paths by model name, in place of those that the registry knows.

    instead: where pictures are drawn, and the models there, in place of this machine's device.

    Raises ConfigError; StoreUnavailable; SmaltiError if the address is taken, or once another
    server has taken the database.
    """
    check_local_mode(settings)
    backend, models, device = _engine(settings, loaders) if instead is None else _named(*instead)
    with _listen(settings.host, settings.port) as listener, sole_server(settings.data_dir):
        parts = open_parts(settings, alone=True)
        try:
            first, secret = enter_first_people(parts.people, settings)
            traces = open_traces(settings.otlp_endpoint)
            service = Service(backend, models, settings, parts, traces=traces)
            app = create_app(service, parts, settings, traces)
            app.include_router(pages_router(settings.public_url))
            configure_logs(
                settings.log_level, settings.log_format, settings.log_prompts, hidden=(secret,)
            )
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=settings.stop_grace_s + CHECKPOINT_S,
                http=protocol_for(settings),
            )
            port = listener.getsockname()[1]
            key = secret if first.revoked_at is None else "the first one was revoked"
            sys.stdout.write(_greeting(settings, port, device, key))
            sys.stdout.flush()
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            server = PatientServer(config, service, settings.stop_grace_s)
            parts.database.when_superseded = server.end
            with suppress(KeyboardInterrupt):
                server.run(sockets=[listener])
            traces.close()
            if parts.database.superseded is not None:
                raise SmaltiError(parts.database.superseded)
        finally:
            parts.close()


_Engine = tuple[Backend, Sequence[ModelFacts], str]
"""Where pictures are drawn, what can be drawn there, and what it is called."""


def _engine(settings: Settings, loaders: Mapping[str, str] | None) -> _Engine:
    device = find_device(settings.device)
    names = [model.name for model in MODELS]
    return LocalBackend(names, [device], settings.slots, loaders=loaders), MODELS, device


def _named(backend: Backend, models: Sequence[ModelFacts]) -> _Engine:
    return backend, models, ", ".join(device.device for device in backend.devices())


def check_local_mode(settings: Settings) -> None:
    """Raises ConfigError where others than this machine could draw without a key."""
    if settings.local_mode and not _is_loopback(settings.host):
        raise ConfigError(
            f"Setting 'local_mode' has value 'true' and 'host' has value '{settings.host}', which "
            "other machines can reach. Use local mode with --host 127.0.0.1, or keys."
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class PatientServer(uvicorn.Server):
    """Lets replies that are on their way finish, and checkpoints the jobs of the late ones.

    grace_s: after it the service is stopped; clients are told that their jobs go on later.
    """

    def __init__(self, config: uvicorn.Config, service: Service, grace_s: float) -> None:
        super().__init__(config)
        self._service = service
        self._grace_s = grace_s

    def end(self) -> None:
        """As a signal to stop; from any thread."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        ending = asyncio.create_task(self._end_jobs())
        await super().shutdown(sockets)
        ending.cancel()

    async def _end_jobs(self) -> None:
        await asyncio.sleep(self._grace_s)
        await self._service.stop()


def _listen(host: str, port: int) -> socket.socket:
    """Listen at once: whoever comes while the rest starts is answered a moment later."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except PermissionError:
        raise ConfigError(
            f"Port {port} may not be used without special rights. Choose one above 1023, as in "
            "--port 8000."
        ) from None
    except OSError as error:
        # NOTE: Python adds the address to some of these, in its own words.
        why = str(error.strerror).partition(" (while")[0]
        raise SmaltiError(
            f"{host}:{port} cannot be listened on: {why}. Choose another with --port or --host."
        ) from None
    # NOTE: asyncio sets this itself only on sockets that were made with their protocol named.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _greeting(settings: Settings, port: int, device: str, key: str) -> str:
    host = ON_THIS_MACHINE.get(settings.host, settings.host)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    shown = settings.public_url or address
    body = '{"prompt": "a red house by the sea at sunset, pastel", "response_format": "url"}'
    authorization = [] if settings.local_mode else ["-H", f"Authorization: Bearer {key}"]
    curl = [
        "curl",
        f"{shown}/v1/images/generations",
        *authorization,
        "-H",
        "Content-Type: application/json",
        "-d",
        body,
    ]
    signed_in = "" if settings.local_mode or " " in key else f"#key={quote(key, safe='')}"
    local = "\n  local    programs on this machine need no key" if settings.local_mode else ""
    return (
        f"\nsmalti {__version__} draws on {device} and keeps what it keeps in {settings.data_dir}\n"
        f"\n  address  {address}\n  key      {key}{local}\n"
        f"\n  studio   {shown}/{signed_in}\n  console  {shown}/console\n"
        f"\n  try      {shlex.join(curl)}\n\n"
    )
