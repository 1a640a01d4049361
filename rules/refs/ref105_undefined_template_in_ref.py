"""REF105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import did_you_mean, is_literal
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "REF105", "undefined-template-in-ref", on="spec", severity="error", cross_file=True, keys=("templateRef",)
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A templateRef names an object that is in the tree but does not have the template."""
    for ref in spec.references():
        if not is_literal(ref.object_name) or not is_literal(ref.template_name):
            continue
        owners = ctx.index.referred(ref, ctx.namespace)
        if not owners or ctx.index.template(ref, ctx.namespace) is not None:
            continue
        names = [template.name for owner in owners for template in owner.templates]
        yield Finding(
            ref.template_span,
            f"{ref.object_kind} `{ref.object_name}` has no template `{ref.template_name}`",
            help=did_you_mean(ref.template_name, names),
            related=[
                (Elsewhere(owner.path, *owner.span), f"{owner.kind} `{owner.name}` is here")
                for owner in owners
            ],
        )
