"""Bodies that are no requests, or only just."""

from __future__ import annotations

import base64
import json
from typing import NamedTuple

from sent_pictures import gradient, saved

PICTURE = saved(gradient(16, 16))
BOUNDARY = b"b0undary"
FORM = f"multipart/form-data; boundary={BOUNDARY.decode()}"


class Sent(NamedTuple):
    """says: what the refusal must say, or the fewest words of it."""

    body: bytes
    says: str
    content_type: str = "application/json"


def part(name: bytes, data: bytes, filename: bytes | None = None, more: bytes = b"") -> bytes:
    named = b"" if filename is None else b'; filename="' + filename + b'"'
    head = b'Content-Disposition: form-data; name="' + name + b'"' + named + b"\r\n" + more
    return b"--" + BOUNDARY + b"\r\n" + head + b"\r\n" + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def prompt(text: str) -> bytes:
    return json.dumps({"prompt": text}).encode()


WORDS = part(b"prompt", b"a boat")
IMAGE = part(b"image", PICTURE, b"a.png")

REFUSED_PROMPTS = {
    "32,001 characters": Sent(prompt("x" * 32_001), "prompt"),
    "32,001 emoji": Sent(prompt("🌊" * 32_001), "prompt"),
    "nothing": Sent(prompt(""), "prompt"),
    "spaces": Sent(prompt(" \t\n\u2003"), "prompt"),
    "a lone surrogate": Sent(rb'{"prompt": "a \ud800 b"}', "prompt"),
    "surrogates the wrong way round": Sent(rb'{"prompt": "\udc00\ud800"}', "prompt"),
    "a raw surrogate": Sent(b'{"prompt": "\xed\xa0\x80"}', "not UTF-8"),
    "NUL": Sent(rb'{"prompt": "a\u0000b"}', "NUL"),
    "raw NUL": Sent(b'{"prompt": "a\0b"}', "JSON"),
    "a number": Sent(b'{"prompt": 7}', "prompt"),
    "a list": Sent(b'{"prompt": ["a"]}', "prompt"),
    "NUL in another field": Sent(rb'{"prompt": "a", "user": "\u0000"}', "'user'"),
    "NUL in a name": Sent(rb'{"prompt": "a", "\u0000": 1}', "NUL"),
}

PROMPTS = {
    "32,000 characters": "x" * 32_000,
    "32,000 emoji": "🌊" * 32_000,
    "control characters": "a\x01\x02\x1b[31m\x7f\x85b",
    "line ends": "a\r\nb\n\nX-Header: y",
    "right to left": "\u202eמלח\u202c قارب",
    "combining": "a" + "\u0301" * 1000,
    "a family": "👨‍👩‍👧‍👦 🏳️‍🌈",
    "no character": "\ufffe\uffff\U0010ffff",
    "quotes": "'; DROP TABLE jobs; -- \" \\ %s %n {0} ${x} <script>",
    "a page end": "</script>\u2028\u2029",
}

JSON = {
    "nothing": Sent(b"", "JSON"),
    "spaces": Sent(b"   ", "JSON"),
    "an end": Sent(b"}", "JSON"),
    "cut short": Sent(b'{"prompt": "a bo', "JSON"),
    "a list": Sent(b"[]", "object"),
    "a text": Sent(b'"prompt"', "object"),
    "100,000 lists deep": Sent(b"[" * 100_000, "JSON"),
    "90,000 lists deep, closed": Sent(b"[" * 90_000 + b"]" * 90_000, "nested too deeply"),
    "90,000 objects deep": Sent(b'{"a":' * 90_000 + b"1" + b"}" * 90_000, "nested too deeply"),
    "millions of values": Sent(b'{"prompt": [' + b"[]," * 3_000_000 + b"[]]}", "values"),
    "millions of objects": Sent(b"[" + b'{"":0},' * 1_000_000 + b"0]", "values"),
    "1e400": Sent(b'{"prompt": "a", "seed": 1e400}', "1e400"),
    "-1e400": Sent(b'{"prompt": "a", "seed": -1e400}', "too large"),
    "10^5000": Sent(b'{"prompt": "a", "seed": 1' + b"0" * 5000 + b"}", "5001 digits"),
    "10^300": Sent(b'{"prompt": "a", "seed": 1' + b"0" * 300 + b"}", "seed"),
    "-0.0": Sent(b'{"prompt": "a", "n": -0.0}', "'n'"),
    "NaN": Sent(b'{"prompt": "a", "seed": NaN}', "NaN"),
    "Infinity": Sent(b'{"prompt": "a", "seed": -Infinity}', "Infinity"),
    "a key twice": Sent(b'{"prompt": "a", "n": 1, "n": 10}', "'n'"),
    "a prompt twice": Sent(b'{"prompt": "a", "prompt": "b"}', "'prompt'"),
    "a key twice, escaped": Sent(rb'{"prompt": "a", "n": 1, "\u006e": 10}', "'n'"),
    "not UTF-8": Sent(b'{"prompt": "\xff\xfe"}', "UTF-8"),
    "Latin-1": Sent('{"prompt": "Zürich"}'.encode("latin-1"), "UTF-8"),
    "UTF-16": Sent('{"prompt": "a"}'.encode("utf-16"), "UTF-8"),
    "overlong UTF-8": Sent(b'{"prompt": "\xc0\xaf"}', "UTF-8"),
    "trailing garbage": Sent(b'{"prompt": "a"} x', "JSON"),
    "two objects": Sent(b'{"prompt": "a"}{"prompt": "b"}', "JSON"),
    "a comment": Sent(b'{"prompt": "a" /* b */}', "JSON"),
    "a last comma": Sent(b'{"prompt": "a",}', "JSON"),
    "one quote": Sent(b"{'prompt': 'a'}", "JSON"),
    "a prototype": Sent(b'{"prompt": "a", "__proto__": {"n": 2}}', "'__proto__'"),
    "a long name": Sent(b'{"prompt": "a", "' + b"x" * 500_000 + b'": 1}', "Unknown parameter"),
    "a bad escape": Sent(rb'{"prompt": "\x"}', "JSON"),
    "a form": Sent(b"prompt=a+boat", "JSON", "application/x-www-form-urlencoded"),
    "xml": Sent(b"<prompt>a</prompt>", "JSON", "application/xml"),
    "no base64": Sent(b'{"prompt": "a", "image": "###"}', "image"),
    "17 pictures": Sent(
        json.dumps({"prompt": "a", "image": [base64.b64encode(PICTURE).decode()] * 17}).encode(),
        "at most 16",
    ),
    "an address": Sent(b'{"prompt": "a", "image": "http://169.254.169.254/"}', "addresses"),
    "a file": Sent(b'{"prompt": "a", "image": "file:///etc/passwd"}', "image"),
}

