"""The models, and whether the server is well."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx2
import openai
import pytest
from fake_backend import FakeBackend

from smalti.api.catalogue import describe
from smalti.api.shapes import ModelReply
from smalti.models.facts import MINI, MINI_LADDER


def test_models_are_listed(live: Any) -> None:
    models = live.openai.models.list().data
    assert [model.id for model in models] == ["smalti-mini"]
    assert models[0].owned_by == "smalti"
    assert "pastel" in models[0].smalti["styles"]


def test_one_model(live: Any) -> None:
    assert live.openai.models.retrieve("smalti-mini").object == "model"
    with pytest.raises(openai.NotFoundError):
        live.openai.models.retrieve("nothing")


def test_a_model_says_what_each_rung_costs_and_gains(live: Any) -> None:
    told = live.http.get("/v1/models/smalti-mini").json()
    notes = ModelReply.model_validate(told).smalti
    assert list(notes.qualities) == ["high", "low"]
    assert notes.qualities["high"] == notes.native_sizes
    assert notes.qualities["low"][0] == "192x192"
    assert notes.ladder is not None
    assert list(notes.ladder.rungs) == ["full", "partials", "quality", "size"]
    assert told["smalti"]["ladder"] == json.loads(MINI_LADDER.read_text())


def test_what_was_not_measured_is_not_told() -> None:
    told = describe(replace(MINI, rung_facts={}))
    assert ModelReply.model_validate(told).smalti.ladder is None


def test_health_needs_no_key(live: Any) -> None:
    assert httpx2.get(f"{live.url}/healthz").json() == {"status": "ok"}
    ready = httpx2.get(f"{live.url}/readyz")
    assert ready.status_code == 200
    assert ready.json()["devices"][0]["device"] == "cpu"


def test_a_probe_may_ask_for_no_more_than_the_status(launch: Any) -> None:
    live = launch(FakeBackend(state="starting"))
    for path, status in (("/healthz", 200), ("/readyz", 503)):
        reply = httpx2.head(f"{live.url}{path}")
        assert (reply.status_code, reply.content) == (status, b"")
        assert int(reply.headers["content-length"]) > 0


def test_not_ready_while_the_worker_starts(launch: Any) -> None:
    live = launch(FakeBackend(state="starting"))
    ready = httpx2.get(f"{live.url}/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "starting")


def test_the_api_describes_itself(live: Any) -> None:
    paths = httpx2.get(f"{live.url}/openapi.json").json()["paths"]
    body = paths["/v1/images/generations"]["post"]["requestBody"]["content"]["application/json"]
    assert "prompt" in body["schema"]["properties"]
