"""`Demand`: who asks for what, and when."""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from smalti.control.nouns import Offer
from smalti.errors import InvalidRequest

HEADER = ("arrival_s", "user", "org", "tier", "region", "model", "images", "work", "service",
          "patience_s")  # fmt: skip
_SERVICES = ("", "auto", "default", "flex", "priority")
IMAGES_MAX = 10
"""Of a request, as in the API."""
ARRIVAL_MAX_S = 366 * 86_400.0
"""A year. What is more was not counted from the start of the demand."""


class Row(NamedTuple):
    """One request. work: tile-steps of one image. patience_s: how long its client waits.

    key, features, offers: as those of an `Ask`; files do not hold them.
    """

    arrival_s: float
    user: str
    org: str
    tier: str
    region: str
    model: str
    images: int
    work: float
    service: str = "auto"
    patience_s: float | None = None
    key: str = ""
    features: frozenset[str] = frozenset()
    offers: tuple[Offer, ...] = ()


@dataclass
class Demand:
    """Requests in the order in which they arrive. duration_s: until the last could have come."""

    rows: Sequence[Row]
    duration_s: float
    name: str = ""
    users: int = field(default=0)

    @property
    def work(self) -> float:
        """Tile-steps of all."""
        return sum(row.images * row.work for row in self.rows)

    def of_tier(self, tier: str) -> Demand:
        return Demand([r for r in self.rows if r.tier == tier], self.duration_s, self.name)


def write_demand(path: Path, demand: Demand) -> None:
    """As CSV, packed if the name ends in .gz."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for row in demand.rows:
        patience = "" if row.patience_s is None else f"{row.patience_s:g}"
        writer.writerow((f"{row.arrival_s:.6f}", *row[1:7], f"{row.work:g}", row.service, patience))
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def read_demand(path: Path) -> Demand:
    """Raises InvalidRequest naming the line and the value that is wrong."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
        rows = sorted(_rows(path, text), key=lambda row: row.arrival_s)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidRequest(f"{path} cannot be read as a demand: {reason}.", "demand") from None
    if not rows:
        raise InvalidRequest(f"{path} holds no request.", "demand")
    return Demand(rows, rows[-1].arrival_s, path.name)


def _rows(path: Path, text: str) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(text))
    header = tuple(next(lines, ()))
    if header[:8] != HEADER[:8] or any(name not in HEADER for name in header):
        raise InvalidRequest(
            f"{path} begins with '{','.join(header)}'. It must begin with {','.join(HEADER)}; "
            "the last two may be left out.",
            "demand",
        )
    for cells in lines:
        where = f"{path}, line {lines.line_num}"
        if len(cells) != len(header):
            raise InvalidRequest(f"{where} has {len(cells)} values, not {len(header)}.", "demand")
        given = dict(zip(header, cells, strict=True))
        service = given.get("service", "")
        if service not in _SERVICES:
            raise InvalidRequest(f"{where}: '{service}' is no service tier.", "demand")
        patience = given.get("patience_s", "")
        yield Row(
            _arrival(where, given["arrival_s"]),
            given["user"],
            given["org"],
            given["tier"],
            given["region"].upper(),
            given["model"],
            _images(where, given["images"]),
            _number(where, "work", given["work"], 1e-9),
            service or "auto",
            _number(where, "patience_s", patience, 1e-9) if patience else None,
        )


def _arrival(where: str, text: str) -> float:
    value = _number(where, "arrival_s", text, 0.0)
    if value > ARRIVAL_MAX_S:
        raise InvalidRequest(
            f"{where}: arrival_s has value '{text}'. It must be seconds since the demand began, "
            f"{ARRIVAL_MAX_S:.0f} at most: take away the time of the first request.",
            "demand",
        )
    return value


def _images(where: str, text: str) -> int:
    value = _number(where, "images", text, 1.0)
    if value > IMAGES_MAX or not value.is_integer():
        raise InvalidRequest(
            f"{where}: images has value '{text}'. It must be a whole number from 1 to "
            f"{IMAGES_MAX}.",
            "demand",
        )
    return int(value)


def _number(where: str, name: str, text: str, least: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value < math.inf:
        raise InvalidRequest(
            f"{where}: {name} has value '{text}'. It must be a number from {least:g}.", "demand"
        )
    return value
