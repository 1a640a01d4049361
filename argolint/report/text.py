"""For people: each finding with its lines, carets, related places and help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from argolint.diagnostic import Diagnostic, Related
from argolint.redact import Places, line_without
from argolint.report import View, positions, printable
from argolint.text import SourceText

_COLORS = {
    "error": "1;31", "warning": "1;33", "info": "1;36", "bold": "1", "dim": "2", "gutter": "34", "help": "32",
    "related": "1;34",
}  # fmt: skip
_WIDTH = 110
_TAB = 4
MAX_LINES = 4


def render(view: View) -> str:
    """Every finding as a block, then the summary line."""
    blocks = [finding_block(item, view) for item in view.findings]
    if not view.quiet:
        blocks.append("\n".join([*view.notes, summary_line(view)]))
    return "\n\n".join(blocks) + "\n"


def paint(text: str, style: str, color: bool) -> str:
    """Text in a colour, when colours are wanted."""
    return f"\x1b[{_COLORS[style]}m{text}\x1b[0m" if color else text


def finding_block(item: Diagnostic, view: View) -> str:
    """One finding: heading, snippet, related places, help."""
    color = view.color
    lines = [heading(item, view)]
    source = view.texts.get(item.path)
    here = [label for label in item.related if label.path == item.path]
    gutter = _gutter_width(item, here, source)
    if source is not None:
        marks = [Mark(item.start, item.end, "", item.severity)]
        marks += [Mark(label.start, label.end, label.message, "related") for label in here]
        lines += snippet(source, marks, gutter, color, view.secrets.get(item.path, ()))
    for label in item.related:
        if label.path != item.path:
            lines += _elsewhere(label, view, gutter)
    if item.help:
        lines.append(
            f"{' ' * gutter} {paint('=', 'gutter', color)} {paint('help', 'help', color)}: {printable(item.help)}"
        )
    if item.fix is not None:
        flag = "--fix" if item.fix.safety == "safe" else "--fix --unsafe-fixes"
        lines.append(f"{' ' * gutter} {paint('=', 'gutter', color)} fixable with {flag}")
    return "\n".join(lines)


def heading(item: Diagnostic, view: View) -> str:
    """`path:line:column: severity: message [CODE name]`."""
    line, column, _, _ = positions(item, view.texts)
    place = paint(f"{printable(item.path)}:{line}:{column}", "bold", view.color)
    severity = paint(item.severity, item.severity, view.color)
    code = paint(_linked(f"[{item.code} {item.name}]", view.links.get(item.code, "")), "dim", view.color)
    return f"{place}: {severity}: {printable(item.message)} {code}"


def _linked(text: str, address: str) -> str:
    """Text that a terminal makes a link of (OSC 8); the bare text without an address."""
    return f"\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\" if address else text


def _gutter_width(item: Diagnostic, labels: list[Related], source: SourceText | None) -> int:
    if source is None:
        return 2
    ends = [item.end, *(label.end for label in labels)]
    return max(2, len(str(max(source.line_col(end)[0] for end in ends))))


def _elsewhere(label: Related, view: View, gutter: int) -> list[str]:
    source = view.texts.get(label.path)
    arrow = paint("-->", "gutter", view.color)
    if source is None:
        return [f"{' ' * gutter} {arrow} {printable(label.path)}: {printable(label.message)}"]
    line, column = source.line_col(label.start)
    return [
        f"{' ' * gutter} {arrow} {printable(label.path)}:{line}:{column}",
        *snippet(
            source,
            [Mark(label.start, label.end, label.message, "related")],
            gutter,
            view.color,
            view.secrets.get(label.path, ()),
        ),
    ]


class Mark(NamedTuple):
    """A stretch of text to put carets under, with a label (maybe "") and a style."""

    start: int
    end: int
    label: str
    style: str


def snippet(
    source: SourceText, marks: Sequence[Mark], gutter: int, color: bool, secrets: Places = ()
) -> list[str]:
    """The lines that the marks stand on, carets beneath; a mark of many lines shows the first of them.

    Lines are shown in their order, each once; where more than one line between two of them is left out, `…` says so. What
    stands at `secrets`, and what looks like a credential, is shown as `*`.
    """
    if not source.text:
        return []
    bar = paint("|", "gutter", color)
    under: dict[int, list[tuple[str, str]]] = {}  # line -> (the line as it is shown, the carets beneath it)
    hidden: dict[int, int] = {}
    for mark in marks:
        first, last, shown = _lines_of(source, mark)
        for line in range(first, shown + 1):
            under.setdefault(line, []).append(
                _carets(source, mark, line, line > first, line == shown, color, secrets)
            )
        if shown < last:
            hidden[shown] = last - shown
    for line in list(under):
        if line + 2 in under and line + 1 not in under:
            under[line + 1] = []
    lines = [f"{' ' * gutter} {bar}"]
    previous = 0
    for line in sorted(under):
        if previous and line > previous + 1 and previous not in hidden:
            lines.append(f"{' ' * gutter} {paint('…', 'gutter', color)}")
        shown_before = ""
        for shown_text, carets in under[line] or [
            (_window(line_without(source, line, secrets), 0, 0)[0], "")
        ]:
            if shown_text != shown_before:
                lines.append(f"{paint(f'{line:>{gutter}}', 'gutter', color)} {bar} {shown_text}".rstrip())
            if carets:
                lines.append(f"{' ' * gutter} {bar} {carets}")
            shown_before = shown_text
        if line in hidden:
            count = hidden[line]
            lines.append(f"{' ' * gutter} {bar} … {count} more line{'s' if count > 1 else ''}")
        previous = line
    return lines


def _lines_of(source: SourceText, mark: Mark) -> tuple[int, int, int]:
    """The first and last line of a mark, and the last that is shown."""
    first, _ = source.line_col(mark.start)
    last, last_column = source.line_col(max(mark.start, mark.end))
    if last > first and last_column == 1:
        last -= 1
    return first, last, min(last, first + MAX_LINES - 1)


def _carets(
    source: SourceText, mark: Mark, line: int, later: bool, final: bool, color: bool, secrets: Places
) -> tuple[str, str]:
    begin, stop = source.line_span(line)
    text = line_without(source, line, secrets, max(mark.start, begin) - begin)
    left, right = max(mark.start, begin) - begin, min(mark.end, stop) - begin
    if later:
        left = max(left, len(text) - len(text.lstrip()))
    shown, before, width = _window(text, left, max(right, left))
    note = f" {printable(mark.label)}" if mark.label and final else ""
    return shown, " " * before + paint("^" * max(width, 1) + note, mark.style, color)


def _window(text: str, left: int, right: int) -> tuple[str, int, int]:
    """A line as it is shown, the columns before the span, and the columns of the span; long lines are cut."""
    prefix = ""
    if len(text) > _WIDTH:
        cut = max(0, min(left - 30, len(text) - _WIDTH))
        if cut:
            prefix = "…"
        tail = "…" if cut + _WIDTH < len(text) else ""
        text = text[cut : cut + _WIDTH]
        left, right = left - cut, min(right - cut, len(text))
        shown = prefix + _expand(text) + tail
    else:
        shown = _expand(text)
    before = len(prefix) + columns(_expand(text[:left]))
    return shown, before, columns(_expand(text[:right])) + len(prefix) - before


def _expand(text: str) -> str:
    return printable(text.expandtabs(_TAB))


def columns(text: str) -> int:
    """How many terminal columns a text takes: wide East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def summary_line(view: View) -> str:
    """`2 errors, 1 warning in 3 files (5 objects); 2 fixable with --fix`."""
    summary = view.summary
    parts = [
        f"{summary[name]} {noun}{'s' if summary[name] != 1 else ''}"
        for name, noun in (("error", "error"), ("warning", "warning"), ("info", "info"))
        if summary[name]
    ]
    files = f"{summary['files']} file{'s' if summary['files'] != 1 else ''}"
    objects = f"{summary['objects']} object{'s' if summary['objects'] != 1 else ''}"
    if not parts:
        return paint("no problems", "help", view.color) + f" in {files} ({objects})"
    worst = "error" if summary["error"] else "warning" if summary["warning"] else "info"
    return paint(", ".join(parts), worst, view.color) + f" in {files} ({objects}){fixable(view.findings)}"


def fixable(findings: Sequence[Diagnostic]) -> str:
    """How many findings `--fix` repairs, and how many more with `--unsafe-fixes`: the end of a summary line, "" for none."""
    safe = sum(item.fix is not None and item.fix.safety == "safe" for item in findings)
    unsafe = sum(item.fix is not None for item in findings) - safe
    if not unsafe:
        return f"; {safe} fixable with --fix" if safe else ""
    if not safe:
        return f"; {unsafe} fixable with --fix --unsafe-fixes"
    return f"; {safe} fixable with --fix, {unsafe} more with --unsafe-fixes"
