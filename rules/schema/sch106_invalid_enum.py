"""SCH106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import is_written_here, of_kind
from argolint.context import Context
from argolint.diagnostic import Fix
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("SCH106", "invalid-enum", on="object", severity="error", fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A value that is none of the field's constants."""
    for problem, span in of_kind(obj, ctx.argo_version, "invalid-enum"):
        value, near = problem.args["value"], problem.suggestion
        same = near.lower() == value.lower() if near else False
        fix = Fix("safe", tuple(replace(span, near))) if same and is_written_here(problem) else None
        what = f"`{problem.key}`" if isinstance(problem.key, str) else "this"
        yield Finding(
            span,
            f"{what} is one of {', '.join(problem.args['allowed'])}, not `{value}`",
            help=f"did you mean `{near}`?" if near else "",
            fix=fix,
        )
