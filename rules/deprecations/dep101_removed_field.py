"""DEP101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import is_written_here, of_kind
from argolint.analysis.versions import LISTS, as_list
from argolint.context import Context
from argolint.diagnostic import Fix
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.rule import Finding, rule


@rule("DEP101", "removed-field", on="object", severity="error", fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field that the target release of Argo no longer has."""
    known = ctx.settings.release_stated
    for problem, span in of_kind(obj, ctx.argo_version, "removed-field"):
        replacement = problem.args["replacement"]
        fixable = str(problem.key) in LISTS and is_written_here(problem)
        edits = as_list(View(problem.container), str(problem.key), ctx) if fixable else None
        yield Finding(
            span,
            f"`{problem.key}` was removed in Argo {problem.args['removed']}",
            help=f"use `{replacement}`" if replacement else "delete it",
            severity=None if known else "warning",
            fix=Fix("safe" if known else "unsafe", tuple(edits), "as a list") if edits else None,
        )
