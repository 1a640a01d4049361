"""SCH115."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("SCH115", "non-scalar-parameter-value", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A list or mapping as a parameter's value, which Argo reads as an empty string."""
    for problem, span in of_kind(obj, ctx.argo_version, "wrong-type"):
        if problem.args["code"] != "a":
            continue
        yield Finding(
            span,
            f"`{problem.key}` of a parameter is text; Argo reads {problem.args['found']} here as an empty string",
            help="write it as JSON in quotes, or with `|`",
        )
