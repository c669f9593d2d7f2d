"""`smalti replay`: what the server would do with a demand, decided by its own code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smalti.errors import ConfigError, InvalidRequest

if TYPE_CHECKING:
    from smalti.control import Policy
    from smalti.plan.replay import Outcome

DEMAND = "A demand file (.csv or .csv.gz): arrival_s, user, org, tier, region, model, images, work."
SOURCE = "A demand made from published traces, in place of a file."


def replay(
    demand: Annotated[Path | None, typer.Option(help=DEMAND)] = None,
    source: Annotated[str | None, typer.Option(help=SOURCE)] = None,
    load: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=1000.0,
            help="Of the source, over what the fleet draws; 1 if left out.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[Path, typer.Option(help="The folder of the traces.")] = Path("../shared/data"),
    fleet: Annotated[
        Path | None, typer.Option(help="A JSON file: devices, step_s, spread. One CPU if left out.")
    ] = None,
    tiers: Annotated[
        Path | None,
        typer.Option(
            help="A smalti.toml whose tiers, switches and max_waiting count; those that come with "
            "smalti if left out."
        ),
    ] = None,
    begins: Annotated[
        str | None,
        typer.Option(help="When the demand begins, as 2027-01-31T12:00:00Z; for timed switches."),
    ] = None,
    takes_flex: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Part of those who take flex when offered.")
    ] = 0.0,
    in_full: Annotated[
        bool, typer.Option("--in-full", help="As if all wanted it in full: no rung is taken.")
    ] = False,
    recorded: Annotated[
        Path | None,
        typer.Option(help="A recording (`record_decisions`): decide all of it again, and compare."),
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write the demand to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Replay a demand through the server's own decisions, on a virtual clock."""
    from smalti.models.facts import MODELS
    from smalti.plan.accounted import Accounted
    from smalti.plan.demand import read_demand, write_demand
    from smalti.plan.fleet import MINI_CPU, read_fleet
    from smalti.plan.replay import replay as run
    from smalti.plan.rungs import offers_by
    from smalti.plan.scores import scores
    from smalti.plan.sources import demand_at

    if recorded is not None:
        beside = {
            "--demand": demand,
            "--source": source,
            "--load": load,
            "--fleet": fleet,
            "--tiers": tiers,
            "--begins": begins,
            "--takes-flex": takes_flex or None,
            "--in-full": in_full or None,
            "--save": save,
        }
        _refuse(beside, "a recording has its own demand, tiers and fleet")
        _again(recorded, as_json)
        return
    spec = MINI_CPU if fleet is None else read_fleet(fleet)
    policy, max_waiting = _rules(tiers)
    start = _start(begins, policy)
    if (demand is None) == (source is None):
        raise InvalidRequest("Name one of --demand and --source.", param="demand")
    if demand is not None:
        _refuse({"--load": load}, "a demand file is replayed as it is; a load is of a source")
    load = 1.0 if load is None else load
    asked = read_demand(demand) if demand else demand_at(source or "", data, load, spec)
    for row in asked.rows:
        if row.tier not in policy.tiers:
            raise InvalidRequest(
                f"The demand has a user of the tier '{row.tier}', and there are "
                f"{', '.join(policy.tiers)}. Name a file with --tiers that has it.",
                param="tiers",
            )
    if save is not None:
        try:
            write_demand(save, asked)
        except OSError as error:
            raise InvalidRequest(f"{save} cannot be written: {error.strerror}.", "save") from None
    offers = offers_by({} if in_full else {model.name: model.rung_work for model in MODELS})
    control = Accounted(policy, max_waiting)
    out = run(asked, spec, control, offers=offers, takes_flex=takes_flex, start=start)
    told = {
        **scores(out, policy.tiers),
        "by_tier": _by_tier(out),
        "refused": _refused(out),
        "given_up": len(out.given_up),
    }
    if as_json:
        typer.echo(json.dumps(told))
    else:
        _print(told)


def _refuse(options: Mapping[str, object], why: str) -> None:
    """Raises InvalidRequest for the first of them that is given, and would change nothing."""
    for name, value in options.items():
        if value is not None:
            raise InvalidRequest(f"{name} has no effect here: {why}. Leave it out.", name[2:])


