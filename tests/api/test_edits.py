"""POST /v1/images/edits: uploads as the official client sends them, and as others do."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import openai
import pytest
from fake_backend import stripe
from PIL import Image
from sent_pictures import PHOTOS, bad_pictures, gradient, mask_png, odd_pictures, saved

GENERATED = saved(gradient(256, 256))


def opened(encoded: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


@pytest.mark.skipif(not PHOTOS.is_dir(), reason=f"no photographs in {PHOTOS}")
def test_real_photographs(live: Any) -> None:
    photos = sorted(p for p in PHOTOS.iterdir() if p.suffix in (".jpg", ".png"))
    assert photos
    for photo in photos:
        reply = live.openai.images.edit(
            image=photo.open("rb"), prompt="as it is", extra_body={"style": "pastel"}
        )
        with Image.open(photo) as original:
            asked = original.width / original.height
        served = opened(reply.data[0].b64_json)
        assert served.width / served.height == pytest.approx(asked, rel=0.08)
        assert served.width % 16 == served.height % 16 == 0
        source = live.backend.orders[-1].conditions.source
        assert source is not None and source.shape[0] in (224, 256, 336)


def test_a_generated_picture_goes_to_the_model_as_it_is(live: Any) -> None:
    reply = live.openai.images.edit(image=GENERATED, prompt="make it night")
    order = live.backend.orders[-1]
    assert np.array_equal(order.conditions.source, np.asarray(gradient(256, 256)))
    assert opened(reply.data[0].b64_json).size == (256, 256)
    assert reply.usage.input_tokens_details.image_tokens == 256
    assert reply.smalti["notes"] == []


def test_several_sources_and_which_was_read(live: Any) -> None:
    reply = live.openai.images.edit(
        image=[("first.png", GENERATED), ("second.png", saved(gradient(64, 64)))], prompt="night"
    )
    assert np.array_equal(live.backend.orders[-1].conditions.source, np.asarray(gradient(256, 256)))
    assert any("the first was used" in note for note in reply.smalti["notes"])


@pytest.mark.parametrize(
    "fields",
    [
        {"image": data_url(GENERATED)},
        {"image": base64.b64encode(GENERATED).decode()},
        {"image": [data_url(GENERATED)]},
        {"images": [{"image_url": data_url(GENERATED)}]},
    ],
)
def test_json_edits(live: Any, fields: dict[str, Any]) -> None:
    reply = live.post("/v1/images/edits", prompt="night", **fields)
    assert reply.status_code == 200, reply.text
    assert np.array_equal(live.backend.orders[-1].conditions.source, np.asarray(gradient(256, 256)))


@pytest.mark.parametrize(
    "image",
    [
        "https://example.com/a.png",
        {"file_id": "file-1"},
        {"image_url": 7},
        "not base64!",
        "data:image/png,plain",
        7,
    ],
)
def test_json_pictures_that_cannot_be_read(live: Any, image: Any) -> None:
    reply = live.post("/v1/images/edits", prompt="night", images=[image])
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == "image"


def test_no_picture(live: Any) -> None:
    reply = live.http.post("/v1/images/edits", files={"prompt": (None, "night")})
    assert reply.json()["error"]["param"] == "image"


@pytest.mark.parametrize("name", bad_pictures())
def test_bad_pictures_are_refused_by_their_name(live: Any, name: str) -> None:
    with pytest.raises(openai.BadRequestError, match=r"holiday\.jpg") as raised:
        live.openai.images.edit(image=("holiday.jpg", bad_pictures()[name]), prompt="night")
    assert raised.value.param == "image"
    assert raised.value.code == "invalid_image_file"


@pytest.mark.parametrize("name", odd_pictures())
def test_odd_pictures_are_read(live: Any, name: str) -> None:
    reply = live.openai.images.edit(image=odd_pictures()[name], prompt="night")
    assert opened(reply.data[0].b64_json).format == "PNG"


def test_a_file_over_the_limit_is_named(launch: Any) -> None:
    live = launch(max_upload_mb=1)
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), np.uint8)
    with pytest.raises(openai.BadRequestError, match=r"big\.png: the file has 1\.\d MB"):
        live.openai.images.edit(image=("big.png", saved(Image.fromarray(noise))), prompt="night")


def test_too_many_pictures(live: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="at most 16"):
        live.openai.images.edit(image=[saved(gradient(4, 4))] * 17, prompt="night")


def test_opaque_parts_of_the_mask_are_kept_exactly(live: Any) -> None:
    mask = mask_png(256, 256, (64, 64, 192, 192))
    reply = live.openai.images.edit(
        image=GENERATED, mask=mask, prompt="night", extra_body={"seed": 200}
    )
    result = np.asarray(opened(reply.data[0].b64_json).convert("RGB"))
    source = np.asarray(gradient(256, 256))
    outside = np.ones((256, 256), bool)
    outside[64:192, 64:192] = False
    assert np.array_equal(result[outside], source[outside])
    order = live.backend.orders[-1]
    drawn = np.concatenate([stripe(order, row) for row in range(16)])
    assert np.array_equal(result[72:184, 72:184], drawn[72:184, 72:184])
    assert any("mask" in note for note in reply.smalti["notes"])


def test_a_mask_of_another_size(live: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="64x64 and the image 256x256") as raised:
        live.openai.images.edit(
            image=GENERATED, mask=mask_png(64, 64, (0, 0, 9, 9)), prompt="night"
        )
    assert raised.value.param == "mask"


def test_a_mask_without_transparency(live: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="no transparency"):
        live.openai.images.edit(image=GENERATED, mask=GENERATED, prompt="night")


def test_a_mask_that_is_no_png(live: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="must be a PNG"):
        live.openai.images.edit(
            image=GENERATED, mask=saved(gradient(256, 256), "WEBP"), prompt="night"
        )


def test_a_size_of_other_proportions(live: Any) -> None:
    reply = live.openai.images.edit(image=GENERATED, prompt="night", size="1536x1024")
    assert opened(reply.data[0].b64_json).size == (1536, 1024)
    assert "stretched" in reply.smalti["notes"][0]


def test_fields_come_as_text(live: Any) -> None:
    reply = live.openai.images.edit(
        image=GENERATED, prompt="night", n=2, output_compression=50, output_format="webp",
        input_fidelity="high", extra_body={"seed": 3},
    )  # fmt: skip
    assert [picture.seed for picture in reply.data] == [3, 4]


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ([("n", (None, "two"))], "n"),
        ([("n", (None, "2")), ("n", (None, "3"))], "n"),
        ([("stream", (None, "perhaps"))], "stream"),
        ([("stream", (None, "1"))], "stream"),
        ([("markup", ("a.png", GENERATED))], "markup"),
        ([("frame_count", (None, "3"))], "frame_count"),
    ],
)
def test_parts_that_are_wrong(live: Any, parts: list[Any], param: str) -> None:
    files = [("prompt", (None, "night")), ("image", ("a.png", GENERATED)), *parts]
    reply = live.http.post("/v1/images/edits", files=files)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"no boundary here"),
        ("multipart/form-data; boundary=b", b"--b\r\nbroken\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b; charset=hex", b'--b\r\nContent-Disposition: form-data; '
         b'name="prompt"\r\n\r\nx\r\n--b--\r\n'),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="image"; '
         b'filename="a"\r\n\r\ncut off'),
        ("multipart/form-data; boundary=b", b""),
    ],
)  # fmt: skip
def test_broken_forms(live: Any, kind: str, body: bytes) -> None:
    reply = live.http.post("/v1/images/edits", content=body, headers={"content-type": kind})
    assert reply.status_code == 400
    assert set(json.loads(reply.content)["error"]) == {"message", "type", "code", "param"}
