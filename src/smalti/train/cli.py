"""`smalti train mini`: the command line of training."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from smalti.models.mini.weights import FILE
from smalti.train.mini import PLANS, STAGES, train_mini
from smalti.train.run import pick_device, prepare_process


def main(arguments: Sequence[str]) -> int:
    """Train as told; returns the exit code."""
    options = _parser().parse_args(arguments)
    prepare_process(options.threads)
    device = pick_device(options.device)
    plan = PLANS[options.plan or ("cuda" if device.type == "cuda" else "cpu")]
    photos = options.photos
    if photos is not None and not (photos / "train").is_dir():
        print(f"--photos {photos} has no folder 'train' with JPEG pictures in it.")
        return 2
    if photos is None:
        print("No --photos: trained on drawn scenes alone, photographs will look poor.")
    workers = options.workers or max(1, (os.cpu_count() or 2) - 1)
    file = train_mini(
        options.run, plan, device, photos, workers, options.seed, options.stages or STAGES
    )
    if file is None:
        return 0
    print(f"Weights: {file}")
    if options.install:
        shutil.copyfile(file, FILE)
        print(f"Installed as {FILE}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="smalti train", description="Make a model from nothing.")
    models = parser.add_subparsers(required=True, metavar="MODEL")
    mini = models.add_parser(
        "mini",
        help="the built-in model",
        description="Make smalti-mini from nothing. The same command resumes a run.",
    )
    mini.add_argument(
        "--run",
        type=Path,
        default=Path("runs/mini"),
        help="folder of checkpoints, logs and sample sheets",
    )
    mini.add_argument("--device", default="auto", help="auto, cpu or cuda:N")
    mini.add_argument("--plan", choices=PLANS, help="default: cpu or cuda, as the device is")
    mini.add_argument(
        "--photos",
        type=Path,
        help="folder with 'train' (and 'test', which is left out of training)",
    )
    mini.add_argument("--workers", type=int, help="processes that make data")
    mini.add_argument("--threads", type=int, help="threads of the training process")
    mini.add_argument("--seed", type=int, default=0)
    mini.add_argument("--stages", nargs="+", choices=STAGES, help="only these stages")
    mini.add_argument("--install", action="store_true", help="use the weights in this package")
    return parser
