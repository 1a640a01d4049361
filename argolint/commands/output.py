"""Where reports go: formats and files, colours, statistics."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from typing import Any

from argolint.api import Report
from argolint.errors import UserError
from argolint.registry import page_path
from argolint.report import FORMATS, View, renderer
from argolint.rule import Rule

Output = tuple[str, str]  # format, file ("-" is standard output)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Flags that say how findings are reported."""
    out = parser.add_argument_group("output")
    out.add_argument(
        "--output-format", action="append", choices=FORMATS, metavar="FORMAT",
        help=f"{', '.join(FORMATS)}; may be given several times, each with its --output-file",
    )  # fmt: skip
    out.add_argument(
        "--output-file", action="append", metavar="FILE", help="where the report goes (- is standard output)"
    )
    out.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours and links (also NO_COLOR, FORCE_COLOR)",
    )
    out.add_argument(
        "--statistics", action="store_true", help="counts per rule instead of findings (text or json)"
    )
    out.add_argument("-q", "--quiet", action="store_true", help="no summary")


def outputs_of(args: argparse.Namespace) -> list[Output]:
    """(format, file) pairs; the formats without a file go to standard output, so there is at most one of them."""
    formats, files = args.output_format or ["text"], args.output_file or []
    if len(files) > len(formats):
        raise UserError("more --output-file than --output-format", "give a format for each file")
    pairs = list(zip(formats, [*files, *["-"] * (len(formats) - len(files))]))
    if sum(file == "-" for _, file in pairs) > 1:
        raise UserError("two reports for standard output", "give an --output-file for each --output-format")
    taken: set[str] = set()
    for _, file in pairs:
        full = os.path.abspath(file)
        if full in taken and not file.startswith("/dev/"):
            raise UserError(
                f"two reports for {file}", "give each --output-format an --output-file of its own"
            )
        taken.add(full)
    return pairs


def write_report(
    report: Report,
    outputs: list[Output],
    args: argparse.Namespace,
    notes: Iterable[str],
    rules: dict[str, Rule],
) -> None:
    """Render the report in each format and write it."""
    for name, file in outputs:
        if args.statistics:
            write(statistics_json(report) if name == "json" else statistics(report), file)
            continue
        if args.quiet and not report.findings and name in ("text", "concise"):
            continue
        color = use_color(args.color, file)
        links = _links(report, rules) if color and name in ("text", "concise") else {}
        write(
            renderer(name)(
                View(
                    report.findings,
                    report.texts,
                    report.summary,
                    color,
                    tuple(notes),
                    args.quiet,
                    links,
                    report.secrets,
                )
            ),
            file,
        )


def _links(report: Report, rules: dict[str, Rule]) -> dict[str, str]:
    """Code -> address of the rule's page, which every installation has on disk."""
    from pathlib import Path

    found: dict[str, str] = {}
    for code in {item.code for item in report.findings}:
        if code in rules:
            page = Path(page_path(rules[code])).absolute()
            if page.is_file():
                found[code] = page.as_uri()
    return found


def write(text: str, file: str) -> None:
    """Write a text to a file, to standard output ("-") or to standard error ("/dev/stderr")."""
    if file == "-":
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has had enough; what was found decides about the exit code all the same.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    if file == "/dev/stderr":
        sys.stderr.write(text)
        return
    try:
        with open(file, "w", encoding="utf-8", errors="backslashreplace") as out:
            out.write(text)
    except OSError as error:
        raise UserError(f"{file}: cannot be written: {error.strerror}", "check --output-file") from error


def use_color(wanted: str, file: str = "-") -> bool:
    """Whether to colour: as told; otherwise on a terminal, unless NO_COLOR is set, or with FORCE_COLOR."""
    if wanted != "auto":
        return wanted == "always"
    if file != "-" or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def counts(report: Report) -> list[dict[str, Any]]:
    """How often each rule was broken, most frequent first."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for item in report.findings:
        entry = found.setdefault((item.code, item.name, item.severity), [0, 0])
        entry[0] += 1
        entry[1] += item.fix is not None
    return [
        {"code": code, "name": name, "severity": severity, "count": count, "fixable": fixable}
        for (code, name, severity), (count, fixable) in sorted(
            found.items(), key=lambda pair: (-pair[1][0], pair[0])
        )
    ]


def statistics(report: Report) -> str:
    """Counts per rule as text."""
    lines = [
        f"{row['count']:>6}  {row['severity']:<8} {row['code']}  {row['name']}"
        + (f"  ({row['fixable']} fixable)" if row["fixable"] else "")
        for row in counts(report)
    ]
    total = report.summary
    lines.append(f"{len(report.findings):>6}  in {total['files']} files, {total['objects']} objects")
    return "\n".join(lines) + "\n"


def statistics_json(report: Report) -> str:
    """Counts per rule as JSON."""
    import json

    return json.dumps({"version": 1, "summary": report.summary, "rules": counts(report)}, indent=2) + "\n"


def times_table(times: dict[str, list[float]], rules: dict[str, Rule]) -> str:
    """How long each rule took, slowest first."""
    total = sum(seconds for _, seconds in times.values())
    lines = [f"{'ms':>9}  {'share':>5}  {'calls':>8}  rule"]
    for code, (calls, seconds) in sorted(times.items(), key=lambda pair: -pair[1][1]):
        share = seconds / total if total else 0.0
        name = rules[code].name if code in rules else ""
        lines.append(f"{seconds * 1e3:>9.2f}  {share:>5.1%}  {int(calls):>8}  {code} {name}")
    lines.append(f"{total * 1e3:>9.2f}  in {len(times)} rules")
    return "\n".join(lines) + "\n"
