"""The key: made at the first start, kept in the data directory, asked for by every /v1 address."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request

from smalti.errors import ConfigError, Unauthorized

FILE = "key"


def find_or_make_key(data_dir: Path) -> str:
    """The server's key; the file that holds it can be read by its owner alone.

    Raises ConfigError.
    """
    file = data_dir / FILE
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = file.read_text(encoding="ascii").strip()
        else:
            key = f"sk-{secrets.token_urlsafe(32)}"
            with os.fdopen(handle, "w", encoding="ascii") as opened:
                opened.write(key + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The key cannot be kept in {file}: {error}. Set SMALTI_DATA_DIR to a folder that can "
            "be written."
        ) from None
    if not key:
        raise ConfigError(f"{file} is empty. Delete it, and the next start makes a new key.")
    return key


def key_check(key: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency that raises Unauthorized unless the request carries `key`."""
    expected = key.encode()

    async def check(request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise Unauthorized(
                "The request has no key. Send the one that the server printed when it started, as "
                "'Authorization: Bearer sk-…'.",
                code="missing_api_key",
            )
        if not hmac.compare_digest(given.strip().encode("utf-8", "replace"), expected):
            raise Unauthorized(
                "The key is not the one of this server, which printed it when it started."
            )

    return check
