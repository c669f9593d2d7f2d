"""Addresses of pictures that whoever has them can open, until they expire.

A token is the expiry and the name of a blob, signed: base64url of `<expiry>:<name>` and its
HMAC-SHA256. It is not kept anywhere, and cannot be guessed or changed without the secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import os
import secrets
from pathlib import Path

from smalti.errors import ConfigError

FILE = "address-secret"
SECRET_BYTES = 32
_SIGNATURE_BYTES = 32


def sign(name: str, expires_at: float, secret: bytes) -> str:
    """A token for the blob `name`, good until `expires_at` (Unix seconds, rounded up)."""
    said = f"{math.ceil(expires_at)}:{name}".encode()
    return base64.urlsafe_b64encode(said + _signature(said, secret)).decode().rstrip("=")


def open(token: str, now: float, secret: bytes) -> str | None:
    """The blob's name; None for a token that has expired or was not signed with `secret`."""
    try:
        whole = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    said, signature = whole[:-_SIGNATURE_BYTES], whole[-_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(said, secret)):
        return None
    expiry, _, name = said.decode().partition(":")
    return name if now < int(expiry) else None


def find_or_make_secret(data_dir: Path) -> bytes:
    """The secret of this server, made at the first start; its owner alone can read it.

    Raises ConfigError.
    """
    file = data_dir / FILE
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _make(file)
        secret = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The secret of addresses cannot be kept in {file}: {error.strerror}. Set "
            "SMALTI_DATA_DIR to a folder that can be written."
        ) from None
    if len(secret) != SECRET_BYTES:
        raise ConfigError(
            f"{file} has {len(secret)} bytes instead of {SECRET_BYTES}. Delete it, and the next "
            "start makes a new one; addresses given out before end then."
        )
    return secret


def _make(file: Path) -> None:
    """Whole or not at all; where two processes start at once, one secret wins for both."""
    partial = file.with_name(f".{FILE}-{secrets.token_hex(6)}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(secrets.token_bytes(SECRET_BYTES))
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(partial, file)
        except FileExistsError:
            return
    finally:
        partial.unlink()


def _signature(said: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, said, hashlib.sha256).digest()
