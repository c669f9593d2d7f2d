"""The renderer of the procedural world: a scene in, a picture out, the same bytes every time."""

from __future__ import annotations

import numpy as np

from smalti.train.world.paint.backdrop import draw_backdrop
from smalti.train.world.paint.ground import ground_canvas
from smalti.train.world.paint.palette import Bytes
from smalti.train.world.paint.sign import draw_sign
from smalti.train.world.paint.sky import draw_sky
from smalti.train.world.paint.sprites import FINISHES, sprite
from smalti.train.world.paint.weather import draw_weather
from smalti.train.world.scene import TILE_PX, Scene

__all__ = ["render"]


def render(scene: Scene) -> Bytes:
    """Draw a scene: uint8 RGB [16 * rows, 16 * columns, 3]."""
    picture = np.empty((scene.rows * TILE_PX, scene.columns * TILE_PX, 3), dtype=np.uint8)
    draw_sky(picture, scene)
    draw_backdrop(picture, scene)
    ground = picture[scene.ground_row * TILE_PX :]
    ground[...] = ground_canvas(scene.ground, scene.style, scene.time, *ground.shape[:2])
    for place in scene.places("boat"):
        _lay(picture, scene, "boat", scene.boat, place)
    for thing, place, _ in sorted(scene.footprints(), key=lambda f: f[1][0] + f[2][0]):
        if thing != "sign":
            value = f"{scene.house} {scene.roof}" if thing == "house" else getattr(scene, thing)
            _lay(picture, scene, thing, value, place)
    touch = FINISHES[scene.style].touch
    if touch is not None:
        touch(picture)
    draw_weather(picture, scene.weather, scene.time)
    if scene.sign_place is not None:
        draw_sign(picture, scene.word, *scene.sign_place, scene.style, scene.time)
    return picture


def _lay(picture: Bytes, scene: Scene, thing: str, value: str, place: tuple[int, int]) -> None:
    row, column = place
    sprite(thing, value, scene.style, scene.time).lay(picture, row * TILE_PX, column * TILE_PX)
