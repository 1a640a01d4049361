"""PAR123."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow_uses
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule(
    "PAR123",
    "artifact-without-repository",
    on="spec",
    severity="info",
    default=False,
    cross_file=True,
    keys=("artifacts",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An artifact has a key and no bucket, and no artifact repository is known."""
    if "artifactRepositoryRef" in spec:
        return
    if any(
        fact.name in ("artifact-repositories", "workflow-controller-configmap")
        for fact in ctx.index.of_kind("ConfigMap")
    ):
        return
    for template in spec.all_templates:
        for artifact in (*template.inputs.artifacts, *template.outputs.artifacts):
            found = flow_uses.key_of(artifact)
            if found is not None and not any(
                found[0].get(key) for key in ("bucket", "container", "addresses")
            ):
                yield Finding(
                    found[0].value_span(found[1]),
                    f"artifact `{artifact.name}` has a key and no bucket, and no artifact repository is among the manifests",
                    help="set `artifactRepositoryRef`, or the bucket",
                )
