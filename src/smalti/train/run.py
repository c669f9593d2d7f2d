"""A training run: its folder, its device, its checkpoints, and what it says while it goes on."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import nn

CHECKPOINT_EVERY_S = 240.0


def prepare_process(threads: int | None) -> None:
    """Set thread counts, and keep freed memory: big tensors must not be mapped anew each step.

    glibc reads its allocator's settings at start, so the process replaces itself once.
    """
    wanted = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "8000000000",
              "MALLOC_TOP_PAD_": "268435456"}  # fmt: skip
    if sys.platform == "linux" and "MALLOC_MMAP_MAX_" not in os.environ:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **wanted})
    if threads:
        torch.set_num_threads(threads)
    cv2.setNumThreads(1)  # NOTE: before any use: OpenCV's own threads do not survive a fork


def pick_device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


class Stage:
    """One stage of a run (tokenizer, reader, drawer): a resumable loop over steps.

    Its checkpoint `<folder>/<name>.pt` holds the modules, the optimizers and the step; its log
    `<folder>/<name>.jsonl` one line of figures per report.
    """

    def __init__(self, folder: Path, name: str, steps: int, **parts: Any) -> None:
        self.folder, self.name, self.steps = folder, name, steps
        self.parts = parts
        self.step = 0
        self.extra: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{name}.pt"
        if self._file.exists():
            saved = torch.load(self._file, map_location="cpu", weights_only=True)
            for key, part in parts.items():
                part.load_state_dict(saved[key])
            self.step, self.extra = saved["step"], saved["extra"]
        self._begun = self._saved = time.monotonic()
        self._first = self.step
        self._sums: dict[str, float] = {}
        self._count = 0

    @property
    def finished(self) -> bool:
        return self.step >= self.steps

    def __iter__(self) -> Iterator[int]:
        """The steps that are left; the checkpoint is written between them, and at the end."""
        while self.step < self.steps:
            yield self.step
            self.step += 1
            if time.monotonic() - self._saved > CHECKPOINT_EVERY_S or self.finished:
                self.save()

    def save(self) -> None:
        """Write to a new file and rename it: a killed process leaves the old one whole."""
        saved = {key: part.state_dict() for key, part in self.parts.items()}
        part_file = self._file.with_suffix(".part")
        torch.save({**saved, "step": self.step, "extra": self.extra}, part_file)
        part_file.replace(self._file)
        self._saved = time.monotonic()

    def note(self, figures: dict[str, float], every: int = 50) -> None:
        """Average figures over `every` steps, then print and log them with the time left."""
        for key, value in figures.items():
            self._sums[key] = self._sums.get(key, 0.0) + float(value)
        self._count += 1
        if self._count < every:
            return
        means = {key: round(total / self._count, 4) for key, total in self._sums.items()}
        self._sums, self._count = {}, 0
        done = self.step + 1
        per_step_s = (time.monotonic() - self._begun) / max(1, done - self._first)
        left_min = per_step_s * (self.steps - done) / 60
        text = "  ".join(f"{key} {value:.4g}" for key, value in means.items())
        print(f"{self.name} {done}/{self.steps}  {text}  {left_min:.0f} min left", flush=True)
        with (self.folder / f"{self.name}.jsonl").open("a") as log:
            log.write(json.dumps({"step": done, "step_s": round(per_step_s, 4), **means}) + "\n")


def warm_cosine(step: int, steps: int, warm: int = 100, floor: float = 0.02) -> float:
    """Learning rate factor: linear warm-up, then a cosine down to `floor`."""
    if step < warm:
        return (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Scale every group's learning rate from its `base_lr`."""
    for group in optimizer.param_groups:
        group["lr"] = group.setdefault("base_lr", group["lr"]) * factor


def parameters_m(module: nn.Module) -> float:
    """Number of parameters in millions."""
    return sum(p.numel() for p in module.parameters()) / 1e6
