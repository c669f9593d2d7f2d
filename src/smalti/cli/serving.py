"""The server: wires the parts, says how to reach it, and runs until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import shlex
import signal
import socket
import sys
from contextlib import suppress

import uvicorn

from smalti import __version__
from smalti.api import create_app
from smalti.api.auth import find_or_make_key
from smalti.config import Settings
from smalti.devices import find_device
from smalti.errors import ConfigError, SmaltiError
from smalti.fleet.local import LocalBackend
from smalti.models.facts import MODELS
from smalti.service import Service

GRACE_S = 5
"""How long a stop waits for replies that are on their way."""
KEEP_ALIVE_S = 75
"""How long an idle connection stays open: longer than clients keep one to use it again."""
EVERYWHERE = ("0.0.0.0", "::")


def serve_until_stopped(settings: Settings) -> None:
    """Raises ConfigError, or SmaltiError if the address is taken."""
    names = [model.name for model in MODELS]
    device = find_device(settings.device)
    key = settings.key or find_or_make_key(settings.data_dir)
    service = Service(LocalBackend(names, [device], settings.slots), MODELS, settings.max_waiting)
    app = create_app(service, settings, key)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=2 * GRACE_S,
    )
    with _listen(settings.host, settings.port) as listener:
        logging.basicConfig(
            format="%(asctime)s %(levelname)-7s %(message)s",
            level=settings.log_level.upper(),
            force=True,
        )
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        port = listener.getsockname()[1]
        sys.stdout.write(_greeting(settings, port, device, key))
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with suppress(KeyboardInterrupt):
            PatientServer(config, service, GRACE_S).run(sockets=[listener])


class PatientServer(uvicorn.Server):
    """Lets replies that are on their way finish, and ends the late ones with an error.

    grace_s: after it the service is stopped, which every job tells its client.
    """

    def __init__(self, config: uvicorn.Config, service: Service, grace_s: float) -> None:
        super().__init__(config)
        self._service = service
        self._grace_s = grace_s

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
        return socket.create_server((host, port), family=family, backlog=1024)
    except PermissionError:
        raise ConfigError(
            f"Port {port} may not be used without special rights. Choose one above 1023, as in "
            "--port 8000."
        ) from None
    except OSError as error:
        raise SmaltiError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Choose another with --port "
            "or --host."
        ) from None


def _greeting(settings: Settings, port: int, device: str, key: str) -> str:
    host = "127.0.0.1" if settings.host in EVERYWHERE else settings.host
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    body = '{"prompt": "a red house by the sea at sunset, pastel", "response_format": "url"}'
    curl = [
        "curl",
        f"{settings.public_url or address}/v1/images/generations",
        "-H",
        f"Authorization: Bearer {key}",
        "-H",
        "Content-Type: application/json",
        "-d",
        body,
    ]
    return (
        f"\nsmalti {__version__} draws on {device} and keeps what it keeps in {settings.data_dir}\n"
        f"\n  address  {address}\n  key      {key}\n"
        f"\n  try      {shlex.join(curl)}\n\n"
    )
