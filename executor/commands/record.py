"""Write a test file that answers as a run did: `argorun record RUN|FILE`.

RUN is a local run; FILE is a Workflow as `kubectl get workflow NAME -o json` prints it (`-` reads it from standard input). Values
that look like secrets are not known here: look through what was written before it goes into Git.

examples:
  argorun record @latest
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from argolint.errors import UserError

HELP = "write a test file from a run that was"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun record`."""
    parser.add_argument(
        "source", metavar="RUN|FILE", help="a local run (@latest), a Workflow's JSON or YAML, or -"
    )
    parser.add_argument("--workflow", metavar="REF", help="what the test file tests (default: what was run)")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of to standard output")


def run(args: argparse.Namespace) -> int:
    """Write it. Raises UserError."""
    import yaml

    from executor.local.record import recorded

    workflow, target = _source(args.source)
    if not ((workflow.get("status") or {}).get("nodes")):
        raise UserError(f"{args.source} has no nodes in its status", "record a Workflow that has run")
    document = recorded(workflow, args.workflow or target or _reference(workflow))
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    if args.output:
        Path(args.output).write_text(text, encoding="utf-8")
        print(args.output)
    else:
        sys.stdout.write(text)
    return 0


def _source(word: str) -> tuple[dict[str, Any], str]:
    """(the Workflow, the target that it was run from or "")."""
    from executor.local.documents import objects_in, read_text
    from executor.local.rundir import RunDirectory

    if word == "-" or Path(word).is_file():
        text = sys.stdin.read() if word == "-" else read_text(Path(word))
        found = [o for o in objects_in(word, text) if o.get("kind") == "Workflow"]
        if len(found) != 1:
            raise UserError(f"{word} has {len(found)} Workflows", "give one")
        return found[0], ""
    entry = RunDirectory.find(word)
    workflow: dict[str, Any] = json.loads(json.dumps(entry.workflows()[0]))
    targets = [str(t) for t in entry.info().get("targets") or []]
    return workflow, targets[0] if targets else ""


def _reference(workflow: dict[str, Any]) -> str:
    """KIND/NAME of what a cluster's Workflow was made from, as far as it says so."""
    reference = (workflow.get("spec") or {}).get("workflowTemplateRef") or {}
    labels = (workflow.get("metadata") or {}).get("labels") or {}
    if reference.get("name"):
        return f"{'cwft' if reference.get('clusterScope') else 'wftmpl'}/{reference['name']}"
    if labels.get("workflows.argoproj.io/cron-workflow"):
        return f"cron/{labels['workflows.argoproj.io/cron-workflow']}"
    return f"wf/{(workflow.get('metadata') or {}).get('name', 'NAME')}"
