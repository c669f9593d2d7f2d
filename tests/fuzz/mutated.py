"""Feed the targets with the seeds, damaged at random but the same way each time.

For a Python for which atheris is not made: it finds less, as it does not watch the code run.
"""

from __future__ import annotations

import random

from targets import TARGETS, seeds

_INTERESTING = (b"\0", b"\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\r\n", b'"', b"{", b"[")


def damaged(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    """A few bytes changed, left out, doubled, or taken from another seed."""
    result = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        start = dice.randrange(len(result) + 1)
        end = min(len(result), start + dice.choice((0, 1, 2, 4, 16, 200)))
        other = dice.choice(others)
        at = dice.randrange(len(other))
        result[start:end] = dice.choice(
            (
                b"",
                bytes(result[start:end]) * 2,
                dice.choice(_INTERESTING),
                dice.randbytes(end - start),
                other[at : at + end - start],
            )
        )
    return bytes(result)


def run(name: str, inputs: int, seed: int) -> tuple[int, list[str]]:
    """How many inputs were tried, and what failed."""
    dice, corpus, failures = random.Random(seed), seeds(name), []
    for _ in range(inputs):
        data = damaged(dice.choice(corpus), corpus, dice)
        try:
            TARGETS[name](data)
        except Exception as error:
            failures.append(f"{name}: {type(error).__name__}: {error}: {data[:200]!r}")
    return inputs, failures
