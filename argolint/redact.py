"""Credentials are not shown: reports are printed in the logs of builds, which more people read than the repository.

Rules say which places hold them (`Finding.secrets`); what looks like one by itself is hidden, too, whatever the rules that run.
What is hidden is shown as `*`, character by character, so that carets stay where they belong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from argolint.analysis.credentials import is_object_name, recognised, under_a_name
from argolint.diagnostic import Diagnostic
from argolint.patterns import lazy
from argolint.text import SourceText

Places = tuple[tuple[int, int], ...]
# path -> the places in that file that hold credentials
Secrets = Mapping[str, Places]

HIDDEN = "***"
# Shorter ones would be found in the middle of ordinary words.
_SHORTEST = 6
_VISIBLE = lazy(r"\S")
_HEADER = lazy(r"[|>][-+0-9]*[ \t]*(?:#.*)?(?:\r\n|\n|\r)")


def places_of(findings: Iterable[Diagnostic]) -> dict[str, Places]:
    """Where findings say that credentials are, by file."""
    found: dict[str, set[tuple[int, int]]] = {}
    for item in findings:
        if item.secrets:
            found.setdefault(item.path, set()).update(item.secrets)
    return {path: tuple(sorted(places)) for path, places in found.items()}


def texts_at(source: SourceText, places: Places) -> list[str]:
    """What stands there, line by line and without quotes, longest first: of it only what cannot be an ordinary word."""
    found: set[str] = set()
    for start, end in places:
        for line in source.text[start:end].splitlines():
            word = line.strip().strip("\"'")
            if len(word) >= _SHORTEST and not is_object_name(word):
                found.add(word)
    return sorted(found, key=lambda word: (-len(word), word))


def sentence(text: str, secrets: Iterable[str]) -> str:
    """A text that was made from a manifest, without the credentials in it."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    for start, end in sorted(recognised(text), reverse=True):
        text = text[:start] + HIDDEN + text[end:]
    return text


def tells(text: str, secrets: Iterable[str]) -> bool:
    """Whether a text has a credential in it."""
    return any(secret in text for secret in secrets) or bool(recognised(text)) or bool(under_a_name(text))


def findings_without(
    findings: Iterable[Diagnostic], secrets: Secrets, texts: Mapping[str, SourceText]
) -> list[Diagnostic]:
    """The findings, with messages that quote no credential; their repairs are as they were."""
    words = {path: texts_at(texts[path], places) for path, places in secrets.items() if path in texts}
    return [_without(item, words.get(item.path, ())) for item in findings]


def _without(item: Diagnostic, words: Sequence[str]) -> Diagnostic:
    said = "\n".join((item.message, item.help, *(label.message for label in item.related)))
    if not words and not recognised(said):
        return item
    message, help = sentence(item.message, words), sentence(item.help, words)
    related = item.related and tuple(
        label._replace(message=sentence(label.message, words)) for label in item.related
    )
    return item._replace(message=message, help=help, related=related)


def places_in(source: SourceText, words: Iterable[str]) -> Places:
    """Where a file has any of these texts."""
    found: list[tuple[int, int]] = []
    for word in words:
        at = source.text.find(word)
        while at >= 0:
            found.append((at, at + len(word)))
            at = source.text.find(word, at + len(word))
    return tuple(sorted(found))


def line_without(source: SourceText, line: int, places: Places, near: int = 0) -> str:
    """A line of a file as it may be shown. `near`: the column, from 0, around which it is shown, when it is very long."""
    global _shown
    block = near // _FAR
    if _shown is None or _shown[0] is not source or _shown[1] is not places or _shown[2:4] != (line, block):
        _shown = (source, places, line, block, _line_without(source, line, places, block * _FAR))
    return _shown[4]


# The last line that was asked for: findings come in order, thousands of them may stand in one line.
_shown: tuple[SourceText, Places, int, int, str] | None = None


def _line_without(source: SourceText, line: int, places: Places, near: int) -> str:
    begin, stop = source.line_span(line)
    text = source.text[begin:stop]
    for start, end in places:
        if start < stop and end > begin:
            first, last = _inside(source.text, start, end)
            text = _starred(text, max(first - begin, 0), min(last, stop) - begin)
    low = max(0, near - _FAR)
    part = text[low : near + 3 * _FAR]
    for start, end in (*recognised(part), *under_a_name(part)):
        text = _starred(text, low + start, low + end)
    return text


# Farther than this from what a report points at nothing of a line is shown.
_FAR = 500


def _inside(text: str, start: int, end: int) -> tuple[int, int]:
    """A scalar's place without its quotes, or without the line that says it is a block."""
    if end - start > 1 and text[start] in "\"'" and text[end - 1] == text[start]:
        return start + 1, end - 1
    header = _HEADER.match(text, start, end)
    return (header.end() if header else start), end


def _starred(text: str, start: int, end: int) -> str:
    return text[:start] + _VISIBLE.sub("*", text[start:end]) + text[end:] if start < end else text
