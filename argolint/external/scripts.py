"""Inline scripts of templates: which language they are in, and how to show them to tools that know no tags.

Tags are masked by words of the same length, so that every offset a tool gives is an offset of the script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from argolint.context import Context, Scalar
from argolint.model.workflow import Template

_TAG = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_SHELLS = {"sh": "sh", "ash": "sh", "dash": "dash", "bash": "bash", "ksh": "ksh"}
_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*\Z")


class Script(NamedTuple):
    """A script in a template. `language` is sh, dash, bash, ksh or python; `masked` is the text without tags.

    `errexit`: the interpreter is started with `-e`.
    """

    language: str
    scalar: Scalar
    masked: str
    errexit: bool = False


def scripts_of(template: Template, ctx: Context) -> Iterator[Script]:
    """The scripts of a template whose language is known: `script.source`, and the text behind `sh -c`."""
    body = template.mapping("script")
    source = ctx.scalar(body, "source")
    if source is not None:
        language = _by_shebang(source.value) or _language(body.sequence("command"))
        if language:
            yield Script(language, source, mask(source.value, language), _errexit(body.sequence("command")))
    for _, container in template.containers:
        if container.map is body.map:
            continue
        words = [*container.sequence("command"), *container.sequence("args")]
        texts = [str(word) for word in words]
        language = _language(words)
        if language == "python" or not language:
            continue
        # `sh -c TEXT`, `bash -euo pipefail -c TEXT`: the text is the first word behind the flag that has a c.
        flag = next((i for i, text in enumerate(texts) if re.match(r"-[a-z]*c[a-z]*\Z", text)), -1)
        if flag < 0 or flag + 1 >= len(texts):
            continue
        place, offset = flag + 1, len(container.sequence("command"))
        scalar = (
            ctx.scalar(container, "command", place)
            if place < offset
            else ctx.scalar(container, "args", place - offset)
        )
        if scalar is not None:
            yield Script(language, scalar, mask(scalar.value, language), _errexit(words[: flag + 1]))


def _language(words: object) -> str:
    first = next(iter(words), None) if isinstance(words, list) else None
    if not isinstance(first, str):
        return ""
    name = first.rpartition("/")[2]
    if name == "env" and isinstance(words, list) and len(words) > 1 and isinstance(words[1], str):
        name = words[1]
    return "python" if _PYTHON.match(name) else _SHELLS.get(name, "")


def _by_shebang(text: str) -> str:
    if not text.startswith("#!"):
        return ""
    words = text[2 : text.find("\n") if "\n" in text else len(text)].split()
    return _language(words)


def _errexit(words: Iterable[object]) -> bool:
    return any(isinstance(word, str) and re.match(r"-[a-z]*e[a-z]*\Z", word) for word in words)


def mask(text: str, language: str = "sh") -> str:
    """The text with each tag as a word (for Python: a number) of the same length; line breaks inside tags are kept."""
    fill = "1" if language == "python" else "x"
    return _TAG.sub(lambda match: re.sub(r"[^\n]", fill, match.group()), text)


def offset_of(text: str, line: int, column: int, *, tab: int = 1) -> int:
    """The offset of a line and column (both from 1); `tab`: the columns a tab counts for (shellcheck: 8)."""
    start = 0
    for _ in range(line - 1):
        found = text.find("\n", start)
        if found < 0:
            return len(text)
        start = found + 1
    if tab == 1:
        return min(start + column - 1, len(text))
    at, shown = start, 1
    while shown < column and at < len(text) and text[at] != "\n":
        shown = shown + tab - (shown - 1) % tab if text[at] == "\t" else shown + 1
        at += 1
    return at
