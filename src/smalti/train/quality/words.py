"""The words on signs, read back from drawn pictures, and from renders for comparison."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from smalti.models.mini.mini import Mini
from smalti.train.quality.drawing import Drawn, Figures
from smalti.train.quality.scores import share_of
from smalti.train.quality.signs import (
    REMEDY,
    Sign,
    has_tesseract,
    match_word,
    same_looking,
    sign_at,
    tesseract_words,
)
from smalti.train.show import reconstructions
from smalti.train.world.captions import Caption
from smalti.train.world.paint import render
from smalti.train.world.scene import Scene

SHORT_WORD = 4
RELIABLE = 0.9
"""Tesseract's reading counts if it reads this share of signs that were rendered."""


def measure_words(
    model: Mini, pairs: Sequence[tuple[Scene, Caption]], drawn: Sequence[Drawn]
) -> Figures:
    """Whole words read back from the place where the model meant to put the sign."""
    chosen = [
        i
        for i, (scene, caption) in enumerate(pairs)
        if "sign" in caption.said and 0 < len(scene.word) <= SHORT_WORD
    ]
    scenes = [pairs[i][0] for i in chosen]
    words = [scene.word for scene in scenes]
    renders = [render(scene) for scene in scenes]
    again = reconstructions(model.net.tokenizer, renders)
    sources = {
        "rendered": [
            sign_at(p, s.sign_place, s.word) for p, s in zip(renders, scenes, strict=True)
        ],
        "tokenized": [sign_at(p, s.sign_place, s.word) for p, s in zip(again, scenes, strict=True)],
        "drawn": [
            sign_at(drawn[i].picture, drawn[i].layout.place("sign_place"), drawn[i].layout.word)
            for i in chosen
        ],
    }
    readers: dict[str, Callable[[list[Sign]], list[str]]] = {
        "matcher": lambda signs: [match_word(sign) for sign in signs]
    }
    if has_tesseract():
        readers["tesseract"] = tesseract_words
    else:
        print(f"\n{REMEDY}", file=sys.stderr)
    print(f"\nWords of up to {SHORT_WORD} letters read back, {len(words)} signs: exactly, and")
    print("with look-alikes (0 O Q, 1 I !, 2 Z ?, 5 S) taken for one another")
    figures: Figures = {}
    for reader, read in readers.items():
        for source, signs in sources.items():
            found = iter(read([sign for sign in signs if sign]))
            texts = [next(found) if sign else "" for sign in signs]
            exact = share_of([t == w for t, w in zip(texts, words, strict=True)])
            alike = share_of([same_looking(t, w) for t, w in zip(texts, words, strict=True)])
            print(f"  {reader:10} {source:10} {exact:7.3f} {alike:7.3f}")
            figures[f"sign_{reader}_{source}"] = exact
            figures[f"sign_{reader}_{source}_alike"] = alike
    reader = "tesseract" if figures.get("sign_tesseract_rendered", 0) >= RELIABLE else "matcher"
    print(f"  sign_right is what the {reader} reads exactly", end="")
    if reader == "matcher" and has_tesseract():
        print(f": Tesseract reads fewer than {RELIABLE:.0%} even of the rendered signs", end="")
    print(".")
    return figures | {"sign_right": figures[f"sign_{reader}_drawn"]}
