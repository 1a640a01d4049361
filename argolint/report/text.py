"""For people: each finding with its lines, carets, related places and help."""

from __future__ import annotations

from argolint.diagnostic import Diagnostic, Related
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
    line, column, _, _ = positions(item, view.texts)
    place = paint(f"{printable(item.path)}:{line}:{column}", "bold", color)
    severity = paint(item.severity, item.severity, color)
    code = paint(f"[{item.code} {item.name}]", "dim", color)
    lines = [f"{place}: {severity}: {printable(item.message)} {code}"]
    source = view.texts.get(item.path)
    here = [label for label in item.related if label.path == item.path]
    gutter = _gutter_width(item, here, source)
    if source is not None:
        lines += snippet(source, item.start, item.end, "", item.severity, gutter, color)
        for label in here:
            marked = snippet(source, label.start, label.end, label.message, "related", gutter, color)
            # A label on the very line that was just shown needs its carets only.
            lines += marked[2:] if _one_line(source, item, label) else marked
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


def _one_line(source: SourceText, item: Diagnostic, label: Related) -> bool:
    """Whether finding and label stand on one line, short enough to be shown whole for both."""
    line = source.line_col(item.start)[0]
    ends = {source.line_col(offset)[0] for offset in (item.end, label.start, label.end)}
    return ends == {line} and len(item.related) == 1 and len(source.line_text(line)) <= _WIDTH


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
        *snippet(source, label.start, label.end, label.message, "related", gutter, view.color),
    ]


def snippet(
    source: SourceText, start: int, end: int, label: str, style: str, gutter: int, color: bool
) -> list[str]:
    """The lines of a span with carets beneath; spans of many lines show the first of them."""
    if not source.text:
        return []
    first, _ = source.line_col(start)
    last, last_column = source.line_col(max(start, end))
    if last > first and last_column == 1:
        last -= 1
    bar = paint("|", "gutter", color)
    lines = [f"{' ' * gutter} {bar}"]
    shown = min(last, first + MAX_LINES - 1)
    for line in range(first, shown + 1):
        begin, stop = source.line_span(line)
        text = source.text[begin:stop]
        left, right = max(start, begin) - begin, min(end, stop) - begin
        if line > first:
            left = max(left, len(text) - len(text.lstrip()))
        shown_text, before, width = _window(text, left, max(right, left))
        number = paint(f"{line:>{gutter}}", "gutter", color)
        lines.append(f"{number} {bar} {shown_text}".rstrip())
        note = f" {printable(label)}" if label and line == shown else ""
        marks = paint("^" * max(width, 1) + note, style, color)
        lines.append(f"{' ' * gutter} {bar} {' ' * before}{marks}")
    if shown < last:
        lines.append(f"{' ' * gutter} {bar} … {last - shown} more line{'s' if last - shown > 1 else ''}")
    return lines


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
    """`2 errors, 1 warning in 3 files (2 fixable)`."""
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
    fixable = f"; {summary['fixable']} fixable" if summary["fixable"] else ""
    return paint(", ".join(parts), worst, view.color) + f" in {files} ({objects}){fixable}"
