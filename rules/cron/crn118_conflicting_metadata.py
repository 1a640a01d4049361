"""CRN118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("CRN118", "conflicting-metadata", on="object", severity="warning", kinds=("CronWorkflow",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A label or annotation of the workflows has two values: one beside `workflowSpec`, one in it."""
    outer = obj.spec.mapping("workflowMetadata")
    inner = obj.spec.mapping("workflowSpec").mapping("workflowMetadata")
    if not outer.map or not inner.map:
        return
    for field in ("labels", "annotations"):
        first, second = outer.mapping(field), inner.mapping(field)
        for key in first.map:
            if key in second and second.get(key) != first.get(key):
                yield Finding(
                    first.value_span(str(key)),
                    f"the {field[:-1]} `{key}` has another value in `workflowSpec.workflowMetadata`, and that is the one that workflows end up with",
                    help="keep one of the two",
                    related=[(second.value_span(str(key)), "the other value")],
                )
