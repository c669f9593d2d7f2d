"""Lines of the log: text for people, JSON for machines; the id of the request in each.

A line never has a key, a password, a link to a picture or a picture in it, and a prompt only
where the settings allow it: the formatters take them out of whatever was said, tracebacks too.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from smalti.observe.about import AboutRequest, about_request
from smalti.observe.secrets import NOTHING, without_prompt, without_secrets

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
LOUD = ("uvicorn", "uvicorn.error", "botocore", "boto3", "urllib3", "s3transfer", "sqlalchemy")
"""Loggers whose info is of no use to an operator, or has requests to the bucket in it."""
LONGEST = 8000
"""Characters of a message or a traceback; what is beyond is cut off."""

_WORD = re.compile(r"[^\s\"=]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def configure_logs(
    level: str,
    form: str,
    log_prompts: bool = False,
    hidden: Iterable[str | None] = (),
    out: TextIO | None = None,
) -> None:
    """From now on the log is written to `out` (stderr), and to nothing else.

    level, form: as the settings log_level and log_format. hidden: secrets of this server, which
    are taken out wherever they stand.
    """
    handler = logging.StreamHandler(out or sys.stderr)
    lines = JsonLines if form == "json" else TextLines
    handler.setFormatter(lines(log_prompts, [text for text in hidden if text]))
    handler.addFilter(remember_request)
    logging.basicConfig(handlers=[handler], level=LEVELS[level], force=True)
    for name in LOUD:
        logging.getLogger(name).setLevel(max(logging.WARNING, LEVELS[level]))
    logging.captureWarnings(True)


def remember_request(record: logging.LogRecord) -> bool:
    """Which request a record belongs to is known only where it is made. A filter of a handler."""
    record.about = about_request()
    return True


def record_about(record: logging.LogRecord) -> AboutRequest:
    about = getattr(record, "about", None)
    return about if isinstance(about, AboutRequest) else about_request()


class _Lines(logging.Formatter):
    def __init__(self, log_prompts: bool = False, hidden: Sequence[str] = ()) -> None:
        super().__init__()
        self._log_prompts = log_prompts
        self._hidden = hidden

    def cleaner(self, about: AboutRequest) -> Callable[[str], str]:
        """Takes out of a text what must not be said of this request."""

        def clean(text: str) -> str:
            length, text = len(text), text[: 2 * LONGEST]
            for secret in self._hidden:
                text = text.replace(secret, NOTHING)
            text = without_secrets(text)
            if not self._log_prompts:
                text = without_prompt(text, about.prompt)
            text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
            return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({length} characters)"

        return clean

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """What a caller said with `extra={"fields": {...}}`: the message in parts, for machines."""
        clean = self.cleaner(record_about(record))
        fields = dict(getattr(record, "fields", {}))
        if not self._log_prompts:
            fields.pop("prompt", None)
        return {
            name: clean(value) if isinstance(value, str) else value
            for name, value in fields.items()
            if value not in ("", None)
        }


class TextLines(_Lines):
    """`2026-11-22 07:30:01.123 INFO    req_… name: message job=job_… user=user_…`."""

    def format(self, record: logging.LogRecord) -> str:
        about = record_about(record)
        clean = self.cleaner(about)
        moment = datetime.fromtimestamp(record.created, UTC)
        head = f"{moment:%Y-%m-%d %H:%M:%S}.{int(record.msecs):03d} {record.levelname:<7}"
        head = f"{head} {about.request_id or '-'}"
        more = {"job": about.job_id, "user": about.user_id}
        more["prompt"] = self.fields(record).get("prompt", "")
        known = [f"{name}={_word(value)}" for name, value in more.items() if value]
        said = " ".join([*clean(message_of(record)).split("\n"), *known])
        lines = [f"{head} {record.name}: {said}"]
        if trace := trace_of(record):
            lines += [f"{head}   {line}" for line in clean(trace).splitlines()]
        return "\n".join(lines)


class JsonLines(_Lines):
    """One object a line: time, level, logger, message, request_id, and what else is known."""

    def format(self, record: logging.LogRecord) -> str:
        about = record_about(record)
        clean = self.cleaner(about)
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": clean(message_of(record)),
        }
        known = {
            "request_id": about.request_id,
            "job_id": about.job_id,
            "user_id": about.user_id,
        }
        line |= {name: value for name, value in known.items() if value}
        line |= self.fields(record)
        if trace := trace_of(record):
            line["traceback"] = clean(trace)
        return json.dumps(line, default=str)


def _word(value: object) -> str:
    text = str(value)
    return text if _WORD.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def message_of(record: logging.LogRecord) -> str:
    """The message; bytes among its arguments are told by their number alone."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            f"<{len(arg)} bytes>" if isinstance(arg, bytes | bytearray | memoryview) else arg
            for arg in record.args
        )
    try:
        return record.getMessage()
    except Exception:
        return f"{record.msg} (its arguments do not fit)"


def trace_of(record: logging.LogRecord) -> str:
    if record.exc_info and record.exc_info[1] is not None:
        return "".join(traceback.format_exception(record.exc_info[1])).rstrip()
    return record.stack_info or ""
