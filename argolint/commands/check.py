"""Lint manifests: files, folders, globs, or `-` for standard input.

examples:
  argolint check .
  argolint check --select RBA,REF --output-format concise manifests/
  argolint check --fix --diff workflow.yaml
  argolint check --output-format github --output-format sarif --output-file - --output-file findings.sarif .
  cat workflow.yaml | argolint check - --stdin-filename workflow.yaml

exit codes: 0 clean, 1 findings at or above --fail-on, 2 usage or configuration, 3 internal error, 130 interrupted
"""

from __future__ import annotations

import argparse
import os
import sys

from argolint import registry
from argolint.api import Report
from argolint.batch import Input, collect, lint, open_store
from argolint.commands.output import Output, add_output, outputs_of, times_table, write, write_report
from argolint.commands.settings import add_selection, programs, settings_of
from argolint.diagnostic import SEVERITY_RANK
from argolint.errors import UserError
from argolint.project.cache import Entries, Store
from argolint.runner import INTERNAL_CODE, STALE_CODE, STALE_NAME, Plan
from argolint.settings import Settings

HELP = "lint manifests"

# What other tools call things.
ELSEWHERE = {
    "lint": "check", "fix": "check --fix", "version": "--version", "rule": "explain", "init": "config --init",
    "watch": "check --watch", "server": "lsp", "lang": "lsp", "draw": "graph", "upgrade": "migrate",
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `argolint check`."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files, folders, globs, or - for standard input (default: .)"
    )
    add_output(parser)
    add_selection(parser)
    run_group = parser.add_argument_group("run")
    run_group.add_argument(
        "--fail-on", choices=tuple(SEVERITY_RANK), help="exit 1 from this severity on (default: warning)"
    )
    run_group.add_argument("--exit-zero", action="store_true", help="exit 0 whatever is found")
    run_group.add_argument("--allow-empty", action="store_true", help="finding no manifest is no error")
    run_group.add_argument("--stdin-filename", metavar="PATH", help="the name that standard input goes by")
    run_group.add_argument(
        "--diff-base", metavar="REF",
        help="only findings on lines changed since REF, and what the change breaks elsewhere",
    )  # fmt: skip
    run_group.add_argument(
        "--render", action="store_true", help="also run the commands under `render:` and lint what they print"
    )
    run_group.add_argument("--baseline", metavar="FILE", help="findings listed in this file do not count")
    run_group.add_argument("--watch", action="store_true", help="lint again whenever a file changes")
    run_group.add_argument(
        "--no-cache", action="store_true", help="neither read nor write remembered results"
    )
    run_group.add_argument("--no-context", action="store_true", help="do not read the rest of the repository")
    run_group.add_argument(
        "--exclude",
        action="append",
        metavar="GLOB",
        help="files that are not linted, beside those of the configuration",
    )
    run_group.add_argument(
        "--force-exclude", action="store_true",
        help="leave out what is excluded or ignored even when it is named, as hooks do",
    )  # fmt: skip
    run_group.add_argument("--jobs", type=int, metavar="N", help="processes (default: as many as pay)")
    fixes = parser.add_argument_group("repairs")
    fixes.add_argument("--fix", action="store_true", help="make the safe repairs")
    fixes.add_argument(
        "--unsafe-fixes", action="store_true", help="with --fix or --diff: those that need a second look, too"
    )
    fixes.add_argument("--diff", action="store_true", help="print the repairs as a diff, change nothing")
    fixes.add_argument(
        "--add-ignore", metavar="REASON", help="write a suppression with this reason for every finding"
    )
    about = parser.add_argument_group("about the run")
    about.add_argument(
        "--show-files", action="store_true", help="list the files that would be linted, and stop"
    )
    about.add_argument("--show-settings", action="store_true", help="print the settings in effect, and stop")
    about.add_argument("--profile-rules", action="store_true", help="say how long each rule took")
    about.add_argument("--verbose", action="store_true", help="show the tracebacks of crashed rules")


