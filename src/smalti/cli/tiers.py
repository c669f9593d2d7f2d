"""`smalti tiers`, `smalti switches`: what users may ask for, also while the server runs.

A running server goes by what is changed here from its next decision on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smalti.cli.people import WHO, AsJson, DataDir
from smalti.cli.tables import moment, tell_table
from smalti.errors import InvalidRequest

if TYPE_CHECKING:
    from smalti.control.policy import Policy
    from smalti.control.switches import Switch
    from smalti.service.policies import Cause, Policies

tiers = typer.Typer(
    help="Tiers: the limits and shares of users.",
    invoke_without_command=True,
    no_args_is_help=False,
)
switches = typer.Typer(
    help="Switches: what is paused.", invoke_without_command=True, no_args_is_help=False
)

Name = Annotated[str, typer.Argument(metavar="TIER", help="The tier.")]
Why = Annotated[str, typer.Option(help="Why; it stands in the record of changes.")]
IfVersion = Annotated[
    int | None, typer.Option(help="Change nothing if another version is in force.")
]
Scope = Annotated[str, typer.Argument(help="tier, region, model or feature.")]
Paused = Annotated[str, typer.Argument(metavar="NAME", help="Its name; a country's code.")]
Weight = Annotated[float | None, typer.Option(help="Its share of the slots against others.")]
Limits = Annotated[
    str | None,
    typer.Option(help='Such as "50/3h, 4 at once"; "" for none.', show_default=False),
]
MaxRunning = Annotated[int | None, typer.Option(help="Pictures of a user drawn at a time.")]
MaxWaiting = Annotated[int | None, typer.Option(help="Pictures of a user that may wait.")]
PromisedWait = Annotated[
    float | None, typer.Option(help="Seconds within which a job has its slots; 0: no promise.")
]
Rungs = Annotated[
    str | None, typer.Option(help='What load may do: "partials, guidance, quality, size, model".')
]
Services = Annotated[str | None, typer.Option(help='Such as "default, flex, priority".')]
JUDGED = ("attributes_right", "style_right", "time_right", "sign_right")
Models = Annotated[str | None, typer.Option(help='Names of models; "" for all.')]


@contextmanager
def _policies(data_dir: Path | None, mending: bool = False) -> Iterator[Policies]:
    from smalti.cli.kept import kept
    from smalti.config import read_settings
    from smalti.models.facts import MODELS
    from smalti.service.policies import Policies

    settings = read_settings({"data_dir": data_dir})
    db = kept(settings, new=True)
    try:
        yield Policies(db, settings, tuple(model.name for model in MODELS), mending=mending)
    finally:
        db.close()


def _cause(why: str, if_version: int | None) -> Cause:
    from smalti.service.policies import Cause

    return Cause(WHO, why, if_version)


# --- tiers ---


@tiers.callback()
def list_tiers(context: typer.Context, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Tiers: the limits and shares of users."""
    if context.invoked_subcommand is None:
        with _policies(data_dir) as policies:
            _tell_tiers(policies.current(), as_json)


