"""Draw a request in this process, with a progress bar. Nothing of it is kept but the files."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from smalti.cli.inline import InlineBackend
from smalti.devices import find_device
from smalti.errors import DrawingFailed, SmaltiError, Unavailable
from smalti.fleet.backend import LAST_EVENTS, Done, Event, Failed, PictureOrder, Strip
from smalti.models.facts import MODELS, ModelFacts
from smalti.models.tile_model import Conditions, Rgb
from smalti.pictures.terminal import half_blocks
from smalti.service.finishing import finished, finished_file, keep_source
from smalti.service.job import blank
from smalti.service.request import Brief, DrawRequest, check, in_full, seeds_of

PREVIEW_COLUMNS = 80


@dataclass(eq=False)
class Sheet:
    """A picture of the request. canvas: native pixels. ended: its last event."""

    seed: int
    canvas: Rgb
    rows: int = 0
    ended: Event | None = None


def draw(
    request: DrawRequest, device: str, path_of: Callable[[int, int], Path], show: bool
) -> None:
    """Draw, write and maybe show. path_of: the file of a picture by its index and seed.

    Raises InvalidRequest, DrawingFailed or Unavailable.
    """
    logging.getLogger("smalti.engine").setLevel(logging.CRITICAL)  # what failed is told below
    asyncio.run(_draw(request, find_device(device), path_of, show))


async def _draw(
    request: DrawRequest, device: str, path_of: Callable[[int, int], Path], show: bool
) -> None:
    model = check(request, {model.name: model for model in MODELS})
    served = in_full(request, model)
    frame, brief = served.frame, Brief.of(request, served)
    console = Console(stderr=True)
    kept = None if request.source is None else keep_source(request.source, request.mask, frame)
    shown, mask = (kept.shown, kept.mask) if kept is not None else (None, None)
    conditions = Conditions(request.prompt, frame.grid, shown, request.style)
    sheets = [Sheet(seed, blank(frame).copy()) for seed in seeds_of(request)]
    await _fill(sheets, model, conditions, device, console)
    for index, sheet in enumerate(sheets):
        path = path_of(index, sheet.seed)
        _write(path, finished_file(brief, sheet.canvas, sheet.seed, mask))
        if show:
            _preview(finished(brief, sheet.canvas, mask))
        assert isinstance(sheet.ended, Done)
        console.print(
            f"{path}  {frame.width}x{frame.height}  seed {sheet.seed}  "
            f"{sheet.ended.device_s:.1f} s",
            highlight=False,
            soft_wrap=True,
        )


async def _fill(
    sheets: list[Sheet], model: ModelFacts, conditions: Conditions, device: str, console: Console
) -> None:
    """Load the model and draw."""
    backend = InlineBackend(model.name, device, slots=len(sheets))
    await backend.start()
    try:
        with _progress(console) as progress:
            loading = progress.add_task("loading", total=None)
            await _until_ready(backend)
            progress.remove_task(loading)
            await _follow(backend, model, conditions, sheets, progress)
    finally:
        await backend.stop()


async def _until_ready(backend: InlineBackend) -> None:
    try:
        await backend.ready()
    except Exception as error:  # whatever a loader raises: what it says is all there is to tell
        raise Unavailable(f"The model cannot be loaded: {error}") from error


async def _follow(
    backend: InlineBackend,
    model: ModelFacts,
    conditions: Conditions,
    sheets: list[Sheet],
    progress: Progress,
) -> None:
    """Until every picture is drawn. Raises DrawingFailed."""
    news = asyncio.Event()
    bars = [progress.add_task(f"seed {s.seed}", total=conditions.grid.rows) for s in sheets]

    def hear(sheet: Sheet, event: Event) -> None:
        if isinstance(event, Strip):
            top = event.first_row * model.tile_px
            sheet.canvas[top : top + len(event.pixels)] = event.pixels
            sheet.rows = event.first_row + event.rows
        elif isinstance(event, LAST_EVENTS):
            sheet.ended = event
        news.set()

    for index, sheet in enumerate(sheets):
        order = PictureOrder(f"picture-{index}", model.name, "all", conditions, sheet.seed)
        backend.send(order, partial(hear, sheet))
    while any(sheet.ended is None for sheet in sheets):
        await news.wait()
        news.clear()
        for bar, sheet in zip(bars, sheets, strict=True):
            progress.update(bar, completed=sheet.rows)
            if isinstance(sheet.ended, Failed):
                raise DrawingFailed(sheet.ended.reason)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise SmaltiError(f"{path} cannot be written: {error.strerror}.") from None


def _preview(pixels: Rgb) -> None:
    out = Console()
    out.file.write(half_blocks(pixels, min(PREVIEW_COLUMNS, out.width)) + "\n")
