"""`smalti denials`: who was refused, and by which rule."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from smalti.cli.people import AsJson, DataDir, opened
from smalti.cli.tables import moment, tell_table

HOUR_S = 3600.0

User = Annotated[str | None, typer.Option(help="A user's id or name; else of all.")]


def denials(
    user: User = None,
    hours: Annotated[float, typer.Option(min=0, max=100_000, help="How far back.")] = 24.0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Who was refused, and by which rule."""
    from smalti.store.jobs import Jobs
    from smalti.store.parts import Part

    since = time.time() - hours * HOUR_S
    with opened(data_dir) as office:
        jobs = Jobs(office.db)
        user_id = None if user is None else office.user(user).user_id
        rows = jobs.denials_since(since, user_id, limit)
        refused = Part({row.user_id for row in rows})
        names = {found.user_id: found.name for found in office.people.users(part=refused)}
        counts = jobs.denial_counts(since, user_id)
    if as_json:
        told = {"data": [vars(row) for row in rows], "counts": counts}
        typer.echo(json.dumps(told, indent=2))
        return
    if not counts:
        typer.echo(f"Nobody was refused in the last {hours:g} hours.")
        return
    most = sorted(counts.items(), key=lambda its: (-its[1], its[0]))
    tell_table(("rule", "requests"), [[rule, str(count)] for rule, count in most])
    typer.echo()
    columns = ("at", "user", "tier", "region", "images", "rule", "retry_at")
    cells = [
        [moment(row.at), names.get(row.user_id, row.user_id), row.tier, row.region,
         str(row.images), row.rule, moment(row.retry_at)]
        for row in rows
    ]  # fmt: skip
    tell_table(columns, cells)
