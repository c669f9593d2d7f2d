"""generate, stylize and edit: pictures on the command line, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smalti.errors import InvalidRequest

if TYPE_CHECKING:
    from smalti.pictures.decode import Upload
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
Show = Annotated[bool, typer.Option("--show", help="Preview the pictures in the terminal.")]
Model = Annotated[str, typer.Option(help="The model that draws.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]

MINI = "smalti-mini"
COMPRESSION = 95
"""Quality of webp and jpeg files."""
ENDINGS: dict[str, Format] = {".png": "png", ".webp": "webp", ".jpg": "jpeg", ".jpeg": "jpeg"}


def generate(
    prompt: Annotated[str, typer.Argument(help="What to draw.")],
    output: Out = None,
    style: Style = None,
    seed: Seed = None,
    size: Size = "auto",
    n: Count = 1,
    format: FormatName = None,
    show: Show = False,
    model: Model = MINI,
    device: Device = "auto",
) -> None:
    """Draw a picture from words."""
    _draw(prompt, None, output, style, seed, size, n, format, show, model, device)


def stylize(
    photo: Annotated[Path, typer.Argument(help="The picture to draw again.")],
    style: Annotated[str, typer.Option(help="The style to draw it in; see smalti models.")],
    output: Out = None,
    seed: Seed = None,
    size: Size = "auto",
    n: Count = 1,
    format: FormatName = None,
    show: Show = False,
    model: Model = MINI,
    device: Device = "auto",
) -> None:
    """Draw a picture or a photograph again in another style."""
    _draw("", photo, output, style, seed, size, n, format, show, model, device)


def edit(
    picture: Annotated[Path, typer.Argument(help="The picture to change.")],
    instruction: Annotated[str, typer.Argument(help="What to change about it.")],
    output: Out = None,
    style: Style = None,
    seed: Seed = None,
    size: Size = "auto",
    n: Count = 1,
    format: FormatName = None,
    show: Show = False,
    model: Model = MINI,
    device: Device = "auto",
) -> None:
    """Change one thing about a picture, such as "make it night"."""
    _draw(instruction, picture, output, style, seed, size, n, format, show, model, device)


def _draw(
    prompt: str,
    source: Path | None,
    output: Path | None,
    style: str | None,
    seed: int | None,
    size: str,
    n: int,
    format: str | None,
    show: bool,
    model: str,
    device: str,
) -> None:
    kind = _format(output, format)
    if output is not None and not output.parent.is_dir():
        raise InvalidRequest(f"There is no folder {output.parent} to write {output.name} to.")
    if source is None and not prompt.strip():
        raise InvalidRequest("The prompt is empty. Say what to draw.")

    from smalti.cli.drawing import draw
    from smalti.pictures.framing import parse_size
    from smalti.service import DrawRequest

    try:
        pixels = None if size == "auto" else parse_size(size)
    except ValueError as error:
        raise InvalidRequest(f"The size '{size}' cannot be drawn: {error}") from None
    upload = None if source is None else _read(source)
    request = DrawRequest(
        prompt=prompt,
        model=model,
        n=n,
        size=pixels,
        seed=seed,
        style=style,
        source=upload,
        output_format=kind,
        output_compression=COMPRESSION,
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
    return ENDINGS[f".{format.lower()}"]


def _path(output: Path | None, kind: Format, index: int, seed: int, request: DrawRequest) -> Path:
    """Where a picture goes: the file that was named, numbered if there are several."""
    if output is None:
        return Path(f"smalti-{seed}.{kind}")
    path = output if output.suffix else output.with_suffix(f".{kind}")
    return path if request.n == 1 else path.with_stem(f"{path.stem}-{index + 1}")


def _read(source: Path) -> Upload:
    from smalti.pictures.decode import Limits, decode

    try:
        data = source.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"{source} cannot be read: {error.strerror}.") from None
    return decode(data, str(source), "image", Limits(file_bytes=500_000_000, pixels=200_000_000))
