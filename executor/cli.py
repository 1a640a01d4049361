"""`argorun`: run workflows on a laptop, in an embedded cluster, or as a cluster's controller."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from argolint import __version__
from argolint.clikit import Command, dispatch, guarded
from executor.commands.localruns import redirected

COMMANDS = {
    "run": Command("executor.commands.run", "run a workflow from a file, with no cluster"),
    "simulate": Command(
        "executor.commands.simulate", "go through a workflow in virtual time, with mocked steps"
    ),
    "test": Command("executor.commands.test", "test workflows with mocked steps"),
    "record": Command("executor.commands.record", "write a test file from a run that was"),
    "runs": Command(
        "executor.commands.runs", "list, show, resume, retry and clean up the runs of this machine"
    ),
    "graph": Command("executor.commands.graph", "draw a workflow, or a run, as Mermaid, DOT or SVG"),
    "event": Command(
        "executor.commands.event", "send an event through Sensors or event bindings, and see what comes of it"
    ),
    "cron-local": Command(
        "executor.commands.cron_local", "`cron next|simulate`: when CronWorkflows run, without a cluster"
    ),
    "secrets": Command(
        "executor.commands.secrets", "list the secrets that workflows need, or write a file for them"
    ),
    "up": Command("executor.commands.up", "start the embedded cluster and its controllers"),
    "down": Command("executor.commands.down", "stop the embedded cluster"),
    "status": Command("executor.commands.status", "say what of the embedded cluster is running"),
    "kubeconfig": Command("executor.commands.kubeconfig", "print the embedded cluster's kubeconfig"),
    "controller": Command("executor.commands.controller", "run the workflow controller against any cluster"),
    "kubelet": Command("executor.commands.kubelet", "run the pods of an embedded cluster on this machine"),
    "apiserver": Command("executor.commands.apiserver", "serve the embedded Kubernetes API"),
    "backup": Command("executor.commands.backup", "save the embedded cluster to a file, or restore it"),
    "submit": Command("executor.commands.submit", "create a Workflow in a cluster, and watch it if asked"),
    "get": Command("executor.commands.get", "show a Workflow of a cluster as a tree"),
    "logs": Command("executor.commands.logs", "print the logs of a Workflow's pods"),
    "list": Command("executor.commands.list", "list the Workflows of a cluster"),
    "watch": Command("executor.commands.watch", "watch a Workflow until it has ended"),
    "wait": Command("executor.commands.wait", "wait until Workflows have ended"),
    "stop": Command("executor.commands.stop", "stop Workflows; their exit handlers run"),
    "terminate": Command("executor.commands.terminate", "terminate Workflows at once; no exit handlers"),
    "suspend": Command("executor.commands.suspend", "suspend Workflows"),
    "resume": Command("executor.commands.resume", "resume suspended Workflows"),
    "node": Command("executor.commands.node", "set outputs, phase or message of suspended nodes"),
    "retry": Command("executor.commands.retry", "run Workflows again from the nodes that failed"),
    "resubmit": Command("executor.commands.resubmit", "run Workflows again from the start, as new ones"),
    "delete": Command("executor.commands.delete", "delete Workflows"),
    "cron": Command(
        "executor.commands.cron", "list, show, suspend, resume or delete the CronWorkflows of a cluster"
    ),
    "template": Command(
        "executor.commands.template", "list, show or delete the WorkflowTemplates of a cluster"
    ),
}


EXAMPLES = """\
examples:
  argorun run workflow.yaml -p version=1.4.0
  argorun simulate --auto-mock manifests/
  argorun test
  argorun up --detach
  argorun submit --from workflowtemplate/release -n argo --watch --log

`argorun COMMAND --help` has the options of a command.
"""


def main(argv: Sequence[str]) -> int:
    """Run `argorun` with `argv` (without the program name) and return its exit code."""
    return dispatch(
        "argorun", __doc__ or "", COMMANDS, redirected(argv), epilog=EXAMPLES, version=__version__
    )


def entry() -> None:
    """The console script."""
    sys.exit(guarded("argorun", main))


if __name__ == "__main__":
    entry()
