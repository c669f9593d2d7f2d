"""Takes out of a text what must not stand in a log: keys, passwords, pictures, prompts."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

NOTHING = "…"
PREFIX_LENGTH = 16
"""A prompt is known again by its beginning, so that a quoted part of one is found too."""
SHORTEST = 4
"""A shorter prompt says nothing, and would be found in every line."""

_TEXT = r"""(?:'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?)"""
"""A text in quotes, as Python or JSON writes it; its end may be cut off."""

SECRETS = (
    (re.compile(r"data:[\w/+.-]{0,100};base64,[\w+/=%-]*"), f"data:{NOTHING}"),
    (re.compile(r"[A-Za-z0-9+/_-]{120,}={0,2}"), NOTHING),
    (re.compile(r"\b(sk-)[\w-]{6,}"), rf"\1{NOTHING}"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", re.I), rf"\1 {NOTHING}"),
    (re.compile(r"(://[^\s:/@'\"]{0,100}):[^\s@'\"]{1,300}@"), rf"\1:{NOTHING}@"),
    (re.compile(r"(/pictures/)[\w.~%=/-]+"), rf"\1{NOTHING}"),
    (
        re.compile(
            r"(?<![\w-])([\w-]{0,60}"
            r"(?:password|secret|token|authorization|api[_-]?key|access[_-]?key|(?<![a-z])key)"
            rf"(?!\w)['\"]?\s*[:=,]\s*)(?:b?{_TEXT}|[^\s,;&'\")}}\]]+)",
            re.I,
        ),
        rf"\1{NOTHING}",
    ),
    (re.compile(rf"\bb{_TEXT}"), f"b'{NOTHING}'"),
    (re.compile(r"(?:\\x[0-9a-f]{2}){8,}"), NOTHING),
)
"""Pictures as base64; keys; what an Authorization header holds; passwords in addresses; links to
pictures, which are open to whoever has them; what stands after a secret's name; bytes."""

PROMPTS = re.compile(rf"((?:prompt|instruction|input_value)['\"]?\s*[:=]\s*){_TEXT}", re.I)
"""A prompt, after its name."""


def without_secrets(text: str) -> str:
    """The text without keys, passwords, links and pictures."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


def without_prompt(text: str, prompt: str = "") -> str:
    """The text without anything that is called a prompt, and without `prompt` or its beginning."""
    text = PROMPTS.sub(rf"\1{NOTHING}", text)
    forms = {prompt.strip(), repr(prompt)[1:-1].strip(), json.dumps(prompt)[1:-1].strip()}
    forms = {form for form in forms if len(form) >= SHORTEST}
    return _without(text, forms) if forms else text


def _without(text: str, forms: Collection[str]) -> str:
    """Cut out every place where a prompt, in any of its forms, begins, as far as it goes on."""
    beginnings = "|".join({re.escape(form[:PREFIX_LENGTH]) for form in forms})
    parts, at = [], 0
    for found in re.finditer(beginnings, text, re.I):
        if found.start() >= at:
            parts += [text[at : found.start()], NOTHING]
            agreed = (_agreement(text[found.start() :], form) for form in forms)
            at = max(found.end(), found.start() + max(agreed))
    return "".join(parts) + text[at:]


def _agreement(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning, whatever their case."""
    pairs = zip(one, other, strict=False)
    return next(
        (i for i, (a, b) in enumerate(pairs) if a.lower() != b.lower()), min(len(one), len(other))
    )
