"""Spans, as the SDK's own exporter in memory got them."""

from __future__ import annotations

import asyncio
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from smalti.observe import NO_TRACES, Traces, open_traces

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"


class Watched:
    """Traces whose ended spans can be looked at."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.traces = Traces(provider)

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.span_id


def test_a_request_and_what_is_in_it() -> None:
    watched = Watched()
    with watched.traces.request("POST", {}) as span:
        span.rename("POST /x")
        span.set({"http.route": "/x", "smalti.job_id": "", "nothing": None})
        with watched.traces.span("admission", images=2):
            pass
    request, admission = watched.spans["POST /x"], watched.spans["admission"]
    assert dict(request.attributes or {}) == {"http.route": "/x"}
    assert dict(admission.attributes or {}) == {"images": 2}
    assert parent_of(request) is None
    assert parent_of(admission) == id_of(request)


def test_a_request_goes_on_the_trace_of_its_caller() -> None:
    watched = Watched()
    headers = {"traceparent": f"00-{TRACE_ID}-{PARENT_ID}-01"}
    with watched.traces.request("GET", headers):
        pass
    (span,) = watched.exporter.get_finished_spans()
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE_ID
    assert f"{parent_of(span):016x}" == PARENT_ID


@pytest.mark.parametrize("header", ["", "00-zz-zz-01", "x" * 10_000, "00-0-0-00"])
def test_a_broken_traceparent_is_as_none(header: str) -> None:
    watched = Watched()
    with watched.traces.request("GET", {"traceparent": header}):
        pass
    (span,) = watched.exporter.get_finished_spans()
    assert parent_of(span) is None


def test_an_error_is_told_by_its_class_and_never_by_its_text() -> None:
    watched = Watched()
    with (
        pytest.raises(ValueError, match="a portrait of Alma"),
        watched.traces.request("POST", {}),
        watched.traces.span("admission"),
    ):
        raise ValueError("a portrait of Alma")
    for span in watched.spans.values():
        assert span.status.status_code.name == "ERROR"
        assert dict(span.attributes or {}) == {"error.type": "ValueError"}
        assert "Alma" not in span.to_json()


def test_a_jobs_pictures_wait_and_are_drawn_after_the_request() -> None:
    watched = Watched()

    async def follow() -> None:
        with watched.traces.request("POST", {}):
            spans = watched.traces.job("job_1", "free")
            spans.queued(0)
            spans.queued(1)

        async def draw() -> None:
            spans.drawing(0, "cpu")
            spans.ended(0, "succeeded", tiles=256, device_s=1.5)
            spans.drawing(1)
            spans.ended(1, "failed")
            spans.ended(1, "failed")

        await asyncio.create_task(draw())

    asyncio.run(follow())
    ended = watched.exporter.get_finished_spans()
    names = [span.name for span in ended]
    assert names.count("queue wait") == names.count("drawing") == 2
    request = watched.spans["POST"]
    assert all(parent_of(span) == id_of(request) for span in ended if span is not request)
    first, second = (span for span in ended if span.name == "drawing")
    assert dict(first.attributes or {}) == {
        "smalti.job_id": "job_1",
        "smalti.tier": "free",
        "smalti.picture": 0,
        "smalti.device": "cpu",
        "smalti.outcome": "succeeded",
        "smalti.tiles": 256,
        "smalti.device_s": 1.5,
    }
    assert second.status.status_code.name == "ERROR"


def test_a_picture_that_is_taken_off_its_slot_waits_again() -> None:
    watched = Watched()
    spans = watched.traces.job("job_1", "free")
    for turn in (spans.queued, spans.drawing, spans.queued, spans.drawing):
        turn(0)
    spans.ended(0, "cancelled")
    names = [span.name for span in watched.exporter.get_finished_spans()]
    assert names == ["queue wait", "drawing", "queue wait", "drawing"]


def test_without_an_address_nothing_happens() -> None:
    traces = open_traces(None)
    assert traces is NO_TRACES
    with traces.request("GET", {"traceparent": "x"}) as span, traces.span("y", z=1):
        span.set({"a": 1})
        span.rename("b")
        span.fail("c")
    spans = traces.job("job_1", "free")
    spans.queued(0)
    spans.drawing(0)
    spans.ended(0, "succeeded")
    spans.ended(7, "succeeded")
    traces.close()


def test_without_the_extra_it_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert open_traces("http://127.0.0.1:4318") is NO_TRACES
    assert "pip install 'smalti[otel]'" in caplog.text


def test_the_collector_gets_them() -> None:
    asked: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked.append((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        traces = open_traces(f"http://127.0.0.1:{server.server_port}")
        with traces.span("admission"):
            pass
        traces.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    ((path, body),) = asked
    assert path == "/v1/traces"
    assert b"admission" in body and b"smalti" in body
