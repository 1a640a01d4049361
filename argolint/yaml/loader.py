"""libyaml's C events → Map and Seq with span tables.

Events are used, not a stock loader, because no Python loader resolves scalars as the cluster does and because
duplicate keys, alias sites and positions are needed. One pass, no recursion, work bounded for hostile input.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import yaml as _pyyaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from argolint.yaml.nodes import NO_DUPS, NO_KEYS, NO_STYLES, Document, Map, Problem, Seq
from argolint.yaml.resolve import HINTS, resolve_plain, resolve_tagged

try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # PyYAML without libyaml: slower, the same events
    from yaml import Loader as _Parser  # type: ignore[assignment]

MAX_DEPTH = 200
MAX_EXPANDED = 100_000
MAX_CHARS = 32_000_000

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKER = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t]*(?:#[^\n]*)?\s*)+")


class Stream(NamedTuple):
    """All documents of a file, and the problems that belong to no document in particular."""

    documents: list[Document]
    problems: list[Problem]


class _Abandon(Exception):
    """The document being read has to be given up; carries the reason."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def parse(text: str) -> Stream:
    """Read every document of `text`.

    A document that does not parse is returned with `broken` set and the problem in its `problems`; reading goes on
    at the next `---` line. Never raises for bad input. Offsets are code points of `text`, a byte order mark included.
    """
    problems: list[Problem] = []
    documents: list[Document] = []
    if len(text) > MAX_CHARS:
        problems.append(
            Problem("too-large", f"file is larger than {MAX_CHARS // 1_000_000} MB and was not read", 0, 0)
        )
        return Stream(documents, problems)
    clean = text
    match = _FORBIDDEN.search(text)
    if match is not None and not (
        match.start() == 0 and text[0] == "\ufeff" and not _FORBIDDEN.search(text, 1)
    ):
        clean = _without_forbidden(text, problems)
    base = 1 if clean[:1] == "\ufeff" else 0
    while base < len(clean):
        failure = _read(clean, base, documents)
        if failure is None:
            break
        marker = _MARKER.search(clean, failure)
        if marker is None:
            break
        base = marker.start()
    return Stream(documents, problems)


def _without_forbidden(text: str, problems: list[Problem]) -> str:
    """Replace characters YAML forbids, one for one, and report the first run of them."""
    start = 1 if text[:1] == "\ufeff" else 0
    match = _FORBIDDEN.search(text, start)
    assert match is not None
    code = ord(match.group())
    what = "a NUL byte" if code == 0 else f"the character U+{code:04X}"
    problems.append(
        Problem("control-character", f"{what} is not allowed in YAML", match.start(), match.end())
    )
    return text[:start] + _FORBIDDEN.sub("\ufffd", text[start:])


def _read(text: str, base: int, documents: list[Document]) -> int | None:
    """Read documents from `base` on; the offset to resume looking for `---` from, or None at the end."""
    parser = _Parser(text[base:] if base else text)
    get = parser.get_event
    document = Document(len(documents), base)
    opened = False
    try:
        while True:
            event: Any = get()
            kind = type(event)
            if kind is DocumentStartEvent:
                document = Document(len(documents), base + event.start_mark.index)
                document.end = base + event.end_mark.index
                opened = True
                _build(get, text, base, document)
                documents.append(document)
                opened = False
            elif kind is StreamEndEvent or event is None:
                return None
            elif kind is not StreamStartEvent:
                continue
    except _Abandon as stop:
        problem = stop.problem
    except _pyyaml.MarkedYAMLError as error:
        problem = _syntax_problem(error, text, base)
    except _pyyaml.YAMLError as error:
        problem = Problem("syntax", str(error).partition("\n")[0], base, base)
    except RecursionError:  # only the pure Python parser recurses
        problem = Problem(
            "too-deep", f"nested more than {MAX_DEPTH} levels deep", document.start, document.start + 1
        )
    if not opened:
        document = Document(
            len(documents), documents[-1].end if documents and documents[-1].end >= base else base
        )
    document.root = None
    document.broken = True
    document.problems.append(problem)
    document.end = max(document.end, problem.end)
    documents.append(document)
    # The marker that opened this document must not be found again.
    after = document.start + 1
    marker = _MARKER.search(text, after)
    document.end = marker.start() if marker else len(text)
    return after


