"""Lint manifests: files, folders, globs, or `-` for standard input."""

from __future__ import annotations

import argparse
import os
import sys

from argolint.api import Report, summarise
from argolint.batch import Input, collect, lint, open_store
from argolint.commands.settings import add_selection, settings_of
from argolint.diagnostic import SEVERITY_RANK
from argolint.errors import UserError
from argolint.project.cache import Store
from argolint.report import FORMATS, View, renderer
from argolint.runner import INTERNAL_CODE, Plan
from argolint.settings import Settings

HELP = "lint manifests"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `argolint check`."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files, folders, globs, or - for standard input (default: .)"
    )
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
        help="colours (also NO_COLOR, FORCE_COLOR)",
    )
    out.add_argument("--statistics", action="store_true", help="counts per rule instead of findings")
    out.add_argument(
        "--show-files", action="store_true", help="list the files that would be linted, and stop"
    )
    out.add_argument("--show-settings", action="store_true", help="print the settings in effect, and stop")
    out.add_argument("--verbose", action="store_true", help="show the tracebacks of crashed rules")
    out.add_argument("-q", "--quiet", action="store_true", help="no summary")
    add_selection(parser)
    run_group = parser.add_argument_group("run")
    run_group.add_argument(
        "--fail-on", choices=tuple(SEVERITY_RANK), help="exit 1 from this severity on (default: warning)"
    )
    run_group.add_argument("--exit-zero", action="store_true", help="exit 0 whatever is found")
    run_group.add_argument("--allow-empty", action="store_true", help="finding no manifest is no error")
    run_group.add_argument("--stdin-filename", metavar="PATH", help="the name that standard input goes by")
    run_group.add_argument(
        "--no-cache", action="store_true", help="neither read nor write remembered results"
    )
    run_group.add_argument("--no-context", action="store_true", help="do not read the rest of the repository")
    run_group.add_argument("--baseline", metavar="FILE", help="findings listed in this file do not count")
    run_group.add_argument("--jobs", type=int, metavar="N", help="processes (default: as many as pay)")
    fixes = parser.add_argument_group("repairs")
    fixes.add_argument("--fix", action="store_true", help="make the safe repairs")
    fixes.add_argument(
        "--unsafe-fixes", action="store_true", help="with --fix or --diff: those that need a second look, too"
    )
    fixes.add_argument("--diff", action="store_true", help="print the repairs as a diff, change nothing")


def run(args: argparse.Namespace) -> int:
    """Lint, report, and return the exit code of the contract."""
    paths = args.paths or ["."]
    if args.stdin_filename and "-" not in paths:
        raise UserError(
            "--stdin-filename is the name for standard input, which is not read", "add `-` to the paths"
        )
    outputs = _outputs(args)
    anchor = [args.stdin_filename] if "-" in paths and args.stdin_filename else paths
    settings, rules = settings_of(args, anchor)
    if args.show_settings:
        from argolint.commands.config import describe

        sys.stdout.write(describe(settings))
        return 0
    store = None if args.no_cache else open_store(settings)
    inputs = _inputs(paths, args, settings, store)
    if args.show_files:
        _write("".join(f"{item.path}\n" for item in inputs if item.target), "-")
        return 0
    plan = Plan(rules, settings)
    if not any(item.target for item in inputs) and not plan.failures:
        if args.allow_empty:
            return 0
        raise UserError(
            f"no manifests found in {', '.join(paths)}",
            "name a file to lint it whatever it holds, or pass --allow-empty",
        )
    if args.fix or args.diff:
        from argolint.fix import fix_inputs

        fixed = fix_inputs(inputs, plan, settings, unsafe=args.unsafe_fixes, write=args.fix and not args.diff)
        if "-" in paths and not args.diff:
            # Standard output has the repaired text.
            outputs = [(name, "/dev/stderr" if file == "-" else file) for name, file in outputs]
        return _finish(fixed, args, settings, outputs)
    report = lint(inputs, plan, settings, store=store, workers=args.jobs)
    return _finish((report, "", 0), args, settings, outputs)


