"""What commands list: a line for each row, and nothing cut, so that an id can be copied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

_WIDE = 1000
"""Characters of a line."""


def tell_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(width=_WIDE).print(table)


def moment(at: float | None) -> str:
    """In UTC, as switches read it too. at: Unix seconds; nothing for none."""
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}"
