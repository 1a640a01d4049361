"""DEP102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("DEP102", "field-too-new", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field that a release later than the target brought."""
    for problem, span in of_kind(obj, ctx.argo_version, "field-too-new"):
        major, minor = ctx.argo_version
        yield Finding(
            span,
            f"`{problem.key}` needs Argo {problem.args['since']}; the target is {major}.{minor}",
            help="remove it, or raise `argo-version` if the cluster has that release",
        )