def _syntax_problem(error: _pyyaml.MarkedYAMLError, text: str, base: int) -> Problem:
    mark, context_mark = error.problem_mark, error.context_mark
    if mark is None:
        mark = context_mark
    start = base + (mark.index if mark is not None else 0)
    start = min(start, len(text))
    message = (error.problem or "not valid YAML").strip()
    context = (error.context or "").strip()
    opened = base + context_mark.index if context_mark is not None and context else -1
    at_the_end = not text[start:].strip() or _MARKER.match(text, start) is not None
    if 0 <= opened < start and at_the_end:
        # What was opened is missing its end: where it opens says more than where the document ends.
        what = context.removeprefix("while ").removeprefix("parsing ").removeprefix("scanning ")
        return Problem("syntax", f"{what} is never closed: {message}", opened, min(opened + 1, len(text)))
    # An error found at the end of a line or document is shown at the last thing that was written.
    shown = start
    if at_the_end or text[shown] in "\r\n":
        shown = max(len(text[:start].rstrip()) - 1, 0)
    if at_the_end:
        context, opened = "", -1
    return Problem("syntax", message, shown, min(shown + 1, len(text)), context, opened)


def _skip_properties(text: str, start: int, end: int) -> int:
    """The start of a node's content, past its `&anchor` and `!tag`."""
    match = _PROPERTIES.match(text, start, end)
    return match.end() if match else start


def _build(get: Any, text: str, base: int, document: Document) -> None:
    """Read the events of one document, its start event already taken, into `document.root`."""
    stack: list[tuple[Any, str | None, int, int, int]] = []
    anchors: dict[str, tuple[Any, int]] = {}
    open_anchors: dict[int, str] = {}
    mistaken: set[int] = set()
    cur: Any = None
    key: str | None = None
    key_start = key_end = 0
    weight = 0
    value: Any
    add_key = document.keys.add
    while True:
        event = get()
        kind = type(event)
        style = None
        aliased = False
        if kind is ScalarEvent:
            start = base + event.start_mark.index
            end = base + event.end_mark.index
            value = event.value
            style = event.style
            tag = event.tag
            if tag is not None or event.anchor is not None:
                if event.anchor is not None:
                    document.anchors.append((event.anchor, start, min(start + len(event.anchor) + 1, end)))
                start = _skip_properties(text, start, end)
            if style == "|" or style == ">":
                end = start + len(text[start:end].rstrip())
            if tag is not None and tag != "!":
                value, wrong = resolve_tagged(value, tag, not style)
                if wrong:
                    document.problems.append(Problem("tag", wrong, start, end))
            elif not style and tag is None:
                style = None
                if not value or value[0] in HINTS:
                    value = resolve_plain(value)
            if event.anchor is not None:
                anchors[event.anchor] = (value, 1)
            weight += 1
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            start = base + event.start_mark.index
            if len(stack) >= MAX_DEPTH:
                raise _Abandon(
                    Problem("too-deep", f"nested more than {MAX_DEPTH} levels deep", start, start + 1)
                )
            if event.anchor is not None:
                document.anchors.append((event.anchor, start, start + len(event.anchor) + 1))
                start = _skip_properties(text, start, len(text))
            elif event.tag is not None:
                start = _skip_properties(text, start, len(text))
            stack.append((cur, key, key_start, key_end, weight))
            node: Any
            if kind is MappingStartEvent:
                node = Map()
                node.at = {}
                node.dups = NO_DUPS
                node.merged = NO_KEYS
            else:
                node = Seq()
                node.at = []
            node.span = (start, start)
            node.styles = NO_STYLES
            node.aliases = NO_KEYS
            node.flow = event.flow_style
            if event.anchor is not None:
                open_anchors[id(node)] = event.anchor
                anchors.pop(event.anchor, None)
            cur = node
            key = None
            weight = 1
            continue
        elif kind is AliasEvent:
            start = base + event.start_mark.index
            end = base + event.end_mark.index
            document.aliases.append((event.anchor, start, end))
            aliased = True
            known = anchors.get(event.anchor)
            if known is None:
                recursive = event.anchor in open_anchors.values()
                problem_kind = "recursive-alias" if recursive else "undefined-alias"
                message = (
                    f"`*{event.anchor}` stands inside the very node that `&{event.anchor}` names"
                    if recursive
                    else f"`*{event.anchor}` refers to an anchor that is not defined above it"
                )
                document.problems.append(Problem(problem_kind, message, start, end))
                document.broken = True
                value = None
            else:
                value = known[0]
                weight += known[1]
                if weight > MAX_EXPANDED or (stack and weight + stack[-1][4] > MAX_EXPANDED):
                    raise _Abandon(
                        Problem(
                            "too-large", f"aliases expand to more than {MAX_EXPANDED:,} nodes", start, end
                        )
                    )
        elif kind is DocumentEndEvent:
            document.end = base + event.end_mark.index
            if document.broken:
                document.root = None
            return
        else:  # the end of a mapping or a sequence
            node = cur
            start = node.span[0]
            end = base + event.end_mark.index
            if not node.flow:
                # Block ends overshoot to the next token: the last entry says where it really ends.
                if type(node) is Map:
                    end = node.span[1]
                else:
                    end = node.at[-1][1] if node.at else start
            node.span = (start, end)
            value = node
            if mistaken and id(node) in mistaken and text.startswith("{{", start):
                # An unquoted `{{tag}}`: go on with the text that was meant, so that the rest can be checked.
                value = text[start:end]
            own = weight
            cur, key, key_start, key_end, weight = stack.pop()
            weight += own
            anchor = open_anchors.pop(id(node), None)
            if anchor is not None:
                anchors[anchor] = (node, own)
        # `value` is complete: hand it to what holds it.
        if cur is None:
            document.root = value
        elif type(cur) is Seq:
            if style:
                if not cur.styles:
                    cur.styles = {}
                cur.styles[len(cur)] = style
            elif aliased:
                if not cur.aliases:
                    cur.aliases = set()
                cur.aliases.add(len(cur))
            cur.append(value)
            cur.at.append((start, end))
        elif key is None:
            key_start = start
            key_end = end
            if type(value) is str:
                key = value
            else:
                key = _key_of(value, cur, text, start, end, document)
                if not isinstance(value, (bool, int, float, type(None))):
                    mistaken.add(id(cur))
            if key == "<<" and not style and value == "<<":
                key = _MERGE
        elif key is _MERGE:
            _merge(cur, value, document, key_start, key_end, start, end)
            key = None
        else:
            if key in cur:
                if not cur.dups:
                    cur.dups = []
                if cur.merged and key in cur.merged:
                    cur.merged.discard(key)
                else:
                    first = cur.at[key]
                    cur.dups.append((key, (first[0], first[1]), (key_start, key_end)))
                    document.problems.append(
                        Problem("duplicate-key", key, key_start, key_end, "first here", first[0], first[1])
                    )
                cur.styles.pop(key, None)
                cur.aliases.discard(key)
            cur[key] = value
            add_key(key)
            cur.at[key] = (key_start, key_end, start, end)
            if style:
                if not cur.styles:
                    cur.styles = {}
                cur.styles[key] = style
            elif aliased:
                if not cur.aliases:
                    cur.aliases = set()
                cur.aliases.add(key)
            if end > cur.span[1]:
                cur.span = (cur.span[0], end)
            key = None


