"""DEP104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.versions import as_list, deprecated, synchronizations
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("DEP104", "mutex-singular", on="spec", severity="warning", fix="safe", keys=("mutex",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """`mutex` is deprecated: `mutexes` is a list."""
    if not deprecated(ctx.argo_version):
        return
    for sync in synchronizations(spec):
        if sync.get("mutex"):
            yield Finding(
                sync.key_span("mutex"),
                "`mutex` is deprecated since Argo 3.6 and removed in 4.0",
                help="use `mutexes`, a list",
                fix=None if "mutex" in sync.map.merged else as_list(sync, "mutex", ctx),
            )
