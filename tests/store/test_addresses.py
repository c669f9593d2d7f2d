"""Addresses that can be opened by whoever has them, until they expire."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.errors import ConfigError
from smalti.store import addresses

SECRET = bytes(range(32))


@given(
    name=st.text(min_size=1, max_size=80).filter(lambda text: text.isprintable()),
    expires_at=st.floats(0, 1e11),
    now=st.floats(0, 1e11),
)
def test_a_token_opens_until_it_expires(name: str, expires_at: float, now: float) -> None:
    token = addresses.sign(name, expires_at, SECRET)
    assert all(letter.isalnum() or letter in "-_" for letter in token)
    opened = addresses.open(token, now, SECRET)
    if now < expires_at:
        assert opened == name
    elif now >= expires_at + 1:
        assert opened is None


def test_another_secret_opens_nothing() -> None:
    token = addresses.sign("job_1/0.png", 100.0, SECRET)
    assert addresses.open(token, 0.0, bytes(32)) is None


@given(st.data())
def test_a_changed_token_opens_nothing_else(data: st.DataObject) -> None:
    token = addresses.sign("job_1/0.png", 100.0, SECRET)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_"))
    changed = token[:place] + letter + token[place + 1 :]
    assert addresses.open(changed, 0.0, SECRET) in (None, "job_1/0.png")
    assert addresses.open(changed, 100.0, SECRET) is None


@given(st.text(max_size=200))
def test_anything_else_opens_nothing(token: str) -> None:
    assert addresses.open(token, 0.0, SECRET) is None


def test_the_secret_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    secret = addresses.find_or_make_secret(folder)
    assert len(secret) == 32
    assert addresses.find_or_make_secret(folder) == secret
    assert stat.S_IMODE((folder / "address-secret").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["address-secret"]


def test_starts_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(addresses.find_or_make_secret(tmp_path)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_secret_that_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "address-secret").write_bytes(b"short")
    with pytest.raises(ConfigError, match="has 5 bytes"):
        addresses.find_or_make_secret(tmp_path)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="SMALTI_DATA_DIR"):
        addresses.find_or_make_secret(tmp_path / "file")
