"""REF136."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REF136", "templated-reference", on="spec", severity="info", default=False)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A template is named by a tag, so nobody can tell what is called."""
    for ref in spec.references():
        for name, span in (
            (ref.local, ref.name_span),
            (ref.object_name, ref.object_span),
            (ref.template_name, ref.template_span),
        ):
            if "{{" in name:
                yield Finding(
                    span,
                    f"`{name}` is known at run time only: neither the template nor its arguments are checked",
                    help="name the template, or choose between steps with `when`",
                )
