"""PAR130."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Parameter, WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("PAR130", "default-of-argument", on="spec", severity="warning", fix="unsafe")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An argument has a `default` and no `value`: only the form of the UI reads the default of an argument."""
    library = spec.kind in ("WorkflowTemplate", "ClusterWorkflowTemplate")
    holders = [spec.arguments.parameters]
    holders += [step.arguments.parameters for template in spec.all_templates for step in template.children]
    for number, parameters in enumerate(holders):
        for item in parameters:
            if "default" in item and item.get("default") is not None and unset(item):
                whole = not item.is_alias("default") and "default" not in item.map.merged
                yield Finding(
                    item.key_span("default"),
                    f"`default` of the argument `{item.name}` is not its value: only the form of the UI reads it",
                    help="write `value`; a `default` is for the inputs of templates",
                    severity="info" if library and not number else None,
                    fix=replace(item.key_span("default"), "value") if whole else None,
                )


def unset(item: Parameter) -> bool:
    """Whether an argument has neither a value nor a place to take one from."""
    return item.get("value") is None and item.get("valueFrom") is None