def run(args: argparse.Namespace) -> int:
    """Lint, report, and return the exit code of the contract."""
    paths = args.paths or ["."]
    _refuse_nonsense(args, paths)
    outputs = outputs_of(args)
    anchor = [args.stdin_filename] if "-" in paths and args.stdin_filename else paths
    settings, rules = settings_of(args, anchor)
    if args.exclude:
        settings.exclude = (*settings.exclude, *args.exclude)
        settings.origins["exclude"] = "--exclude"
    if args.show_settings:
        from argolint.commands.config import describe

        sys.stdout.write(describe(settings))
        return 0
    _say_missing(settings, rules)
    if args.diff_base:
        _remember_base(args.diff_base, settings)
    if args.watch:
        return _watch(paths, args, settings, rules, outputs)
    store = None if args.no_cache else open_store(settings)
    inputs = _inputs(paths, args, settings, store)
    if args.show_files:
        write("".join(f"{item.path}\n" for item in inputs if item.target), "-")
        return 0
    plan = Plan(rules, settings)
    if args.profile_rules:
        plan.times = {}
    may_be_empty = args.allow_empty or args.exit_zero
    if not any(item.target for item in inputs) and not plan.failures and not may_be_empty:
        raise _nothing(paths)
    if args.fix or args.diff:
        return _repair(inputs, plan, paths, args, settings, outputs)
    report = lint(
        inputs, plan, settings, store=None if args.profile_rules else store,
        workers=1 if args.profile_rules else args.jobs,
    )  # fmt: skip
    if args.diff_base:
        report = _only_changes(args.diff_base, report, inputs, plan, settings, store)
    if any(item.stdin for item in inputs):
        from argolint.rendered import take_back

        report = take_back(report, inputs, [".", settings.root or "."])
    if not report.summary["objects"] and not report.findings and not may_be_empty:
        raise _nothing([item.path for item in inputs if item.target])
    code = _finish(report, plan, args, settings, outputs)
    if args.profile_rules and plan.times is not None:
        sys.stderr.write(times_table(plan.times, rules))
    # A document that does not parse was looked at, even when the baseline knows it.
    if report.summary["objects"] or report.summary["error"] or code or may_be_empty:
        return code
    if all(item.code == "YML206" for item in report.findings):
        raise UserError(
            "nothing was linted: what was found are templates that have to be rendered first",
            "pipe what they render to: `helm template … | argolint -`, or pass --allow-empty",
        )
    raise _nothing([item.path for item in inputs if item.target])


def _say_missing(settings: Settings, rules: registry.Rules) -> None:
    """A rule that asks a program which is not there finds nothing, and silence would pass for praise."""
    for name in programs(settings, rules):
        from argolint.external.tools import tool

        if not tool(name):
            said = f"argolint: warning: {name} is not installed, so its rule finds nothing"
            print(f"{said}\n  pip install 'argolint[scripts]'", file=sys.stderr)


def _refuse_nonsense(args: argparse.Namespace, paths: list[str]) -> None:
    if args.jobs is not None and args.jobs < 1:
        raise UserError(f"--jobs: {args.jobs} processes can do nothing", "give 1 or more, or leave it out")
    if "" in paths:
        raise UserError("a path is empty", "is a variable of the shell not set?")
    first = paths[0]
    if len(first) > 2 and first.isalpha() and not os.path.exists(first):
        from argolint.commands.table import COMMANDS
        from argolint.config import did_you_mean_short

        known = ELSEWHERE.get(first)
        near = f"did you mean `argolint {known}`?" if known else did_you_mean_short(first, list(COMMANDS))
        if near:
            raise UserError(f"{first}: no such file or folder, and no such command", near)
    if args.stdin_filename and "-" not in paths:
        raise UserError(
            "--stdin-filename is the name for standard input, which is not read", "add `-` to the paths"
        )
    if args.watch and ("-" in paths or args.fix or args.diff or args.add_ignore is not None):
        raise UserError(
            "--watch only reports; it excludes -, --fix, --diff and --add-ignore", "leave one out"
        )
    if args.render and (args.fix or args.diff or args.add_ignore is not None):
        raise UserError("--render only reports; what is printed cannot be repaired", "repair the sources")
    if args.diff_base and (args.fix or args.diff):
        raise UserError("--diff-base and --fix exclude each other", "repair the files without --diff-base")
    if args.add_ignore is not None and (args.fix or args.diff or "-" in paths):
        raise UserError("--add-ignore changes files; it excludes -, --fix and --diff", "leave one out")
    if args.add_ignore is not None and not args.add_ignore.strip():
        raise UserError(
            "--add-ignore needs a reason", 'for example --add-ignore "accepted until the rewrite"'
        )


def _nothing(paths: list[str]) -> UserError:
    return UserError(
        f"nothing was linted: no manifests found in {', '.join(paths[:5])}"
        + (f" and {len(paths) - 5} more" if len(paths) > 5 else ""),
        "check the path and .gitignore, or pass --allow-empty",
    )


