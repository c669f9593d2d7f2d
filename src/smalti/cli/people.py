"""`smalti orgs`, `smalti users`, `smalti keys`: who may draw, also while the server runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smalti.cli.tables import moment, tell_table
from smalti.errors import InvalidRequest

if TYPE_CHECKING:
    from smalti.config import Settings
    from smalti.store.database import Database
    from smalti.store.people import People, User

orgs = typer.Typer(help="Organisations, to which users belong.", no_args_is_help=True)
users = typer.Typer(help="Users, to whom keys and limits belong.", no_args_is_help=True)
keys = typer.Typer(help="Keys, with which users draw.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DataDir = Annotated[Path | None, typer.Option(help="Where everything is kept.")]
Who = Annotated[str, typer.Argument(metavar="USER", help="A user's id or name.")]
Tier = Annotated[str | None, typer.Option(help="The tier; else the setting default_tier.")]

WHO = "command line"
"""Who made a change, as the record of changes says it."""
DAY_S = 86_400


@dataclass(frozen=True)
class Office:
    """The people of one database, and the record of what is changed about them."""

    db: Database
    people: People
    settings: Settings

    def note(self, action: str, **detail: Any) -> None:
        from smalti.store import audit

        self.db.write_now(lambda c: audit.note(c, time.time(), WHO, action, detail))

    def user(self, named: str) -> User:
        """By id or by name. Raises InvalidRequest."""
        from smalti.store.parts import Part

        alike = self.people.users(part=Part(search=named))
        found = [user for user in alike if named in (user.user_id, user.name)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(f"{user.user_id} of {user.org_id}" for user in found)
            raise InvalidRequest(f"Several users are named '{named}': {ids}. Give the id of one.")
        raise InvalidRequest(f"There is no user '{named}'. See smalti users list.")

    def organisation(self, named: str | None) -> str:
        """The id of an organisation, by id or name; the first one if none is named."""
        from smalti.store.people import DEFAULT_ORGANISATION

        self.people.enter_organisation(DEFAULT_ORGANISATION, "default")
        for organisation in self.people.organisations():
            if named in (organisation.org_id, organisation.name):
                return organisation.org_id
        if named is None:
            return DEFAULT_ORGANISATION
        raise InvalidRequest(f"There is no organisation '{named}'. See smalti orgs list.")

    def tier(self, named: str | None) -> str:
        """Raises InvalidRequest for one that is not set up."""
        from smalti.service.policies import Policies

        name = named or self.settings.default_tier
        tiers = Policies(self.db, self.settings).current().tiers
        if name in tiers:
            return name
        raise InvalidRequest(f"There is no tier '{name}'. The tiers: {', '.join(tiers)}.")


@contextmanager
def opened(data_dir: Path | None, new: bool = False) -> Iterator[Office]:
    """new: whether the database may be made."""
    from smalti.cli.kept import kept
    from smalti.config import read_settings
    from smalti.store.people import People

    settings = read_settings({"data_dir": data_dir})
    db = kept(settings, new)
    try:
        yield Office(db, People(db), settings)
    finally:
        db.close()


@orgs.command("create")
def create_organisation(name: str, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Make an organisation."""
    with opened(data_dir, new=True) as office:
        made = office.people.create_organisation(name)
        office.note("organisation.create", org_id=made.org_id, name=made.name)
    _tell(made, made.org_id, as_json)


@orgs.command("list")
def list_organisations(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the organisations."""
    with opened(data_dir) as office:
        _list(office.people.organisations(), ("org_id", "name", "created_at"), as_json)


@users.command("create")
def create_user(
    name: str,
    org: Annotated[str | None, typer.Option(help="Id or name; else the first one.")] = None,
    tier: Tier = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Make a user."""
    with opened(data_dir, new=True) as office:
        made = office.people.create_user(name, office.organisation(org), office.tier(tier))
        office.note("user.create", user_id=made.user_id, name=made.name, tier=made.tier)
    _tell(made, made.user_id, as_json)


@users.command("list")
def list_users(
    org: Annotated[str | None, typer.Option(help="Those of one organisation.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List the users."""
    with opened(data_dir) as office:
        found = office.people.users(None if org is None else office.organisation(org))
    _list(found, ("user_id", "name", "tier", "org_id", "created_at", "disabled_at"), as_json)


@users.command("tier")
def set_tier(user: Who, tier: str, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Put a user in another tier, from the next request on."""
    with opened(data_dir) as office:
        changed = office.people.set_tier(office.user(user).user_id, office.tier(tier))
        office.note("user.tier", user_id=changed.user_id, tier=changed.tier)
    _tell(changed, f"{changed.name} is in tier {changed.tier}.", as_json)


@users.command("disable")
def disable_user(user: Who, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Refuse a user's keys, from the next request on. What was accepted before is still drawn."""
    with opened(data_dir) as office:
        changed = office.people.disable(office.user(user).user_id)
        office.note("user.disable", user_id=changed.user_id)
    _tell(changed, f"{changed.name} is disabled. What was accepted of his is still drawn.", as_json)


@users.command("enable")
def enable_user(user: Who, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Accept a disabled user's keys again."""
    with opened(data_dir) as office:
        changed = office.people.enable(office.user(user).user_id)
        office.note("user.enable", user_id=changed.user_id)
    _tell(changed, f"{changed.name} is enabled.", as_json)


@keys.command("create")
def create_key(
    user: Who,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "key",
    scope: Annotated[list[str] | None, typer.Option(help="images (default), admin.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="Expires after.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Make a key and print its secret, which cannot be read again."""
    expires_at = None if days is None else time.time() + days * DAY_S
    with opened(data_dir) as office:
        owner = office.user(user)
        key, secret = office.people.create_key(owner.user_id, name, scope or ["images"], expires_at)
        office.note("key.create", key_id=key.key_id, user_id=key.user_id, scopes=sorted(key.scopes))
    if as_json:
        typer.echo(json.dumps(_facts(key) | {"secret": secret}, indent=2))
        return
    typer.echo(secret)
    typer.echo(f"{key.key_id} of {owner.name}. Keep it now: it is not shown again.", err=True)


@keys.command("list")
def list_keys(
    user: Annotated[str | None, typer.Option(help="Those of one user, by id or name.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List the keys, by how their secrets begin."""
    with opened(data_dir) as office:
        found = office.people.keys(None if user is None else office.user(user).user_id)
    columns = ("key_id", "prefix", "name", "user_id", "scopes", "expires_at", "revoked_at")
    _list(found, columns, as_json)


@keys.command("revoke")
def revoke_key(key_id: str, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Refuse a key, from the next request on."""
    with opened(data_dir) as office:
        revoked = office.people.revoke(key_id)
        office.note("key.revoke", key_id=key_id)
    _tell(revoked, f"{revoked.prefix}… is revoked.", as_json)


def _facts(row: Any) -> dict[str, Any]:
    """As JSON. Times are Unix seconds."""
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in vars(row).items()
    }


def _tell(row: Any, sentence: str, as_json: bool) -> None:
    typer.echo(json.dumps(_facts(row), indent=2) if as_json else sentence)


def _list(rows: Sequence[Any], columns: Sequence[str], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([_facts(row) for row in rows], indent=2))
        return
    tell_table(columns, [[_cell(_facts(row), column) for column in columns] for row in rows])


def _cell(facts: Mapping[str, Any], column: str) -> str:
    value = facts[column]
    if column.endswith("_at"):
        return moment(value)
    return " ".join(value) if isinstance(value, list) else str(value)
