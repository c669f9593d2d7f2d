"""What smalti-mini's pictures are worth: prompts, styles, edits and signs it was never trained on.

    python bench/quality.py [--count 500] [--cache ~/.cache/smalti] [--sheet sheet.png]

A judge (a small network trained on renders of the world, never on the model's pictures) says what
a drawn picture shows. The first run trains it, which takes some minutes, and keeps it in --cache.
Signs are read by Tesseract, if it is installed, and by comparing cells with the drawn glyphs.
Pictures are drawn by the engine, as for any client. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path

import cv2

from smalti.models.mini.weights import FILE, BadWeights, load
from smalti.train.fit_judge import trained_judge
from smalti.train.quality.changes import measure_edits, measure_restyle
from smalti.train.quality.prompts import SHEET, measure_prompts
from smalti.train.quality.renders import measure_judge, measure_photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=500, help="prompts; also renders to judge")
    parser.add_argument("--edits", type=int, default=200, help="edits, and as many restylings")
    parser.add_argument("--slots", type=int, default=32, help="pictures drawn at once")
    parser.add_argument("--weights", type=Path, default=FILE)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--photos", type=Path, default=Path("../shared/data/photos/test"))
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/smalti").expanduser())
    parser.add_argument(
        "--sheet", type=Path, help=f"write the first {math.prod(SHEET)} pictures to this file"
    )
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        model = load(chosen.device, chosen.weights)
    except BadWeights as error:
        sys.exit(str(error))
    start = time.perf_counter()
    judge = trained_judge(chosen.cache)
    figures = measure_judge(model, judge, chosen.count)
    figures |= measure_photos(model, chosen.photos)
    figures |= measure_prompts(model, judge, chosen.count, chosen.slots, chosen.sheet)
    figures |= measure_restyle(model, judge, chosen.edits, chosen.slots)
    figures |= measure_edits(model, judge, chosen.edits, chosen.slots)
    figures["wall_s"] = time.perf_counter() - start
    print(f"\nAll in {figures['wall_s']:.0f} s.")
    known = {name: round(value, 4) for name, value in figures.items() if not math.isnan(value)}
    print(json.dumps({"bench": "quality", "figures": known}))


if __name__ == "__main__":
    main()
