"""`Traces`: spans of requests, admission, waits and drawing, for an OpenTelemetry collector.

Without an address, or without `pip install 'smalti[otel]'`, everything here does nothing. A span
has ids, figures and the class of an error, never its text, and nothing that a client wrote.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from smalti import __version__

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as OtelSpan

log = logging.getLogger(__name__)

PATH = "/v1/traces"
EXPORT_TIMEOUT_S = 5


class Span:
    """Something that takes time; a span of nothing where there are no traces."""

    def __init__(self, span: OtelSpan | None = None) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        if self._span is not None:
            self._span.update_name(name)

    def set(self, attributes: Mapping[str, Any]) -> None:
        """What is None or "" is left out."""
        if self._span is not None:
            for name, value in attributes.items():
                if value not in (None, ""):
                    self._span.set_attribute(name, value)

    def fail(self, kind: str) -> None:
        """kind: a class of error or an outcome, never a message."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", kind)
            self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """A second call does nothing."""
        if self._span is not None and self._span.is_recording():
            self._span.end()


class Traces:
    """provider: where spans go, or None for nowhere."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("smalti", __version__) if provider else None

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Span]:
        """The span of an HTTP request; it goes on the caller's trace if a `traceparent` came."""
        if self._tracer is None:
            yield Span()
            return
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        parent = TraceContextTextMapPropagator().extract(carrier, Context())
        with self._current(method, parent, SpanKind.SERVER) as span:
            yield span

    @contextmanager
    def span(self, name: str, **attributes: Any) -> Iterator[Span]:
        """A part of what is going on in this task; an error that leaves it is its own."""
        if self._tracer is None:
            yield Span()
            return
        with self._current(name, None, None) as span:
            span.set(attributes)
            yield span

    def job(self, job_id: str, tier: str) -> JobSpans:
        """The spans of a job's pictures, under what is going on in this task."""
        return JobSpans(self, job_id, tier)

    def begin(self, name: str, parent: Context | None, attributes: Mapping[str, Any]) -> Span:
        """A span that whoever holds it ends."""
        if self._tracer is None:
            return Span()
        span = Span(self._tracer.start_span(name, parent))
        span.set(attributes)
        return span

    def here(self) -> Context | None:
        """What is going on in this task, as a parent for `begin`."""
        if self._tracer is None:
            return None
        from opentelemetry.context import get_current

        return get_current()

    def close(self) -> None:
        """Send what is left; takes up to some seconds if the collector is away."""
        if self._provider is not None:
            self._provider.shutdown()

    @contextmanager
    def _current(self, name: str, parent: Context | None, kind: Any) -> Iterator[Span]:
        from opentelemetry.trace import SpanKind, use_span

        assert self._tracer is not None
        started = self._tracer.start_span(name, parent, kind or SpanKind.INTERNAL)
        span = Span(started)
        try:
            with use_span(started, record_exception=False, set_status_on_exception=False):
                yield span
        except BaseException as error:
            span.fail(type(error).__name__)
            raise
        finally:
            span.end()


class JobSpans:
    """Two spans for each picture of a job: `queue wait` and, when it has a slot, `drawing`."""

    def __init__(self, traces: Traces, job_id: str, tier: str) -> None:
        self._traces = traces
        self._parent = traces.here()
        self._about = {"smalti.job_id": job_id, "smalti.tier": tier}
        self._open: dict[int, Span] = {}

    def queued(self, index: int) -> None:
        """Picture `index` waits for a slot, for the first time or again."""
        self._next(index, "queue wait")

    def drawing(self, index: int, device: str = "") -> None:
        """It has a slot."""
        self._next(index, "drawing", {"smalti.device": device})

    def ended(self, index: int, outcome: str, tiles: int = 0, device_s: float = 0.0) -> None:
        """outcome: succeeded, failed or cancelled. Without an open span, nothing happens."""
        span = self._open.pop(index, None)
        if span is not None:
            span.set({"smalti.outcome": outcome, "smalti.tiles": tiles})
            span.set({"smalti.device_s": device_s})
            if outcome == "failed":
                span.fail(outcome)
            span.end()

    def _next(self, index: int, name: str, more: Mapping[str, Any] | None = None) -> None:
        if index in self._open:
            self._open.pop(index).end()
        about = {**self._about, "smalti.picture": index, **(more or {})}
        self._open[index] = self._traces.begin(name, self._parent, about)


NO_TRACES = Traces()


def open_traces(endpoint: str | None) -> Traces:
    """endpoint: address of a collector that takes OTLP over HTTP, as http://127.0.0.1:4318."""
    if endpoint is None:
        return NO_TRACES
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning(
            "otlp_endpoint is set, and no traces are sent: pip install 'smalti[otel]' first."
        )
        return NO_TRACES
    address = endpoint if endpoint.endswith(PATH) else endpoint + PATH
    about = Resource.create({"service.name": "smalti", "service.version": __version__})
    provider = TracerProvider(resource=about, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=address, timeout=EXPORT_TIMEOUT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Traces(provider)