def _inputs(
    paths: list[str], args: argparse.Namespace, settings: Settings, store: Store | None
) -> list[Input]:
    files = [path for path in paths if path != "-"]
    root = "" if args.no_context else settings.root
    inputs: list[Input] = []
    if files or root:
        inputs = collect(files, settings, root, store, strict=args.force_exclude, tolerant=True)
    if "-" in paths:
        name = args.stdin_filename or "<stdin>"
        data = sys.stdin.buffer.read()
        inputs = [item for item in inputs if os.path.abspath(item.path) != os.path.abspath(name)]
        inputs.insert(0, Input(name, data, True, stdin=True))
    if args.render:
        from argolint.rendered import run_commands

        inputs += run_commands(settings.render, settings.root)
    return inputs


def _repair(
    inputs: list[Input], plan: Plan, paths: list[str], args: argparse.Namespace, settings: Settings,
    outputs: list[Output],
) -> int:  # fmt: skip
    from argolint.fix import fix_inputs

    report, diff, count = fix_inputs(
        inputs, plan, settings, unsafe=args.unsafe_fixes, write=args.fix and not args.diff
    )
    note = f"{count} finding{'s' if count != 1 else ''} {'would be repaired' if args.diff else 'repaired'}"
    if args.diff:
        sys.stdout.write(diff)
        print(note if count else "nothing to repair", file=sys.stderr)
        crashed = any(item.code == INTERNAL_CODE for item in report.findings)
        return 3 if crashed else int(bool(diff) and not args.exit_zero)
    if "-" in paths:
        # Standard output has the repaired text.
        outputs = [(name, "/dev/stderr" if file == "-" else file) for name, file in outputs]
    return _finish(report, plan, args, settings, outputs, [note] if count else [])


def _remember_base(revision: str, settings: Settings) -> None:
    """Tell the rules that judge a change what the changed files held before."""
    from argolint.analysis.revisions import OPTION, base_objects
    from argolint.project.changes import since

    settings.options = {
        **settings.options,
        OPTION: base_objects(since(revision, settings.root or ".").before),
    }


def _only_changes(
    revision: str, report: Report, inputs: list[Input], plan: Plan, settings: Settings, store: Store | None
) -> Report:
    from argolint.diffbase import only_changes
    from argolint.project.changes import since

    memory: Entries = dict(store.entries) if store is not None else {}
    return only_changes(report, inputs, since(revision, settings.root or "."), plan, settings, memory)


def _watch(
    paths: list[str],
    args: argparse.Namespace,
    settings: Settings,
    rules: registry.Rules,
    outputs: list[Output],
) -> int:
    from argolint.commands.watch import watch
    from argolint.project.discover import discover

    memory: Entries = {}
    plan = Plan(rules, settings)

    def once() -> int:
        plan.tracebacks.clear()
        report = lint(_inputs(paths, args, settings, None), plan, settings, memory=memory)
        if args.diff_base:
            report = _only_changes(
                args.diff_base, report, _inputs(paths, args, settings, None), plan, settings, None
            )
        return _finish(report, plan, args, settings, outputs)

    def files() -> list[str]:
        found = [item.path for item in discover(paths, settings.exclude, settings.root)]
        if settings.root and not args.no_context:
            found += [item.path for item in discover([settings.root], settings.exclude, settings.root)]
        return found

    return watch(once, files)


def _finish(
    report: Report, plan: Plan, args: argparse.Namespace, settings: Settings, outputs: list[Output],
    notes: list[str] | None = None,
) -> int:  # fmt: skip
    """Take the baseline into account, write the reports; the exit code."""
    notes = list(notes or [])
    if settings.baseline:
        from argolint.baseline import apply_baseline

        silent = {STALE_CODE, STALE_NAME} & {*settings.ignore, *settings.extend_ignore}
        report, hidden, _ = apply_baseline(report, settings.baseline, say_stale=not silent)
        if hidden:
            notes.append(f"{hidden} known finding{'s' if hidden != 1 else ''} in the baseline not shown")
    if args.add_ignore is not None:
        from argolint.commands.ignores import write_ignores

        return write_ignores(report, args.add_ignore.strip())
    if args.verbose:
        for text in report.tracebacks:
            print(text, file=sys.stderr)
    write_report(report, outputs, args, notes, plan.all)
    if any(item.code == INTERNAL_CODE for item in report.findings):
        return 3
    worst = max((SEVERITY_RANK[item.severity] for item in report.findings), default=-1)
    return int(worst >= SEVERITY_RANK[settings.fail_on] and not args.exit_zero)
