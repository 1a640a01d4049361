"""DEP106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.versions import deprecated
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("DEP106", "pod-priority", on="spec", severity="warning", keys=("podPriority",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """`podPriority` is deprecated in favour of a priority class."""
    if deprecated(ctx.argo_version) and spec.get("podPriority") is not None:
        yield Finding(
            spec.key_span("podPriority"),
            "`podPriority` is deprecated since Argo 3.6 and removed in 4.0",
            help="make a PriorityClass with that value and name it in `podPriorityClassName`",
        )
