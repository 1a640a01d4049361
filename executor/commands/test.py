"""Test workflows without running them: `argorun test [PATH…]`.

A test file (`*.test.yaml`, schemas/argorun-test.json) names a workflow, answers for its steps and what must come of it. Steps are
started only where it says so, time is virtual. Exit codes: 0 all passed, 1 some failed (or too little coverage), 2 a test file is not valid.

examples:
  argorun test
  argorun test tests/ -k release --coverage
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from argolint.errors import UserError

HELP = "test workflows with mocked steps, in virtual time"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun test`."""
    parser.add_argument(
        "paths", nargs="*", default=["."], metavar="PATH", help="test files or directories (default: .)"
    )
    parser.add_argument(
        "-k", dest="only", default="", metavar="TEXT", help="only cases with this in their name"
    )
    parser.add_argument(
        "--format", choices=("text", "json", "junit", "tap"), default="text", help="what goes to stdout"
    )
    parser.add_argument("--junit", metavar="FILE", help="write JUnit XML there too")
    parser.add_argument("--update-snapshots", action="store_true", help="accept the present traces")
    parser.add_argument(
        "--coverage", action="store_true", help="say which templates, conditions and loops no case reached"
    )
    parser.add_argument("--min-coverage", type=float, metavar="PERCENT", help="fail below this")


def run(args: argparse.Namespace) -> int:
    """Run the cases. Raises UserError."""
    from executor.local import testfile, testreport, testrun

    trees: dict[Path, Any] = {}
    verdicts: list[Any] = []
    tested: dict[str, tuple[Any, list[Any]]] = {}
    broken: list[UserError] = []
    for path in testfile.discover(args.paths):
        try:
            file = testfile.load(path)
            found = testrun.run_file(file, trees, update=args.update_snapshots, only=args.only)
            if args.coverage or args.min_coverage is not None:
                subject = testrun.subject_of(file, trees)
                tested.setdefault(subject.label, (subject, []))[1].extend(v.state for v in found)
        except UserError as error:
            broken.append(error)
            continue
        verdicts += found
    sys.stdout.write(testreport.FORMATS[args.format](verdicts))
    if args.junit:
        Path(args.junit).write_text(testreport.as_junit(verdicts), encoding="utf-8")
    for problem in broken:
        print(f"argorun: error: {problem}", file=sys.stderr)
    low = _coverage(args, tested)
    if broken:
        return 2
    return 1 if low or any(not v.passed for v in verdicts) else 0


def _coverage(args: argparse.Namespace, tested: dict[str, tuple[Any, list[Any]]]) -> bool:
    """Print the coverage of every tested workflow; whether one is below what was asked for."""
    from executor.local import coverage

    low = False
    out = sys.stdout if args.format == "text" else sys.stderr
    for label, (subject, states) in sorted(tested.items()):
        found = coverage.measure(subject.workflow, subject.context, states)
        for line in coverage.lines(label, found):
            print(line, file=out)
        if args.min_coverage is not None and found.percent < args.min_coverage:
            print(f"{label}: coverage is below {args.min_coverage:g}%", file=sys.stderr)
            low = True
    return low
