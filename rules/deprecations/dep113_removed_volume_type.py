"""DEP113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule

# In-tree volume plugins that Kubernetes has removed or switched off (its API reference says so of each).
GONE = frozenset(
    {
        "flocker",
        "quobyte",
        "storageos",
        "scaleIO",
        "glusterfs",
        "photonPersistentDisk",
        "rbd",
        "cephfs",
        "gitRepo",
    }
)


@rule("DEP113", "removed-volume-type", on="spec", severity="warning", keys=("volumes",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A volume of a type that Kubernetes has removed."""
    for holder in [spec, *spec.all_templates]:
        for volume in holder.items("volumes") if "volumes" in holder else ():
            for kind in volume.map:
                if kind in GONE:
                    yield Finding(
                        volume.key_span(kind),
                        f"Kubernetes no longer mounts `{kind}` volumes",
                        help="use a claim of a CSI driver" if kind != "gitRepo" else "use a git artifact",
                    )
