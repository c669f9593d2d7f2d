"""Settings: one table, read in one order.

A setting comes from the first of these that has it: a command-line flag, the environment
(`SMALTI_PORT`), `smalti.toml` in the data directory, its default. `docs/configuration.md` is
`python -m smalti.config`, word for word.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from smalti import values
from smalti.errors import ConfigError
from smalti.values import Read

PREFIX = "SMALTI_"
FILE = "smalti.toml"

log = logging.getLogger(__name__)


def without_passwords(name: str, value: object) -> str:
    """A setting's value as it may be printed: no key, and no password in an address."""
    if name == "key" and value is not None:
        return "…"
    if isinstance(value, bool):
        return str(value).lower()
    written = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    text = re.sub(r"(://[^/@:]*):.*@", r"\1:…@", written)
    return re.sub(
        r"([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&]*", r"\1…", text, flags=re.I
    )


def _setting(default: object, read: Read, help: str, shown: str | None = None) -> Any:
    """A row of the table. shown: how the docs write the default, where its value would not do."""
    return field(default=default, metadata={"read": read, "help": help, "shown": shown})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, with its type and its default."""

    data_dir: Path = _setting(
        None,
        values.path,
        "The one folder in which everything is kept: the key, the pictures, smalti.toml.",
        shown="~/.local/share/smalti",
    )
    host: str = _setting(
        "127.0.0.1", values.text, "Address to listen on; 0.0.0.0 for every network."
    )
    port: int = _setting(8000, values.whole(0, 65535), "Port to listen on; 0 takes a free one.")
    public_url: str | None = _setting(
        None,
        values.url,
        "How clients reach this server, for links in replies, where a proxy stands before it.",
        shown="as the client addressed it",
    )
    key: str | None = _setting(
        None,
        values.key,
        "The key that clients must send, in place of the one in the data directory.",
        shown="made at the first start",
    )
    local_mode: bool = _setting(
        False,
        values.switch,
        "Serve requests of this machine without a key; `host` must be loopback.",
    )
    database_url: str | None = _setting(
        None,
        values.database,
        "Where jobs, keys and limits are kept, as an SQLAlchemy address.",
        shown="smalti.db in the data directory",
    )
    pictures_url: str | None = _setting(
        None,
        values.pictures,
        "An S3-compatible bucket for pictures, as `s3://bucket/prefix`; it takes its credentials "
        "from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        shown="pictures/ in the data directory",
    )
    s3_endpoint: str | None = _setting(
        None, values.url, "Address of the S3-compatible server.", shown="Amazon's"
    )
    s3_region: str = _setting("us-east-1", values.text, "Region of the bucket.")
    tiers: dict[str, object] | None = _setting(
        None,
        values.tables,
        "The tiers of users, one table each: `[tiers.free]` with `weight`, `limits`, "
        "`max_running`, `max_waiting`, `promised_wait_s`, `rungs`, `services` and `models`. Once "
        "`smalti tiers` or an administrator has changed one, what they said counts in its place.",
        shown="free, plus, pro and team",
    )
    switches: tuple[dict[str, object], ...] | None = _setting(
        None,
        values.list_of_tables,
        "What is paused, one table each: `[[switches]]` with `scope` (tier, region, model or "
        "feature), `name`, `message`, and `from` and `until` if it ends by itself.",
        shown="none",
    )
    default_tier: str = _setting(
        "free",
        values.text,
        "Tier of a user for whom none is named, or whose tier is not there any more.",
    )
    trusted_proxies: tuple[str, ...] = _setting(
        ("127.0.0.1/32", "::1/128"),
        values.networks,
        "Networks of the proxies before this server, with commas between them. Only their "
        "`X-Forwarded-For`, `X-Forwarded-Proto` and `country_header` are believed.",
        shown="127.0.0.1, ::1",
    )
    country_header: str | None = _setting(
        None,
        values.header,
        "The header in which a proxy says a client's country, such as `CF-IPCountry`.",
        shown="none",
    )
    country_database: Path | None = _setting(
        None,
        values.path,
        "A MaxMind database (.mmdb) that knows the country of an address; needs "
        "`pip install smalti[geo]`.",
        shown="none",
    )
    log_level: str = _setting(
        "info", values.one_of("debug", "info", "warning", "error"), "How much is logged."
    )
    log_format: str = _setting(
        "text", values.one_of("text", "json"), "How log lines are written; json is for machines."
    )
    log_prompts: bool = _setting(False, values.switch, "Whether prompts may stand in the log.")
    otlp_endpoint: str | None = _setting(
        None,
        values.url,
        "An OpenTelemetry collector that gets traces, over HTTP; needs `pip install smalti[otel]`.",
        shown="no traces",
    )
    record_decisions: Path | None = _setting(
        None,
        values.path,
        "A file into which all that is decided is written, for `smalti replay --recorded`; it "
        "names users and jobs, and begins anew at each start.",
        shown="nothing is recorded",
    )
    device: str = _setting(
        "auto", values.device, "Where pictures are drawn: auto takes a CUDA device if there is one."
    )
    slots: int = _setting(
        8, values.whole(1, 1024), "Pictures drawn at the same time on the device."
    )
    max_waiting: int = _setting(
        1000,
        values.whole(10, 1_000_000),
        "Pictures that may wait for a slot; beyond it, requests get 503.",
    )
    max_upload_mb: int = _setting(
        50, values.whole(1, 1000), "Largest picture that may be uploaded, as a file."
    )
    max_upload_megapixels: int = _setting(
        64, values.whole(1, 1000), "Largest picture that may be uploaded, unpacked."
    )
    max_body_mb: int = _setting(
        200, values.whole(1, 10_000), "Largest request that is read, all its files together."
    )
    picture_lifetime_s: int = _setting(
        3600,
        values.whole(1, 10**9),
        "Seconds for which a picture replied as a link can be fetched.",
    )
    picture_retention_days: int = _setting(
        30, values.whole(1, 36_500), "Days after which a finished picture is deleted."
    )
    job_retention_days: int = _setting(
        90, values.whole(1, 36_500), "Days after which what is known of a finished job is deleted."
    )
    body_timeout_s: int = _setting(
        60, values.whole(1, 3600), "Longest pause in a request's body before it is given up."
    )
    max_connections: int = _setting(
        2000,
        values.whole(10, 100_000),
        "Connections at a time; more are answered with 503 at once. Requests of one user may be "
        "half as many.",
    )
    stop_grace_s: int = _setting(
        5,
        values.whole(0, 3600),
        "How long a stop waits for replies before it checkpoints the rest.",
    )
    keep_alive_s: int = _setting(
        10, values.whole(1, 3600), "Seconds of silence after which a stream says that it is alive."
    )

    def __repr__(self) -> str:
        shown = (
            f"{f.name}={without_passwords(f.name, getattr(self, f.name))}" for f in fields(self)
        )
        return f"Settings({', '.join(shown)})"


@dataclass(frozen=True)
class Row:
    """A setting as the table and the docs know it."""

    name: str
    default: object
    help: str
    shown: str
    read: Read

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()


def _row(name: str, default: object, meta: Mapping[str, Any]) -> Row:
    shown = meta["shown"] or str(default).replace("False", "false")
    return Row(name, default, meta["help"], shown, meta["read"])


TABLE = tuple(_row(f.name, f.default, f.metadata) for f in fields(Settings))


def read_settings(
    flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """flags: settings given on the command line; None stands for a flag that was not given.

    An empty variable counts as not set. Raises ConfigError for a value that a setting cannot
    have, and for a name in smalti.toml that is no setting.
    """
    environ = os.environ if environ is None else environ
    _warn_of_unknown(environ)
    sources: list[dict[str, tuple[str, object]]] = [
        {r.name: ("--" + r.name.replace("_", "-"), (flags or {}).get(r.name)) for r in TABLE},
        {r.name: (r.variable, environ.get(r.variable) or None) for r in TABLE},
    ]
    data_dir = _value(TABLE[0], sources)
    folder = data_dir if isinstance(data_dir, Path) else default_data_dir(environ)
    file = folder / FILE
    sources.append({name: (str(file), value) for name, value in _read_file(file).items()})
    found: dict[str, Any] = {row.name: _value(row, sources) for row in TABLE[1:]}
    return Settings(data_dir=folder, **found)


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """`$XDG_DATA_HOME/smalti`, which is `~/.local/share/smalti` on most machines."""
    base = environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "share") / "smalti"


def _value(row: Row, sources: Sequence[Mapping[str, tuple[str, object]]]) -> object:
    """The value of a setting from the first source that has one."""
    for source in sources:
        origin, written = source.get(row.name, ("", None))
        if written is not None:
            try:
                return row.read(written)
            except ValueError as error:
                raise ConfigError(
                    f"Setting '{row.name}' has value '{without_passwords(row.name, written)}' "
                    f"(from {origin}). "
                    f"It must be {error}."
                ) from None
    return row.default


def _read_file(file: Path) -> Mapping[str, object]:
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{file} cannot be read: {why}.") from None
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}.") from None
    names = [row.name for row in TABLE if row.name != "data_dir"]
    for name in written:
        if name == "data_dir":
            raise ConfigError(
                f"{file} sets 'data_dir', but is found by it. Use --data-dir or SMALTI_DATA_DIR."
            )
        if name not in names:
            raise ConfigError(f"{file} sets '{name}', which is no setting.{_nearest(name, names)}")
    return written


def _warn_of_unknown(environ: Mapping[str, str]) -> None:
    known = [row.variable for row in TABLE]
    for name in environ:
        if name.startswith(PREFIX) and name not in known:
            log.warning("%s is no setting and has no effect.%s", name, _nearest(name, known))


def _nearest(name: str, known: list[str]) -> str:
    """What all of them begin with makes none of them more alike."""
    by_rest = {its.removeprefix(PREFIX): its for its in known}
    near = difflib.get_close_matches(name.removeprefix(PREFIX), by_rest, n=1)
    return f" Did you mean '{by_rest[near[0]]}'?" if near else ""


def page() -> str:
    """The text of docs/configuration.md."""
    lines = [
        "# Configuration",
        "",
        "<!-- Written by `make docs` from src/smalti/config.py; a test keeps the two the same. -->",
        "",
        "A setting comes from the first of these that has it:",
        "",
        "1. a flag of the command line, such as `smalti serve --port 9000`, where there is one;",
        "2. the environment, such as `SMALTI_PORT=9000`;",
        f"3. `{FILE}` in the data directory, with lines such as `port = 9000`;",
        "4. its default.",
        "",
        "A value that a setting cannot have stops the start, with a sentence that names the value,",
        "where it came from and what it must be. Everything that smalti keeps is under `data_dir`,",
        f"which for that reason cannot be set in `{FILE}`.",
        "",
        "| setting | environment | default | what it does |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{r.name}` | `{r.variable}` | {r.shown} | {r.help} |" for r in TABLE]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
