"""Pictures made of other pictures: in another style, or edited by an instruction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from smalti.models.mini.layout import STYLES
from smalti.models.mini.mini import Mini
from smalti.models.tile_model import Conditions
from smalti.train.judge import ATTRIBUTES, Judge
from smalti.train.quality.drawing import SQUARE, Drawn, Figures, draw, stream
from smalti.train.quality.likeness import edge_f1
from smalti.train.quality.scores import (
    Shares,
    is_changed,
    is_planned,
    kept,
    kind_of,
    left_alone,
    scene_truth,
    share_of,
    writes_a_word,
)
from smalti.train.quality.signs import match_word, sign_at
from smalti.train.world.captions import sample_captioned
from smalti.train.world.edits import sample_edit, style_instruction
from smalti.train.world.paint import render
from smalti.train.world.scene import Place, Scene


def measure_restyle(model: Mini, judge: Judge, count: int, slots: int) -> Figures:
    """A scene in another style, asked for by an instruction or by the style's name, in turns."""
    pairs: list[tuple[Scene, Scene]] = []
    wishes = []
    for i in range(count):
        rng = stream("restyle", i)
        scene, _ = sample_captioned(rng)
        style = str(rng.choice([s for s in STYLES if s != scene.style]))
        pairs.append((scene, replace(scene, style=style)))
        by_name = i % 2 == 1
        text = "" if by_name else style_instruction(style, rng, held_out=True)
        wishes.append(Conditions(text, SQUARE, render(scene), style if by_name else None))
    print("\nRestyling")
    drawn = draw(model, wishes, slots)
    styled, alone, edges, whole = Shares(), Shares(), [], []
    for i, (before, after) in enumerate(pairs):
        seen = judge.see([drawn[i].picture])[0].values
        styled.note("name" if i % 2 else "instruction", seen["style"] == after.style)
        names = [name for name in ATTRIBUTES if name != "style"]
        results = kept(names, seen, scene_truth(before))
        alone.note_all(results)
        whole.append(all(results.values()))
        source = wishes[i].source
        assert source is not None
        edges.append((edge_f1(drawn[i].picture, source), edge_f1(render(after), source)))
    mine, true = np.mean(edges, axis=0)
    print(f"  in the style: {styled.share():.3f} (by instruction {styled.share('instruction'):.3f},"
          f" by name {styled.share('name'):.3f})")  # fmt: skip
    print(f"  other attributes kept: {alone.share():.3f}; all of them: {share_of(whole):.3f}")
    print("  kept by name: " + ", ".join(f"{n} {alone.share(n):.2f}" for n in alone.asked))
    print(f"  edge F1 against the source: {mine:.3f}; of the true renders: {true:.3f}")
    return {
        "restyle_right": styled.share(),
        "style_kept": alone.share(),
        "style_all_kept": share_of(whole),
        "edge_f1": float(mine),
        "edge_f1_reference": float(true),
    }


def measure_edits(model: Mini, judge: Judge, count: int, slots: int) -> Figures:
    """Pictures changed by instructions in words that no training instruction has."""
    edits = []
    for i in range(count):
        rng = stream("edits", i)
        edits.append(sample_edit(sample_captioned(rng)[0], rng, held_out=True))
    print("\nEdits")
    wishes = [Conditions(edit.instruction, SQUARE, render(edit.before)) for edit in edits]
    drawn = draw(model, wishes, slots)
    planned, changed, alone, both, words = Shares(), Shares(), Shares(), Shares(), Shares()
    for edit, one, seen in zip(edits, drawn, judge.see([d.picture for d in drawn]), strict=True):
        kind = kind_of(edit)
        read = _words_on(one, (one.layout.place("sign_place"), edit.before.sign_place), edit.after)
        right = is_changed(edit, seen, read)
        others = kept(left_alone(edit), seen.values, scene_truth(edit.after))
        planned.note(kind, is_planned(edit, one.layout))
        changed.note(kind, right)
        both.note(kind, right and all(others.values()))
        for correct in others.values():
            alone.note(kind, correct)
        if writes_a_word(edit):
            words.note("word", edit.after.word in read)
    print("  kind             n  in the layout  changed  others kept  changed, all others kept")
    for title, names in [(kind, (kind,)) for kind in sorted(changed.asked)] + [("together", ())]:
        row = [shares.share(*names) for shares in (planned, changed, alone, both)]
        print("  {:13} {:4} {:14.3f} {:8.3f} {:12.3f} {:12.3f}".format(
            title, changed.count(*names), *row))  # fmt: skip
    print(f"  words written: {words.share():.3f} of {words.count()}")
    return {
        "edit_right": changed.share(),
        "edit_layout_right": planned.share(),
        "edit_kept": alone.share(),
        "edit_right_all_kept": both.share(),
    }


def _words_on(one: Drawn, places: Sequence[Place | None], after: Scene) -> list[str]:
    """What is read at the places where a sign may stand."""
    signs = [sign_at(one.picture, place, after.word) for place in places]
    return [match_word(sign) for sign in signs if sign is not None]
