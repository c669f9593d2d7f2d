"""`People`: organisations, their users, and the keys by which users are known.

A key's secret is told once, when it is made; what is kept is its SHA-256 hash. That is enough for
secrets of 256 random bits: there is nothing to guess, so a slow hash would only slow requests.
Nobody is deleted: keys are revoked and users disabled, and both count from the next request on,
also where another process did it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from sqlalchemy import Connection, Executable, Row, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from smalti.errors import InvalidRequest, Unauthorized
from smalti.store.database import Database
from smalti.store.identity import (
    ADMIN_USER,
    DEFAULT_ORGANISATION,
    PREFIX_LENGTH,
    SCOPES,
    Caller,
    Key,
    Organisation,
    User,
    checked_name,
    checked_scopes,
    hash_of,
    new_id,
    not_there,
)
from smalti.store.parts import WHOLE, Part, oldest_first
from smalti.store.schema import keys, organisations, users

__all__ = [
    "ADMIN_USER",
    "DEFAULT_ORGANISATION",
    "SCOPES",
    "Caller",
    "Key",
    "Organisation",
    "People",
    "User",
]

_WHOSE = (
    select(
        users,
        keys.c.key_id,
        keys.c.prefix,
        keys.c.scopes,
        keys.c.expires_at,
        keys.c.revoked_at,
    )
    .join_from(keys, users)
    .where(keys.c.secret_hash == bindparam("secret_hash"))
)


class People:
    """Changes raise InvalidRequest for what cannot be, and StoreUnavailable. clock: Unix time."""

    def __init__(self, db: Database, clock: Callable[[], float] = time.time) -> None:
        self._db = db
        self._clock = clock

    # --- organisations ---

    def create_organisation(self, name: str) -> Organisation:
        return self._add_organisation(new_id("org"), name)

    def enter_organisation(self, org_id: str, name: str) -> Organisation:
        """The one with this id, which is made if there is none."""
        return self.organisation(org_id) or self._add_organisation(org_id, name)

    def organisation(self, org_id: str) -> Organisation | None:
        found = self._read(select(organisations).where(organisations.c.org_id == org_id))
        return Organisation(**found[0]._mapping) if found else None

    def organisations(self, part: Part = WHOLE) -> list[Organisation]:
        """Oldest first."""
        found = self._read(oldest_first(organisations, part))
        return [Organisation(**row._mapping) for row in found]

    def _add_organisation(self, org_id: str, name: str) -> Organisation:
        new = Organisation(org_id=org_id, name=checked_name(name), created_at=self._clock())
        self._add(organisations, vars(new), f"There is an organisation '{new.name}' already.")
        return new

    # --- users ---

    def create_user(self, name: str, org_id: str, tier: str) -> User:
        """tier: its name; whether there is such a tier is the caller's to check."""
        return self._add_user(new_id("user"), name, org_id, tier)

    def enter_user(self, user_id: str, name: str, org_id: str, tier: str) -> User:
        """The one with this id, who is made if there is none."""
        return self.user(user_id) or self._add_user(user_id, name, org_id, tier)

    def user(self, user_id: str) -> User | None:
        found = self._read(select(users).where(users.c.user_id == user_id))
        return User(**found[0]._mapping) if found else None

    def users(self, org_id: str | None = None, part: Part = WHOLE) -> list[User]:
        """Oldest first; of one organisation or of all."""
        chosen = oldest_first(users, part)
        chosen = chosen if org_id is None else chosen.where(users.c.org_id == org_id)
        return [User(**row._mapping) for row in self._read(chosen)]

    def set_tier(self, user_id: str, tier: str) -> User:
        return self._change_user(user_id, tier=tier)

    def disable(self, user_id: str) -> User:
        """None of his keys is accepted any more. What was accepted before is drawn."""
        return self._change_user(user_id, disabled_at=self._clock())

    def enable(self, user_id: str) -> User:
        return self._change_user(user_id, disabled_at=None)

    def _add_user(self, user_id: str, name: str, org_id: str, tier: str) -> User:
        if self.organisation(org_id) is None:
            not_there("organisation", org_id, "org_id")
        new = User(
            user_id=user_id,
            org_id=org_id,
            name=checked_name(name),
            tier=tier,
            created_at=self._clock(),
        )
        self._add(users, vars(new), f"There is a user '{new.name}' in {org_id} already.")
        return new

    def _change_user(self, user_id: str, **values: Any) -> User:
        change = update(users).where(users.c.user_id == user_id).values(**values)
        self._do(change)
        return self.user(user_id) or not_there("user", user_id, "user_id")

    # --- keys ---

    def create_key(
        self,
        user_id: str,
        name: str,
        scopes: Iterable[str] = ("images",),
        expires_at: float | None = None,
    ) -> tuple[Key, str]:
        """A new key and its secret, which nobody can read again."""
        if expires_at is not None and expires_at <= self._clock():
            raise InvalidRequest(
                "The key would have expired already. Give a time in the future.", param="expires_at"
            )
        secret = f"sk-{secrets.token_urlsafe(32)}"
        return self._add_key(secret, user_id, name, scopes, expires_at), secret

    def enter_key(
        self, secret: str, user_id: str, scopes: Iterable[str], name: str = "first key"
    ) -> Key:
        """The key with this secret, which is made if there is none; a revoked one stays so."""
        known = self._read(select(keys).where(keys.c.secret_hash == hash_of(secret)))
        return _key(known[0]) if known else self._add_key(secret, user_id, name, scopes, None)

    def key(self, key_id: str) -> Key | None:
        found = self._read(select(keys).where(keys.c.key_id == key_id))
        return _key(found[0]) if found else None

    def keys(self, user_id: str | None = None, part: Part = WHOLE) -> list[Key]:
        """Oldest first; of one user or of all."""
        chosen = oldest_first(keys, part)
        chosen = chosen if user_id is None else chosen.where(keys.c.user_id == user_id)
        return [_key(row) for row in self._read(chosen)]

    def revoke(self, key_id: str) -> Key:
        """The key is not accepted any more; a second call changes nothing."""
        still = update(keys).where(keys.c.key_id == key_id, keys.c.revoked_at.is_(None))
        self._do(still.values(revoked_at=self._clock()))
        return self.key(key_id) or not_there("key", key_id, "key_id")

    def _add_key(
        self, secret: str, user_id: str, name: str, scopes: Iterable[str], expires_at: float | None
    ) -> Key:
        if self.user(user_id) is None:
            not_there("user", user_id, "user_id")
        new = Key(
            key_id=new_id("key"),
            user_id=user_id,
            name=checked_name(name),
            prefix=secret[:PREFIX_LENGTH],
            scopes=checked_scopes(scopes),
            created_at=self._clock(),
            expires_at=expires_at,
        )
        kept = {
            "scopes": " ".join(sorted(new.scopes)),
            "secret_hash": hash_of(secret),
        }
        self._add(keys, vars(new) | kept, "This secret is a key's already.")
        return new

    # --- who calls ---

    def caller_of(self, secret: str, now: float) -> Caller:
        """Whose key this is. Raises Unauthorized, with a code that says why, and StoreUnavailable.

        Reads the database every time, which takes a fraction of a millisecond.
        """
        row = self._db.read(lambda c: c.execute(_WHOSE, {"secret_hash": hash_of(secret)}).first())
        if row is None:
            _refuse("invalid_api_key", "The key is none of this server's.", "Send one that is.")
        user = User(
            user_id=row.user_id,
            org_id=row.org_id,
            name=row.name,
            tier=row.tier,
            created_at=row.created_at,
            disabled_at=row.disabled_at,
        )
        shown = f"key {row.prefix}…"
        if row.revoked_at is not None:
            _refuse("revoked_api_key", f"The {shown} was revoked.", "Ask for a new one.")
        if row.expires_at is not None and row.expires_at <= now:
            _refuse("expired_api_key", f"The {shown} has expired.", "Ask for a new one.")
        if user.disabled_at is not None:
            disabled = f"The user of the {shown} is disabled."
            _refuse("user_disabled", disabled, "Ask your administrator.")
        return Caller(user=user, key_id=row.key_id, scopes=frozenset(row.scopes.split()))

    # --- the database ---

    def _read(self, query: Any) -> list[Row[Any]]:
        return self._db.read(lambda c: list(c.execute(query)))

    def _do(self, statement: Executable) -> None:
        def do(connection: Connection) -> None:
            connection.execute(statement)

        self._db.write_now(do)

    def _add(self, table: Table, values: dict[str, Any], clash: str) -> None:
        try:
            self._do(insert(table).values(values))
        except IntegrityError:
            raise InvalidRequest(f"{clash} Choose another name.", param="name") from None


def _key(row: Row[Any]) -> Key:
    kept = {name: value for name, value in row._mapping.items() if name != "secret_hash"}
    return Key(**kept | {"scopes": frozenset(row.scopes.split())})


def _refuse(code: str, what: str, remedy: str) -> NoReturn:
    raise Unauthorized(f"{what} {remedy}", code=code)
