"""What each rung of smalti-mini's ladder of degradation costs, and what it gains.

    python bench/ladder.py [--count 200] [--rounds 3] [--slots 8] [--sheet sheet.png] [--write]

The cost: the same prompts are drawn on every rung and judged as in bench/quality.py, as they are
drawn, before they are scaled. `loss` is what is missing of the attributes that are right in full.
The gain: crowds of pictures with three partial pictures each are drawn and packed in turns, so that
a busy machine slows all rungs alike; drawing and packing count as done one after the other.
--write ships the figures beside the model. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from datetime import date
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from smalti.control.ladder import RUNGS
from smalti.control.nouns import FULL
from smalti.engine import Engine, Failed, PictureOrder, Strip
from smalti.models.facts import MINI, MINI_LADDER
from smalti.models.mini.mini import Mini
from smalti.models.mini.weights import FILE, load
from smalti.models.tile_model import Conditions, Grid, Rgb
from smalti.pictures.encode import encode
from smalti.pictures.partial import half_drawn
from smalti.service.request import DrawRequest, Manner, Served
from smalti.service.rungs import offers_of, on_rung
from smalti.train.fit_judge import trained_judge
from smalti.train.judge import Judge
from smalti.train.quality.drawing import stream
from smalti.train.quality.prompts import measure_prompts
from smalti.train.world.captions import sample_captioned

PARTIALS = 3
JUDGED = ("attributes_right", "style_right", "time_right", "sign_right")
SHEET_COLUMNS = 6


def rungs() -> dict[str, Served]:
    """What is served on each rung that the model has, in order, the full one first."""
    request = DrawRequest("", MINI.name, manner=Manner(streamed=True, partial_images=PARTIALS))
    models = {MINI.name: MINI}
    names = [FULL, *(offer.rung for offer in offers_of(request, MINI, RUNGS, models))]
    return {name: on_rung(request, MINI, name, RUNGS, models) for name in names}


def drawn(model: Mini, wishes: list[Conditions]) -> list[Rgb]:
    """Native pictures, drawn together; the seed of each is its number."""
    engine = Engine(model, len(wishes), joins_per_step=len(wishes))
    for number, wish in enumerate(wishes):
        engine.add(PictureOrder(str(number), model.name, str(number), wish, number))
    strips: list[list[Rgb]] = [[] for _ in wishes]
    while engine.busy:
        for event in engine.step():
            if isinstance(event, Failed):
                raise RuntimeError(f"Picture {event.picture_id} failed: {event.reason}")
            if isinstance(event, Strip):
                strips[int(event.picture_id)].append(event.pixels)
    return [np.concatenate(strip) for strip in strips]


def pack(served: Served, native: Rgb) -> None:
    """The files that are made of one picture."""
    partials = PARTIALS if served.partial_images is None else served.partial_images
    for number in range(1, partials + 1):
        shown = half_drawn(native, number * len(native) // (partials + 1))
        encode(served.frame.finish(shown), "png", 100, {})
    encode(served.frame.finish(native), "png", 100, {})


def seconds(model: Mini, served: Served, texts: list[str]) -> float:
    start = time.perf_counter()
    for picture in drawn(model, [Conditions(text, served.frame.grid) for text in texts]):
        pack(served, picture)
    return time.perf_counter() - start


def measure_gains(model: Mini, rounds: int, slots: int) -> dict[str, float]:
    """Pictures per second on each rung, over those in full: the median of some rounds."""
    texts = captions(slots)
    all_s: dict[str, list[float]] = {name: [] for name in rungs()}
    seconds(model, rungs()[FULL], texts)
    for _ in range(rounds):
        for name, served in rungs().items():
            all_s[name].append(seconds(model, served, texts))
    return {
        name: statistics.median(
            full_s / less_s for full_s, less_s in zip(all_s[FULL], those, strict=True)
        )
        for name, those in all_s.items()
    }


def measure_losses(
    model: Mini, judge: Judge, count: int, slots: int
) -> dict[str, dict[str, float]]:
    """What the judges say of each rung; rungs on one grid draw the same pictures."""
    of_grid: dict[Grid, dict[str, float]] = {}
    for served in rungs().values():
        grid = served.frame.grid
        if grid not in of_grid:
            figures = measure_prompts(model, judge, count, slots, None, grid)
            of_grid[grid] = {name: figures[name] for name in JUDGED}
    return {name: of_grid[served.frame.grid] for name, served in rungs().items()}


def captions(count: int) -> list[str]:
    return [sample_captioned(stream("prompts", i), held_out=True)[1].text for i in range(count)]


def write_sheet(model: Mini, file: Path) -> None:
    """The same prompts on each grid, a row each, as large as they are served."""
    texts, rows = captions(SHEET_COLUMNS), {}
    for served in rungs().values():
        frame = served.frame
        if frame not in rows:
            pictures = drawn(model, [Conditions(text, frame.grid) for text in texts])
            rows[frame] = np.concatenate([frame.finish(p) for p in pictures], axis=1)
    width = max(row.shape[1] for row in rows.values())
    padded = [
        np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255)
        for row in rows.values()
    ]
    Image.fromarray(np.concatenate(padded)).save(file)
    print(f"{file} shows {len(texts)} prompts, a row for each grid.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=200, help="prompts to judge on each grid")
    parser.add_argument("--rounds", type=int, default=3, help="to time")
    parser.add_argument("--slots", type=int, default=8, help="pictures drawn at once")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/smalti").expanduser())
    parser.add_argument("--sheet", type=Path, help="write pictures of every rung to this file")
    parser.add_argument("--write", action="store_true", help=f"write {MINI_LADDER}")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    model = load("cpu", FILE)
    judge = trained_judge(chosen.cache)
    gains = measure_gains(model, chosen.rounds, chosen.slots)
    judged = measure_losses(model, judge, chosen.count, chosen.slots)
    if chosen.sheet is not None:
        write_sheet(model, chosen.sheet)
    full = rungs()[FULL]
    figures = {}
    print("\nrung       tiles      size  gain  work  attributes  style  time  sign   loss")
    for name, served in rungs().items():
        seen = judged[name]
        row = {
            "gain": gains[name],
            "work_ratio": served.work / full.work,
            **seen,
            "loss": judged[FULL]["attributes_right"] - seen["attributes_right"],
        }
        figures[name] = {figure: round(value, 4) for figure, value in row.items()}
        print(
            f"{name:10} {served.work:5.0f}  {served.frame.width:>3}x{served.frame.height:<4}"
            f"{row['gain']:5.2f} {row['work_ratio']:5.2f}  {seen['attributes_right']:10.3f}"
            f" {seen['style_right']:6.3f} {seen['time_right']:5.3f} {seen['sign_right']:5.3f}"
            f" {row['loss']:6.3f}"
        )
    if chosen.write:
        told = {"measured": date.today().isoformat(), "prompts": chosen.count, "rungs": figures}
        MINI_LADDER.write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps({"bench": "ladder", "figures": figures}))


if __name__ == "__main__":
    main()
