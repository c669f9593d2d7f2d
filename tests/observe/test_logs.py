"""Lines of the log: their form, and what is never in one."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.observe.about import about_request, serving
from smalti.observe.logs import LONGEST, configure_logs
from smalti.observe.secrets import without_prompt, without_secrets

log = logging.getLogger("smalti.tests")
Lines = Callable[[], list[str]]

SECRET = "sk-Jx_0vYw3kq8Zp-Q4mTn7Lr2Hd5Bs9Fg1"
PASSWORD = "hunter2-and-more"
TOKEN = "eyJqb2IiOiAiam9iXzAwIn0.MTIzNDU2Nzg5"
PICTURE = "iVBORw0KGgoAAAANSUhEUgAA" * 40
PROMPT = "a portrait of my neighbour Alma 'the owl' at night\nin ink, été"


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


def written(form: str, **options: Any) -> Lines:
    out = io.StringIO()
    configure_logs("info", form, out=out, **options)
    return lambda: out.getvalue().splitlines()


def test_text() -> None:
    lines = written("text")
    with serving("req_1") as about:
        about.job_id, about.user_id = "job_2", "user_3"
        log.warning("the %s is %d", "owl", 7)
    (line,) = lines()
    assert line[4] == "-" and line[10] == " "
    assert line.endswith(" WARNING req_1 smalti.tests: the owl is 7 job=job_2 user=user_3")


def test_json() -> None:
    lines = written("json")
    with serving("req_1") as about:
        about.job_id = "job_2"
        log.info("done", extra={"fields": {"status": 200, "route": "/x", "nothing": None}})
    line = json.loads(lines()[0])
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "smalti.tests",
        "message": "done",
        "request_id": "req_1",
        "job_id": "job_2",
        "status": 200,
        "route": "/x",
    }


def test_outside_of_a_request() -> None:
    lines = written("text")
    log.info("started")
    assert lines()[0].endswith("INFO    - smalti.tests: started")


def test_a_request_ends_where_it_ends() -> None:
    with serving("req_1"):
        assert about_request().request_id == "req_1"
        with serving("req_2"):
            assert about_request().request_id == "req_2"
        assert about_request().request_id == "req_1"
    assert about_request().request_id == ""


def test_every_line_of_a_traceback_has_the_id() -> None:
    lines = written("text")
    with serving("req_1"):
        fail("oh")
    assert len(lines()) > 3
    assert all(" req_1 " in line for line in lines())
    assert lines()[-1].endswith("ValueError: oh")


def test_a_message_cannot_pretend_to_be_two_lines() -> None:
    lines = written("text")
    log.info("agent %s", "x\n2026-01-01 00:00:00.000 ERROR   - smalti: forged\r\x1b[2J\u2028\ud800")
    (line,) = lines()
    assert "\\x1b[2J" in line and "\\x0d" in line


def test_a_message_is_not_endless() -> None:
    lines = written("text")
    log.info("%s", "an owl " * 100_000)
    assert len(lines()[0]) < LONGEST + 200
    assert lines()[0].endswith("(700000 characters)")


def test_arguments_that_do_not_fit_break_nothing() -> None:
    lines = written("text")
    log.info("%d owls", "many")
    assert "its arguments do not fit" in lines()[0]


def test_the_level() -> None:
    out = io.StringIO()
    configure_logs("warning", "text", out=out)
    log.info("quiet")
    logging.getLogger("urllib3").info("quiet")
    assert out.getvalue() == ""


def fail(message: str) -> None:
    try:
        raise ValueError(message)
    except ValueError:
        log.exception("it failed with %s", message)


LEAKS = {
    "a key": (SECRET, "the key {0} is not known"),
    "a header": (SECRET, "{{'authorization': 'Bearer {0}', 'accept': '*/*'}}"),
    "raw headers": (TOKEN, "[(b'authorization', b'Bearer {0}')]"),
    "basic": ("YWRtaW46aHVudGVyMg==", "Authorization: Basic {0}"),
    "a database": (PASSWORD, "cannot reach postgresql+psycopg://smalti:{0}@db.example:5432/smalti"),
    "a proxy": (PASSWORD, "via https://:{0}@proxy.example"),
    "a query": (PASSWORD, "postgresql://db/smalti?user=smalti&password={0}&sslmode=require"),
    "a bucket": (PASSWORD, "AWS_SECRET_ACCESS_KEY={0} in the environment"),
    "a bucket's key": (PASSWORD, "{{'aws_secret_access_key': '{0}', 'region': 'x'}}"),
    "a setting": (PASSWORD, "Settings(host='a', key='{0}', port=1)"),
    "JSON": (PASSWORD, '{{"api_key": "{0}", "n": 1}}'),
    "a link": (TOKEN, "GET /pictures/{0} from 10.0.0.1"),
    "a link's token": (TOKEN, "token={0} is expired"),
    "base64": (PICTURE, '{{"b64_json": "{0}"}}'),
    "a data URL": (PICTURE[:80], "data:image/png;base64,{0} cannot be read"),
    "bytes": ("PNG\\r\\n\\x1a\\n", "cannot decode b'\\x89{0}IHDR'"),
}


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("leak", LEAKS)
def test_no_secret_gets_out(form: str, leak: str) -> None:
    secret, said = LEAKS[leak]
    lines = written(form, log_prompts=True)
    log.info("%s", said.format(secret))
    log.info(said.format(secret).replace("%", "%%"))
    fail(said.format(secret))
    log.info("done", extra={"fields": {"what": said.format(secret)}})
    text = "\n".join(lines())
    assert secret not in text
    assert secret[:12] not in text
    assert text.count("\n") >= 3


def test_the_keys_of_this_server_are_known_by_themselves() -> None:
    lines = written("text", hidden=["a key of nobody's form", None, ""])
    log.info("taken: a key of nobody's form, and more")
    assert lines()[0].endswith("taken: …, and more")


def test_bytes_are_told_by_their_number() -> None:
    lines = written("text")
    log.info("read %s", b"\x89PNG....")
    assert lines()[0].endswith("read <8 bytes>")


PROMPT_LEAKS = {
    "as it is": "drawing {prompt}",
    "repr": "DrawRequest(prompt={prompt!r}, n=1)",
    "JSON": '{{"prompt": {json}, "n": 1}}',
    "JSON alone": "body was {json}",
    "a part": "cannot draw '{part}...'",
    "capitals": "DRAWING {upper}",
    "pydantic": "Input should be shorter [type=string_too_long, input_value={prompt!r}]",
    "a part, called so": "prompt='{part}",
}


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("leak", PROMPT_LEAKS)
def test_no_prompt_gets_out(form: str, leak: str) -> None:
    said = PROMPT_LEAKS[leak].format(
        prompt=PROMPT, json=json.dumps(PROMPT), part=PROMPT[:30], upper=PROMPT.upper()
    )
    lines = written(form)
    with serving("req_1") as about:
        about.prompt = PROMPT
        log.info("%s", said)
        fail(said)
        log.info("done", extra={"fields": {"prompt": PROMPT, "what": said}})
    text = "\n".join(lines()).lower()
    assert "alma" not in text
    assert "neighbour" not in text
    assert "été" not in text


def test_a_prompt_is_not_in_what_is_known_of_a_request() -> None:
    with serving("req_1") as about:
        about.prompt = PROMPT
        assert "Alma" not in repr(about)


@pytest.mark.parametrize("form", ["text", "json"])
def test_prompts_where_they_are_allowed_and_nothing_else(form: str) -> None:
    lines = written(form, log_prompts=True)
    with serving("req_1") as about:
        about.prompt = f"an owl, and {SECRET}"
        log.info("done", extra={"fields": {"prompt": about.prompt}})
    assert "an owl" in lines()[0]
    assert SECRET[5:] not in lines()[0]


def test_a_very_short_prompt_does_not_blind_the_log() -> None:
    lines = written("text")
    with serving("req_1") as about:
        about.prompt = "e"
        log.info("the queue is empty")
    assert lines()[0].endswith("the queue is empty")


@given(st.text(min_size=4, max_size=80), st.text(max_size=30), st.text(max_size=30))
def test_whatever_the_prompt(prompt: str, before: str, after: str) -> None:
    if len(prompt.strip()) >= 4 and prompt.strip() not in before + "…" + after:
        assert prompt.strip() not in without_prompt(f"{before}{prompt}{after}", prompt)


@pytest.mark.parametrize(
    "text",
    [
        "worker cpu-1 serves smalti-mini",
        "GET /v1/jobs/{id} 200 12 ms",
        "ready to draw after 1.2 s; 12 tokens, 3 keys, tokenizer loaded",
        "job_0123456789abcdef01234567 of user_0123456789abcdef01234567 at http://127.0.0.1:8000/x",
        "KeyError: 'size'",
        "key_0123456789abcdef01234567 was revoked",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_prompt(without_secrets(text), "another thing") == text
