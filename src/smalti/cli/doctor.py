"""`smalti doctor`: looks at everything that a server needs, and says what to do about the rest."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smalti.cli.finding import Finding, fail, ok
from smalti.config import FILE, TABLE, Settings, read_settings, without_passwords
from smalti.errors import ConfigError

if TYPE_CHECKING:
    from smalti.store.rows import PolicyRow

MARKS = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


def doctor(
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check what the server needs, and say what to do. Exit code 1 if something fails."""
    flags = {"data_dir": data_dir}
    try:
        settings = read_settings(flags)
    except ConfigError as error:
        findings = [fail("settings", error.message, "Correct it; the other checks need it.")]
        rows = []
    else:
        findings = examine(settings)
        rows = settings_rows(settings, flags, os.environ)
    if as_json:
        checks = [asdict(finding) for finding in findings]
        typer.echo(json.dumps({"checks": checks, "settings": rows}, indent=2))
    else:
        show(findings, rows)
    raise typer.Exit(int(any(finding.state == "fail" for finding in findings)))


def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order in which a start would stumble."""
    from smalti.cli import machine_checks as machine
    from smalti.cli import store_checks as store

    database, newest_job = store.check_database(settings)
    return [
        machine.check_python(),
        check_settings(settings, store.newest_policy(settings)),
        store.check_folder(settings),
        store.check_secrets(settings),
        database,
        store.check_pictures(settings),
        *store.check_recording(settings),
        machine.check_port(settings),
        machine.check_weights(),
        machine.check_device(settings),
        machine.check_clock(newest_job),
        machine.check_files(settings),
    ]


def check_settings(settings: Settings, newest: PolicyRow | None) -> Finding:
    """What the table of settings cannot check by itself. newest: version of the tiers."""
    from smalti.api.country import open_database
    from smalti.cli.serving import check_local_mode
    from smalti.models.facts import MODELS
    from smalti.service.policies import policy_in_force

    try:
        check_local_mode(settings)
        tiers = policy_in_force(settings, newest, [model.name for model in MODELS]).tiers
        if settings.country_database is not None:
            open_database(settings.country_database).close()
    except ConfigError as error:
        return fail("settings", error.message, "Correct it where it was set; that stands below.")
    of = "" if newest is None else f" of version {newest.version}"
    return ok("settings", f"read; tiers {', '.join(tiers)}{of}, for others {settings.default_tier}")


def settings_rows(
    settings: Settings, flags: Mapping[str, object], environ: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Each setting, its value without secrets, and where it came from."""
    file = settings.data_dir / FILE
    written = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    rows = []
    for row in TABLE:
        value = getattr(settings, row.name)
        if flags.get(row.name) is not None:
            origin = "--" + row.name.replace("_", "-")
        elif environ.get(row.variable):
            origin = row.variable
        elif row.name in written:
            origin = str(file)
        else:
            origin = "default"
        shown = row.shown if value is None else without_passwords(row.name, value)
        rows.append({"name": row.name, "value": shown, "from": origin})
    return rows


def show(findings: list[Finding], rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    out = Console(soft_wrap=True, highlight=False)
    for found in findings:
        out.print(f"{MARKS[found.state]} {found.check}: {escape(found.finding)}")
        if found.remedy:
            out.print(f"     -> {escape(found.remedy)}")
    if rows:
        table = Table("setting", "value", "from", box=None, pad_edge=False)
        for row in rows:
            table.add_row(row["name"], escape(row["value"]), escape(row["from"]))
        out.print()
        out.print(table)
