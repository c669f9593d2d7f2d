"""What is known of the request that is being served, wherever in the house one asks.

Tasks that are started while a request is served see it too, so that a job's lines in the log
carry the id of the request that brought it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class AboutRequest:
    """job_id, user_id: "" until known. prompt: kept so that no line of the log shows it.

    told: what its reply says is counted elsewhere: a refusal, or the failure of a job.
    """

    request_id: str = ""
    job_id: str = ""
    user_id: str = ""
    prompt: str = field(default="", repr=False)
    told: bool = False


_current: ContextVar[AboutRequest | None] = ContextVar("about_request", default=None)


def about_request() -> AboutRequest:
    """That of the request being served; outside of any, one that nobody keeps."""
    return _current.get() or AboutRequest()


@contextmanager
def serving(request_id: str) -> Iterator[AboutRequest]:
    """Within it, and in the tasks started there, `about_request` is this one."""
    about = AboutRequest(request_id)
    token = _current.set(about)
    try:
        yield about
    finally:
        _current.reset(token)
