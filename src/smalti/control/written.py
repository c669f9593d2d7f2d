"""`numbers`: what was written down before a restart, read again."""

from __future__ import annotations

import math
from collections.abc import Iterable


def numbers(written: Iterable[float], count: int, least: float = -math.inf) -> list[float]:
    """So many, each finite and `least` at least. Raises ValueError, or TypeError for no numbers."""
    found = [float(number) for number in written]
    if len(found) != count or not all(math.isfinite(n) and n >= least for n in found):
        raise ValueError(f"{written} are not {count} numbers from {least} on.")
    return found
