"""Every request that cannot be served: its status, the field it names, the class it becomes."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import openai
import pytest
from fake_backend import FakeBackend
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({}, "prompt", "missing_required_parameter"),
        ({"prompt": None}, "prompt", "missing_required_parameter"),
        ({"prompt": ""}, "prompt", "invalid_value"),
        ({"prompt": " \n"}, "prompt", "invalid_value"),
        ({"prompt": "x" * 32_001}, "prompt", "invalid_value"),
        ({"prompt": 7}, "prompt", "invalid_type"),
        ({"prompt": ["a"]}, "prompt", "invalid_type"),
        ({"prompt": "\ud800"}, "prompt", "invalid_value"),
        ({"n": 0}, "n", "invalid_value"),
        ({"n": 11}, "n", "invalid_value"),
        ({"n": "2"}, "n", "invalid_type"),
        ({"n": 1.5}, "n", "invalid_type"),
        ({"n": True}, "n", "invalid_type"),
        ({"size": "big"}, "size", "invalid_value"),
        ({"size": "1000x1000"}, "size", "invalid_value"),
        ({"size": "1024x256"}, "size", "invalid_value"),
        ({"size": "256x1024"}, "size", "invalid_value"),
        ({"size": "0x0"}, "size", "invalid_value"),
        ({"size": "16384x16384"}, "size", "invalid_value"),
        ({"size": "-16x16"}, "size", "invalid_value"),
        ({"size": "١٦x١٦"}, "size", "invalid_value"),
        ({"size": 1024}, "size", "invalid_type"),
        ({"quality": "best"}, "quality", "invalid_value"),
        ({"background": "transparent"}, "background", "invalid_value"),
        ({"background": "blue"}, "background", "invalid_value"),
        ({"output_format": "gif"}, "output_format", "invalid_value"),
        ({"output_format": "svg"}, "output_format", "invalid_value"),
        ({"output_compression": 101}, "output_compression", "invalid_value"),
        ({"output_compression": -1}, "output_compression", "invalid_value"),
        ({"moderation": "none"}, "moderation", "invalid_value"),
        ({"stream": "yes"}, "stream", "invalid_type"),
        ({"stream": True, "partial_images": 4}, "partial_images", "invalid_value"),
        ({"partial_images": 1}, "partial_images", "invalid_value"),
        ({"response_format": "xml"}, "response_format", "invalid_value"),
        ({"stream": True, "response_format": "url"}, "response_format", "invalid_value"),
        ({"style": "cubist"}, "style", "invalid_value"),
        ({"seed": -1}, "seed", "invalid_value"),
        ({"seed": 2**53}, "seed", "invalid_value"),
        ({"seed": "1"}, "seed", "invalid_type"),
        ({"service_tier": "gold"}, "service_tier", "invalid_value"),
        ({"degrade": "maybe"}, "degrade", "invalid_value"),
        ({"colour": "red"}, "colour", "unknown_parameter"),
        ({"input_fidelity": "high"}, "input_fidelity", "unknown_parameter"),
        ({"image": "aGVsbG8="}, "image", "unknown_parameter"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    live: Any, fields: dict[str, Any], param: str, code: str
) -> None:
    body = json.dumps({"prompt": "a boat", **fields} if fields else {})
    reply = live.http.post("/v1/images/generations", content=body)
    error = reply.json()["error"]
    assert (reply.status_code, error["param"], error["code"]) == (400, param, code)
    assert error["type"] == "invalid_request_error"
    assert f"'{param}'" in error["message"] or param == "style"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"prompt": ""}, "Invalid 'prompt': '': it should have at least 1 character."),
        ({"n": True}, "Invalid 'n': true: it should be a valid integer."),
        (
            {"degrade": False},
            "Invalid 'degrade': false. Supported values are: 'allow' or 'never'.",
        ),
        (
            {"conversation": "a b"},
            "Invalid 'conversation': 'a b': it should be 1 to 64 letters, digits, '_' or '-'.",
        ),
        (
            {"parent": "job_1"},
            "Invalid 'parent': 'job_1': it should be a job's id and the number of a picture, as in "
            "'job_0123abcd/0'.",
        ),
    ],
)
def test_what_is_wrong_is_told_in_words_and_as_it_was_written(
    live: Any, fields: dict[str, Any], message: str
) -> None:
    assert live.post(**{"prompt": "a boat", **fields}).json()["error"]["message"] == message


def test_a_field_name_that_is_no_text_is_refused(live: Any) -> None:
    reply = live.http.post("/v1/images/generations", content=r'{"prompt": "a", "\ud800": 1}')
    assert reply.status_code == 400


def test_the_message_lists_the_styles(live: Any) -> None:
    message = live.post(prompt="a boat", style="cubist").json()["error"]["message"]
    assert "photo, pastel, mosaic, ink, poster" in message


def test_a_misspelt_field_is_told_before_what_it_leaves_missing(live: Any) -> None:
    assert live.post(promt="a boat").json()["error"]["param"] == "promt"


def test_an_unknown_model_is_not_found(live: Any) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        live.openai.images.generate(prompt="a boat", model="dall-e-9")
    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 100_000, b"NaN"]
)
def test_a_body_that_is_no_json_object(live: Any, body: bytes) -> None:
    reply = live.http.post("/v1/images/generations", content=body)
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "invalid_json"


def test_a_form_of_another_kind_is_told_what_is_read(live: Any) -> None:
    reply = live.http.post("/v1/images/generations", data={"prompt": "a boat"})
    assert reply.status_code == 400
    assert reply.json()["error"]["message"].endswith("Send a JSON object, or a multipart form.")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.sampled_from(
            ["prompt", "n", "size", "seed", "style", "image", "images", "mask", "stream", "user"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ),
    ),
    st.sampled_from(["generations", "edits"]),
)
def test_no_json_breaks_the_server(live: Any, fields: dict[str, Any], route: str) -> None:
    reply = live.http.post(f"/v1/images/{route}", content=json.dumps(fields))
    assert reply.status_code < 500


def test_a_body_over_the_limit(launch: Any) -> None:
    live = launch(max_body_mb=1)
    reply = live.post(prompt="x" * 1_100_000)
    assert reply.status_code == 413
    assert reply.json()["error"]["code"] == "request_too_large"

    def chunks() -> Any:
        for _ in range(20):
            yield b" " * 100_000

    reply = live.http.post("/v1/images/generations", content=chunks())
    assert reply.status_code == 413


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"authorization": ""}, "missing_api_key"),
        ({"authorization": "Basic abc"}, "missing_api_key"),
        ({"authorization": "Bearer"}, "missing_api_key"),
        ({"authorization": "Bearer sk-wrong"}, "invalid_api_key"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/images/generations"])
def test_a_key_that_is_missing_or_wrong(
    live: Any, headers: dict[str, str], code: str, path: str
) -> None:
    method = "GET" if path.endswith("models") else "POST"
    reply = live.http.request(method, path, headers=headers)
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == code
    assert reply.headers["x-request-id"].startswith("req_")


def test_a_wrong_key_in_the_client(live: Any) -> None:
    client = live.openai.with_options(api_key="sk-wrong")
    with pytest.raises(openai.AuthenticationError):
        client.images.generate(prompt="a boat")


def test_too_many_waiting_is_a_503_that_says_when(launch: Any) -> None:
    backend = FakeBackend(slots=1)
    live = launch(backend, max_waiting=10)
    body = {"prompt": "hold@1", "n": 10, "stream": True}
    with live.http.stream("POST", "/v1/images/generations", json=body) as stream:
        backend.holding.get(timeout=5)
        with pytest.raises(openai.InternalServerError) as raised:
            live.openai.images.generate(prompt="a boat", n=2)
        assert raised.value.status_code == 503
        assert raised.value.code == "slow_down"
        assert "10 images wait at a time, and 9 are waiting" in raised.value.message
        headers = raised.value.response.headers
        assert 1 <= int(headers["retry-after"]) <= 60
        assert "x-should-retry" not in headers
        assert "ratelimit" not in headers
        assert headers["content-type"] == "application/problem+json"
        stream.close()
    backend.ended.get(timeout=5)
    patient = live.openai.with_options(timeout=600)
    assert len(patient.images.generate(prompt="a boat", n=10).data) == 10


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_variations_are_retired(live: Any) -> None:
    with pytest.raises(openai.NotFoundError, match="/v1/images/edits"):
        live.openai.images.create_variation(image=b"anything")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/v1/images/edits", 405), ("GET", "/pictures/x.png", 404)],
)
def test_other_addresses_answer_in_the_same_form(
    live: Any, method: str, path: str, status: int
) -> None:
    reply = live.http.request(method, path)
    assert reply.status_code == status
    assert set(reply.json()["error"]) == {"message", "type", "code", "param"}
    assert reply.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("method", "path", "said", "code"),
    [
        (
            "GET",
            "/v1/jobs?limit=1000",
            "Invalid 'limit': '1000': it should be less than or equal to 100.",
            "invalid_value",
        ),
        (
            "GET",
            "/v1/jobs?limit=ten",
            "Invalid 'limit': 'ten': it should be a valid integer, unable to parse string as an "
            "integer.",
            "invalid_type",
        ),
        ("GET", "/v1/jobs?limit=0&stile=ink", "Unknown parameter: 'stile'.", "unknown_parameter"),
        (
            "DELETE",
            "/v1/admin/tiers/free",
            "Missing required parameter: 'why'.",
            "missing_required_parameter",
        ),
    ],
)
def test_what_is_wrong_with_a_query_is_told_as_of_a_body(
    live: Any, method: str, path: str, said: str, code: str
) -> None:
    reply = live.http.request(method, path)
    error = reply.json()["error"]
    assert (reply.status_code, error["message"], error["code"]) == (400, said, code)
    assert f"'{error['param']}'" in said


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("/v1/jobs/job_1", "DELETE, GET"),
        ("/v1/jobs", "GET"),
        ("/v1/admin/tiers/free", "DELETE, PATCH"),
        ("/v1/admin/switches/tier/free", "DELETE, GET, PUT"),
        ("/healthz", "GET, HEAD"),
    ],
)
def test_another_method_is_told_all_that_an_address_takes(live: Any, path: str, taken: str) -> None:
    reply = live.http.request("OPTIONS", path)
    assert (reply.status_code, reply.headers["allow"]) == (405, taken)


def test_a_fault_of_the_server_is_a_500_in_the_same_form(
    launch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = launch()
    monkeypatch.setattr(live.service, "submit", None)
    reply = live.post(prompt="a boat")
    assert reply.status_code == 500
    assert reply.headers["x-request-id"] in reply.json()["error"]["message"]


def test_no_worker_is_told_before_anything_is_drawn(launch: Any) -> None:
    live = launch(FakeBackend(state="dead"))
    assert httpx2.get(f"{live.url}/healthz").status_code == 200
    ready = httpx2.get(f"{live.url}/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "failed")
    reply = live.post(prompt="a boat")
    assert reply.status_code == 503
    assert "no worker lived" in reply.json()["error"]["message"]
