"""PAR128."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import did_you_mean
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "PAR128",
    "value-not-in-enum-of-template",
    on="spec",
    severity="warning",
    cross_file=True,
    keys=("workflowTemplateRef",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An argument has a value that the WorkflowTemplate does not allow."""
    ref = spec.workflow_template_ref
    if ref is None or not spec.arguments.parameters:
        return
    for fact in ctx.index.referred(ref, ctx.namespace):
        owner = ctx.index.load(fact)
        for inner in owner.workflow_specs if owner is not None else ():
            for item in spec.arguments.parameters:
                declared = inner.arguments.parameter(item.name) if item.name else None
                values = (
                    [flow.as_text(value) for value in declared.sequence("enum")]
                    if declared is not None
                    else []
                )
                value = item.get("value")
                if not values or value is None or isinstance(value, (dict, list)) or "enum" in item:
                    continue
                text = flow.as_text(value)
                if text not in values and "{{" not in text:
                    yield Finding(
                        item.value_span("value"),
                        f"`{text}` is not one of the values that {fact.kind} `{fact.name}` allows for `{item.name}`",
                        help=did_you_mean(text, values),
                        related=[(Elsewhere(fact.path, *fact.span), f"{fact.kind} `{fact.name}`")],
                    )
