"""What is fed with bytes, and what must hold of it whatever the bytes are."""

from __future__ import annotations

import base64
from collections.abc import Callable

import body_corpus
import picture_corpus
from sent_pictures import odd_pictures

from smalti.api.body import Body, body_from_form, body_from_json
from smalti.api.form import FormReader
from smalti.errors import InvalidRequest
from smalti.pictures.decode import Limits, decode

PIXELS = 1_000_000
SEED_BYTES = 20_000
"""Longest input to begin with: longer ones teach the fuzzer little."""

Target = Callable[[bytes], None]


def picture(data: bytes) -> None:
    """Read, upright and in bounds, or refused with a sentence that begins with its name."""
    try:
        upload = decode(data, "a.png", "image", Limits(pixels=PIXELS))
    except InvalidRequest as error:
        assert error.message.startswith("a.png: ") and error.param == "image"
        return
    assert upload.pixels.shape == (upload.height, upload.width, 3)
    assert 0 < upload.width * upload.height <= PIXELS
    assert upload.alpha is None or upload.alpha.shape == upload.pixels.shape[:2]


def json_body(data: bytes) -> None:
    try:
        body = body_from_json(data)
    except InvalidRequest as error:
        assert error.message
        return
    assert not {"image", "image[]", "images", "mask"} & set(body.fields)
    assert len(body.images) <= 16 and len(body.masks) <= 1


def form_body(data: bytes) -> None:
    """The same, however the bytes are cut into chunks."""
    half = data[:1]
    cut = half[0] * len(data) // 256 if half else 0
    whole, parts = _read_form([data]), _read_form([data[:cut], data[cut:]])
    assert whole == parts, (whole, parts)


def _read_form(chunks: list[bytes]) -> tuple[object, ...]:
    try:
        form = FormReader(body_corpus.FORM, frozenset({"image"}))
        for chunk in chunks:
            form.write(chunk)
        body: Body = body_from_form(form.finish())
    except InvalidRequest as error:
        return (error.code, error.param)
    return (dict(body.fields), body.images, body.masks)


TARGETS: dict[str, Target] = {"picture": picture, "json": json_body, "form": form_body}


def seeds(name: str) -> list[bytes]:
    """Inputs to begin with."""
    if name == "picture":
        corpus = (
            picture_corpus.refused(),
            picture_corpus.read_or_refused(),
            picture_corpus.read(),
        )
        data = [file for files in corpus for file in files.values()]
    elif name == "json":
        encoded = base64.b64encode(odd_pictures()["one pixel"])
        data = [sent.body for sent in body_corpus.JSON.values()]
        data += [sent.body for sent in body_corpus.REFUSED_PROMPTS.values()]
        data.append(b'{"prompt": "a", "n": 2, "image": ["' + encoded + b'"], "mask": null}')
    else:
        data = [sent.body for sent in body_corpus.FORMS.values()]
        data.append(body_corpus.form(body_corpus.WORDS, body_corpus.IMAGE))
    return [item for item in data if 0 < len(item) <= SEED_BYTES]
