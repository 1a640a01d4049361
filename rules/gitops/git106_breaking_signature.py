"""GIT106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.revisions import OPTION, inputs_of, templates_of, was
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.nodes import plain


@rule(
    "GIT106",
    "breaking-signature",
    on="object",
    severity="warning",
    kinds=("WorkflowTemplate", "ClusterWorkflowTemplate"),
    options={OPTION: []},
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The change makes a shared template ask for a parameter that its callers did not have to give."""
    base = ctx.option(OPTION)
    before = was(obj, base) if base and not obj.embedded else None
    if before is None:
        return
    known = templates_of(before)
    for spec in obj.workflow_specs:
        for template in spec.templates:
            old = known.get(template.name)
            if old is None:
                continue
            asked = inputs_of(old)
            now = inputs_of(plain(template.map))
            for parameter in template.inputs.parameters:
                if now.get(parameter.name) and not asked.get(parameter.name, False):
                    yield Finding(
                        parameter.name_span,
                        f"the change makes {template.label} need `{parameter.name}`: callers that do not give it fail",
                        help="give it a `default`, or offer the new signature as a template of another name",
                    )
