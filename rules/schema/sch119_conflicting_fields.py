"""SCH119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule(
    "SCH119",
    "conflicting-fields",
    on="spec",
    severity="error",
    keys=("manifestFrom", "withSequence", "templateRef", "inline", "fromExpression"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Two fields that exclude each other."""
    for template in spec.all_templates:
        yield from one_of(template.mapping("resource"), "manifest", "manifestFrom")
        for step in template.children:
            yield from one_of(step.mapping("withSequence"), "count", "end")
            yield from one_of(step, "template", "templateRef", "inline")
            for artifact in step.mapping("arguments").items("artifacts"):
                yield from one_of(artifact, "from", "fromExpression")
        for artifact in template.mapping("outputs").items("artifacts"):
            yield from one_of(artifact, "from", "fromExpression")


def one_of(view: View, *fields: str) -> Iterator[Finding]:
    """The finding about a view that has several of `fields`."""
    found = [field for field in fields if view.get(field) not in (None, "")]
    if len(found) > 1:
        yield Finding(
            view.key_span(found[1]),
            f"{' and '.join(f'`{field}`' for field in found)} exclude each other",
            help="keep one",
            related=[(view.key_span(found[0]), "the first")],
        )
