"""Who is there from the first start on: an organisation, its administrator, and a key."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from smalti.config import Settings
from smalti.errors import ConfigError
from smalti.store.identity import ADMIN_USER, DEFAULT_ORGANISATION, SCOPES, Caller, Key
from smalti.store.people import People

KEY_FILE = "key"
FROM_FILE, FROM_SETTINGS = "key file", "key setting"
"""Names of the two keys that are not made by `create_key`."""
LOCAL_USER = "user_" + 23 * "0" + "1"
TOP_TIER = "team"


def enter_first_people(people: People, settings: Settings) -> tuple[Key, str]:
    """The first key, with its secret: the one of the settings, or else of the key file.

    A secret that it had before, in the same place, is revoked. Raises ConfigError,
    StoreUnavailable.
    """
    people.enter_organisation(DEFAULT_ORGANISATION, "default")
    people.enter_user(ADMIN_USER, "admin", DEFAULT_ORGANISATION, TOP_TIER)
    if settings.key is None:
        name, secret = FROM_FILE, find_or_make_key(settings.data_dir)
    else:
        name, secret = FROM_SETTINGS, settings.key
    first = people.enter_key(secret, ADMIN_USER, SCOPES, name=name)
    for key in people.keys(ADMIN_USER):
        if key.name == name and key.key_id != first.key_id and key.revoked_at is None:
            people.revoke(key.key_id)
    return first, secret


def local_caller(people: People) -> Caller:
    """Who draws without a key in local mode. Raises StoreUnavailable."""
    user = people.enter_user(LOCAL_USER, "local", DEFAULT_ORGANISATION, TOP_TIER)
    return Caller(user=user, key_id="", scopes=frozenset({"images"}))


def find_or_make_key(data_dir: Path) -> str:
    """The key in the data directory; the file that holds it can be read by its owner alone.

    Raises ConfigError.
    """
    file = data_dir / KEY_FILE
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
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
