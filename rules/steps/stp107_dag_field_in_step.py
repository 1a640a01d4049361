"""STP107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Step
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_key


@rule(
    "STP107",
    "dag-field-in-step",
    on="step",
    types=("steps",),
    severity="error",
    fix="unsafe",
    keys=("depends", "dependencies"),
)
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """A step has `depends` or `dependencies`, which only DAG tasks have."""
    if step.kind != "step":
        return
    for key in ("depends", "dependencies"):
        if key in step:
            yield Finding(
                step.key_span(key),
                f"{step.label} has `{key}`, which belongs to DAG tasks; the order of steps comes from their groups",
                help=f"delete it and put the step into a later group (`- - name: {step.name or '…'}`), or make the template a `dag`",
                fix=None
                if step.is_alias(key) or key in step.map.merged
                else delete_key(ctx.source, step.map, key),
            )
