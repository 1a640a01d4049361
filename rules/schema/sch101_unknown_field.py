"""SCH101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import keeps_unknown_fields, of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("SCH101", "unknown-field", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field that the kind does not have."""
    for problem, span in of_kind(obj, ctx.argo_version, "unknown-field"):
        near = problem.suggestion
        yield Finding(
            span,
            f"{problem.args['owner']} has no field `{problem.key}`",
            help=f"did you mean `{near}`?" if near else "delete it: nothing reads it",
            severity="warning" if keeps_unknown_fields(obj) else None,
        )
