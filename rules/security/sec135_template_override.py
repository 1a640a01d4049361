"""SEC135."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule

_KEYS = (
    "podSpecPatch",
    "serviceAccountName",
    "securityContext",
    "hostNetwork",
    "volumes",
    "automountServiceAccountToken",
    "executor",
    "templateDefaults",
)


@rule(
    "SEC135",
    "template-override",
    on="spec",
    severity="warning",
    kinds=(
        "Workflow",
        "CronWorkflow",
    ),
    keys=("workflowTemplateRef",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A Workflow overrides what its WorkflowTemplate says about privileges."""
    if spec.workflow_template_ref is None or spec.templates:
        return
    for key in _KEYS:
        if key in spec and key != "serviceAccountName":
            yield Finding(
                spec.key_span(key),
                f"`{key}` overrides what the WorkflowTemplate says; controllers that restrict references refuse it",
                help="set it in the WorkflowTemplate",
            )
    gc = spec.mapping("artifactGC")
    for key in ("podSpecPatch", "serviceAccountName", "podMetadata"):
        if key in gc:
            yield Finding(
                gc.key_span(key),
                f"`artifactGC.{key}` overrides the WorkflowTemplate; controllers that restrict references refuse it",
            )
