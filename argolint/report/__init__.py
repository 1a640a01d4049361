"""Renderers: pure functions from findings to text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, NamedTuple

from argolint.diagnostic import Diagnostic, Edit
from argolint.redact import Secrets, tells, texts_at
from argolint.text import SourceText


class View(NamedTuple):
    """What a renderer is given. `color`, `notes`, `quiet` (no summary) and `links` (rule code -> address of its page) are
    only looked at by formats for people. `secrets` are the places in the texts that are not shown.
    """

    findings: list[Diagnostic]
    texts: dict[str, SourceText]
    summary: dict[str, int]
    color: bool = False
    notes: tuple[str, ...] = ()
    quiet: bool = False
    links: Mapping[str, str] = MappingProxyType({})
    secrets: Secrets = MappingProxyType({})


FORMATS = (
    "text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "checkstyle", "azure", "rdjson",
)  # fmt: skip


def renderer(name: str) -> Callable[[View], str]:
    """The renderer of a format; the modules of the others are not imported."""
    module = import_module(f"argolint.report.{name if name != 'json' else 'json_'}")
    render: Callable[[View], str] = module.render
    return render


def positions(item: Diagnostic, texts: dict[str, SourceText]) -> tuple[int, int, int, int]:
    """line, column, end line, end column of a finding, all from 1."""
    source = texts.get(item.path)
    if source is None:
        return 1, 1, 1, 1
    return *source.line_col(item.start), *source.line_col(max(item.start, item.end))


def edits_of(item: Diagnostic, view: View) -> tuple[Edit, ...]:
    """The edits of a finding's repair; () for one without, and for one that would print a credential."""
    if item.fix is None:
        return ()
    source = view.texts.get(item.path)
    words = texts_at(source, view.secrets.get(item.path, ())) if source is not None else []
    return () if any(tells(edit.text, words) for edit in item.fix.edits) else item.fix.edits


def json_lines(items: Iterable[Any]) -> str:
    """Items as a JSON list, one a line: indented, twenty thousand of them would take seconds to write."""
    import json

    body = ",\n".join(json.dumps(item) for item in items)
    return f"[\n{body}\n]" if body else "[]"


# C0 and C1 controls, and the marks that reorder text, could drive a terminal or lie about what is there.
_UNSAFE = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code != 9},
    **{
        code: f"\\u{code:04x}"
        for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
    },
    **{code: f"\\u{code:04x}" for code in (*range(0xD800, 0xE000), 0x2028, 0x2029)},
}


def printable(text: str) -> str:
    """Text from a manifest, made safe to print: control characters are shown as escapes."""
    return text.translate(_UNSAFE)


def path_text(path: str) -> str:
    """A path for JSON: bytes that are no UTF-8 are shown as escapes, since half a surrogate pair is no JSON for many."""
    return path if path.isascii() else path.encode("utf-8", "backslashreplace").decode("utf-8")


def printable_lines(text: str) -> str:
    """Text of several lines, made safe to print."""
    return "\n".join(printable(line) for line in text.split("\n"))
