"""generate, stylize and edit: pictures on the command line, without a server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from smalti.errors import InvalidRequest

if TYPE_CHECKING:
    from smalti.pictures.decode import Alpha, Upload
    from smalti.pictures.encode import Format
    from smalti.service import DrawRequest

Out = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write; its ending says the format."),
]
Style = Annotated[str | None, typer.Option(help="A style of the model; see smalti models.")]
Seed = Annotated[int | None, typer.Option(min=0, help="The same seed draws the same picture.")]
Size = Annotated[str, typer.Option(help="Width and height, as in 512x512.")]
Count = Annotated[int, typer.Option("--n", "-n", min=1, max=10, help="How many pictures.")]
FormatName = Annotated[
    str | None, typer.Option("--format", help="png, webp or jpeg; else the file's ending.")
]
Quality = Annotated[str, typer.Option(help="low is drawn sooner, on fewer tiles.")]
Compression = Annotated[
    int, typer.Option(min=0, max=100, help="Quality of webp and jpeg files; 100 is the best.")
]
Show = Annotated[bool, typer.Option("--show", help="Preview the pictures in the terminal.")]
Model = Annotated[str, typer.Option(help="The model that draws.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]

Mask = Annotated[
    Path | None,
    typer.Option(help="A PNG as large as the picture, transparent where it may change."),
]

MINI = "smalti-mini"
COMPRESSION = 95
ENDINGS: dict[str, Format] = {".png": "png", ".webp": "webp", ".jpg": "jpeg", ".jpeg": "jpeg"}


@dataclass(frozen=True)
class Looks:
    """How a picture is to look, as it was typed."""

    style: str | None
    size: str
    quality: str
    format: str | None
    compression: int

    @property
    def asked(self) -> dict[str, str]:
        """What is told of it in the file, beside what was served."""
        told = {"style": self.style, "size": self.size, "quality": self.quality}
        return {name: value for name, value in told.items() if value not in (None, "auto")}


def generate(
    prompt: Annotated[str, typer.Argument(help="What to draw.")],
    output: Out = None,
    style: Style = None,
    seed: Seed = None,
    size: Size = "auto",
    quality: Quality = "auto",
    n: Count = 1,
    format: FormatName = None,
    compression: Compression = COMPRESSION,
    show: Show = False,
    model: Model = MINI,
    device: Device = "auto",
) -> None:
    """Draw a picture from words."""
    looks = Looks(style, size, quality, format, compression)
    _draw(prompt, None, output, looks, seed, n, show, model, device)


def stylize(
    photo: Annotated[Path, typer.Argument(help="The picture to draw again.")],
    style: Annotated[str, typer.Option(help="The style to draw it in; see smalti models.")],
    output: Out = None,
    seed: Seed = None,
    size: Size = "auto",
    n: Count = 1,
    format: FormatName = None,
    compression: Compression = COMPRESSION,
    show: Show = False,
    model: Model = MINI,
    device: Device = "auto",
) -> None:
    """Draw a picture or a photograph again in another style."""
    looks = Looks(style, size, "auto", format, compression)
    _draw("", photo, output, looks, seed, n, show, model, device)


def edit(
    picture: Annotated[Path, typer.Argument(help="The picture to change.")],
    instruction: Annotated[str, typer.Argument(help="What to change about it.")],
    output: Out = None,
    mask: Mask = None,
    style: Style = None,
    seed: Seed = None,
    size: Size = "auto",
    n: Count = 1,
    format: FormatName = None,
    compression: Compression = COMPRESSION,
    show: Show = False,
    model: Model = MINI,
    device: Device = "auto",
) -> None:
    """Change one thing about a picture, such as "make it night"."""
    if not instruction.strip():
        raise InvalidRequest("The instruction is empty. Say what to change.")
    looks = Looks(style, size, "auto", format, compression)
    _draw(instruction, picture, output, looks, seed, n, show, model, device, mask)


def _draw(
    prompt: str,
    source: Path | None,
    output: Path | None,
    looks: Looks,
    seed: int | None,
    n: int,
    show: bool,
    model: str,
    device: str,
    mask: Path | None = None,
) -> None:
    kind = _format(output, looks.format)
    if output is not None and not output.parent.is_dir():
        raise InvalidRequest(f"There is no folder {output.parent} to write {output.name} to.")
    if output is not None and output.is_dir():
        raise InvalidRequest(f"{output} is a folder. Name a file in it, as in {output / 'a.png'}.")
    folder = Path() if output is None else output.parent
    if not os.access(folder, os.W_OK):
        raise InvalidRequest(
            f"Nothing may be written into {folder.resolve()}. Choose -o elsewhere."
        )
    if source is None and not prompt.strip():
        raise InvalidRequest("The prompt is empty. Say what to draw.")

    from smalti.cli.drawing import draw
    from smalti.pictures.framing import parse_size
    from smalti.service import DrawRequest
    from smalti.service.request import SEED_MAX
    from smalti.service.request import Quality as Qualities

    if seed is not None and seed > SEED_MAX:
        raise InvalidRequest(f"The seed {seed} is too large. Use one from 0 to {SEED_MAX}.")
    try:
        pixels = None if looks.size == "auto" else parse_size(looks.size)
    except ValueError as error:
        raise InvalidRequest(f"The size '{looks.size}' cannot be drawn: {error}") from None
    if looks.quality not in get_args(Qualities):
        words = ", ".join(get_args(Qualities))
        raise InvalidRequest(f"'{looks.quality}' is no quality. Use one of {words}.")
    upload, alpha = (None, None) if source is None else _read(source, mask)
    request = DrawRequest(
        prompt=prompt,
        model=model,
        n=n,
        size=pixels,
        seed=seed,
        style=looks.style,
        quality=looks.quality,
        source=upload,
        mask=alpha,
        output_format=kind,
        output_compression=looks.compression,
        asked=looks.asked,
        kind="generation" if upload is None else "edit",
    )
    draw(request, device, lambda index, seed: _path(output, kind, index, seed, request), show)


def _format(output: Path | None, format: str | None) -> Format:
    """By what was said, else by the ending of the file, else png."""
    if format is None:
        if output is None or not output.suffix:
            return "png"
        if output.suffix.lower() not in ENDINGS:
            raise InvalidRequest(
                f"'{output.name}' does not say a format. End it in .png, .webp or .jpg, or give "
                "--format."
            )
        return ENDINGS[output.suffix.lower()]
    if f".{format.lower()}" not in ENDINGS:
        raise InvalidRequest(f"'{format}' is no format. Use png, webp or jpeg.")
    kind = ENDINGS[f".{format.lower()}"]
    if output is not None and ENDINGS.get(output.suffix.lower(), kind) != kind:
        raise InvalidRequest(
            f"'{output.name}' and --format {format} say different formats. Leave one of them out."
        )
    return kind


def _path(output: Path | None, kind: Format, index: int, seed: int, request: DrawRequest) -> Path:
    """Where a picture goes: the file that was named, numbered if there are several."""
    if output is None:
        return Path(f"smalti-{seed}.{kind}")
    path = output if output.suffix else output.with_suffix(f".{kind}")
    return path if request.n == 1 else path.with_stem(f"{path.stem}-{index + 1}")


def _read(source: Path, mask: Path | None) -> tuple[Upload, Alpha | None]:
    from smalti.pictures.decode import Limits, decode
    from smalti.pictures.masks import read_mask

    limits = Limits(file_bytes=500_000_000, pixels=200_000_000)
    upload = decode(_bytes_of(source), str(source), "image", limits)
    if mask is None:
        return upload, None
    return upload, read_mask(_bytes_of(mask), str(mask), upload, limits)


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.") from None
