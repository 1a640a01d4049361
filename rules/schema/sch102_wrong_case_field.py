"""SCH102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import is_written_here, of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("SCH102", "wrong-case-field", on="object", severity="error", fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field that differs from the right one only by case."""
    for problem, span in of_kind(obj, ctx.argo_version, "wrong-case"):
        right = problem.args["right"]
        fixable = right not in problem.container and is_written_here(problem)
        yield Finding(
            span,
            f"`{problem.key}` is written `{right}`",
            help="field names are case-sensitive",
            fix=replace(span, right) if fixable else None,
        )
