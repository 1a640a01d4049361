"""Which verbs mean a run of this machine, and when: decided before any command's module is imported."""

from __future__ import annotations

import os
from collections.abc import Sequence

# Verbs of `argorun runs` that are nothing else, and those that a cluster's workflows have too.
ONLY_LOCAL = frozenset({"tree", "explain", "shell", "artifacts", "set", "report"})
SHARED = frozenset({"get", "logs", "stop", "terminate", "suspend", "resume", "retry", "resubmit", "delete"})
CLUSTER_FLAGS = ("--kubeconfig", "--context", "-n", "--namespace", "--server", "-A", "--all-namespaces")


def redirected(argv: Sequence[str]) -> list[str]:
    """`argv`, with `runs` in front when its verb is about a local run.

    A verb that clusters have too is local when the first name is the name of a directory in `.argolint/runs` here or above,
    and no flag names a cluster.
    """
    words = list(argv)
    if words[:1] == ["cron"] and words[1:2] in (["next"], ["simulate"]):
        return ["cron-local", *words[1:]]
    if not words or words[0] not in ONLY_LOCAL | SHARED:
        return words
    if words[0] in ONLY_LOCAL:
        return ["runs", *words]
    if any(w == flag or w.startswith(f"{flag}=") for w in words[1:] for flag in CLUSTER_FLAGS):
        return words
    name = next((w for w in words[1:] if not w.startswith("-")), "")
    return ["runs", *words] if name and _is_local(name) else words


def _is_local(name: str) -> bool:
    if "/" in name or name in (".", ".."):
        return False
    here = os.getcwd()
    while True:
        runs = os.path.join(here, ".argolint", "runs")
        if os.path.isdir(runs):
            return os.path.isfile(os.path.join(runs, name, "run.json"))
        above = os.path.dirname(here)
        if above == here:
            return False
        here = above