FORMS = {
    "no boundary": Sent(b"x", "boundary", "multipart/form-data"),
    "an empty boundary": Sent(b"x", "boundary", "multipart/form-data; boundary="),
    "a long boundary": Sent(b"x", "form", "multipart/form-data; boundary=" + "b" * 5000),
    "another boundary": Sent(form(WORDS, IMAGE), "form", "multipart/form-data; boundary=other"),
    "nothing": Sent(b"", "boundary", FORM),
    "a missing end": Sent(WORDS + IMAGE, "cut short", FORM),
    "cut within a part": Sent(form(WORDS, IMAGE)[:-60], "cut short", FORM),
    "cut within a header": Sent(WORDS + b"--" + BOUNDARY + b"\r\nContent-Dis", "cut short", FORM),
    "something before it": Sent(b"\r\nhello\r\n" + form(WORDS, IMAGE), "begin", FORM),
    "no parts": Sent(form(), "prompt", FORM),
    "10,000 parts": Sent(form(*[part(b"x", b"1")] * 10_000), "64 parts", FORM),
    "10,000 files": Sent(form(WORDS, *[IMAGE] * 10_000), "64 parts", FORM),
    "17 files": Sent(form(WORDS, *[IMAGE] * 17), "at most 16", FORM),
    "a giant header": Sent(
        form(part(b"prompt", b"a", more=b"X-A: " + b"a" * 100_000 + b"\r\n")), "header", FORM
    ),
    "many headers": Sent(form(part(b"prompt", b"a", more=b"X-A: 1\r\n" * 1000)), "header", FORM),
    "a giant name": Sent(form(part(b"x" * 3000, b"a")), "Unknown parameter", FORM),
    "no name": Sent(
        b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + form(),
        "no name",
        FORM,
    ),
    "no headers": Sent(b"--" + BOUNDARY + b"\r\n\r\nx\r\n" + form(), "no name", FORM),
    "a field twice": Sent(form(WORDS, WORDS, IMAGE), "more than once", FORM),
    "two masks": Sent(
        form(WORDS, IMAGE, *[part(b"mask", PICTURE, b"m.png")] * 2), "one mask", FORM
    ),
    "a file in a field": Sent(form(WORDS, IMAGE, part(b"n", b"2", b"n.txt")), "'n'", FORM),
    "a giant field": Sent(form(part(b"prompt", b"a" * 1_100_000), IMAGE), "1 MB", FORM),
    "a prompt that is not UTF-8": Sent(form(part(b"prompt", b"\xff"), IMAGE), "UTF-8", FORM),
    "a prompt with NUL": Sent(form(part(b"prompt", b"a\0"), IMAGE), "NUL", FORM),
    "a filename with a path": Sent(
        form(WORDS, part(b"image", b"GIF89a", b"../../etc/passwd.gif")), "passwd.gif: ", FORM
    ),
    "a filename with controls": Sent(
        form(WORDS, part(b"image", b"GIF89a", b"a\x1b[31m\tb.gif")), "a?[31m?b.gif: ", FORM
    ),
    "a filename with a newline": Sent(
        form(WORDS, part(b"image", b"GIF89a", b"a\r\nX-B: c.gif")), "", FORM
    ),
    "a long filename": Sent(form(WORDS, part(b"image", b"", b"a" * 3000)), "aaa...: ", FORM),
    "a filename that is not UTF-8": Sent(form(WORDS, part(b"image", b"", b"\xff\xfe")), "", FORM),
    "an empty file": Sent(form(WORDS, part(b"image", b"", b"a.png")), "empty", FORM),
    "an image that is no file": Sent(form(WORDS, part(b"image", b"hello")), "image", FORM),
    "line ends": Sent(form(WORDS, part(b"image", b"\r" * 3_000_000, b"a.png")), "a.png", FORM),
    "boundaries, nearly": Sent(
        form(WORDS, part(b"image", (b"\r\n--" + BOUNDARY[:-1]) * 100_000, b"a.png")), "a.png", FORM
    ),
    "another transfer encoding": Sent(
        form(WORDS, part(b"image", b"aGk=", b"a", b"Content-Transfer-Encoding: base64\r\n")),
        "a: ",
        FORM,
    ),
    "only line feeds": Sent(form(WORDS, IMAGE).replace(b"\r\n", b"\n"), "form", FORM),
}
