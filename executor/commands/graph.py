"""Draw a workflow as a graph: `argorun graph FILE|KIND/NAME|RUN [-o mermaid|dot|svg]`.

A run of this machine is drawn with its phases and times; a file or an object of the tree as it would run, with made-up outputs.

examples:
  argorun graph workflow.yaml -o svg
  argorun graph @latest
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from argolint.errors import UserError

HELP = "draw a workflow, or a run, as Mermaid, DOT or SVG"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun graph`."""
    parser.add_argument(
        "target", metavar="FILE", help="a manifest, KIND/NAME, or the name of a run (@latest)"
    )
    parser.add_argument("-o", "--output", choices=("mermaid", "dot", "svg"), default="mermaid")
    parser.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--entrypoint", metavar="TEMPLATE", help="draw this template")


def run(args: argparse.Namespace) -> int:
    """Print the graph. Raises UserError."""
    from executor.local import graph

    draw = {"mermaid": graph.mermaid, "dot": graph.dot, "svg": graph.svg}[args.output]
    workflows = _workflows(args)
    if len(workflows) > 1 and args.output == "svg":
        raise UserError(
            f"{args.target} has {len(workflows)} workflows", "name one of them, or draw another format"
        )
    for workflow in workflows:
        sys.stdout.writelines(f"{line}\n" for line in draw(workflow, datetime.now(UTC)))
    return 0


def _workflows(args: argparse.Namespace) -> list[dict[str, Any]]:
    from executor.local import prepare
    from executor.local.documents import parse_reference
    from executor.local.rundir import RunDirectory, is_run_name

    word = args.target
    if parse_reference(word) is None and word != "-" and not Path(word).exists() and is_run_name(word):
        try:
            return list(RunDirectory.find(word).workflows())
        except UserError as error:
            raise UserError(f"there is no file and no run {word}", error.remedy or "") from None
    return [_planned(args, manifest, prepare) for manifest in _chosen(args)]


def _chosen(args: argparse.Namespace) -> list[Any]:
    from executor.local import session

    inputs = session.read_input([args.target], Path.cwd())
    args.tree = inputs.tree
    return inputs.chosen


def _planned(args: argparse.Namespace, manifest: Any, prepare: Any) -> dict[str, Any]:
    """The workflow with the nodes that it would have, none of which says how it ended."""
    from executor import engine
    from executor.engine.simulate import START, automatic_for, simulate
    from executor.local import smoke, testrun

    made = prepare.with_options(
        prepare.workflow_of(manifest.object, manifest.path, START),
        prepare.parse_parameters(args.parameter, {}),
        args.entrypoint,
    )
    meta = made.get("metadata") or {}
    name = str(meta.get("name") or f"{meta.get('generateName') or 'workflow-'}plan")
    workflow = engine.new_workflow(made, name=name, uid=testrun.UID, now=START)
    context = smoke.context_of(args.tree, workflow)
    answers = automatic_for(
        workflow, *context.workflow_templates.values(), *context.cluster_workflow_templates.values()
    )
    state = simulate(workflow, answers, context=context, start=START, max_passes=testrun.MAX_PASSES).state
    status = state.get("status") or {}
    nodes = status.get("nodes") or {}
    if not nodes:
        raise UserError(f"nothing of {name} would run: {status.get('message') or 'it has no nodes'}")
    kept = ("Skipped", "Omitted", "Error")
    plain = {
        i: {**n, "phase": n.get("phase") if n.get("phase") in kept else "", "startedAt": None}
        for i, n in nodes.items()
    }
    return {**state, "status": {**status, "nodes": plain}}
