"""What can be typed, and what is said of what cannot."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sent_pictures import gradient, saved

from smalti.cli.commands import run
from smalti.models import registry


@pytest.fixture(autouse=True)
def fake_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(registry.LOADERS, "smalti-mini", "fake_mini:load")
    monkeypatch.chdir(tmp_path)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    for asked in (["version"], ["--version"]):
        assert run(asked) == 0
        assert capsys.readouterr().out.startswith("smalti 0.")
    assert run(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out).keys() >= {"smalti", "torch", "python", "compiled"}


def test_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == "smalti-mini"
    assert run(["models"]) == 0
    assert "pastel" in capsys.readouterr().out


def test_generate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "a boat", "-o", "boat.png", "--seed", "7"]) == 0
    with Image.open(tmp_path / "boat.png") as picture:
        assert picture.size == (256, 256)
        assert picture.text["seed"] == "7"  # type: ignore[attr-defined]
    assert "boat.png  256x256  seed 7" in capsys.readouterr().err


def test_the_same_seed_is_the_same_picture(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        assert run(["generate", "a boat", "-o", name, "--seed", "7"]) == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_several_pictures_are_numbered(tmp_path: Path) -> None:
    assert run(["generate", "a boat", "-o", "b.webp", "--n", "3", "--seed", "1"]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b-1.webp", "b-2.webp", "b-3.webp"]


def test_without_a_name_the_seed_is_the_name(tmp_path: Path) -> None:
    assert run(["generate", "a boat", "--seed", "1", "--format", "jpeg"]) == 0
    with Image.open(tmp_path / "smalti-1.jpeg") as picture:
        assert picture.format == "JPEG"


@pytest.mark.parametrize(
    ("quality", "drawn_at"), [("low", "192x192"), ("high", "256x256"), ("standard", "256x256")]
)
def test_a_quality_is_drawn_and_told(tmp_path: Path, quality: str, drawn_at: str) -> None:
    assert run(["generate", "a boat", "-o", "boat.png", "--quality", quality]) == 0
    with Image.open(tmp_path / "boat.png") as picture:
        told = picture.text  # type: ignore[attr-defined]
        assert picture.size == (256, 256)
    assert json.loads(told["served"])["native_size"] == drawn_at
    assert json.loads(told["asked"])["quality"] == quality


def test_compression(tmp_path: Path) -> None:
    for name, compression in (("small.jpg", "5"), ("large.jpg", "100")):
        arguments = ["generate", "a boat", "-o", name, "--seed", "7"]
        assert run([*arguments, "--compression", compression]) == 0
    sizes = [(tmp_path / name).stat().st_size for name in ("small.jpg", "large.jpg")]
    assert sizes[0] < sizes[1]


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "a boat", "--seed", "1", "--size", "512x256", "--show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 20
    assert all(line.count("▀") == 80 for line in lines)


def test_stylize_and_edit(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(saved(gradient(640, 480), "JPEG"))
    assert run(["stylize", "photo.jpg", "--style", "pastel", "-o", "p.png"]) == 0
    assert run(["edit", "photo.jpg", "make it night", "-o", "n.png", "--seed", "1"]) == 0
    with Image.open("p.png") as picture:
        assert picture.width / picture.height == pytest.approx(4 / 3, rel=0.08)


def test_a_mask_keeps_what_is_opaque(tmp_path: Path) -> None:
    photo = gradient(256, 256)
    (tmp_path / "photo.png").write_bytes(saved(photo, "PNG"))
    mask = Image.new("RGBA", (256, 256), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (128, 0, 256, 256))
    mask.save(tmp_path / "mask.png")
    edit = ["edit", "photo.png", "make it night", "--seed", "1", "-o", "n.png"]
    assert run([*edit, "--mask", "mask.png"]) == 0
    with Image.open("n.png") as picture:
        drawn = np.asarray(picture.convert("RGB"))
    before = np.asarray(photo.convert("RGB"))
    assert np.array_equal(drawn[:, :112], before[:, :112])
    assert not np.array_equal(drawn[:, 144:], before[:, 144:])


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        ("none.png", "No such file"),
        ("small.png", "must be of one size"),
        ("photo.png", "no transparency"),
    ],
)
def test_what_is_wrong_with_a_mask_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mask: str, said: str
) -> None:
    (tmp_path / "photo.png").write_bytes(saved(gradient(64, 64), "PNG"))
    Image.new("RGBA", (16, 16)).save(tmp_path / "small.png")
    arguments = ["edit", "photo.png", "make it night", "--mask", mask]
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "No such command 'nope'"),
        (["generate"], "Missing argument"),
        (["generate", " "], "The prompt is empty"),
        (["generate", "a", "--bogus"], "No such option"),
        (["generate", "a", "--n", "11"], "--n"),
        (["generate", "a", "--seed", "-1"], "--seed"),
        (["generate", "a", "--size", "100x100"], "divisible by 16"),
        (["generate", "a", "--size", "big"], "write 'auto'"),
        (["generate", "a", "--quality", "ultra"], "'ultra' is no quality. Use one of low, medium"),
        (["generate", "a", "--compression", "101"], "--compression"),
        (["generate", "a", "--style", "cubist"], "no style of smalti-mini"),
        (["generate", "a", "--model", "other"], "is not here"),
        (["generate", "a", "--device", "tpu"], "is no device"),
        (["generate", "a", "-o", "a.gif"], "does not say a format"),
        (["generate", "a", "--format", "gif"], "is no format"),
        (["generate", "a", "-o", "nowhere/a.png"], "There is no folder nowhere"),
        (["stylize", "none.jpg", "--style", "ink"], "No such file"),
        (["stylize", "text.txt", "--style", "ink"], "no picture that we know"),
        (["serve", "--port", "70000"], "Setting 'port' has value '70000'"),
        (["serve", "--device", "tpu"], "Setting 'device' has value 'tpu'"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text("hello")
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_what_fails_is_an_exit_code_of_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", "refuse"]) == 1
    assert "this prompt is refused" in capsys.readouterr().err
    assert run(["generate", "raise@5"]) == 1
    assert "the step went wrong" in capsys.readouterr().err
    monkeypatch.setitem(registry.LOADERS, "smalti-mini", "fake_mini:load_broken")
    assert run(["generate", "a boat"]) == 1
    assert "The model cannot be loaded: the weights are torn" in capsys.readouterr().err


def test_a_taken_port_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert run(["serve", "--port", port, "--data-dir", str(tmp_path)]) == 1
    assert f"127.0.0.1:{port} cannot be listened on" in capsys.readouterr().err


def test_the_light_commands_import_nothing_heavy() -> None:
    code = (
        "import sys; from smalti.cli.commands import run; run(['version']); run(['models']);"
        "print([m for m in ('torch', 'fastapi', 'PIL') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.splitlines()[-1] == "[]"


def test_the_picture_is_what_the_engine_drew(tmp_path: Path) -> None:
    assert run(["generate", "a boat", "-o", "a.png", "--seed", "7"]) == 0
    pixels = np.asarray(Image.open(tmp_path / "a.png"))
    tiles = pixels.reshape(16, 16, 16, 16, 3)
    assert (tiles == tiles[:, :1, :, :1]).all()
    assert len(np.unique(pixels[::16, ::16, 0])) > 8
