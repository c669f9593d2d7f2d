"""Noise as a function of (seed, tile, code) alone.

No state and no order of calls: a picture's random numbers are the same alone, in a crowd, after a
pause and on another device. Each seed owns a SplitMix64 sequence (Steele, Lea, Flood, "Fast
splittable pseudorandom number generators", OOPSLA 2014, figure 12), entered at any place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEED_MASK = 0xFFFF_FFFF_FFFF_FFFF
CODE_BITS = 16
"""A tile owns 2**16 places of its seed's sequence, so codes of two tiles never meet."""

_GAMMA = np.uint64(0x9E37_79B9_7F4A_7C15)


def uniforms(
    seeds: NDArray[np.uint64], tiles: NDArray[np.uint64], codes_per_tile: int
) -> NDArray[np.float64]:
    """One number in [0, 1) for each code of each tile: [n, codes_per_tile].

    seeds, tiles: [n]; tile i of the picture with seed i. 53 bits are used.
    """
    start = _mix(seeds)[:, None]
    codes = np.arange(1, codes_per_tile + 1, dtype=np.uint64)
    place = (tiles[:, None] << np.uint64(CODE_BITS)) + codes
    bits = _mix(start + place * _GAMMA)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return z ^ (z >> np.uint64(31))
