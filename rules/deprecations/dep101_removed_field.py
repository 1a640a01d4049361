"""DEP101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("DEP101", "removed-field", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field that the target release of Argo no longer has."""
    for problem, span in of_kind(obj, ctx.argo_version, "removed-field"):
        replacement = problem.args["replacement"]
        yield Finding(
            span,
            f"`{problem.key}` was removed in Argo {problem.args['removed']}",
            help=f"use `{replacement}`" if replacement else "delete it",
        )
