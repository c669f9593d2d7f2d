"""smalti-mini on this machine: how fast it draws, how near to the limits, how soon it is back.

    python bench/mini.py [--loader smalti.models.mini:load] [--device cpu] [--rounds 3] [--slots 8]

Alone and all at once are measured in turns, so that a busy machine slows both; the limits (copy
bandwidth, matrix products) are measured on the spot, at the width of the model's own numbers. The
last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from smalti.engine import Engine, PictureOrder, Started, Strip
from smalti.engine.picture import LAST_EVENTS, Event, RowDrawn
from smalti.fleet.local import LocalBackend
from smalti.models.registry import resolve
from smalti.models.tile_model import Conditions

PROMPT = 'a lighthouse on a hill at dusk, with a sign that says "open"'
SETTLE_S = 12.0
"""Until a standby has surely done its imports."""


@dataclass
class Run:
    """One drawing of some pictures together. Times in seconds."""

    pictures: int
    tiles: int
    wall_s: float
    first_strip_s: float
    step_s: float
    decode_s: float


class Timed:
    """A model whose calls of `step` and `decode_rows` are timed."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.spent_s = {"step": 0.0, "decode_rows": 0.0}

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._model, name)
        if name not in self.spent_s:
            return value

        def timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            result = value(*arguments)
            self.spent_s[name] += time.perf_counter() - start
            return result

        return timed


def order(model: Any, number: int) -> PictureOrder:
    conditions = Conditions(PROMPT, model.grids[0])
    return PictureOrder(f"picture-{number}", model.name, f"group-{number}", conditions, number)


def draw(model: Any, pictures: int) -> Run:
    timed = Timed(model)
    engine = Engine(timed, slots=pictures)
    start, first_strip_s = time.perf_counter(), 0.0
    for number in range(pictures):
        engine.add(order(model, number))
    while engine.busy:
        for event in engine.step():
            if isinstance(event, Strip) and first_strip_s == 0.0:
                first_strip_s = time.perf_counter() - start
    wall_s = time.perf_counter() - start
    spent = timed.spent_s
    return Run(
        *(pictures, engine.tiles_drawn, wall_s, first_strip_s),
        *(spent["step"], spent["decode_rows"]),
    )


def median(runs: list[Run], figure: Callable[[Run], float]) -> float:
    return statistics.median(figure(run) for run in runs)


