"""Reading signs: every letter in every style, and nothing where nothing is."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import cv2
import numpy as np
import pytest

from smalti.models.mini.layout import GLYPHS, STYLES
from smalti.train.quality import signs
from smalti.train.quality.signs import (
    UNREAD,
    Sign,
    match_word,
    same_looking,
    sign_at,
    tesseract_words,
)
from smalti.train.world.paint import render
from smalti.train.world.scene import Scene, values_of

PLACE = (10, 3)


def signed(word: str, style: str = "photo", time: str = "day") -> Sign:
    scene = Scene(16, 16, 7, style, time, "rain", "grass", "plain", 7)
    return Sign(render(replace(scene, word=word, sign_place=PLACE)), PLACE, len(word))


@pytest.mark.parametrize("time", values_of("time"))
@pytest.mark.parametrize("style", STYLES)
def test_every_rendered_letter_is_read(style: str, time: str) -> None:
    for start in range(0, len(GLYPHS), 6):
        word = GLYPHS[start : start + 6]
        assert match_word(signed(word, style, time)) == word


def test_a_soft_sign_one_pixel_beside_is_read() -> None:
    sign = signed("SMALTI")
    beside = np.roll(cv2.GaussianBlur(sign.picture, (0, 0), 1.2), (1, -1), axis=(0, 1))
    assert match_word(replace(sign, picture=beside)) == "SMALTI"


def test_nothing_is_read_where_there_is_no_sign() -> None:
    picture = signed("TEA").picture
    assert match_word(Sign(picture, (1, 3), 3)) == 3 * UNREAD
    assert match_word(Sign(np.full_like(picture, 200), PLACE, 3)) == 3 * UNREAD


def test_a_sign_over_the_edge_is_read_as_far_as_it_goes() -> None:
    picture = signed("TEA").picture
    assert len(match_word(Sign(picture, (15, 14), 6))) == 6


def test_a_sign_needs_a_place_and_a_word() -> None:
    picture = signed("TEA").picture
    assert sign_at(picture, None, "TEA") is None
    assert sign_at(picture, PLACE, "") is None
    sign = sign_at(picture, PLACE, "TEA")
    assert sign is not None
    assert (sign.place, sign.letters) == (PLACE, 3)


def test_look_alikes() -> None:
    assert same_looking("ZOO", "200")
    assert same_looking("?!", "21")
    assert not same_looking("TEA", "SEA")
    assert not same_looking("TEA", "TE")


def test_tesseract_is_asked_once_and_told_the_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, "T EA\n\f\fSEA\n\f", "")

    monkeypatch.setattr(signs.subprocess, "run", run)
    found = tesseract_words([signed("TEA"), signed("INN"), signed("SEA")])
    assert found == ["TEA", "", "SEA"]
    assert len(asked) == 1
    assert f"tessedit_char_whitelist={GLYPHS}" in asked[0]


def test_nothing_is_asked_of_tesseract_without_signs() -> None:
    assert tesseract_words([]) == []


@pytest.mark.skipif(not signs.has_tesseract(), reason="Tesseract is not installed")
def test_tesseract_reads_plain_words() -> None:
    words = ["TEA", "PARK", "FARM", "DOCK"]
    assert tesseract_words([signed(word) for word in words]) == words
