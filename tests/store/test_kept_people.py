"""Who may draw, and how they are known."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import select

from smalti.errors import InvalidRequest, Unauthorized
from smalti.store.database import Database
from smalti.store.parts import Part
from smalti.store.people import ADMIN_USER, DEFAULT_ORGANISATION, Key, People, User
from smalti.store.schema import keys


@pytest.fixture
def user(people: People) -> User:
    organisation = people.create_organisation("Mosaic Ltd")
    return people.create_user("ada", organisation.org_id, "free")


def refusal(people: People, secret: str, now: float = 1_000_000.0) -> str:
    with pytest.raises(Unauthorized) as caught:
        people.caller_of(secret, now)
    assert secret not in caught.value.message
    return caught.value.code


def test_a_key_is_its_users(people: People, user: User) -> None:
    key, secret = people.create_key(user.user_id, "laptop")
    assert secret.startswith("sk-")
    assert len(secret) > 40
    assert key.prefix == secret[:11]
    assert key.scopes == {"images"}
    caller = people.caller_of(secret, 1_000_000.0)
    assert caller.user == user
    assert caller.key_id == key.key_id
    assert caller.scopes == {"images"}


def test_a_secret_is_kept_as_a_hash_alone(
    db: Database, people: People, user: User, tmp_path: Path
) -> None:
    key, secret = people.create_key(user.user_id, "laptop", ["images", "admin"])
    kept = db.read(lambda c: c.scalars(select(keys.c.secret_hash)).one())
    assert kept == hashlib.sha256(secret.encode()).hexdigest()
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert key.prefix.encode() in files
    assert secret.encode() not in files


def test_keys_and_ids_are_all_different(people: People, user: User) -> None:
    made = [people.create_key(user.user_id, "the same name") for _ in range(20)]
    assert len({secret for _, secret in made}) == 20
    assert len({key.key_id for key, _ in made}) == 20
    assert all(len(key.key_id) == len("key_") + 24 for key, _ in made)


@pytest.mark.parametrize(
    "secret",
    ["", "sk-", "sk-" + 43 * "A", "' OR 1=1 --", "sk-\x00", "sk-\ud800", "ключ", "x" * 9999],
)
def test_other_secrets_are_nobodys(people: People, user: User, secret: str) -> None:
    people.create_key(user.user_id, "laptop")
    with pytest.raises(Unauthorized) as caught:
        people.caller_of(secret, 0.0)
    assert caught.value.code == "invalid_api_key"


def test_a_revoked_key(people: People, user: User, clock: object) -> None:
    (key, secret), (_, other) = (people.create_key(user.user_id, name) for name in "ab")
    revoked = people.revoke(key.key_id)
    assert revoked.revoked_at == 1_000_000.0
    assert refusal(people, secret) == "revoked_api_key"
    people.caller_of(other, 0.0)
    clock.now += 5  # type: ignore[attr-defined]
    assert people.revoke(key.key_id) == revoked


def test_a_revoke_by_another_process_counts_at_once(
    people: People, user: User, tmp_path: Path
) -> None:
    key, secret = people.create_key(user.user_id, "laptop")
    people.caller_of(secret, 0.0)
    elsewhere = Database(f"sqlite:///{tmp_path}/smalti.db")
    People(elsewhere).revoke(key.key_id)
    assert refusal(people, secret) == "revoked_api_key"
    elsewhere.close()


def test_a_key_expires_to_the_second(people: People, user: User) -> None:
    _, secret = people.create_key(user.user_id, "laptop", expires_at=1_000_060.0)
    people.caller_of(secret, 1_000_059.9)
    assert refusal(people, secret, 1_000_060.0) == "expired_api_key"


def test_a_disabled_user(people: People, user: User) -> None:
    _, secret = people.create_key(user.user_id, "laptop")
    assert people.disable(user.user_id).disabled_at == 1_000_000.0
    assert refusal(people, secret) == "user_disabled"
    with pytest.raises(Unauthorized, match=f"^The user of the key {secret[:11]}… is disabled. Ask"):
        people.caller_of(secret, 0.0)
    people.enable(user.user_id)
    assert people.caller_of(secret, 0.0).user == user


def test_a_change_of_tier_counts_at_once(people: People, user: User) -> None:
    _, secret = people.create_key(user.user_id, "laptop")
    assert people.set_tier(user.user_id, "pro").tier == "pro"
    assert people.caller_of(secret, 0.0).user.tier == "pro"


def test_the_first_people_are_entered_once(people: People) -> None:
    def enter() -> Key:
        people.enter_organisation(DEFAULT_ORGANISATION, "default")
        people.enter_user(ADMIN_USER, "admin", DEFAULT_ORGANISATION, "team")
        return people.enter_key("a secret of the settings", ADMIN_USER, ["images", "admin"])

    assert enter() == enter()
    assert people.caller_of("a secret of the settings", 0.0).scopes == {"images", "admin"}
    assert len(people.organisations()) == len(people.users()) == len(people.keys()) == 1
    people.revoke(people.keys()[0].key_id)
    enter()
    assert refusal(people, "a secret of the settings") == "revoked_api_key"


def test_lists_are_in_the_order_of_making(people: People, user: User, clock: object) -> None:
    clock.now += 1  # type: ignore[attr-defined]
    second = people.create_organisation("Another")
    other = people.create_user("ada", second.org_id, "plus")
    clock.now += 1  # type: ignore[attr-defined]
    key, _ = people.create_key(other.user_id, "phone")
    assert [o.name for o in people.organisations()] == ["Mosaic Ltd", "Another"]
    assert people.users() == [user, other]
    assert people.users(second.org_id) == [other]
    assert people.keys() == people.keys(other.user_id) == [key]
    assert people.keys(user.user_id) == []
    assert people.key(key.key_id) == key
    assert people.user("user_none") is None


def test_a_long_list_comes_in_parts(people: People, user: User, clock: object) -> None:
    """Three are made at each moment, so ids decide between them."""
    for n in range(30):
        clock.now += n % 3 == 0  # type: ignore[attr-defined]
        people.create_user(f"user {n}", user.org_id, "free")
    everybody, found, last = people.users(), list[User](), None
    while part := people.users(part=Part(after=last, limit=7)):
        assert len(part) <= 7
        found += part
        last = part[-1].user_id
    assert found == everybody and len(found) == 31
    assert people.users(part=Part(after="user_nobody")) == []


def test_some_of_a_long_list_are_named_or_looked_for(people: People, user: User) -> None:
    grace = people.create_user("Grace 100%", user.org_id, "free")
    gracious = people.create_user("100 gracious", user.org_id, "free")
    key, _ = people.create_key(grace.user_id, "laptop")
    other, _ = people.create_key(user.user_id, "laptop")
    assert people.users(part=Part(ids=(grace.user_id, "user_nobody"))) == [grace]
    assert people.users(part=Part(ids=())) == []
    found = people.users(part=Part(search="grac"))
    assert {its.user_id for its in found} == {grace.user_id, gracious.user_id}
    assert people.users(part=Part(search="100%")) == [grace]
    assert people.users(part=Part(search=gracious.user_id)) == [gracious]
    assert people.users("org_none", Part(search="grac")) == []
    assert people.keys(grace.user_id, Part(search="laptop")) == [key]
    assert people.keys(part=Part(ids=(other.key_id,))) == [other]
    assert [its.org_id for its in people.organisations(Part(search="MOSAIC"))] == [user.org_id]


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x00", "x" * 201, "\u202eevil"])
def test_names_that_cannot_be(people: People, user: User, name: str) -> None:
    for make in (
        lambda: people.create_organisation(name),
        lambda: people.create_user(name, user.org_id, "free"),
        lambda: people.create_key(user.user_id, name),
    ):
        with pytest.raises(InvalidRequest) as caught:
            make()
        assert caught.value.param == "name"


def test_names_that_are_taken(people: People, user: User) -> None:
    with pytest.raises(InvalidRequest, match="Mosaic Ltd"):
        people.create_organisation("Mosaic Ltd ")
    with pytest.raises(InvalidRequest, match="ada"):
        people.create_user("ada", user.org_id, "plus")
    assert len(people.users()) == 1


@pytest.mark.parametrize("scopes", [[], ["images", "root"], ["Images"]])
def test_scopes_that_cannot_be(people: People, user: User, scopes: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="images, admin"):
        people.create_key(user.user_id, "laptop", scopes)


def test_a_key_that_would_have_expired(people: People, user: User) -> None:
    with pytest.raises(InvalidRequest) as caught:
        people.create_key(user.user_id, "laptop", expires_at=1_000_000.0)
    assert caught.value.param == "expires_at"


def test_people_who_are_not_there(people: People) -> None:
    for make in (
        lambda: people.create_user("ada", "org_none", "free"),
        lambda: people.create_key("user_none", "laptop"),
        lambda: people.set_tier("user_none", "pro"),
        lambda: people.disable("user_none"),
        lambda: people.revoke("key_none"),
    ):
        with pytest.raises(InvalidRequest, match="_none") as caught:
            make()
        assert caught.value.code.endswith("_not_found")
