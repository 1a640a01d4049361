"""Go through a workflow's whole control flow in virtual time; nothing is started.

    argorun simulate FILE|KIND/NAME [-p name=value] [--mocks FILE]     one workflow, made-up or mocked answers
    argorun simulate --auto-mock PATH…                                 every entrypoint of a tree, as a smoke test

Exit codes as `argorun run`; with --auto-mock 1 when something neither ended nor waits for something with a name.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from argolint.errors import UserError

HELP = "go through a workflow's control flow in virtual time, with mocked steps"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun simulate`."""
    parser.add_argument(
        "targets", nargs="+", metavar="FILE", help="a manifest or KIND/NAME; directories with --auto-mock"
    )
    parser.add_argument(
        "-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="an input parameter"
    )
    parser.add_argument(
        "-f", "--parameter-file", metavar="FILE", help="a YAML or JSON file of input parameters"
    )
    parser.add_argument("--entrypoint", metavar="TEMPLATE", help="run this template first")
    parser.add_argument(
        "--mocks", metavar="FILE", help="a test file whose shared mocks answer; the rest is made up"
    )
    parser.add_argument(
        "--auto-mock", action="store_true", help="every entrypoint of the targets, with made-up outputs"
    )
    parser.add_argument("--clock", metavar="TIME", help="when it starts (default: 2026-01-01T00:00:00Z)")
    parser.add_argument(
        "-o", "--output", choices=("tree", "json", "trace"), default="tree", help="what goes to stdout"
    )


def run(args: argparse.Namespace) -> int:
    """Simulate and print. Raises UserError."""
    return _smoke(args) if args.auto_mock else _one(args)


def _one(args: argparse.Namespace) -> int:
    from executor import engine
    from executor.commands.run import parameter_file
    from executor.engine.simulate import automatic_for, simulate
    from executor.local import prepare, session, show, smoke, testrun, tree

    inputs = session.read_input(args.targets, Path.cwd())
    parameters = prepare.parse_parameters(args.parameter, parameter_file(args.parameter_file))
    try:
        start = testrun.clock(args.clock)
    except ValueError:
        raise UserError(f"--clock {args.clock}: not an RFC 3339 time", "write 2026-03-29T00:59:00Z") from None
    code = 0
    for manifest in inputs.chosen:
        made = prepare.with_options(
            prepare.workflow_of(manifest.object, manifest.path, start), parameters, args.entrypoint
        )
        meta = made.get("metadata") or {}
        name = str(meta.get("name") or f"{meta.get('generateName') or 'workflow-'}sim")
        workflow = engine.new_workflow(made, name=name, uid=testrun.UID, now=start)
        context = smoke.context_of(inputs.tree, workflow)
        answers: Any = automatic_for(
            workflow, *context.workflow_templates.values(), *context.cluster_workflow_templates.values()
        )
        seen = [workflow]
        mocks = _mocks(args.mocks, answers, seen)
        outcome = simulate(
            workflow,
            mocks or answers,
            context=context,
            start=start,
            max_passes=testrun.MAX_PASSES,
            between=_remembering(seen),
        )
        if args.output == "json":
            print(json.dumps(outcome.state, indent=2))
        elif args.output == "trace":
            print("\n".join(testrun.trace_lines(outcome, start)))
        else:
            message = str((outcome.state.get("status") or {}).get("message") or "")
            print(f"{name}  {outcome.phase or 'Pending'}{'  ' + tree.one_line(message) if message else ''}")
            for line in tree.lines(outcome.state, colour=sys.stdout.isatty(), now=outcome.now):
                print(line)
            print(f"virtual time: {(outcome.now - start).total_seconds():g}s")
        for line in outcome.waiting:
            print(f"waits: {line}", file=sys.stderr)
        for line in mocks.errors if mocks else []:
            print(f"argorun: error: {line}", file=sys.stderr)
        code = max(code, 2 if mocks and mocks.errors else show.exit_code(outcome.state))
    return code


def _remembering(seen: list[Any]) -> Any:
    """Keeps the newest state in `seen`, for mocks that look at it."""

    def between(state: Any) -> Any:
        seen[0] = state
        return state

    return between


def _mocks(path: str | None, otherwise: Any, seen: list[Any]) -> Any:
    if path is None:
        return None
    from executor.local import testfile
    from executor.local.mocks import Mocks

    file = testfile.load(Path(path))
    pairs = [(mock, ("mocks", i)) for i, mock in enumerate(file.content.get("mocks") or [])]
    mocks = Mocks(file, pairs, "succeed", lambda: (seen[0].get("status") or {}).get("nodes") or {})
    mocks.otherwise = otherwise
    return mocks


def _smoke(args: argparse.Namespace) -> int:
    from executor.local import smoke

    bad = 0
    counts: dict[str, int] = {}
    for result in smoke.every_entrypoint([Path(t) for t in args.targets]):
        counts[result.verdict] = counts.get(result.verdict, 0) + 1
        if result.problem:
            bad += 1
        if result.problem or args.output != "json":
            mark = "✖" if result.problem else "✔"
            detail = result.problem or "; ".join(result.waiting)
            print(f"{mark} {result.place}  {result.label}  {result.verdict}{'  ' + detail if detail else ''}")
    shown = ", ".join(f"{n} {k}" for k, n in sorted(counts.items()))
    print(f"{sum(counts.values())} entrypoints: {shown or 'none'}; {bad} problems")
    return 1 if bad else 0
