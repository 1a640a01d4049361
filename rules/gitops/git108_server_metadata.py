"""GIT108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_key

DONE = "workflows.argoproj.io/completed"
LABELS = {
    "workflows.argoproj.io/phase": "the controller writes it",
    "workflows.argoproj.io/workflow-archiving-status": "the controller writes it",
}
ANNOTATIONS = {
    "kubectl.kubernetes.io/last-applied-configuration": "`kubectl apply` writes it, and compares with it",
    "deployment.kubernetes.io/revision": "the deployment controller writes it",
    "workflows.argoproj.io/pod-name-format": "the controller writes it",
}


@rule(
    "GIT108",
    "server-metadata",
    on="object",
    severity="warning",
    fix="safe",
    keys=(DONE, *LABELS, *ANNOTATIONS),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Labels and annotations that the cluster writes are committed."""
    if obj.embedded:
        return
    labels, annotations = obj.metadata.mapping("labels"), obj.metadata.mapping("annotations")
    if obj.kind == "Workflow" and labels.text(DONE) == "true":
        yield finding(
            labels, DONE, "a Workflow with this label is done: the controller never looks at it", ctx, "error"
        )
    for holder, known in ((labels, LABELS), (annotations, ANNOTATIONS)):
        for key, who in known.items():
            if key in holder:
                yield finding(holder, key, f"`{key}` is not for manifests: {who}", ctx, None)


def finding(holder: View, key: str, message: str, ctx: Context, severity: str | None) -> Finding:
    """The finding about a key of labels or annotations, with its deletion."""
    alone = len(holder.map) == 1 or key in holder.map.merged
    fix = None if alone else delete_key(ctx.source, holder.map, key)
    return Finding(holder.key_span(key), message, help="delete it", severity=severity, fix=fix)
