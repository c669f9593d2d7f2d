"""Who is there from the first start on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smalti.config import Settings, read_settings
from smalti.errors import Unauthorized
from smalti.service import Parts, open_parts
from smalti.service.first_start import enter_first_people, local_caller
from smalti.store.identity import ADMIN_USER, DEFAULT_ORGANISATION


@contextmanager
def opened(folder: Path, key: str | None = None) -> Iterator[tuple[Parts, Settings]]:
    settings = read_settings({"data_dir": folder, "key": key}, environ={})
    parts = open_parts(settings)
    yield parts, settings
    parts.close()


def test_the_first_key_is_the_file_s_and_stays_so(tmp_path: Path) -> None:
    secrets = []
    for _ in range(2):
        with opened(tmp_path) as (parts, settings):
            key, secret = enter_first_people(parts.people, settings)
            caller = parts.people.caller_of(secret, 0.0)
            assert caller.user.user_id == ADMIN_USER and caller.user.tier == "team"
            assert caller.user.org_id == DEFAULT_ORGANISATION
            assert caller.scopes == {"images", "admin"}
            assert len(parts.people.keys()) == 1
            secrets.append((key.key_id, secret))
    assert secrets[0] == secrets[1]
    assert secrets[0][1] == (tmp_path / "key").read_text().strip()


def test_a_key_of_the_settings_stands_in_its_place(tmp_path: Path) -> None:
    with opened(tmp_path, "sk-a-key-of-the-settings") as (parts, settings):
        _, secret = enter_first_people(parts.people, settings)
        assert secret == "sk-a-key-of-the-settings"
        assert not (tmp_path / "key").exists()
    with opened(tmp_path, "sk-another-of-the-settings") as (parts, settings):
        _, secret = enter_first_people(parts.people, settings)
        assert parts.people.caller_of(secret, 0.0).user.user_id == ADMIN_USER
        with pytest.raises(Unauthorized) as refused:
            parts.people.caller_of("sk-a-key-of-the-settings", 0.0)
        assert refused.value.code == "revoked_api_key"


def test_a_deleted_key_file_makes_a_new_key_and_ends_the_old_one(tmp_path: Path) -> None:
    with opened(tmp_path) as (parts, settings):
        _, old = enter_first_people(parts.people, settings)
        (tmp_path / "key").unlink()
        _, new = enter_first_people(parts.people, settings)
        assert parts.people.caller_of(new, 0.0)
        with pytest.raises(Unauthorized):
            parts.people.caller_of(old, 0.0)


def test_who_draws_without_a_key_may_only_draw(tmp_path: Path) -> None:
    with opened(tmp_path) as (parts, settings):
        enter_first_people(parts.people, settings)
        first, second = local_caller(parts.people), local_caller(parts.people)
        assert first == second and first.user.name == "local"
        assert (first.user.tier, first.key_id, first.scopes) == ("team", "", {"images"})
