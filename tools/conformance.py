"""Run upstream's example workflows on this machine and compare the final phases with the expected ones.

    python -m tools.conformance [--corpus DIR] [--sample N] [--only TEXT] [--timeout S] [--minimum N] [-v]

The corpus lies beside the checkout (`shared/corpus`): manifests, and a table of what each is known to end in.
Chosen are those that a host can run without a network and whose final phase is known. Exit code: 0 when at least
`--minimum` (or, with `--sample`, every one) ended as expected, 1 when not, 2 when there is no corpus.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

REPO = Path(__file__).resolve().parent.parent
PHASES = ("Succeeded", "Failed", "Error")
EXIT_CODES = {0: "Succeeded", 1: "Failed", 2: "refused", 3: "Error", 4: "refused", 5: "Running until resumed"}
MINIMUM = 60
# What the examples' own comments tell the reader to create beforehand.
PREREQUISITES = """\
apiVersion: v1
kind: Secret
metadata: {name: my-secret}
stringData: {mypassword: not-a-secret-of-anybody}
"""
# Where the table is wrong, and what is right: path -> the phase, or None for an outcome left to chance.
CORRECTIONS: dict[str, str | None] = {
    "loops-arbitrary-sequential-steps.yaml": "Failed",  # its fourth item exits with 1, as its message says
    "work-avoidance.yaml": None,  # each of three steps tosses a coin
}


class Case(NamedTuple):
    """One row of the table: a manifest (and which of its documents), and what it should end in."""

    path: str
    document: int | None
    kind: str
    expected: str


class Result(NamedTuple):
    """What a case came to."""

    case: Case
    got: str
    seconds: float
    detail: str


def cases(table: Path) -> list[Case]:
    """The rows that this machine can decide."""
    found = []
    with open(table, encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if "host=yes" not in row["notes"] or row["needs_network"] != "no":
                continue
            if row["expected_phase"] not in (*PHASES, "Running until resumed"):
                continue
            path, _, number = row["path"].removeprefix("examples/").partition("#")
            expected = CORRECTIONS.get(path, row["expected_phase"])
            if expected is not None:
                found.append(Case(path, int(number) - 1 if number else None, row["kind"], expected))
    return found


def _single_document(source: Path, document: int, scratch: Path) -> Path:
    """A file with one document of `source`, in a directory beside its siblings' copies."""
    import yaml

    texts = [
        d
        for d in source.read_text(encoding="utf-8").split("\n---")
        if yaml.safe_load(d.removeprefix("---")) is not None
    ]
    target = scratch / f"{source.stem}-{document + 1}.yaml"
    target.write_text(texts[document].removeprefix("---"), encoding="utf-8")
    return target


def run_case(case: Case, tree: Path, scratch: Path, timeout: float) -> Result:
    """Run one manifest with `argorun run` in a process group of its own."""
    target = tree / case.path
    if case.document is not None:
        target = _single_document(target, case.document, target.parent)
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "executor", "run", str(target), "-o", "json", "--no-lint"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=scratch, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(REPO)},
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Result(case, "timeout", timeout, f"ran longer than {timeout:.0f}s")
    seconds = time.monotonic() - started
    got = EXIT_CODES.get(process.returncode, f"exit {process.returncode}")
    detail = ""
    try:
        final = json.loads(out)
        phase = final["status"]["phase"]
        if got in PHASES and phase != got:
            return Result(case, "inconsistent", seconds, f"exit code says {got}, the object says {phase}")
        messages = [
            n.get("message", "")
            for n in final["status"].get("nodes", {}).values()
            if n.get("phase") in ("Failed", "Error")
        ]
        detail = "; ".join(dict.fromkeys(m for m in [final["status"].get("message", ""), *messages] if m))
    except (ValueError, KeyError, TypeError):
        detail = err.decode(errors="replace").strip().replace("\n", " | ")
    return Result(case, got, seconds, detail[:300])


def verdict(result: Result) -> str:
    """passed, failed or refused."""
    if result.got == result.case.expected:
        return "passed"
    return "refused" if result.got == "refused" else "failed"


def main(argv: Sequence[str]) -> int:
    """Run the table, print it, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=REPO.parent / "shared" / "corpus")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only N, spread over the table")
    parser.add_argument("--only", default="", metavar="TEXT", help="only paths that contain TEXT")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS")
    parser.add_argument("--jobs", type=int, default=4)  # most of them sleep
    parser.add_argument("--minimum", type=int, default=MINIMUM)
    parser.add_argument("-v", "--verbose", action="store_true", help="print passed ones too")
    args = parser.parse_args(argv)
    table = args.corpus / "argo-examples-expected.csv"
    if not table.is_file():
        print(f"conformance: there is no corpus at {args.corpus}", file=sys.stderr)
        return 2
    chosen = [case for case in cases(table) if args.only in case.path]
    if args.sample and args.sample < len(chosen):
        chosen = [chosen[i * len(chosen) // args.sample] for i in range(args.sample)]
    with tempfile.TemporaryDirectory(prefix="conformance-") as name:
        scratch = Path(name)
        shutil.copytree(args.corpus / "argo-examples", scratch / "tree", symlinks=True)
        (scratch / "tree" / ".argolint.yaml").write_text("{}\n", encoding="utf-8")
        (scratch / "tree" / "prerequisites.yaml").write_text(PREREQUISITES, encoding="utf-8")
        with ThreadPoolExecutor(args.jobs) as pool:
            results = []
            for result in pool.map(
                lambda case: run_case(case, scratch / "tree", scratch, args.timeout), chosen
            ):
                results.append(result)
                tell(result, verbose=args.verbose)
    return report(results, args)


def tell(result: Result, *, verbose: bool) -> None:
    """Print one line of the table as soon as it is known."""
    said = verdict(result)
    if said != "passed" or verbose:
        what = f"expected {result.case.expected}, got {result.got}"
        print(f"{said:8} {result.case.path}  {what}  {result.seconds:.1f}s  {result.detail}", flush=True)


def report(results: Sequence[Result], args: argparse.Namespace) -> int:
    """Print the counts and decide."""
    counts = Counter(verdict(result) for result in results)
    print(
        f"{counts['passed']} passed, {counts['failed']} failed, {counts['refused']} refused of {len(results)}"
    )
    needed = len(results) if args.sample or args.only else min(args.minimum, len(results))
    return 0 if counts["passed"] >= needed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
