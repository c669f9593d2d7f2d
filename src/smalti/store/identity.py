"""Who there is: organisations, users, keys; what their names and scopes may be."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from smalti.errors import InvalidRequest

SCOPES = ("images", "admin")
"""images: draw, and see what is one's own; admin: organisations, users, keys."""
DEFAULT_ORGANISATION = "org_" + 24 * "0"
ADMIN_USER = "user_" + 24 * "0"
"""Both are there from the first start on."""
PREFIX_LENGTH = 11
"""As much of a secret as is kept to recognise it by."""
NAME_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Organisation:
    org_id: str
    name: str
    created_at: float


@dataclass(frozen=True, kw_only=True)
class User:
    user_id: str
    org_id: str
    name: str
    tier: str
    created_at: float
    disabled_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Key:
    """Times are Unix seconds; prefix: how its secret begins."""

    key_id: str
    user_id: str
    name: str
    prefix: str
    scopes: frozenset[str]
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who sends a request. key_id: empty where it came without a key."""

    user: User
    key_id: str
    scopes: frozenset[str]


def new_id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(12)}"


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def checked_name(name: str) -> str:
    """Raises InvalidRequest."""
    name = name.strip()
    if 0 < len(name) <= NAME_MAX and name.isprintable():
        return name
    told = f"has {len(name)}" if name.isprintable() else "has others"
    raise InvalidRequest(
        f"A name has 1 to {NAME_MAX} characters that can be shown; {name[:40]!r} {told}.",
        param="name",
    )


def checked_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Raises InvalidRequest."""
    asked = frozenset(scopes)
    if asked and asked <= set(SCOPES):
        return asked
    wrong = ", ".join(sorted(asked - set(SCOPES))) or "none"
    raise InvalidRequest(
        f"A key has one or more of the scopes {', '.join(SCOPES)}; got {wrong}.", param="scopes"
    )


def not_there(kind: str, its_id: str, param: str) -> NoReturn:
    raise InvalidRequest(f"There is no {kind} '{its_id}'.", param=param, code=f"{kind}_not_found")
