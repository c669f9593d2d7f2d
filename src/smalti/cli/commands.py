"""What can be typed, and what is said of what cannot.

Exit codes: 0 done, 1 it went wrong, 2 something typed or set is wrong.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import logging
import os
import platform
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from smalti import __version__
from smalti.cli import people, pictures, replaying, tiers
from smalti.cli.denials import denials
from smalti.cli.doctor import doctor
from smalti.control import COMPILED
from smalti.devices import threads_for_torch
from smalti.errors import ConfigError, InvalidRequest, SmaltiError

app = typer.Typer(
    name="smalti",
    help="A self-hosted image-generation service that draws its pictures tile by tile.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main(arguments: list[str] | None = None) -> None:
    """Run a command; whatever goes wrong is told in a sentence."""
    for name, value in threads_for_torch().items():
        os.environ.setdefault(name, value)
    _write_what_the_terminal_can()
    logging.basicConfig(format="%(levelname)s %(message)s")
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """The exit code of a command."""
    try:
        return int(app(arguments, standalone_mode=False) or 0)
    except typer.TyperException as error:
        said, code = _said_of(error), error.exit_code
    except (ConfigError, InvalidRequest) as error:
        said, code = error.message, 2
    except SmaltiError as error:
        said, code = error.message, 1
    except OSError as error:
        where = "The output" if error.filename is None else error.filename
        said, code = f"{where} cannot be read or written: {error.strerror}.", 1
    except (KeyboardInterrupt, typer.Abort):
        said, code = "Stopped.", 1
    if said:
        typer.echo(f"smalti: {said}", err=True)
    return code


def _write_what_the_terminal_can() -> None:
    """A terminal, or a file, that is not UTF-8 gets what it lacks as an escape, and no failure."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _said_of(error: typer.TyperException) -> str:
    """What typer says, and the value that was typed, which it leaves out."""
    found: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    if not found or not isinstance(error, typer.BadParameter) or error.param is None:
        return str(error.format_message())
    must = str(found[0]["msg"]).removeprefix("Input should be ").partition(", unable to")[0]
    name = str(error.param.get_error_hint()).replace("'", "")
    return f"{name} has value '{found[0]['input']}'. It must be {must}."


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"smalti {__version__}")
        raise typer.Exit


@app.callback()
def _smalti(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_tell_version),
    ] = False,
) -> None:
    """What is typed before a command."""


app.command()(pictures.generate)
app.command()(pictures.stylize)
app.command()(pictures.edit)
app.command()(doctor)
app.command()(replaying.replay)
app.add_typer(people.orgs, name="orgs")
app.add_typer(people.users, name="users")
app.add_typer(people.keys, name="keys")
app.add_typer(tiers.tiers, name="tiers")
app.add_typer(tiers.switches, name="switches")
app.command()(denials)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:N.")] = None,
    slots: Annotated[int | None, typer.Option(help="Pictures drawn at the same time.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Programs on this machine need no key.")
    ] = False,
) -> None:
    """Start the server; the settings it takes are in docs/configuration.md."""
    from smalti.cli.serving import serve_until_stopped
    from smalti.config import read_settings

    flags = {
        "host": host,
        "port": port,
        "data_dir": data_dir,
        "device": device,
        "slots": slots,
        "log_level": log_level,
        "local_mode": local or None,
    }
    serve_until_stopped(read_settings(flags))


@app.command()
def models(as_json: AsJson = False) -> None:
    """List the models, with their styles and sizes."""
    from smalti.models.facts import MODELS

    rows = [
        {
            "name": model.name,
            "styles": list(model.styles),
            "sizes": ["x".join(map(str, model.pixels(grid))) for grid in model.grids],
            "summary": model.summary,
        }
        for model in MODELS
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*rows[0], box=None, pad_edge=False)
    for row in rows:
        cells = (" ".join(cell) if isinstance(cell, list) else str(cell) for cell in row.values())
        table.add_row(*cells)
    Console().print(table)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def train(context: typer.Context) -> None:
    """Make a model from nothing: `smalti train --help` tells more."""
    try:
        from smalti.train.cli import main as train_model
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("smalti"):
            raise
        raise ConfigError(
            f"Training needs '{error.name}', which is not installed: pip install 'smalti[train]'."
        ) from None
    raise typer.Exit(train_model(context.args))


@app.command()
def version(as_json: AsJson = False) -> None:
    """Print the version, and of what it stands on with --json."""
    facts: dict[str, Any] = {"smalti": __version__, "python": platform.python_version()}
    facts["compiled"] = COMPILED
    facts |= {name: importlib.metadata.version(name) for name in ("torch", "numpy", "pillow")}
    typer.echo(json.dumps(facts, indent=2) if as_json else f"smalti {__version__}")
