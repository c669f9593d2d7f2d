"""What an operator sees of a running server. Nothing here decides anything.

metrics  figures for Prometheus; readings: those that are read when it asks
minutes  the same, of each of the last minutes, for the console
logs     lines for people or machines, with the request's id and without secrets
about    what is known of the request that is being served
secrets  takes keys, passwords, pictures and prompts out of a text
traces   spans for OpenTelemetry, where it is installed and an address is set
"""

from smalti.observe.about import AboutRequest, about_request
from smalti.observe.metrics import DeviceReading, Metrics
from smalti.observe.traces import NO_TRACES, JobSpans, Traces, open_traces

__all__ = [
    "NO_TRACES",
    "AboutRequest",
    "DeviceReading",
    "JobSpans",
    "Metrics",
    "Traces",
    "about_request",
    "open_traces",
]
