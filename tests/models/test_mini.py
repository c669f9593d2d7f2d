"""smalti-mini's fast path against its slow twins, on small random weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from smalti.models.mini.drawer import Drawer, DrawerShape
from smalti.models.mini.layout import (
    ALIGNED_IDS,
    FIELDS,
    TOKENS,
    Layout,
    aligned_maps,
    bottom_rows,
    footprint,
    token_ids,
    token_ranges,
)
from smalti.models.mini.mini import GRIDS, SMALL_GRIDS, Mini, MiniNet, fitted
from smalti.models.mini.reader import ReaderShape
from smalti.models.mini.small_grid import horizons
from smalti.models.mini.stepper import sample
from smalti.models.mini.tokenizer import CODES, LOOKAHEAD_ROWS
from smalti.models.mini.weights import BadWeights, load, save
from smalti.models.tile_model import Codes, Conditions, Grid

PROMPT = 'a fox by a red house at night, with a sign "CAFE"'


def random_net(seed: int = 0) -> MiniNet:
    """Weights whose output varies: zero-initialised projections would make every tile alike."""
    torch.manual_seed(seed)
    net = MiniNet(
        DrawerShape(width=32, layers=2, heads=2, hidden=64, source_width=16),
        ReaderShape(width=32, layers=2, heads=2, hidden=64, byte_width=16),
    )
    for parameter in net.drawer.layers.parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.25)
    net.tokenizer.quantizer.codebooks.normal_()
    return net


@pytest.fixture(scope="module")
def mini() -> Mini:
    return Mini(random_net())


def uniforms(seed: int, tile: int) -> np.ndarray:
    return np.random.default_rng((seed, tile)).random((1, CODES))


def draw_alone(mini: Mini, conditions: Conditions, seed: int, tiles: int) -> Codes:
    cache, encoded = mini.new_cache(1), mini.encode(conditions)
    mini.prefill(cache, 0, encoded, mini.lay_out(encoded, seed), np.zeros((0, CODES), np.int16))
    heat = np.full(1, 0.9, np.float32)
    return np.concatenate(
        [mini.step(cache, [0], uniforms(seed, tile), heat) for tile in range(tiles)]
    )


def draw_slowly(mini: Mini, conditions: Conditions, seed: int, tiles: int) -> Codes:
    """The whole sequence anew for each tile, through the training path."""
    encoded, grid = mini.encode(conditions), conditions.grid
    drawer: Drawer = mini.net.drawer
    layout = mini.lay_out(encoded, seed)
    planned = Layout.from_ints(layout)
    maps = torch.from_numpy(aligned_maps(planned, grid.rows, grid.columns))[None]
    prefix, cells = drawer.conditions(
        torch.tensor([token_ids(planned)]), maps, encoded.source, torch.ones(1)
    )
    codes = torch.zeros(1, grid.tiles, CODES, dtype=torch.long)
    for tile in range(tiles):
        inputs = cells + drawer.tile_inputs(codes, grid.columns)
        state = drawer.trunk(prefix, inputs, grid.rows, grid.columns)[:, tile]
        chance = torch.from_numpy(uniforms(seed, tile))
        for k in range(CODES):
            logits = drawer.head.logits(state, k, drawer.table(k))
            codes[0, tile, k] = sample(logits, chance[:, k], torch.full((1, 1), 0.9))[0]
            if k < CODES - 1:
                state = drawer.head.see(state, k, codes[:, tile, k])
    return codes[0, :tiles].to(torch.int16).numpy()


@pytest.mark.parametrize("grid", GRIDS + SMALL_GRIDS, ids=str)
def test_the_cached_step_draws_what_the_whole_sequence_draws(mini: Mini, grid: Grid) -> None:
    conditions = Conditions(PROMPT, grid)
    fast = draw_alone(mini, conditions, 7, 48)
    with torch.inference_mode():
        slow = draw_slowly(mini, conditions, 7, 48)
    assert len(np.unique(fast)) >= 8
    np.testing.assert_array_equal(fast, slow)


def test_a_source_picture_changes_what_is_drawn_and_the_twins_agree(mini: Mini) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (100, 180, 3), dtype=np.uint8)
    with_source = Conditions("make it night", GRIDS[0], source=picture)
    fast = draw_alone(mini, with_source, 3, 32)
    with torch.inference_mode():
        np.testing.assert_array_equal(fast, draw_slowly(mini, with_source, 3, 32))
    assert (fast != draw_alone(mini, Conditions("make it night", GRIDS[0]), 3, 32)).any()


def test_a_crowd_with_gaps_and_different_grids_changes_nothing(mini: Mini) -> None:
    seeds = {0: 11, 2: 12, 3: 13, 5: 14}
    cache = mini.new_cache(6)
    drawn: dict[int, list[Codes]] = {slot: [] for slot in seeds}
    grids = {0: GRIDS[0], 2: SMALL_GRIDS[0], 3: GRIDS[1], 5: SMALL_GRIDS[5]}
    encoded = {s: mini.encode(Conditions(PROMPT, grids[s])) for s in seeds}
    for slot, seed in seeds.items():
        layout = mini.lay_out(encoded[slot], seed)
        mini.prefill(cache, slot, encoded[slot], layout, np.zeros((0, CODES), np.int16))
    for tile in range(40):
        noise = np.concatenate([uniforms(seed, tile) for seed in seeds.values()])
        codes = mini.step(cache, list(seeds), noise, np.full(len(seeds), 0.9, np.float32))
        for slot, row in zip(seeds, codes, strict=True):
            drawn[slot].append(row)
    for slot, seed in seeds.items():
        alone = draw_alone(mini, Conditions(PROMPT, grids[slot]), seed, 40)
        np.testing.assert_array_equal(np.stack(drawn[slot]), alone)


@pytest.mark.parametrize("drawn_tiles", [1, 15, 16, 17, 60])
def test_a_prefill_with_drawn_tiles_goes_on_where_they_end(mini: Mini, drawn_tiles: int) -> None:
    conditions = Conditions(PROMPT, GRIDS[0])
    whole = draw_alone(mini, conditions, 5, 80)
    cache, encoded = mini.new_cache(2), mini.encode(conditions)
    mini.prefill(cache, 1, encoded, mini.lay_out(encoded, 5), whole[:drawn_tiles])
    rest = [
        mini.step(cache, [1], uniforms(5, tile), np.full(1, 0.9, np.float32))[0]
        for tile in range(drawn_tiles, 80)
    ]
    np.testing.assert_array_equal(np.stack(rest), whole[drawn_tiles:])


def test_temperature_0_takes_the_likeliest_code_whatever_the_noise(mini: Mini) -> None:
    cache, encoded = mini.new_cache(2), mini.encode(Conditions(PROMPT, GRIDS[0]))
    layout = mini.lay_out(encoded, 1)
    for slot in (0, 1):
        mini.prefill(cache, slot, encoded, layout, np.zeros((0, CODES), np.int16))
    for tile in range(12):
        noise = np.concatenate([uniforms(1, tile), uniforms(2, tile)])
        first, second = mini.step(cache, [0, 1], noise, np.zeros(2, np.float32))
        np.testing.assert_array_equal(first, second)


def test_the_reader_writes_the_same_field_by_field_as_at_once(mini: Mini) -> None:
    reader = mini.net.reader
    text, task, grid = (
        torch.randint(0, 255, (1, 24)),
        torch.zeros(1).long(),
        torch.tensor([[16, 16]]),
    )
    tokens = torch.tensor([[start + 1 for start, _ in token_ranges()]])
    with torch.inference_mode():
        whole = reader.logits(*reader.text(text, task, grid), tokens[:, :-1])[0]
        memory = reader.remember(*reader.text(text, task, grid))
        for i in range(len(FIELDS)):
            before = None if i == 0 else int(tokens[0, i - 1])
            logits, memory = reader.next_field(memory, i, before)
            torch.testing.assert_close(logits, whole[i], rtol=1e-4, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    prompt=st.text(max_size=300),
    seed=st.integers(0, 2**63),
    grid=st.sampled_from(GRIDS + SMALL_GRIDS),
    style=st.sampled_from([None, "ink", "mosaic"]),
)
def test_any_prompt_gives_a_layout_that_can_be_drawn(
    mini: Mini, prompt: str, seed: int, grid: Grid, style: str | None
) -> None:
    encoded = mini.encode(Conditions(prompt, grid, style=style))
    numbers = mini.lay_out(encoded, seed)
    assert numbers == mini.lay_out(encoded, seed)
    layout = Layout.from_ints(numbers)
    if style is not None:
        assert layout.choice("style") == style
    for field, value in zip(FIELDS, layout.values, strict=True):
        assert 0 <= value < field.size
        place = layout.place(field.name) if field.is_place else None
        if place is not None:
            thing = field.name.split("_place")[0].replace("sky", "sky_body")
            high, wide = footprint(thing, len(layout.word))
            assert place[0] + high <= grid.rows
            assert place[1] + wide <= grid.columns
    assert aligned_maps(layout, grid.rows, grid.columns).max() < ALIGNED_IDS
    assert max(token_ids(layout)) < TOKENS


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**63), grid=st.sampled_from(SMALL_GRIDS))
def test_on_a_small_grid_things_stand_on_the_ground_and_apart(
    mini: Mini, seed: int, grid: Grid
) -> None:
    layout = Layout.from_ints(mini.lay_out(mini.encode(Conditions(PROMPT, grid)), seed))
    horizon, sea = int(layout.choice("horizon") or 0), layout.choice("background") == "sea"
    first, last = horizons(grid.rows, sea)
    assert first <= horizon <= last
    taken = np.zeros((grid.rows, grid.columns), int)
    for thing in ("house", "tree", "figure", "animal", "sign"):
        lowest = bottom_rows(thing, horizon, sea, grid.rows)
        for row, column, high, wide in layout.boxes(thing):
            assert lowest[0] <= row + high - 1 <= lowest[1]
            taken[row : row + high, column : column + wide] += 1
    assert taken.max() <= 1


def test_an_edit_places_only_what_it_says(mini: Mini) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    encoded = mini.encode(Conditions('a sign "TEA"', GRIDS[0], source=picture))
    layout = Layout.from_ints(mini.lay_out(encoded, 2))
    assert layout.word == "TEA"
    for name in ("house", "boat", "animal", "figure", "sign"):
        if layout.choice(name) in (None, "none"):
            assert layout.place(f"{name}_place") is None
    blank = mini.encode(Conditions("", GRIDS[0], source=picture, style="ink"))
    only_style = Layout.from_ints(mini.lay_out(blank, 2))
    assert only_style == Layout.of(style="ink")


@pytest.mark.parametrize("grid", [GRIDS[1], SMALL_GRIDS[0], SMALL_GRIDS[4]], ids=str)
def test_rows_are_final_as_soon_as_they_can_be_decoded(mini: Mini, grid: Grid) -> None:
    codes = np.random.default_rng(1).integers(0, 1024, (grid.tiles, CODES)).astype(np.int16)
    whole = mini.decode_rows(codes, grid, 0, grid.rows)
    assert whole.shape == (grid.rows * 16, grid.columns * 16, 3)
    for row in range(grid.rows):
        known = codes[: min(grid.rows, row + LOOKAHEAD_ROWS + 1) * grid.columns]
        strip = mini.decode_rows(known, grid, row, row + 1)
        np.testing.assert_array_equal(strip, whole[row * 16 : row * 16 + 16])


def test_strips_are_the_decoder_s_own_picture(mini: Mini) -> None:
    """The window of a row holds all that its pixels depend on."""
    grid = GRIDS[0]
    codes = np.random.default_rng(2).integers(0, 1024, (grid.tiles, CODES)).astype(np.int16)
    strips = mini.decode_rows(codes, grid, 0, grid.rows).astype(int)
    with torch.inference_mode():
        tiles = torch.from_numpy(codes.astype(np.int64)).view(1, 16, 16, CODES)
        pixels = mini.net.tokenizer.decode(tiles)[0].permute(1, 2, 0).add(1).mul(127.5)
    slow = pixels.round().clamp(0, 255).numpy().astype(int)
    assert np.abs(strips - slow).max() <= 1


def test_rows_that_cannot_be_final_yet_are_refused(mini: Mini) -> None:
    codes = np.zeros((3 * 16, CODES), np.int16)
    with pytest.raises(ValueError, match="Row 1 needs 4 rows of tiles and 3 are drawn"):
        mini.decode_rows(codes, GRIDS[0], 1, 2)


@pytest.mark.parametrize(
    ("size", "grid"),
    [((1024, 1024), GRIDS[0]), ((1536, 1024), GRIDS[1]), ((1024, 1536), GRIDS[2]),
     ((3000, 1000), GRIDS[1]), ((1, 1), GRIDS[0])],
)  # fmt: skip
def test_the_grid_nearest_in_proportions_is_taken(
    mini: Mini, size: tuple[int, int], grid: Grid
) -> None:
    assert mini.grid_for(*size) == grid


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 400), width=st.integers(1, 400), grid=st.sampled_from(GRIDS))
def test_a_source_of_any_size_is_fitted(height: int, width: int, grid: Grid) -> None:
    picture = np.full((height, width, 3), 77, np.uint8)
    result = fitted(picture, grid)
    assert result.shape == (grid.rows * 16, grid.columns * 16, 3)
    assert (result == 77).all()


def test_weights_survive_the_file(tmp_path, mini: Mini) -> None:
    file = tmp_path / "w.safetensors"
    save(mini.net, file)
    loaded = load("cpu", file)
    for name, tensor in mini.net.state_dict().items():
        torch.testing.assert_close(
            loaded.net.state_dict()[name], tensor.half().float(), rtol=0, atol=0
        )


def test_a_bad_weights_file_is_named(tmp_path) -> None:
    with pytest.raises(BadWeights, match="no weights at"):
        load("cpu", tmp_path / "missing.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    with pytest.raises(BadWeights, match="not a weights file"):
        load("cpu", tmp_path / "cut.safetensors")
