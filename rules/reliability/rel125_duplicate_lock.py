"""REL125."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import locks_of
from argolint.context import Context
from argolint.model.view import Span, View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL125", "duplicate-lock", on="spec", severity="error", keys=("synchronization",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """One `synchronization` names the same lock twice."""
    for holder in [spec, *spec.all_templates]:
        seen: dict[tuple[str, ...], Span] = {}
        for key, label, span in [*locks_of(holder), *semaphores(holder)]:
            if key in seen:
                yield Finding(
                    span,
                    f"{label} is listed twice: the node ends in “duplicate synchronization item found”",
                    help="delete one of the two",
                    related=[(seen[key], "the first")],
                )
            seen.setdefault(key, span)


def semaphores(holder: View) -> Iterator[tuple[tuple[str, ...], str, Span]]:
    """The semaphores of ConfigMaps with literal names."""
    for view in holder.mapping("synchronization").items("semaphores"):
        ref = view.mapping("configMapKeyRef")
        name, key = ref.text("name"), ref.text("key")
        if name and key and "{{" not in name + key:
            yield (
                ("semaphore", name, key, view.text("namespace")),
                f"semaphore `{name}/{key}`",
                ref.value_span("key"),
            )
