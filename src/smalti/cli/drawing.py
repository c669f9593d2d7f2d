"""Draw a request in this process, with a progress bar."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from smalti import __version__
from smalti.cli.inline import InlineBackend
from smalti.devices import find_device
from smalti.errors import SmaltiError, Unavailable
from smalti.models.facts import MODELS
from smalti.models.tile_model import Rgb
from smalti.pictures.encode import Format, encode
from smalti.pictures.terminal import half_blocks
from smalti.service import DrawRequest, Job, Picture, PictureDone, RowsShown, Service

PREVIEW_COLUMNS = 80


def draw(
    request: DrawRequest,
    device: str,
    path_of: Callable[[int, int], Path],
    kind: Format,
    show: bool,
) -> None:
    """Draw, write and maybe show. path_of: the file of a picture by its index and seed.

    Raises InvalidRequest, DrawingFailed or Unavailable.
    """
    logging.getLogger("smalti.engine").setLevel(logging.CRITICAL)  # what failed is told below
    asyncio.run(_draw(request, find_device(device), path_of, kind, show))


async def _draw(
    request: DrawRequest,
    device: str,
    path_of: Callable[[int, int], Path],
    kind: Format,
    show: bool,
) -> None:
    backend = InlineBackend(request.model, device, slots=request.n)
    service = Service(backend, MODELS, max_waiting=request.n)
    service.check(request)
    console = Console(stderr=True)
    await service.start()
    try:
        with _progress(console) as progress:
            loading = progress.add_task("loading", total=None)
            await _until_ready(backend)
            with await service.submit(request) as job:
                progress.remove_task(loading)
                await _follow(job, progress)
        for picture in job.pictures:
            pixels = job.result(picture)
            path = path_of(picture.index, picture.seed)
            _write(path, encode(pixels, kind, 95, _about(request, picture)))
            if show:
                _preview(pixels)
            console.print(
                f"{path}  {pixels.shape[1]}x{pixels.shape[0]}  seed {picture.seed}  "
                f"{picture.device_s:.1f} s",
                highlight=False,
                soft_wrap=True,
            )
    finally:
        await service.stop()


async def _until_ready(backend: InlineBackend) -> None:
    try:
        await backend.ready()
    except Exception as error:  # whatever a loader raises: what it says is all there is to tell
        raise Unavailable(f"The model cannot be loaded: {error}") from error


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


async def _follow(job: Job, progress: Progress) -> None:
    rows = job.frame.grid.rows
    tasks = [progress.add_task(f"seed {p.seed}", total=rows) for p in job.pictures]
    async for event in job.events():
        if isinstance(event, RowsShown):
            progress.update(tasks[event.index], completed=event.rows)
        elif isinstance(event, PictureDone):
            progress.update(tasks[event.index], completed=rows)


def _about(request: DrawRequest, picture: Picture) -> dict[str, str]:
    return {
        "prompt": request.prompt,
        "seed": str(picture.seed),
        "model": request.model,
        "software": f"smalti {__version__}",
    }


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise SmaltiError(f"{path} cannot be written: {error.strerror}.") from None


def _preview(pixels: Rgb) -> None:
    out = Console()
    out.file.write(half_blocks(pixels, min(PREVIEW_COLUMNS, out.width)) + "\n")
