"""How to store weights for a step of few rows: by rows, by columns, packed.

    python bench/layouts.py [--rows 1 8 16 32]

Times the matrix products of one step of the drawer, and looks whether a row comes out
bit by bit the same whatever stands beside it. The last line is JSON: milliseconds a step, ratios
over the plain layout measured side by side.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from smalti.models.mini.drawer import DrawerShape
from smalti.models.mini.stepper import by_columns
from smalti.models.mini.tokenizer import CODEBOOK, CODES

Multiply = Callable[[Tensor, Any], Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 8, 16, 32])
    parser.add_argument("--rounds", type=int, default=60)
    chosen = parser.parse_args()
    torch.manual_seed(0)
    weights = [torch.randn(out, inner) * 0.05 for out, inner in shapes(DrawerShape())]
    figures: dict[str, float] = {}
    print(f"{'rows':>4} {'layout':>10} {'ms a step':>10}  the same in a crowd")
    for rows in chosen.rows:
        inputs = [torch.randn(rows, weight.shape[1]) for weight in weights]
        for name, (multiply, stored) in layouts(weights, rows).items():
            ms = 1000 * seconds(multiply, inputs, stored, chosen.rounds)
            figures[f"{name}_{rows}_ms"] = round(ms, 3)
            print(f"{rows:>4} {name:>10} {ms:>10.3f}  {invariant(multiply, inputs, stored)}")
        figures[f"by_columns_gain_{rows}"] = round(
            figures[f"by_rows_{rows}_ms"] / figures[f"by_columns_{rows}_ms"], 3
        )
    print(json.dumps({"bench": "layouts", "figures": figures}))


def shapes(shape: DrawerShape) -> list[tuple[int, int]]:
    """(out, in) of every product in a step."""
    d, hidden = shape.width, shape.hidden
    layer = [(3 * d, d), (d, d), (2 * hidden, d), (d, hidden)]
    return layer * shape.layers + [(d, d), (d, d), (CODEBOOK, d)] * CODES


def layouts(weights: Sequence[Tensor], rows: int) -> dict[str, tuple[Multiply, list[Any]]]:
    """Each way of storing: how to multiply, and the stored weights."""
    found: dict[str, tuple[Multiply, list[Any]]] = {
        "by_rows": (F.linear, list(weights)),
        "by_columns": (F.linear, [by_columns(weight) for weight in weights]),
    }
    if torch.backends.mkl.is_available():
        pack = torch.ops.mkl._mkl_reorder_linear_weight
        multiply = torch.ops.mkl._mkl_linear
        found["packed"] = (
            lambda x, pair: multiply(x, pair[0], pair[1], None, rows),
            [(pack(weight, rows), weight) for weight in weights],
        )
    return found


def seconds(
    multiply: Multiply, inputs: Sequence[Tensor], stored: Sequence[Any], rounds: int
) -> float:
    """Of one step, the fastest of five measurements."""
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(rounds // 5):
            for x, weight in zip(inputs, stored, strict=True):
                multiply(x, weight)
        best = min(best, (time.perf_counter() - begun) / (rounds // 5))
    return best


def invariant(multiply: Multiply, inputs: Sequence[Tensor], stored: Sequence[Any]) -> bool:
    """Whether the rows are, to the bit, those of the same product with 64 rows."""
    for x, weight in zip(inputs, stored, strict=True):
        crowd = torch.cat([x, torch.randn(64, x.shape[1])])
        if not torch.equal(multiply(x, weight), multiply(crowd, weight)[: len(x)]):
            return False
    return True


if __name__ == "__main__":
    with torch.inference_mode():
        main()
