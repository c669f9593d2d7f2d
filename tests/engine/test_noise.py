import numpy as np
from histories import slow_uniform
from hypothesis import given
from hypothesis import strategies as st

from smalti.engine.noise import SEED_MASK, uniforms

SEEDS = st.integers(0, SEED_MASK)
TILES = st.integers(0, 2**20)


@given(st.lists(st.tuples(SEEDS, TILES), max_size=8), st.integers(1, 8))
def test_equals_the_slow_twin(places: list[tuple[int, int]], codes: int) -> None:
    seeds = np.array([seed for seed, _ in places], np.uint64)
    tiles = np.array([tile for _, tile in places], np.uint64)
    expected = [[slow_uniform(seed, tile, code) for code in range(codes)] for seed, tile in places]
    assert uniforms(seeds, tiles, codes).tolist() == expected


def test_is_splitmix64() -> None:
    """The first numbers of the published generator, whose state begins at mix(seed)."""
    first = uniforms(np.zeros(1, np.uint64), np.zeros(1, np.uint64), 2)
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]
    assert first.tolist() == [[(word >> 11) / 2**53 for word in expected]]


def test_a_code_does_not_depend_on_how_many_there_are() -> None:
    seeds, tiles = np.array([7], np.uint64), np.array([3], np.uint64)
    assert uniforms(seeds, tiles, 8)[:, :2].tolist() == uniforms(seeds, tiles, 2).tolist()


def test_numbers_are_uniform_and_unrelated() -> None:
    """Means and correlations within five standard errors, over seeds, tiles and codes."""
    seeds = np.repeat(np.arange(100, dtype=np.uint64), 100)
    tiles = np.tile(np.arange(100, dtype=np.uint64), 100)
    u = uniforms(seeds, tiles, 4)
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(u.mean() - 0.5) < 5 * np.sqrt(1 / 12 / u.size)
    grid = u.reshape(100, 100, 4) - 0.5
    pairs = [(grid[1:], grid[:-1]), (grid[:, 1:], grid[:, :-1]), (grid[..., 1:], grid[..., :-1])]
    for a, b in pairs:
        assert abs((a * b).mean() * 12) < 5 / np.sqrt(a.size)