def best_s(work: Callable[[], object], device: torch.device, times: int = 5) -> float:
    """The shortest time of some work on a device."""
    best = float("inf")
    for _ in range(times):
        wait_for(device)
        start = time.perf_counter()
        work()
        wait_for(device)
        best = min(best, time.perf_counter() - start)
    return best


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def copy_bandwidth(device: torch.device) -> float:
    """Bytes per second, read and written, of copying 256 MB."""
    source = torch.ones(64_000_000, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / best_s(lambda: target.copy_(source), device)


def matmul_peak(device: torch.device, dtype: torch.dtype) -> float:
    """Operations per second of a 2048 x 2048 x 2048 matrix product."""
    a = torch.ones(2048, 2048, device=device, dtype=dtype)
    return 2 * 2048**3 / best_s(lambda: a @ a, device)


def step_weights(model: Any) -> list[torch.Tensor]:
    """The matrices that one step multiplies by: those of the layers and of the head."""
    drawer = model.net.drawer
    parts = (drawer.layers, drawer.head.mixes, drawer.tiles)
    return [weight for part in parts for weight in part.parameters() if weight.ndim == 2]


def measure_drawing(loader: str, device: str, rounds: int, slots: int) -> dict[str, float]:
    model: Any = resolve(loader)(device)
    draw(model, 1)
    ones, crowds = [], []
    for _ in range(rounds):
        ones.append(draw(model, 1))
        crowds.append(draw(model, slots))
    weights = step_weights(model)
    place, dtype = weights[0].device, weights[0].dtype
    floor_s = sum(weight.nbytes for weight in weights) / copy_bandwidth(place)
    operations = 2 * sum(weight.numel() for weight in weights)
    ideal_s = operations / matmul_peak(place, dtype)
    print(f"time to first strip: {median(ones, lambda run: run.first_strip_s):.3f} s alone,")
    print(f"  {median(crowds, lambda run: run.first_strip_s):.3f} s for the first of {slots}")
    print(f"weights of a step: {sum(weight.nbytes for weight in weights) / 1e6:.1f} MB")
    return {
        "images_per_s_1": median(ones, lambda run: 1 / run.wall_s),
        "images_per_s_8": median(crowds, lambda run: slots / run.wall_s),
        "batch_gain": statistics.median(
            slots * one.wall_s / crowd.wall_s for one, crowd in zip(ones, crowds, strict=True)
        ),
        "seconds_per_image_1": median(ones, lambda run: run.wall_s),
        "tiles_per_s_1": median(ones, lambda run: run.tiles / run.wall_s),
        "tiles_per_s_8": median(crowds, lambda run: run.tiles / run.wall_s),
        "first_strip_s_1": median(ones, lambda run: run.first_strip_s),
        "memory_floor_share": median(ones, lambda run: floor_s * run.tiles / run.step_s),
        "matmul_peak_share": median(crowds, lambda run: ideal_s * run.tiles / run.step_s),
        "strip_decode_share": median(crowds, lambda run: run.decode_s / run.wall_s),
    }


class Picture:
    """A picture on a backend, and when what was told of it."""

    def __init__(self, backend: LocalBackend, order: PictureOrder) -> None:
        self.told: list[tuple[float, Event]] = []
        self._news = asyncio.Event()
        backend.send(order, self._hear)

    def _hear(self, event: Event) -> None:
        self.told.append((time.perf_counter(), event))
        self._news.set()

    async def until(self, kind: type | tuple[type, ...], count: int = 1) -> float:
        """When the count-th event of a kind was heard."""
        while True:
            times = [at for at, event in self.told if isinstance(event, kind)]
            if len(times) >= count:
                return times[count - 1]
            self._news.clear()
            await self._news.wait()


async def lose_worker(backend: LocalBackend, order: PictureOrder, how: int) -> tuple[float, float]:
    """Seconds until the loss of a worker is noticed, and until another draws the picture on."""
    picture = Picture(backend, order)
    await picture.until(RowDrawn, 2)
    [device] = backend.devices()
    assert device.pid is not None
    os.kill(device.pid, how)
    lost_at = time.perf_counter()
    while backend.devices()[0].restarts == device.restarts:  # noqa: ASYNC110 (nothing tells it)
        await asyncio.sleep(0.001)
    noticed_s = time.perf_counter() - lost_at
    replaced_s = await picture.until(Started, 2) - lost_at
    await picture.until(LAST_EVENTS)
    return noticed_s, replaced_s


async def measure_losses(loader: str, device: str, rounds: int) -> dict[str, float]:
    model: Any = resolve(loader)(device)
    backend = LocalBackend([model.name], [device], loaders={model.name: loader})
    await backend.start()
    await backend.ready()
    deaths = []
    for number in range(rounds):
        await asyncio.sleep(SETTLE_S)
        deaths.append(await lose_worker(backend, order(model, number), signal.SIGKILL))
    at_once = await lose_worker(backend, order(model, rounds), signal.SIGKILL)
    print(f"killed again right away: replaced after {at_once[1]:.2f} s")
    await asyncio.sleep(SETTLE_S)
    hang = await lose_worker(backend, order(model, rounds + 1), signal.SIGSTOP)
    print(f"stopped (SIGSTOP): replaced after {hang[1]:.2f} s")
    await backend.stop()
    return {
        "death_noticed_s": max(noticed for noticed, _ in deaths),
        "replaced_s": max(replaced for _, replaced in deaths),
        "hang_noticed_s": hang[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--loader", default="smalti.models.mini:load")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slots", type=int, default=8)
    chosen = parser.parse_args()
    figures = measure_drawing(chosen.loader, chosen.device, chosen.rounds, chosen.slots)
    figures |= asyncio.run(measure_losses(chosen.loader, chosen.device, chosen.rounds))
    for name, value in figures.items():
        print(f"{name:24} {value:10.4g}")
    print(json.dumps({"bench": "mini", "figures": figures}))


if __name__ == "__main__":
    main()
