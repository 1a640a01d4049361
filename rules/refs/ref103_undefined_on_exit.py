"""REF103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import did_you_mean, is_literal, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "REF103",
    "undefined-on-exit",
    on="spec",
    severity="error",
    fix="unsafe",
    cross_file=True,
    keys=("onExit", "hooks"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An exit handler or hook names a template that does not exist."""
    names = [template.name for template in spec.templates if template.name]
    whole = spec.workflow_template_ref
    for ref in spec.references():
        if ref.how not in ("onExit", "hook") or not is_literal(ref.local) or ref.local in names:
            continue
        known = names
        if whole is not None:
            owners = ctx.index.referred(whole, ctx.namespace)
            if not owners:
                continue
            known = [*names, *(template.name for owner in owners for template in owner.templates)]
            if ref.local in known:
                continue
        near = suggest(ref.local, known)
        what = "exit handler" if ref.how == "onExit" else "hook"
        yield Finding(
            ref.name_span,
            f"template `{ref.local}` of the {what} is not defined in this {spec.kind}",
            help=did_you_mean(ref.local, known),
            fix=replace(ref.name_span, near) if near else None,
        )
