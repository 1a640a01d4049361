"""`argosync`: keep WorkflowTemplates and CronWorkflows in a cluster equal to Git."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from argolint import __version__
from argolint.clikit import Command, dispatch, guarded

COMMANDS = {
    "once": Command("reconciler.commands.once", "synchronise once and exit"),
    "run": Command("reconciler.commands.run", "poll Git and keep the cluster equal to it"),
    "plan": Command(
        "reconciler.commands.plan", "say what a synchronisation would change, and change nothing"
    ),
    "apply": Command("reconciler.commands.apply", "carry out a saved plan, unless something has moved since"),
    "snapshot": Command(
        "reconciler.commands.snapshot", "export the interface of the cluster, for pull requests"
    ),
    "diff": Command("reconciler.commands.diff", "show live against wanted manifests as text"),
    "status": Command("reconciler.commands.status", "show the last known state of each target"),
    "history": Command("reconciler.commands.history", "list what was applied, newest first"),
    "why": Command("reconciler.commands.why", "say why an object is as it is"),
    "rollback": Command("reconciler.commands.rollback", "go back to an earlier revision until Git moves on"),
    "approve": Command("reconciler.commands.approve", "approve deletions that a guard holds"),
    "suspend": Command("reconciler.commands.suspend", "leave a target alone for a while"),
    "resume": Command("reconciler.commands.resume", "end a suspension"),
    "audit": Command("reconciler.commands.audit", "show or verify the audit log"),
    "get": Command(
        "reconciler.commands.get", "list targets, objects, CronWorkflows, holds or history as a table"
    ),
    "predict": Command("reconciler.commands.predict", "say what a manifest would do if it were written now"),
    "hold": Command(
        "reconciler.commands.hold", "keep an object as it is, or a field at a value, for a while"
    ),
    "release": Command("reconciler.commands.release", "end a hold"),
    "doctor": Command("reconciler.commands.doctor", "check Git, the cluster, its CRDs and our rights there"),
}


EXAMPLES = """\
examples:
  argosync plan --config argosync.yaml
  argosync once --config argosync.yaml
  argosync run --config argosync.yaml
  argosync why CronWorkflow/argo/nightly
  argosync hold CronWorkflow/argo/nightly --field spec.suspend=true --for 4h --reason INC-42

`argosync COMMAND --help` has the options of a command.
"""


def main(argv: Sequence[str]) -> int:
    """Run `argosync` with `argv` (without the program name) and return its exit code."""
    return dispatch("argosync", __doc__ or "", COMMANDS, argv, epilog=EXAMPLES, version=__version__)


def entry() -> None:
    """The console script."""
    sys.exit(guarded("argosync", main))


if __name__ == "__main__":
    entry()
