"""What counts as right: attributes that a caption states, an edit's change, what it left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan, prod

from smalti.models.mini.layout import THINGS, Layout, footprint
from smalti.train.judge import ATTRIBUTES, Seen, Truth, truth_of
from smalti.train.world.captions import Caption
from smalti.train.world.edits import Edit
from smalti.train.world.scene import Scene, scene_layout


@dataclass
class Shares:
    """How many of how many were right, per name."""

    right: dict[str, int] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)

    def note(self, name: str, right: bool) -> None:
        self.right[name] = self.right.get(name, 0) + right
        self.asked[name] = self.asked.get(name, 0) + 1

    def note_all(self, results: Mapping[str, bool]) -> None:
        for name, right in results.items():
            self.note(name, right)

    def share(self, *names: str) -> float:
        """Over all that was asked of these names, or of all; not a number if nothing was."""
        chosen = names or tuple(self.asked)
        asked = sum(self.asked.get(name, 0) for name in chosen)
        return sum(self.right.get(name, 0) for name in chosen) / asked if asked else nan

    def count(self, *names: str) -> int:
        return sum(self.asked.get(name, 0) for name in names or self.asked)


def share_of(results: Sequence[bool]) -> float:
    """The share of what is true; not a number if there is nothing."""
    return sum(results) / len(results) if results else nan


def scene_truth(scene: Scene) -> Truth:
    return truth_of(scene_layout(scene))


def stated(caption: Caption, found: Truth) -> dict[str, bool]:
    """Of the attributes that a caption states, which were found."""
    truth = truth_of(caption.layout)
    return {name: found[name] == truth[name] for name in ATTRIBUTES if name in caption.said}


def kept(names: Iterable[str], found: Truth, truth: Truth) -> dict[str, bool]:
    return {name: found[name] == truth[name] for name in names}


def kind_of(edit: Edit) -> str:
    """How an edit changes its scene: the attribute, or what is done to a thing."""
    if edit.field not in THINGS:
        return edit.field
    before, after = (_value(scene, edit.field) for scene in (edit.before, edit.after))
    if before in ("", "none"):
        return "add"
    if after in ("", "none"):
        return "remove"
    if edit.field == "sign":
        return "reword"
    if before == after:
        return "another tree"
    return "recolour" if edit.field in ("house", "roof", "figure") else "turn"


def _value(scene: Scene, name: str) -> str:
    value: str = scene.word if name == "sign" else getattr(scene, name)
    return value


def writes_a_word(edit: Edit) -> bool:
    return edit.field == "sign" and edit.after.word != ""


def is_planned(edit: Edit, layout: Layout) -> bool:
    """Whether a layout states the change."""
    return layout.choice(edit.field) is not None and (
        truth_of(layout)[edit.field] == scene_truth(edit.after)[edit.field]
    )


def is_changed(edit: Edit, seen: Seen, words: Iterable[str]) -> bool:
    """Whether the result has what the instruction asked for.

    words: what is read where the sign may stand; an instruction that names a word wants that
    word, every letter of it. One more tree must be seen as that many trees.
    """
    wanted = scene_truth(edit.after)[edit.field]
    if seen.values[edit.field] != wanted:
        return False
    if writes_a_word(edit):
        return edit.after.word in words
    if kind_of(edit) == "another tree":
        return round(seen.tiles["tree"] / prod(footprint("tree"))) == len(edit.after.tree_places)
    return True


def left_alone(edit: Edit) -> tuple[str, ...]:
    """The attributes that an edit and its consequences (night brings the moon) do not touch."""
    before, after = scene_truth(edit.before), scene_truth(edit.after)
    return tuple(n for n in ATTRIBUTES if n != edit.field and before[n] == after[n])