_MERGE = "<<\0merge"


def _key_of(value: Any, parent: Map, text: str, start: int, end: int, document: Document) -> str:
    """The JSON key of a mapping key that is not a string (sigs.k8s.io/yaml: convertToJSONableObject)."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if isinstance(value, (int, float)):
        return str(value)
    inner = text[start:end]
    outer = parent.span[0]
    message = "a mapping cannot be a key"
    span = (start, end)
    if parent.flow and text[outer : outer + 1] == "{":
        close = text.find("}", end)
        span = (outer, close + 1 if close >= 0 else end)
    document.problems.append(Problem("complex-key", message, *span))
    return inner


def _merge(
    target: Map, value: Any, document: Document, key_start: int, key_end: int, start: int, end: int
) -> None:
    """Apply `<<: value`. Keys that `target` has already win."""
    sources = value if isinstance(value, list) else [value]
    if not all(isinstance(source, Map) for source in sources):
        document.problems.append(
            Problem(
                "merge", "`<<` needs a mapping or a list of mappings to merge", start, max(end, start + 1)
            )
        )
        return
    if end > target.span[1]:
        target.span = (target.span[0], end)
    for source in sources:
        for key, item in source.items():
            if key in target:
                continue
            target[key] = item
            target.at[key] = source.at[key]
            if not target.merged:
                target.merged = set()
            target.merged.add(key)
            if key in source.styles:
                if not target.styles:
                    target.styles = {}
                target.styles[key] = source.styles[key]
