"""What the value of a setting may be: readers of what was written in a file, a variable or a flag.

Each turns it into the value, or raises ValueError saying what it must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

Read = Callable[[object], object]


def text(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise ValueError("a text that is not empty")


def whole(low: int, high: int) -> Read:
    def read(value: object) -> int:
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise ValueError(f"a whole number from {low} to {high}")

    return read


def one_of(*names: str) -> Read:
    def read(value: object) -> str:
        if isinstance(value, str) and value.strip().lower() in names:
            return value.strip().lower()
        raise ValueError(f"one of {', '.join(names)}")

    return read


def device(value: object) -> str:
    written = value.strip().lower() if isinstance(value, str) else ""
    if written in ("auto", "cpu", "cuda") or (
        written.startswith("cuda:") and written[5:].isdecimal()
    ):
        return written
    raise ValueError("auto, cpu, cuda or cuda:N")


def path(value: object) -> Path:
    written = value if isinstance(value, Path) else Path(text(value))
    return written.expanduser().absolute()


def key(value: object) -> str:
    written = text(value)
    if len(written) >= 16 and written.isascii() and written.isprintable() and " " not in written:
        return written
    raise ValueError("at least 16 letters, digits or signs, without spaces")


def url(value: object) -> str:
    written = text(value).rstrip("/")
    if written.startswith(("http://", "https://")):
        return written
    raise ValueError("an address that begins with http:// or https://")


def switch(value: object) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    raise ValueError("true or false")


def database(value: object) -> str:
    written = text(value)
    if written.startswith(("sqlite:///", "postgresql")):
        return written
    raise ValueError("an address such as sqlite:////var/lib/smalti/smalti.db")


def pictures(value: object) -> str:
    written = text(value).rstrip("/")
    if written.startswith("s3://") and len(written) > len("s3://"):
        return written
    raise ValueError("a bucket, as in s3://bucket or s3://bucket/prefix")


def tables(value: object) -> dict[str, object]:
    if isinstance(value, dict) and all(isinstance(table, dict) for table in value.values()):
        return dict(value)
    raise ValueError("tables, as in [tiers.free]; it can be set in the file alone")


def list_of_tables(value: object) -> tuple[dict[str, object], ...]:
    if isinstance(value, list) and all(isinstance(table, dict) for table in value):
        return tuple(value)
    raise ValueError("tables, as in [[switches]]; it can be set in the file alone")


def header(value: object) -> str:
    written = text(value)
    if re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", written):
        return written
    raise ValueError("the name of a header, such as CF-IPCountry")


def networks(value: object) -> tuple[str, ...]:
    """As `ipaddress` writes them; an address is a network of one."""
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        listed = [None]
    try:
        named = [text(network) for network in listed]
        return tuple(str(ip_network(network, strict=False)) for network in named)
    except ValueError:
        raise ValueError("networks, such as 10.0.0.0/8, ::1") from None
