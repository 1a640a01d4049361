"""STY107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "STY107", "required-label", on="object", severity="error", default=False,
    options={"required-labels": [], "required-annotations": []},
)  # fmt: skip
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A label or annotation that your organisation asks for is missing."""
    if obj.embedded or not (obj.is_workflow_kind or obj.kind in ("Sensor", "EventSource")):
        return
    for option, view, what in (
        ("required-labels", obj.labels, "label"),
        ("required-annotations", obj.annotations, "annotation"),
    ):
        wanted = ctx.option(option)
        for key in wanted if isinstance(wanted, (list, tuple)) else [wanted]:
            if str(key) not in view:
                yield Finding(
                    obj.name_span,
                    f"{obj.kind} `{obj.ref.name}` lacks the {what} `{key}`",
                    help=f"add it under `metadata.{what}s`",
                )
