"""EVT141."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import quote, replace


@rule(
    "EVT141",
    "binding-metadata-expression",
    on="object",
    severity="error",
    kinds=("WorkflowEventBinding",),
    fix="unsafe",
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Names, labels and annotations of a WorkflowEventBinding are expressions, and must give text."""
    for place in places(obj, ctx, "binding-metadata"):
        text = place.suggestion
        yield Finding(
            place.span,
            place.message,
            help="write a text in quotes of its own, or an expression over `payload`",
            fix=replace(place.span, quote(text)) if text is not None else None,
        )
