"""Pictures from captions: are the attributes that a caption states in the picture?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smalti.models.mini.mini import Mini
from smalti.models.tile_model import Conditions, Grid
from smalti.train.judge import ATTRIBUTES, Judge, Truth, truth_of
from smalti.train.quality.drawing import SQUARE, Drawn, Figures, draw, stream
from smalti.train.quality.scores import Shares, stated
from smalti.train.quality.words import measure_words
from smalti.train.show import sheet
from smalti.train.world.captions import sample_captioned

SHEET = (3, 4)
"""Rows and columns of the sheet of the first pictures."""


def measure_prompts(
    model: Mini,
    judge: Judge,
    count: int,
    slots: int,
    file: Path | None,
    grid: Grid = SQUARE,
) -> Figures:
    """Pictures from captions in words that no training caption has."""
    pairs = [sample_captioned(stream("prompts", i), held_out=True) for i in range(count)]
    print("\nPrompts")
    drawn = draw(model, [Conditions(caption.text, grid) for _, caption in pairs], slots)
    if file is not None:
        _show(file, [caption.text for _, caption in pairs], drawn)
    shown, planned, other, whole = Shares(), Shares(), Shares(), Shares()
    found = _see(judge, drawn)
    for i, (_, caption) in enumerate(pairs):
        results = stated(caption, found[i])
        shown.note_all(results)
        planned.note_all(stated(caption, truth_of(drawn[i].layout)))
        other.note_all(stated(caption, found[i - 1]))
        if results:
            whole.note("all", all(results.values()))
    print("  attribute      said  in the layout  in the picture  in another picture")
    for title, names in [(name, (name,)) for name in ATTRIBUTES] + [("together", ATTRIBUTES)]:
        row = [shares.share(*names) for shares in (planned, shown, other)]
        print("  {:12} {:6} {:14.3f} {:15.3f} {:19.3f}".format(title, shown.count(*names), *row))
    print(f"  all that a caption says is right: {whole.share():.3f}")
    figures = {
        "attributes_right": shown.share(),
        "attributes_by_chance": other.share(),
        "layout_right": planned.share(),
        "time_right": shown.share("time"),
        "style_right": shown.share("style"),
        "all_right": whole.share(),
    } | {f"{name}_right": shown.share(name) for name in ATTRIBUTES if name != "sign"}
    figures["sign_there_right"] = shown.share("sign")
    return figures | measure_words(model, pairs, drawn)


def _see(judge: Judge, drawn: Sequence[Drawn]) -> list[Truth]:
    return [seen.values for seen in judge.see([one.picture for one in drawn])]


def _show(file: Path, texts: Sequence[str], drawn: Sequence[Drawn]) -> None:
    """The first pictures, in the order of their drawing."""
    rows, columns = SHEET
    shown = [one.picture for one in drawn[: rows * columns]]
    sheet([shown[i : i + columns] for i in range(0, len(shown), columns)], file)
    print(f"  {file} shows the first {len(shown)}, row by row:")
    for number, text in enumerate(texts[: len(shown)], start=1):
        print(f"  {number:3}. {text}")