@tiers.command("set")
def set_tier(
    name: Name,
    why: Why,
    weight: Weight = None,
    limits: Limits = None,
    max_running: MaxRunning = None,
    max_waiting: MaxWaiting = None,
    promised_wait: PromisedWait = None,
    rungs: Rungs = None,
    services: Services = None,
    models: Models = None,
    if_version: IfVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Change a tier; what is not named stays as it is."""
    fields = _fields(
        weight, limits, max_running, max_waiting, promised_wait, rungs, services, models
    )
    with _policies(data_dir) as policies:
        known = policies.current().tiers
        if name not in known:
            raise InvalidRequest(
                f"There is no tier '{name}'. There are {', '.join(known)}. Make one with smalti "
                "tiers add."
            )
        _tell_tiers(policies.set_tier(name, fields, _cause(why, if_version)), as_json)


@tiers.command("add")
def add_tier(
    name: Name,
    why: Why,
    weight: Annotated[float, typer.Option(help="Its share of the slots against others.")],
    max_running: Annotated[int, typer.Option(help="Pictures of a user drawn at a time.")],
    max_waiting: Annotated[int, typer.Option(help="Pictures of a user that may wait.")],
    limits: Limits = None,
    promised_wait: PromisedWait = None,
    rungs: Rungs = None,
    services: Services = None,
    models: Models = None,
    if_version: IfVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Make a tier."""
    fields = _fields(
        weight, limits, max_running, max_waiting, promised_wait, rungs, services, models
    )
    with _policies(data_dir) as policies:
        if name in policies.current().tiers:
            raise InvalidRequest(f"There is a tier '{name}'. Change it with smalti tiers set.")
        _tell_tiers(policies.set_tier(name, fields, _cause(why, if_version)), as_json)


@tiers.command("remove")
def remove_tier(
    name: Name,
    why: Why,
    if_version: IfVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Remove a tier that nobody is in."""
    with _policies(data_dir) as policies:
        _tell_tiers(policies.remove_tier(name, _cause(why, if_version)), as_json)


@tiers.command("history")
def tiers_history(
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Who changed tiers and switches, when and why."""
    with _policies(data_dir, mending=True) as policies:
        rows = policies.history(limit)
    if as_json:
        typer.echo(json.dumps([vars(row) for row in rows], indent=2))
        return
    cells = [[str(row.version), moment(row.at), row.who, row.why] for row in rows]
    tell_table(("version", "at", "who", "why"), cells)


@tiers.command("undo")
def undo_tiers(
    version: Annotated[int, typer.Argument(help="The version to return to; 0: the file's.")],
    why: Why,
    if_version: IfVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Return to an older version of the tiers and switches, in a new one."""
    with _policies(data_dir, mending=True) as policies:
        _tell_tiers(policies.undo(version, _cause(why, if_version)), as_json)


@tiers.command("rungs")
def tell_rungs(as_json: AsJson = False) -> None:
    """What load may do to a picture of each model: the gain and the loss of each rung, measured."""
    from smalti.models.facts import MODELS

    if as_json:
        told = {model.name: dict(model.rung_facts) or None for model in MODELS}
        typer.echo(json.dumps(told, indent=2))
        return
    columns = ("gain", "work_ratio", "loss", *JUDGED)
    cells = [
        [model.name, rung, *(f"{facts[column]:.3f}" for column in columns)]
        for model in MODELS
        for rung, facts in model.rung_facts.get("rungs", {}).items()
    ]
    tell_table(("model", "rung", *columns), cells)


# --- switches ---


@switches.callback()
def list_switches(
    context: typer.Context, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Switches: what is paused."""
    if context.invoked_subcommand is None:
        with _policies(data_dir) as policies:
            _tell_switches(policies.current(), as_json)


@switches.command("pause")
def pause(
    scope: Scope,
    name: Paused,
    message: Annotated[str, typer.Option(help="The sentence that users read.")],
    why: Why,
    begins: Annotated[
        str | None, typer.Option("--from", help="Such as 2027-01-31T12:00:00Z; else now.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="The same; else until it resumes.")] = None,
    if_version: IfVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Refuse requests of a tier, region, model or feature, now or at a time."""
    table = {"scope": scope, "name": name, "message": message, "from": begins, "until": until}
    with _policies(data_dir) as policies:
        _tell_switches(policies.set_switch(table, _cause(why, if_version)), as_json)


@switches.command("resume")
def resume(
    scope: Scope,
    name: Paused,
    why: Why,
    if_version: IfVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Take requests again."""
    with _policies(data_dir) as policies:
        _tell_switches(policies.remove_switch(scope, name, _cause(why, if_version)), as_json)


# --- what is read and printed ---


def _fields(
    weight: float | None,
    limits: str | None,
    max_running: int | None,
    max_waiting: int | None,
    promised_wait_s: float | None,
    rungs: str | None,
    services: str | None,
    models: str | None,
) -> dict[str, object]:
    """Those that were given."""
    given: dict[str, object] = {
        "weight": weight,
        "limits": _listed(limits),
        "max_running": max_running,
        "max_waiting": max_waiting,
        "promised_wait_s": promised_wait_s,
        "rungs": _listed(rungs),
        "services": _listed(services),
        "models": _listed(models),
    }
    return {name: value for name, value in given.items() if value is not None}


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _tell_tiers(policy: Policy, as_json: bool) -> None:
    written = policy.written()
    if as_json:
        typer.echo(json.dumps({"version": policy.version, **written}, indent=2))
        return
    names = ("weight", "limits", "max_running", "max_waiting", "promised_wait_s", "rungs")
    columns = (*names, "services", "models")
    cells = [
        [name, *(_cell(tier[column]) for column in columns)]
        for name, tier in written["tiers"].items()
    ]
    tell_table(("tier", *columns), cells)
    _tell_version(policy)


def _tell_switches(policy: Policy, as_json: bool) -> None:
    written = [switch.written() for switch in policy.switches]
    if as_json:
        typer.echo(json.dumps({"version": policy.version, "switches": written}, indent=2))
        return
    now = time.time()
    cells = [
        [its.scope, its.name, _at(its, now), moment(its.from_s), moment(its.until_s), its.message]
        for its in policy.switches
    ]
    if cells:
        tell_table(("scope", "name", "now", "from", "until", "message"), cells)
    else:
        typer.echo("Nothing is paused.")
    _tell_version(policy)


def _at(switch: Switch, now: float) -> str:
    if switch.on(now):
        return "paused"
    if switch.until_s is not None and switch.until_s <= now:
        return f"over since {moment(switch.until_s)}"
    return f"from {moment(switch.from_s)}"


def _tell_version(policy: Policy) -> None:
    from_file = "0: what the settings say" if policy.version == 0 else str(policy.version)
    typer.echo(f"version {from_file}", err=True)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else f"{value:g}"
