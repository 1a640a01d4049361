"""STR101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key


@rule(
    "STR101",
    "missing-entrypoint",
    on="spec",
    severity="error",
    fix="unsafe",
    cross_file=True,
    kinds=("Workflow", "CronWorkflow"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A Workflow or CronWorkflow does not say which template it begins with."""
    if spec.entrypoint or (
        spec.get("entrypoint") is not None and not isinstance(spec.get("entrypoint"), str)
    ):
        return
    ref = spec.workflow_template_ref
    if spec.owner.embedded and ref is None and not spec.templates:
        return  # the trigger only names what exists, or fills it in
    if ref is not None:
        owners = ctx.index.referred(ref, ctx.namespace)
        if not owners or any(owner.data.get("entrypoint") for owner in owners):
            return
        yield Finding(
            ref.name_span,
            f"neither this {spec.kind} nor {ref.object_kind} `{ref.object_name}` has an `entrypoint`",
            help="add `entrypoint` to one of them",
        )
        return
    names = [template.name for template in spec.templates if template.name]
    only = names[0] if len(names) == 1 else ""
    yield Finding(
        spec.key_span("entrypoint"),
        f"this {spec.kind} has no `entrypoint`",
        help=f"add `entrypoint: {only}`" if only else "name the template to begin with",
        fix=add_key(ctx.source, spec.map, "entrypoint", only)
        if only and spec.map.at and not spec.map.merged
        else None,
    )