def _inputs(
    paths: list[str], args: argparse.Namespace, settings: Settings, store: Store | None
) -> list[Input]:
    files = [path for path in paths if path != "-"]
    root = "" if args.no_context else settings.root
    inputs = collect(files, settings, root, store) if files or root else []
    if "-" in paths:
        name = args.stdin_filename or "<stdin>"
        data = sys.stdin.buffer.read()
        inputs = [item for item in inputs if os.path.abspath(item.path) != os.path.abspath(name)]
        inputs.insert(0, Input(name, data, True, stdin=True))
    return inputs


def _outputs(args: argparse.Namespace) -> list[tuple[str, str]]:
    """(format, file) pairs; a format without a file goes to standard output."""
    formats, files = args.output_format or ["text"], args.output_file or []
    if len(files) > len(formats):
        raise UserError("more --output-file than --output-format", "give a format for each file")
    pairs = list(zip(formats, [*files, *["-"] * (len(formats) - len(files))]))
    if sum(file == "-" for _, file in pairs) > 1:
        raise UserError("two reports for standard output", "give an --output-file for each --output-format")
    return pairs


def _finish(
    result: tuple[Report, str, int],
    args: argparse.Namespace,
    settings: Settings,
    outputs: list[tuple[str, str]],
) -> int:
    report, diff, fixed = result
    notes: list[str] = []
    if settings.baseline:
        from argolint.baseline import apply_baseline

        report, hidden, stale = apply_baseline(report, settings.baseline)
        if hidden:
            notes.append(f"{hidden} known finding{'s' if hidden != 1 else ''} in the baseline not shown")
        if stale:
            notes.append(
                f"{stale} baseline entr{'ies are' if stale != 1 else 'y is'} stale; `argolint baseline prune` drops them"
            )
    if fixed:
        notes.append(
            f"{fixed} finding{'s' if fixed != 1 else ''} {'repaired' if not args.diff else 'would be repaired'}"
        )
    crashed = any(item.code == INTERNAL_CODE for item in report.findings)
    if args.verbose:
        for text in report.tracebacks:
            print(text, file=sys.stderr)
    if args.diff:
        sys.stdout.write(diff)
        print("\n".join([*notes]) or "nothing to repair", file=sys.stderr)
        return 3 if crashed else int(bool(diff) and not args.exit_zero)
    if args.statistics:
        sys.stdout.write(statistics(report))
    else:
        for name, file in outputs:
            if args.quiet and not report.findings and name in ("text", "concise"):
                continue
            color = _color(args, file)
            view = View(report.findings, report.texts, report.summary, color, tuple(notes), args.quiet)
            _write(renderer(name)(view), file)
    if crashed:
        return 3
    worst = max((SEVERITY_RANK[item.severity] for item in report.findings), default=-1)
    return int(worst >= SEVERITY_RANK[settings.fail_on] and not args.exit_zero)


def _write(text: str, file: str) -> None:
    if file == "-":
        # What cannot be encoded for this terminal is shown as an escape rather than crashing.
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        return
    if file == "/dev/stderr":
        sys.stderr.write(text)
        return
    try:
        with open(file, "w", encoding="utf-8", errors="backslashreplace") as out:
            out.write(text)
    except OSError as error:
        raise UserError(f"{file}: cannot be written: {error.strerror}", "check --output-file") from error


def _color(args: argparse.Namespace, file: str) -> bool:
    if args.color != "auto":
        return bool(args.color == "always")
    if file != "-" or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def statistics(report: Report) -> str:
    """Counts per rule, most frequent first."""
    counts: dict[tuple[str, str, str], list[int]] = {}
    for item in report.findings:
        entry = counts.setdefault((item.code, item.name, item.severity), [0, 0])
        entry[0] += 1
        entry[1] += item.fix is not None
    lines = [
        f"{count:>6}  {severity:<8} {code}  {name}" + (f"  ({fixable} fixable)" if fixable else "")
        for (code, name, severity), (count, fixable) in sorted(
            counts.items(), key=lambda pair: (-pair[1][0], pair[0])
        )
    ]
    total = summarise(report.findings, report.summary["files"], report.summary["objects"])
    lines.append(f"{len(report.findings):>6}  in {total['files']} files, {total['objects']} objects")
    return "\n".join(lines) + "\n"
