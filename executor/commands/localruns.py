"""Which verbs mean a run of this machine, and when: decided before any command's module is imported."""

from __future__ import annotations

import os
from collections.abc import Sequence

from executor.local.nearest import folder_with_runs

# Verbs of `argorun runs` that are nothing else, and those that a cluster's workflows have too.
ONLY_LOCAL = frozenset({"tree", "explain", "shell", "artifacts", "set", "report"})
SHARED = frozenset({"get", "logs", "stop", "terminate", "suspend", "resume", "retry", "resubmit", "delete"})
CLUSTER_FLAGS = ("--kubeconfig", "--context", "-n", "--namespace", "--server", "-A", "--all-namespaces")


def redirected(argv: Sequence[str]) -> list[str]:
    """`argv`, with `runs` in front when its verb is about a local run.

    A verb that clusters have too is local when no flag names a cluster, and the first name is the name of a directory in
    `.argolint/runs` here or above; or it is `@latest`, and there is no embedded cluster beside the runs; or there are runs,
    and no cluster is known at all.
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
    names = [w for w in words[1:] if not w.startswith("-")]
    return ["runs", *words] if _are_local(names) else words


def _are_local(names: Sequence[str]) -> bool:
    """Whether the words of a command (values of flags are among them) name a local run."""
    folder = folder_with_runs(os.getcwd()) if names else ""
    if not folder or "/" in names[0]:
        return False
    plain = [name for name in names if "/" not in name and name not in (".", "..")]
    if any(os.path.isfile(os.path.join(folder, "runs", name, "run.json")) for name in plain):
        return True
    cluster = os.path.join(folder, "cluster")
    if names[0] == "@latest":
        return not os.path.isdir(cluster)
    known = (os.environ.get("KUBECONFIG"), cluster, os.path.expanduser("~/.kube/config"))
    return not any(path and os.path.exists(path) for path in known)
