"""PAR119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, scalars_of
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule(
    "PAR119",
    "unused-output",
    on="spec",
    severity="info",
    default=False,
    kinds=("Workflow", "CronWorkflow"),
    keys=("outputs",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An output that nothing reads."""
    text = "\n".join(scalar.value for scalar in scalars_of(spec.owner, ctx.source, {}))
    bare = "\n".join(
        source
        for template in spec.all_templates
        for item in (*template.outputs.parameters, *template.outputs.artifacts)
        for source in (
            item.text("from"),
            item.text("fromExpression"),
            item.mapping("valueFrom").text("expression"),
            item.mapping("valueFrom").text("parameter"),
        )
    )
    everything = text + bare
    if "outputs.parameters}}" in everything:
        return
    for template in spec.templates:
        if template.name == spec.entrypoint:
            continue
        for item in template.outputs.parameters:
            if (
                item.name
                and not item.text("globalName")
                and f"outputs.parameters.{item.name}" not in everything
                and f"'{item.name}'" not in everything
                and f'"{item.name}"' not in everything
            ):
                yield Finding(
                    item.name_span,
                    f"nothing reads the output `{item.name}` of {template.label}",
                    help="remove it, or use it",
                )
