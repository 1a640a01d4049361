"""REF109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references_objects as objects
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REF109", "template-ref-cycle", on="spec", severity="error", cross_file=True, keys=("templateRef",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Templates of several objects call each other in a circle, and nothing ends it."""
    owner = spec.owner
    if owner.embedded or not owner.name:
        return
    for template in spec.templates:
        for step in template.children:
            target = step.target
            if target is None or not target.template_name or step.when or step.loops or step.depends:
                continue
            trail = objects.cycle((owner.kind, owner.name, template.name), target, ctx.index, ctx.namespace)
            if trail:
                shown = " -> ".join(f"{name}/{inner}" for _, name, inner in trail)
                yield Finding(
                    target.template_span,
                    f"this calls itself through other objects: {shown}",
                    help="give a step on the way a `when`, or remove the call",
                )
