"""/openapi.json: every address is in it, and what it says of replies is true of real ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

import smalti.api
from smalti.api import shapes

METHODS = ("get", "post", "delete", "put", "patch")


@pytest.fixture(scope="module")
def told(live: Any) -> dict[str, Any]:
    return dict(httpx2.get(f"{live.url}/openapi.json").json())


def operations(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in told["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def test_every_address_is_told(told: dict[str, Any]) -> None:
    assert {(method, path) for path, method, _ in operations(told)} == {
        ("post", "/v1/images/generations"),
        ("post", "/v1/images/edits"),
        ("post", "/v1/images/variations"),
        ("get", "/v1/models"),
        ("get", "/v1/models/{name}"),
        ("get", "/v1/jobs"),
        ("get", "/v1/jobs/{job_id}"),
        ("delete", "/v1/jobs/{job_id}"),
        ("get", "/v1/jobs/{job_id}/events"),
        ("get", "/v1/limits"),
        ("post", "/v1/limits/explain"),
        ("get", "/v1/admin/organisations"),
        ("post", "/v1/admin/organisations"),
        ("get", "/v1/admin/users"),
        ("post", "/v1/admin/users"),
        ("get", "/v1/admin/users/{user_id}"),
        ("post", "/v1/admin/users/{user_id}"),
        ("get", "/v1/admin/keys"),
        ("post", "/v1/admin/keys"),
        ("delete", "/v1/admin/keys/{key_id}"),
        ("get", "/v1/admin/audit"),
        ("get", "/v1/admin/tiers"),
        ("put", "/v1/admin/tiers"),
        ("get", "/v1/admin/tiers/history"),
        ("post", "/v1/admin/tiers/undo"),
        ("patch", "/v1/admin/tiers/{name}"),
        ("delete", "/v1/admin/tiers/{name}"),
        ("get", "/v1/admin/switches"),
        ("get", "/v1/admin/switches/{scope}/{name}"),
        ("put", "/v1/admin/switches/{scope}/{name}"),
        ("delete", "/v1/admin/switches/{scope}/{name}"),
        ("get", "/v1/admin/denials"),
        ("get", "/v1/admin/now"),
        ("post", "/v1/admin/preview"),
        ("get", "/v1/admin/users/{user_id}/day"),
        ("get", "/v1/admin/use"),
        ("get", "/pictures/{token}"),
        ("get", "/healthz"),
        ("get", "/readyz"),
    }


def test_every_reference_leads_somewhere(told: dict[str, Any]) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    found = set(references(told))
    assert found
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in told["components"]["schemas"]


def test_nothing_is_told_that_is_never_sent(told: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in json.dumps(told)
    for path, method, operation in operations(told):
        keyed = "Idempotency-Key" in json.dumps(operation.get("parameters", []))
        assert ("422" in operation["responses"]) == keyed, (method, path)
        assert operation["operationId"], (method, path)
        assert bool(operation.get("security")) == path.startswith("/v1/")


def test_every_reply_has_its_request_id_told(told: dict[str, Any]) -> None:
    for path, method, operation in operations(told):
        for status, reply in operation["responses"].items():
            assert reply["headers"]["x-request-id"]["required"], (method, path, status)


def test_the_fields_of_a_request_are_those_that_are_taken(told: dict[str, Any]) -> None:
    content = told["paths"]["/v1/images/generations"]["post"]["requestBody"]["content"]
    schema = content["application/json"]["schema"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["prompt"]
    properties = schema["properties"]
    assert {"prompt", "n", "size", "seed", "stream", "output_format"} <= set(properties)
    assert {"type": "null"} in properties["n"]["anyOf"]
    assert properties["style"]["anyOf"][0]["enum"][-2:] == ["vivid", "natural"]
    assert "transparent" not in json.dumps(properties["background"])
    edit = told["paths"]["/v1/images/edits"]["post"]["requestBody"]["content"]
    assert {"image", "mask"} <= set(edit["multipart/form-data"]["schema"]["properties"])


def test_what_is_always_refused_is_not_told_as_taken(told: dict[str, Any], live: Any) -> None:
    def parameters(path: str, method: str) -> dict[str, Any]:
        return {one["name"]: one["schema"] for one in told["paths"][path][method]["parameters"]}

    key = parameters("/v1/images/generations", "post")["Idempotency-Key"]["pattern"]
    for sent in ("", "a b", "x" * 256):
        assert not re.search(key, sent)
        headers = {"idempotency-key": sent}
        body = {"prompt": "a boat"}
        assert live.http.post("/v1/images/generations", json=body, headers=headers).is_error
    assert re.search(key, '"8e03978e-40d5-43dd"')

    one_tier = parameters("/v1/admin/tiers/{name}", "patch")["name"]["pattern"]
    all_tiers = told["paths"]["/v1/admin/tiers"]["put"]["requestBody"]["content"]
    tiers = all_tiers["application/json"]["schema"]["properties"]["tiers"]
    assert tiers["propertyNames"]["pattern"] == one_tier
    new = {"weight": 1, "max_running": 1, "max_waiting": 1, "why": "A test."}
    assert not re.search(one_tier, "Lab")
    assert live.http.patch("/v1/admin/tiers/Lab", json=new).status_code == 400

    scope = parameters("/v1/admin/switches/{scope}/{name}", "put")["scope"]["enum"]
    assert scope == ["tier", "region", "model", "feature"]
    day = parameters("/v1/admin/users/{user_id}/day", "get")["date"]
    assert day["format"] == "date"
    edit = told["paths"]["/v1/images/edits"]["post"]["requestBody"]["content"]
    picture = edit["application/json"]["schema"]["properties"]["image"]["anyOf"][0]
    assert picture["minLength"] == 1


@pytest.mark.parametrize(
    ("method", "path", "fields", "shape"),
    [
        ("POST", "/v1/images/generations", {"prompt": "a boat", "n": 2}, shapes.ImagesReply),
        (
            "POST",
            "/v1/images/generations",
            {"prompt": "a boat", "response_format": "url", "user": "u", "size": "512x512"},
            shapes.ImagesReply,
        ),
        ("POST", "/v1/images/generations", {"prompt": ""}, shapes.ErrorReply),
        ("POST", "/v1/images/variations", {}, shapes.ErrorReply),
        ("GET", "/v1/models", None, shapes.ModelPage),
        ("GET", "/v1/models/smalti-mini", None, shapes.ModelReply),
        ("GET", "/v1/models/none", None, shapes.ErrorReply),
        ("GET", "/v1/jobs", None, shapes.JobPage),
        ("GET", "/v1/limits", None, shapes.LimitsReply),
        ("POST", "/v1/limits/explain", {"prompt": "a boat"}, shapes.Explanation),
        ("GET", "/healthz", None, shapes.Health),
        ("GET", "/readyz", None, shapes.Readiness),
        ("GET", "/nowhere", None, shapes.ErrorReply),
    ],
)
def test_replies_have_the_shapes_that_are_told(
    live: Any, method: str, path: str, fields: dict[str, Any] | None, shape: Any
) -> None:
    reply = live.http.request(method, path, json=fields)
    shape.model_validate(reply.json())


# --- the page ---

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
ROOM = Path(smalti.api.__file__).parents[1]


def test_the_page_has_every_address(told: dict[str, Any]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path, method, _ in operations(told):
        assert f"{method.upper()} {path}" in page, (method, path)


def test_the_page_has_every_field(told: dict[str, Any]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path in ("/v1/images/generations", "/v1/images/edits"):
        content = told["paths"][path]["post"]["requestBody"]["content"]
        for name in content["application/json"]["schema"]["properties"]:
            assert f"`{name}`" in page, name


def test_the_page_has_every_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    said = r'(?:code(?:: str)?(?:=| = )|_refuse\(|_error", |fail\(job, )"([a-z_]+)"'
    codes = {
        found
        for room in ("api", "store", "service", "pictures", "errors.py")
        for file in ([ROOM / room] if room.endswith(".py") else (ROOM / room).rglob("*.py"))
        for found in re.findall(said, file.read_text(encoding="utf-8"))
    }
    assert {"invalid_api_key", "expired_api_key", "slow_down", "file_failed"} <= codes
    for code in codes - {"invalid_request"}:
        assert f"`{code}`" in page, code
