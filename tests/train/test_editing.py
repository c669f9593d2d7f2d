"""What an instruction says, carried out on what a source shows, is the scene after the edit."""

from __future__ import annotations

import numpy as np
import pytest

from smalti.models.mini.editing import carried_out, changes
from smalti.models.mini.layout import INDEX, PLACED, Layout, place_fields
from smalti.train.world.edits import Edit, sample_edit
from smalti.train.world.scene import sample_scene, scene_layout


def edits(count: int) -> list[Edit]:
    rng = np.random.default_rng(5)
    return [sample_edit(sample_scene(rng), rng) for _ in range(count)]


@pytest.mark.parametrize("edit", edits(400), ids=lambda edit: edit.field)
def test_an_edit_is_carried_out(edit: Edit) -> None:
    before, after = scene_layout(edit.before), scene_layout(edit.after)
    found = carried_out(edit.layout, before, edit.before.columns)
    places = {INDEX[name] for thing in PLACED for name in place_fields(thing)}
    for i, value in enumerate(after.values):
        if i not in places:
            assert found.values[i] == value
    for thing in PLACED:
        assert sorted(found.places(thing)) == sorted(after.places(thing))
    assert found.word == after.word
    assert set(found.changed) == set(changes(before, after))


def test_what_changes_is_where_things_differ() -> None:
    before = Layout.of(house="red", roof="grey", house_place=(8, 2), animal="cat",
                       animal_place=(12, 9), tree="pine", tree_place_1=(7, 11))  # fmt: skip
    assert changes(before, before) == ()
    blue = Layout.of(house="blue", roof="grey", house_place=(8, 2), animal="none",
                     tree="pine", tree_place_1=(7, 11), tree_place_2=(7, 6))  # fmt: skip
    assert set(changes(before, blue)) == {(8, 2, 4, 4), (12, 9, 2, 3), (7, 6, 4, 3)}


def test_of_a_photograph_only_what_is_said_is_known() -> None:
    said = Layout.of(style="ink", time="night", sky_body="moon")
    nothing = Layout(tuple(0 for _ in said.values))
    assert carried_out(said, nothing, 16) == Layout(said.values)


def test_a_longer_word_moves_the_board_to_where_it_fits() -> None:
    seen = Layout.of("GO", sign="2", sign_place=(12, 12))
    said = Layout.of("FERRY", sign="5", sign_place=(12, 0))
    assert carried_out(said, seen, 16).place("sign_place") == (12, 9)


def test_a_layout_survives_as_integers() -> None:
    layout = Layout.of("OPEN", sign="4", sign_place=(12, 3), style="ink")
    layout = Layout(layout.values, layout.word, ((12, 3, 3, 6), (1, 2, 2, 2)))
    assert Layout.from_ints(layout.to_ints()) == layout
    assert Layout.from_ints(Layout.of().to_ints()) == Layout.of()
