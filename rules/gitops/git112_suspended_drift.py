"""GIT112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("GIT112", "suspended-drift", on="object", severity="info", default=False, kinds=("CronWorkflow",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """`suspend` of a CronWorkflow is in Git, where a suspension by hand is reverted."""
    spec = obj.spec
    value = spec.get("suspend")
    if isinstance(value, bool) and not obj.embedded:
        said = (
            "never runs until Git says otherwise"
            if value
            else "is started again by the next sync when somebody has suspended it by hand"
        )
        yield Finding(
            spec.key_span("suspend"),
            f"with `suspend: {str(value).lower()}` in Git, the CronWorkflow {said}",
            help="leave the field out of Git, or let the Git tool ignore it",
        )
