"""The policy in force: where it comes from, how it is changed, and what is refused."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from store_rows import held, job_row, picture_rows

from smalti.config import Settings, read_settings
from smalti.control.policy import Policy, read_policy
from smalti.control.tiers import DEFAULT_TIERS
from smalti.errors import ConfigError, Conflict, InvalidRequest, StoreUnavailable
from smalti.service.policies import Cause, Policies
from smalti.store.database import Database
from smalti.store.jobs import Jobs
from smalti.store.people import DEFAULT_ORGANISATION, People

WHY = Cause("key_1", "A test.")
OWLS = {"weight": 1, "max_running": 1, "max_waiting": 1, "models": ["owl"]}
NO_OWLS = {"scope": "model", "name": "owl", "message": "No owls."}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/smalti.db")
    yield database
    database.close()


def settings_of(folder: Path, **values: object) -> Settings:
    return replace(read_settings({"data_dir": folder}, {}), **values)  # type: ignore[arg-type]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path)


@pytest.fixture
def policies(db: Database, settings: Settings) -> Policies:
    return Policies(db, settings, ("smalti-mini",), clock=lambda: 1_000_000.0)


def user_in(db: Database, tier: str) -> str:
    people = People(db)
    people.enter_organisation(DEFAULT_ORGANISATION, "default")
    return people.create_user(f"of {tier}", DEFAULT_ORGANISATION, tier).user_id


# --- where it comes from ---


def test_at_first_it_is_what_the_settings_say(db: Database, tmp_path: Path) -> None:
    tiers = {
        "free": {"limits": ["5/day"]},
        "lab": {"weight": 2, "max_running": 1, "max_waiting": 9},
    }
    switch = {"scope": "region", "name": "de", "message": "Not today."}
    policy = Policies(db, settings_of(tmp_path, tiers=tiers, switches=(switch,))).current()
    assert policy.version == 0
    assert list(policy.tiers) == [*DEFAULT_TIERS, "lab"]
    assert [limit.written() for limit in policy.tiers["free"].limits] == ["5/day"]
    assert [switch.rule for switch in policy.switches] == ["switch/region/DE"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tiers": {"free": {"weight": -1}}}, "tiers.free.weight has value '-1'"),
        ({"switches": ({"scope": "moon"},)}, "scope has value 'moon'"),
        ({"switches": ({"scope": "tier", "name": "fre", "message": "No."},)}, "value 'fre'"),
        ({"tiers": {"free": {"models": ["owl"]}}}, "'tiers' names the model 'owl'. There are smal"),
        (
            {"switches": ({"scope": "model", "name": "owl", "message": "No."},)},
            "'switches' names the model 'owl'",
        ),
        ({"default_tier": "gold"}, "'default_tier' has value 'gold'. It must be one of free, plus"),
    ],
)
def test_settings_that_cannot_be(
    db: Database, tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        Policies(db, settings_of(tmp_path, **values), ("smalti-mini",)).checked()


def test_what_was_changed_comes_before_the_settings(
    db: Database, tmp_path: Path, policies: Policies, caplog: pytest.LogCaptureFixture
) -> None:
    policies.set_tier("free", {"weight": 7}, WHY)
    same = Policies(db, settings_of(tmp_path))
    assert (same.current().version, same.current().tiers["free"].weight) == (1, 7.0)
    assert not caplog.records
    other = Policies(db, settings_of(tmp_path, tiers={"free": {"weight": 9}}))
    assert other.current() == same.current()
    assert "the version counts" in caplog.text
    caplog.clear()
    Policies(db, settings_of(tmp_path, tiers={"free": {"weight": 9}}), mending=True)
    Policies(db, settings_of(tmp_path, tiers={"free": {"weight": 7}}))  # what counts anyway
    assert not caplog.records
    assert other.undo(0, WHY).tiers["free"].weight == 9.0
    caplog.clear()
    Policies(db, settings_of(tmp_path, tiers={"free": {"weight": 9}}))
    assert not caplog.records


def test_a_default_tier_that_is_not_in_force(db: Database, tmp_path: Path) -> None:
    before = settings_of(tmp_path, default_tier="plus")
    Policies(db, before).remove_tier("free", WHY)
    with pytest.raises(ConfigError, match="one of plus, pro, team: the tiers of version 1"):
        Policies(db, settings_of(tmp_path)).checked()


def test_a_running_server_keeps_its_default_tier(
    db: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = Policies(db, settings_of(tmp_path))
    Policies(db, settings_of(tmp_path, default_tier="plus")).remove_tier("free", WHY)
    for _ in range(2):
        assert (server.current().version, "free" in server.current().tiers) == (0, True)
    assert caplog.text.count("'default_tier' has value 'free'") == 1
    with pytest.raises(Conflict, match="'free' is the default one"):
        server.set_tier("pro", {"weight": 2}, WHY)
    server.undo(0, WHY)
    assert server.current().version == 2


# --- in force ---


def test_another_process_sees_a_change_at_its_next_decision(
    db: Database, settings: Settings, policies: Policies, tmp_path: Path
) -> None:
    server = Policies(db, settings)
    assert server.current().tiers["free"].weight == 1.0
    elsewhere = Database(f"sqlite:///{tmp_path}/smalti.db")
    Policies(elsewhere, settings).set_tier("free", {"weight": 3}, WHY)
    elsewhere.close()
    assert server.current().tiers["free"].weight == 3.0
    assert server.current() is server.current()
    assert policies.current().version == 1


def test_asking_reads_one_number(db: Database, policies: Policies) -> None:
    policies.set_tier("free", {"weight": 3}, WHY)
    policies.current()
    said: list[str] = []
    event.listen(
        db._reader,
        "before_cursor_execute",
        lambda connection, cursor, statement, *rest: said.append(statement),
    )
    for _ in range(3):
        policies.current()
    assert [statement for statement in said if "max(" not in statement.lower()] == ["BEGIN"] * 3
    assert len(said) == 6


def test_while_the_database_cannot_be_read_the_last_one_counts(
    db: Database, policies: Policies, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = policies.set_tier("free", {"weight": 3}, WHY)

    def broken(do: Callable[..., Any]) -> Any:
        raise StoreUnavailable("The disk is gone.")

    monkeypatch.setattr(db, "read", broken)
    assert policies.current() == changed


def test_a_version_that_cannot_be_read_does_not_count(
    db: Database, settings: Settings, policies: Policies, caplog: pytest.LogCaptureFixture
) -> None:
    changed = policies.set_tier("free", {"weight": 3}, WHY)
    db.write_now(
        lambda c: c.exec_driver_sql(
            "INSERT INTO policies VALUES (2, 1.0, 'w', 'w', '{\"moons\": 1}', 'b')"
        )
    )
    caplog.set_level(logging.ERROR)
    assert policies.current() == policies.current() == changed
    assert len(caplog.records) == 1 and "sets 'moons'" in caplog.text
    with pytest.raises(ConfigError, match="Version 2 of the tiers"):
        policies.set_tier("free", {"weight": 4}, WHY)
    with pytest.raises(ConfigError, match="Version 2 of the tiers"):
        Policies(db, settings)


# --- changes ---


def test_a_change_is_kept_with_who_made_it_and_why(db: Database, policies: Policies) -> None:
    policy = policies.set_tier("free", {"limits": ["3/day", "2/h"], "weight": 2}, WHY)
    assert policy == policies.current()
    assert policy.tiers["plus"] == DEFAULT_TIERS["plus"]
    row = policies.made(1)
    assert row is not None
    assert (row.version, row.at, row.who, row.why) == (1, 1_000_000.0, "key_1", "A test.")
    assert read_policy(row.document, version=1) == policy
    assert policies.history() == [row]
    assert policies.made(0) is None
    (entry,) = Jobs(db).audit_since(0.0)
    assert (entry.at, entry.who, entry.action) == (1_000_000.0, "key_1", "tier.change")
    assert entry.detail == {
        "version": 1,
        "why": "A test.",
        "changed": {
            "tiers/free/limits": [["3/day"], ["3/day", "2/h"]],
            "tiers/free/weight": [1, 2.0],
        },
    }


def test_tiers_come_and_go(db: Database, policies: Policies) -> None:
    new = {"weight": 2, "max_running": 4, "max_waiting": 40, "models": ["smalti-mini"]}
    assert policies.set_tier("lab", new, WHY).tiers["lab"].max_waiting == 40
    policies.set_switch({"scope": "tier", "name": "lab", "message": "Later."}, WHY)
    left = policies.remove_tier("lab", WHY)
    assert left.tiers == DEFAULT_TIERS and left.switches == ()
    assert [row.version for row in policies.history()] == [3, 2, 1]
    assert [row.version for row in policies.history(limit=1)] == [3]


def test_a_tier_that_somebody_needs_stays(db: Database, policies: Policies) -> None:
    user_in(db, "pro")
    job = job_row(tier="plus")
    asyncio.run(Jobs(db).accept(job, picture_rows(job), held(job)))
    without = {
        name: tier.written() for name, tier in DEFAULT_TIERS.items() if name not in ("pro", "team")
    }
    for act, said in (
        (lambda: policies.remove_tier("free", WHY), "'free' is the default one"),
        (lambda: policies.remove_tier("pro", WHY), "'pro' has 1 user and 0 unfinished jobs"),
        (lambda: policies.remove_tier("plus", WHY), "'plus' has 0 users and 1 unfinished job"),
        (lambda: policies.replace({"tiers": without}, WHY), "'pro' has 1 user"),
    ):
        with pytest.raises(Conflict, match=said) as caught:
            act()
        assert caught.value.code == "tier_in_use"
    assert policies.current().version == 0
    asyncio.run(Jobs(db).cancel(job.job_id, 2000.0, 1))
    assert "plus" not in policies.remove_tier("plus", WHY).tiers


def test_all_tiers_at_once(policies: Policies) -> None:
    policies.set_switch({"scope": "region", "name": "DE", "message": "No."}, WHY)
    only = {"free": {"weight": 1, "max_running": 1, "max_waiting": 1}}
    policy = policies.replace({"tiers": only}, WHY)
    assert list(policy.tiers) == ["free"] and policy.tiers["free"].limits == ()
    assert len(policy.switches) == 1
    assert policies.replace({"tiers": only, "switches": []}, WHY).switches == ()
    assert policies.replace(policy.written(), WHY) == replace(policy, version=4)


def test_undo_is_a_version_of_its_own(policies: Policies) -> None:
    first = policies.set_tier("free", {"weight": 2}, WHY)
    policies.set_tier("free", {"weight": 3}, WHY)
    undone = policies.undo(1, WHY)
    assert undone == replace(first, version=3)
    assert policies.undo(0, WHY).tiers == DEFAULT_TIERS


def test_switches(policies: Policies) -> None:
    table = {"scope": "region", "name": "de", "message": "Not today.", "until": 2e9}
    (switch,) = policies.set_switch(table, WHY).switches
    assert (switch.name, switch.from_s, switch.until_s) == ("DE", None, 2e9)
    (switch,) = policies.set_switch({**table, "message": "Later.", "until": None}, WHY).switches
    assert (switch.message, switch.until_s) == ("Later.", None)
    assert policies.remove_switch("region", "de", WHY).switches == ()


@pytest.mark.parametrize(
    ("act", "param", "code"),
    [
        (lambda p, c: p.set_tier("free", {}, c), None, "invalid_value"),
        (lambda p, c: p.set_tier("free", {"weight": 0}, c), "weight", "invalid_value"),
        (lambda p, c: p.set_tier("free", {"limits": ["3"]}, c), "limits", "invalid_value"),
        (lambda p, c: p.set_tier("free", {"colour": 1}, c), "colour", "invalid_value"),
        (lambda p, c: p.set_tier("free", {"models": ["owl"]}, c), "models", "invalid_value"),
        (lambda p, c: p.set_tier("new", {"weight": 1}, c), None, "invalid_value"),
        (lambda p, c: p.set_tier("N!", {"weight": 1}, c), None, "invalid_value"),
        (lambda p, c: p.replace({"tiers": {}}, c), "tiers", "invalid_value"),
        (lambda p, c: p.replace({"tiers": p.current().written()["tiers"] | {"free": OWLS}}, c),
         "tiers", "invalid_value"),
        (lambda p, c: p.replace(p.current().written() | {"switches": [NO_OWLS]}, c),
         "switches", "invalid_value"),
        (lambda p, c: p.set_switch(NO_OWLS | {"name": "smalti-mini", "until": 1_000_000}, c),
         "until", "invalid_value"),
        (lambda p, c: p.replace({"tiers": {"free": 1}}, c), "tiers", "invalid_value"),
        (lambda p, c: p.replace({"tiers": p.current().written()["tiers"], "switches": [1]}, c),
         "switches", "invalid_value"),
        (lambda p, c: p.remove_tier("gold", c), "name", "tier_not_found"),
        (lambda p, c: p.undo(9, c), "version", "version_not_found"),
        (lambda p, c: p.set_switch({"scope": "model", "name": "owl", "message": "No."}, c),
         "name", "invalid_value"),
        (lambda p, c: p.set_switch({"scope": "tier", "name": "owl", "message": "No."}, c),
         "name", "invalid_value"),
        (lambda p, c: p.set_switch({"scope": "region", "name": "DEU", "message": "No."}, c),
         "name", "invalid_value"),
        (lambda p, c: p.set_switch(
            {"scope": "region", "name": "DE", "message": "No.", "from": 9.0, "until": 8.0}, c),
         "until", "invalid_value"),
        (lambda p, c: p.remove_switch("tier", "free", c), "name", "switch_not_found"),
        (lambda p, c: p.set_tier("free", {"weight": 1}, replace(c, why="  ")),
         "why", "invalid_value"),
        (lambda p, c: p.set_tier("free", {"weight": 1}, replace(c, why="x" * 501)),
         "why", "invalid_value"),
    ],
)  # fmt: skip
def test_what_cannot_be_changes_nothing(
    db: Database,
    policies: Policies,
    act: Callable[[Policies, Cause], Policy],
    param: str | None,
    code: str,
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        act(policies, WHY)
    assert (caught.value.param, caught.value.code) == (param, code)
    assert policies.current().version == 0
    assert policies.history() == [] and Jobs(db).audit_since(0.0) == []


def test_a_change_that_was_made_from_an_older_version_is_refused(policies: Policies) -> None:
    policies.set_tier("free", {"weight": 2}, replace(WHY, if_version=0))
    with pytest.raises(Conflict, match="from version 0, and version 1 is in force") as caught:
        policies.set_tier("free", {"weight": 3}, replace(WHY, if_version=0))
    assert (caught.value.param, caught.value.code) == ("if_version", "version_conflict")
    policies.set_tier("free", {"weight": 3}, replace(WHY, if_version=1))
    assert policies.current().tiers["free"].weight == 3.0


def test_of_many_changes_at_once_none_is_lost(policies: Policies) -> None:
    names = [f"tier{i}" for i in range(12)]
    new = {"weight": 1, "max_running": 1, "max_waiting": 1}
    threads = [threading.Thread(target=policies.set_tier, args=(name, new, WHY)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(policies.current().tiers) == {*DEFAULT_TIERS, *names}
    assert policies.current().version == len(names)
