"""The weights file of smalti-mini: safetensors, stored in half precision, computed in single."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from smalti.models.mini.drawer import DrawerShape
from smalti.models.mini.mini import Mini, MiniNet
from smalti.models.mini.reader import ReaderShape

FILE = Path(__file__).with_name("smalti-mini.safetensors")


class BadWeights(Exception):
    """A weights file that is missing or not smalti-mini's; the message says what to do."""


def save(net: MiniNet, file: Path = FILE, **notes: str) -> None:
    """Write the weights and the shapes that they need; `notes` go into the file's metadata."""
    tensors = {
        name: tensor.detach().to("cpu", torch.float16).contiguous()
        for name, tensor in net.state_dict().items()
    }
    shapes = {"drawer": asdict(net.drawer.shape), "reader": asdict(net.reader.shape)}
    part = file.with_suffix(".part")
    save_file(tensors, part, metadata={"shapes": json.dumps(shapes), **notes})
    part.replace(file)


def load(device: str = "cpu", file: Path = FILE) -> Mini:
    """The built-in model on a device. Raises BadWeights."""
    if not file.is_file():
        raise BadWeights(
            f"There are no weights at {file}. Reinstall smalti, or train: smalti train mini."
        )
    try:
        with safe_open(file, framework="pt") as stored:
            shapes = json.loads(stored.metadata()["shapes"])
            tensors = {name: stored.get_tensor(name).float() for name in stored.keys()}  # noqa: SIM118
        net = MiniNet(DrawerShape(**shapes["drawer"]), ReaderShape(**shapes["reader"]))
        net.load_state_dict(tensors)
    except Exception as error:
        raise BadWeights(f"{file} is not a weights file of smalti-mini: {error}") from error
    return Mini(net.to(device))