def _again(file: Path, as_json: bool) -> None:
    from smalti.control.recording import replay_recorded
    from smalti.plan.recorded import read_recording

    try:
        found = replay_recorded(read_recording(file))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(
            f"{file} cannot be replayed as a recording: {error}.", param="recorded"
        ) from None
    if as_json:
        typer.echo(json.dumps({"decisions": found.decisions, "same": found.same}))
        return
    typer.echo(f"Decisions that are the same: {found.same} of {found.decisions}.")
    if found.difference is not None:
        number, then, now = found.difference
        typer.echo(f"The first that is not, number {number}: {then}, and now {now}.")


def _rules(file: Path | None) -> tuple[Policy, int]:
    """The policy, and how many pictures may wait. Raises ConfigError."""
    from smalti.cli.store_checks import newest_policy
    from smalti.config import Settings, read_settings
    from smalti.service.policies import policy_of

    if file is None:
        settings = Settings()
        return policy_of(settings), settings.max_waiting
    if file.name != "smalti.toml":
        raise InvalidRequest(
            f"--tiers has value '{file}'. It must be a file of the name smalti.toml.", "tiers"
        )
    if not file.is_file():
        raise ConfigError(f"There is no file {file}.")
    settings = read_settings({"data_dir": file.parent}, {})
    changed = newest_policy(settings)
    if changed is not None:
        typer.echo(
            f"This goes by {file}. A server over {file.parent} does not: version {changed.version} "
            "of its tiers counts, which `smalti tiers` shows and the console previews.",
            err=True,
        )
    return policy_of(settings), settings.max_waiting


def _start(begins: str | None, policy: Policy) -> float:
    """When the clock begins, as Unix time. Raises InvalidRequest."""
    from smalti.plan.replay import START

    if begins is not None:
        try:
            at = datetime.fromisoformat(begins.upper())
        except ValueError:
            at = None
        if at is None or at.tzinfo is None or at.timestamp() < 0:
            raise InvalidRequest(
                f"--begins has value '{begins}'. It must be a time such as 2027-01-31T12:00:00Z.",
                "begins",
            )
        return at.timestamp()
    for switch in policy.switches:
        if (switch.from_s, switch.until_s) != (None, None):
            raise InvalidRequest(
                f"The {switch.scope} '{switch.name}' is paused for a time. Say with --begins when "
                "the demand begins, such as 2027-01-31T12:00:00Z.",
                "begins",
            )
    return START


def _by_tier(out: Outcome) -> dict[str, dict[str, float]]:
    from smalti.plan.replay import NEVER
    from smalti.plan.scores import percentile

    waits: dict[str, list[float]] = {}
    asked = Counter(row.tier for row in out.demand.rows)
    for i, row in enumerate(out.demand.rows):
        if out.finished_s[i] != NEVER:
            waits.setdefault(row.tier, []).append(out.started_s[i] - out.admitted_s[i])
    return {
        tier: {
            "asked": count,
            "drawn": len(waits.get(tier, ())),
            "wait_p50_s": round(percentile(waits.get(tier, ()), 0.5), 2),
            "wait_p95_s": round(percentile(waits.get(tier, ()), 0.95), 2),
        }
        for tier, count in sorted(asked.items())
    }


def _refused(out: Outcome) -> dict[str, int]:
    return dict(Counter(rule for rule in out.rule if rule).most_common())


def _print(told: dict[str, Any]) -> None:
    typer.echo(f"{'tier':<12}{'asked':>9}{'drawn':>9}{'p50 wait':>11}{'p95 wait':>11}")
    for tier, row in told["by_tier"].items():
        waits = f"{row['wait_p50_s']:>9.1f} s{row['wait_p95_s']:>9.1f} s"
        typer.echo(f"{tier:<12}{row['asked']:>9}{row['drawn']:>9}{waits}")
    for rule, count in told["refused"].items():
        typer.echo(f"refused by {rule}: {count}")
    if told["given_up"]:
        typer.echo(f"gave up before they had all: {told['given_up']}")
    for name in ("goodput", "degraded", "promises_broken", "eta_coverage", "eta_error", "attempts"):
        typer.echo(f"{name}: {told[name]}")
