"""Bodies that are no requests, sent to a live server."""

from __future__ import annotations

import json
from typing import Any

import body_corpus
import httpx2
import pytest
from asking import error_of
from body_corpus import FORMS, JSON, PROMPTS, REFUSED_PROMPTS, Sent

from smalti.api.body import body_from_form
from smalti.api.form import FormReader


def refusal_of(http: httpx2.Client, sent: Sent, route: str) -> str:
    headers = {"content-type": sent.content_type}
    error = error_of(http.post(f"/v1/images/{route}", content=sent.body, headers=headers))
    assert len(error["message"]) < 500
    return str(error["message"])


@pytest.mark.parametrize("name", REFUSED_PROMPTS)
def test_a_prompt_that_is_none(served: Any, http: httpx2.Client, name: str) -> None:
    sent = REFUSED_PROMPTS[name]
    assert sent.says in refusal_of(http, sent, "generations")


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_that_is_odd(served: Any, http: httpx2.Client, name: str) -> None:
    body = {"prompt": PROMPTS[name], "output_format": "jpeg"}
    reply = http.post("/v1/images/generations", json=body)
    assert reply.status_code == 200, reply.text
    form = {"prompt": (None, PROMPTS[name].encode())}
    assert http.post("/v1/images/generations", files=form).status_code == 200


@pytest.mark.parametrize("name", JSON)
def test_json(served: Any, http: httpx2.Client, name: str) -> None:
    assert JSON[name].says in refusal_of(http, JSON[name], "edits")


def test_json_with_a_byte_order_mark_is_read(served: Any, http: httpx2.Client) -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"prompt": "a boat"}).encode()
    assert http.post("/v1/images/generations", content=body).status_code == 200


@pytest.mark.parametrize("name", FORMS)
def test_forms(served: Any, http: httpx2.Client, name: str) -> None:
    assert FORMS[name].says in refusal_of(http, FORMS[name], "edits")


def test_a_form_that_is_only_just_one(served: Any, http: httpx2.Client) -> None:
    body = b"\r\n" + body_corpus.form(body_corpus.WORDS, body_corpus.IMAGE)
    headers = {"content-type": body_corpus.FORM.replace("multipart", "MultiPart")}
    body += b"an epilogue"
    assert http.post("/v1/images/edits", content=body, headers=headers).status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "br", "x" * 2000])
def test_a_packed_body(served: Any, http: httpx2.Client, coding: str) -> None:
    reply = http.post(
        "/v1/images/generations", content=b"\x1f\x8b", headers={"content-encoding": coding}
    )
    assert "Content-Encoding" in error_of(reply)["message"]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_form_is_the_same_in_chunks_of_any_size(size: int) -> None:
    data = body_corpus.form(body_corpus.WORDS, body_corpus.IMAGE)
    form = FormReader(body_corpus.FORM, frozenset())
    for start in range(0, len(data), size):
        form.write(data[start : start + size])
    body = body_from_form(form.finish())
    assert body.fields == {"prompt": "a boat"}
    assert [file.data for file in body.images] == [body_corpus.PICTURE]
