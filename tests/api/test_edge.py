"""The outermost layer, around apps that misbehave."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smalti.api.edge import BrokenOff, Edge
from smalti.api.errors import on_smalti_error
from smalti.api.metrics_route import metrics_router
from smalti.errors import SmaltiError, Unauthorized
from smalti.observe import Metrics, Traces, about_request

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
PART: Message = {"type": "http.response.body", "body": b"x", "more_body": True}
END: Message = {"type": "http.response.body", "body": b""}

Inner = Callable[[Scope, Receive, Send], Awaitable[None]]


def call(app: ASGIApp, path: str = "/x", **more: Any) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    asyncio.run(app({**scope, **more}, receive, send))  # type: ignore[arg-type]
    return sent


def failing(error: Exception, *before: Message) -> Inner:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in before:
            await send(dict(message))
        raise error

    return app


def counted(metrics: Metrics, status: int, route: str = "unmatched") -> bool:
    line = f'http_requests_total{{method="GET",route="{route}",status="{status}"}} 1.0'
    return line in metrics.page().decode()


@pytest.mark.parametrize("where", [{"path": "/v1/jobs/a\0"}, {"query_string": b"after=a%00"}])
def test_a_nul_in_an_address_goes_no_further(where: dict[str, Any]) -> None:
    """PostgreSQL cannot look for it."""
    sent = call(Edge(failing(ValueError("it came through"))), **where)
    assert sent[0]["status"] == 400
    assert b"Leave out %00." in sent[1]["body"]


def test_a_crash_before_the_reply_is_a_500() -> None:
    metrics = Metrics()
    sent = call(Edge(failing(ValueError("oh")), metrics))
    assert sent[0]["status"] == 500
    request_id = dict(sent[0]["headers"])[b"x-request-id"]
    assert request_id.startswith(b"req_")
    assert request_id in sent[1]["body"]
    assert b"oh" not in sent[1]["body"]
    assert counted(metrics, 500)


def test_a_crash_within_the_reply_breaks_it_off() -> None:
    metrics = Metrics()
    with pytest.raises(BrokenOff, match="req_") as raised:
        call(Edge(failing(ValueError("an " + "oh"), START), metrics))
    assert counted(metrics, 500)
    assert "an oh" not in "".join(traceback.format_exception(raised.value))


def test_a_client_that_leaves_while_it_sends_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert call(Edge(failing(ClientDisconnect()))) == []
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert " 499 " in caplog.text


def test_a_client_that_leaves_a_stream_is_told_as_gone() -> None:
    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send(dict(START))
        await send(dict(PART))
        assert (await receive())["type"] == "http.disconnect"

    metrics = Metrics()
    sent = call(Edge(stream, metrics))
    assert sent[0]["status"] == 200
    assert counted(metrics, 499)


def test_a_client_that_leaves_and_then_a_crash_is_one_reply() -> None:
    async def leave_and_crash(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        raise ValueError("oh")

    assert call(Edge(leave_and_crash))[0]["status"] == 500


def test_a_client_that_leaves_after_its_reply_had_it() -> None:
    async def whole(scope: Scope, receive: Receive, send: Send) -> None:
        await send(dict(START))
        await send(dict(END))
        await receive()

    metrics = Metrics()
    call(Edge(whole, metrics))
    assert counted(metrics, 200)


def test_other_protocols_pass() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    call(Edge(app), type="lifespan")
    assert seen == ["lifespan"]


def house(metrics: Metrics, traces: Traces | None = None) -> FastAPI:
    """An app with a route that has a name in its path, and knows its user and its job."""

    async def admin(request: Request) -> None:
        if request.headers.get("authorization") != "Bearer sk-admin":
            raise Unauthorized("no")

    router = APIRouter(prefix="/v1/jobs")

    @router.get("/{job_id}")
    async def job(job_id: str) -> str:
        about = about_request()
        about.job_id, about.user_id = job_id, "user_1"
        about.prompt = "a portrait of Alma"
        return about.request_id

    app = FastAPI()
    app.add_exception_handler(SmaltiError, on_smalti_error)
    app.include_router(router)
    app.include_router(metrics_router(metrics, admin))
    app.add_middleware(Edge, metrics=metrics, traces=traces or Traces())
    return app


def test_routes_are_counted_by_their_template() -> None:
    metrics = Metrics()
    app = house(metrics)
    for path in ("/v1/jobs/job_1", "/no/such/place", "/openapi.json"):
        call(app, path)
    page = metrics.page().decode()
    assert counted(metrics, 200, "/v1/jobs/{job_id}")
    assert counted(metrics, 404)
    assert counted(metrics, 200, "/openapi.json")
    assert "job_1" not in page and "/no/such" not in page and "user_1" not in page
    assert "http_requests_in_flight 0.0" in page


def test_the_access_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sent = call(house(Metrics()), "/v1/jobs/job_1")
    (record,) = [r for r in caplog.records if r.name == "smalti.requests"]
    assert record.getMessage().startswith("GET /v1/jobs/{job_id} 200 ")
    fields = record.fields  # type: ignore[attr-defined]
    assert (fields["method"], fields["route"], fields["status"]) == (
        "GET",
        "/v1/jobs/{job_id}",
        200,
    )
    assert dict(sent[0]["headers"])[b"x-request-id"].decode() in sent[1]["body"].decode()


def test_probes_are_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    call(house(Metrics()), "/metrics", client=("127.0.0.1", 1))
    assert [r for r in caplog.records if r.name == "smalti.requests"] == []
    call(house(Metrics()), "/metrics", client=("10.0.0.1", 1))
    assert [r.levelname for r in caplog.records if r.name == "smalti.requests"] != []


def test_the_span_of_a_request() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    call(house(Metrics(), Traces(provider)), "/v1/jobs/job_1")
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /v1/jobs/{job_id}"
    attributes = dict(span.attributes or {})
    assert attributes.pop("smalti.request_id").startswith("req_")  # type: ignore[union-attr]
    assert attributes == {
        "http.request.method": "GET",
        "http.route": "/v1/jobs/{job_id}",
        "http.response.status_code": 200,
        "smalti.job_id": "job_1",
    }


def scrape(client: str | None, **headers: str) -> int:
    metrics = Metrics()
    sent_headers = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    peer = None if client is None else (client, 1)
    sent = call(house(metrics), "/metrics", client=peer, headers=sent_headers)
    if sent[0]["status"] == 200:
        assert dict(sent[0]["headers"])[b"content-type"].startswith(b"text/plain; version=0.0.4")
        assert b"smalti_build_info" in sent[1]["body"]
    return int(sent[0]["status"])


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1"])
def test_a_scraper_on_this_machine_needs_no_key(client: str) -> None:
    assert scrape(client) == 200


@pytest.mark.parametrize("client", ["10.0.0.1", "::ffff:10.0.0.1", "testclient", None])
def test_one_from_elsewhere_does(client: str | None) -> None:
    assert scrape(client) == 401
    assert scrape(client, authorization="Bearer sk-admin") == 200


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "x_real_ip", "via"])
def test_a_proxy_on_this_machine_speaks_for_somebody_else(header: str) -> None:
    assert scrape("127.0.0.1", **{header: "203.0.113.7"}) == 401
