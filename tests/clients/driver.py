"""Everything an application does with the official Python client, told as JSON.

Run by the tests with the Python of one of several environments: standard library and `openai`
alone. It reads where the servers are from its standard input, and writes what happened in each
case to its standard output.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import openai

ASKED = json.load(sys.stdin)
PICTURE = base64.b64decode(ASKED["picture"])
MASK = base64.b64decode(ASKED["mask"])


def client(url: str, case: str, key: str = ASKED["key"], **options: Any) -> openai.OpenAI:
    options.setdefault("max_retries", 0)
    return openai.OpenAI(
        base_url=f"{url}/v1", api_key=key, timeout=30, default_headers={"x-case": case}, **options
    )


def seen(reply: Any) -> dict[str, Any]:
    """What a client finds in a whole reply."""
    return {
        "pictures": [p.b64_json for p in reply.data],
        "urls": [p.url for p in reply.data],
        "seeds": [getattr(p, "seed", None) for p in reply.data],
        "created": reply.created,
        "size": reply.size,
        "quality": reply.quality,
        "background": reply.background,
        "output_format": reply.output_format,
        "tokens": [
            reply.usage.input_tokens,
            reply.usage.input_tokens_details.image_tokens,
            reply.usage.output_tokens,
            reply.usage.total_tokens,
        ],
        "extension": getattr(reply, "smalti", None) is not None,
        "request_id": reply._request_id,
    }


def streamed(events: Any) -> list[dict[str, Any]]:
    """What a client finds in a stream."""
    told = []
    for event in events:
        told.append(
            {
                "type": event.type,
                "picture": event.b64_json,
                "index": getattr(event, "partial_image_index", None),
                "format": event.output_format,
                "size": event.size,
                "tokens": event.usage.total_tokens if hasattr(event, "usage") else None,
            }
        )
    return told


def raised(call: Any) -> dict[str, Any]:
    """The error that a call ends with."""
    begun = time.monotonic()
    try:
        call()
    except openai.APIError as error:
        return {
            "class": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "message": error.message,
            "code": error.code,
            "type": error.type,
            "param": error.param,
            "request_id": getattr(error, "request_id", None),
            "seconds": time.monotonic() - begun,
        }
    return {"class": None}


def refused(url: str, case: str, key: str = ASKED["key"], **options: Any) -> dict[str, Any]:
    """The error of asking for a picture that cannot be had."""
    images = client(url, case, key, **options).images
    return raised(lambda: images.generate(prompt="a boat", n=2))


def generations() -> dict[str, Any]:
    images = client(ASKED["live"], "generate").images
    url = seen(images.generate(prompt="a boat", response_format="url"))
    with urllib.request.urlopen(url["urls"][0], timeout=30) as link:
        url["pictures"] = [base64.b64encode(link.read()).decode()]
    return {
        "b64": seen(images.generate(prompt="a boat", model="smalti-mini")),
        "url": url,
        "two": seen(images.generate(prompt="a boat", n=2, extra_body={"seed": 7})),
        "webp": seen(images.generate(prompt="a boat", output_format="webp", output_compression=60)),
        "size": seen(images.generate(prompt="a boat", size="1536x1024", quality="low")),
    }


def edits() -> dict[str, Any]:
    images = client(ASKED["live"], "edit").images
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "boat.png"
        file.write_bytes(PICTURE)
        with file.open("rb") as opened:
            one = seen(images.edit(image=opened, prompt="at night"))
        second = io.BytesIO(PICTURE)
        second.name = "second.png"
        with file.open("rb") as opened:
            several = seen(images.edit(image=[opened, second], prompt="at night"))
    return {
        "one": one,
        "several": several,
        "bytes": seen(images.edit(image=PICTURE, prompt="at night")),
        "mask": seen(
            images.edit(
                image=("a.png", PICTURE, "image/png"),
                mask=("mask.png", MASK, "image/png"),
                prompt="at night",
                n=2,
                extra_body={"seed": 5},
            )
        ),
    }


def streams() -> dict[str, Any]:
    images = client(ASKED["live"], "stream").images
    return {
        "generate": streamed(images.generate(prompt="a boat", stream=True, partial_images=2)),
        "edit": streamed(
            images.edit(image=PICTURE, prompt="at night", stream=True, partial_images=1)
        ),
        "one event": streamed(images.generate(prompt="a boat", stream=True)),
        "broken": raised(
            lambda: streamed(images.generate(prompt="fail@9", stream=True, partial_images=3))
        ),
    }


def errors() -> dict[str, Any]:
    live = ASKED["live"]
    images = client(live, "errors").images
    told = {
        "400": raised(lambda: images.generate(prompt="a boat", size="1000x1000")),
        "400 unknown": raised(lambda: images.generate(prompt="a", extra_body={"colour": "red"})),
        "400 file": raised(lambda: images.edit(image=("a.gif", b"GIF89a"), prompt="at night")),
        "401": raised(lambda: client(live, "401", "sk-wrong").images.generate(prompt="a boat")),
        "404": raised(lambda: images.generate(prompt="a boat", model="dall-e-9")),
    }
    for name, key in ASKED["other_keys"].items():
        told[name] = refused(live, name, key)
    for name in ASKED["scripted_errors"]:
        told[name] = refused(ASKED["scripted"], name)
    return told


def retries() -> dict[str, Any]:
    """Each with two retries; how many attempts were made is counted by the server."""
    told = {}
    for name in ASKED["scripted_retries"]:
        told[name] = refused(ASKED["scripted"], name, max_retries=2)
    limited = ASKED["other_keys"]["limited"]
    told["live limit"] = refused(ASKED["live"], "live limit", limited, max_retries=2)
    told["live overload"] = refused(ASKED["full"], "live overload")
    return told


def main() -> None:
    told = {
        "version": openai.__version__,
        "generations": generations(),
        "edits": edits(),
        "streams": streams(),
        "errors": errors(),
        "retries": retries(),
        "models": [model.id for model in client(ASKED["live"], "models").models.list()],
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
