"""REF133."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import is_literal, suggest
from argolint.rule import Finding, rule

BUILTIN = frozenset({"system-cluster-critical", "system-node-critical"})


@rule(
    "REF133",
    "undefined-priority-class",
    on="spec",
    severity="warning",
    cross_file=True,
    keys=("podPriorityClassName", "priorityClassName"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A PriorityClass that is not there."""
    places: list[tuple[View, str]] = [(spec, "podPriorityClassName")]
    places += [(template, "priorityClassName") for template in spec.all_templates]
    for view, key in places:
        name = view.text(key)
        if not name or name in BUILTIN or not is_literal(name) or ctx.index.find("PriorityClass", name):
            continue
        near = suggest(name, [*ctx.index.names("PriorityClass"), *BUILTIN])
        if near or ctx.external_severity == "error":
            yield Finding(
                view.value_span(key),
                f"PriorityClass `{name}` is not among the manifests",
                help=f"did you mean `{near}`?" if near else "add it",
            )
