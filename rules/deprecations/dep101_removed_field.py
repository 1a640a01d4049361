"""DEP101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import is_written_here, of_kind
from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.rule import Finding, rule
from argolint.yaml.edit import insert, reindent, replace
from argolint.yaml.nodes import Map

# Fields that became lists.
LISTS = {"schedule": "schedules", "mutex": "mutexes", "semaphore": "semaphores"}


@rule("DEP101", "removed-field", on="object", severity="error", fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field that the target release of Argo no longer has."""
    for problem, span in of_kind(obj, ctx.argo_version, "removed-field"):
        replacement = problem.args["replacement"]
        fixable = str(problem.key) in LISTS and is_written_here(problem)
        yield Finding(
            span,
            f"`{problem.key}` was removed in Argo {problem.args['removed']}",
            help=f"use `{replacement}`" if replacement else "delete it",
            fix=as_list(View(problem.container), str(problem.key), ctx) if fixable else None,
        )


def as_list(view: View, key: str, ctx: Context) -> list[Edit] | None:
    """`key: value` as a list of that one value under its new name."""
    value, span = view.get(key), view.value_span(key)
    if LISTS[key] in view or value in (None, "", {}) or view.is_alias(key):
        return None
    rename = replace(view.key_span(key), LISTS[key])
    if isinstance(value, str) and view.style(key) not in ("|", ">"):
        if "\n" in ctx.source.slice(span.start, span.end):
            return None
        return rename + insert(span.start, "[") + insert(span.end, "]")
    if not isinstance(value, Map):
        return None
    if value.flow:
        return rename + insert(span.start, "[") + insert(span.end, "]")
    return rename + insert(span.start, "- ") + reindent(ctx.source, span.start, span.end, 2)
