"""DEP105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.versions import as_list, deprecated, synchronizations
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("DEP105", "semaphore-singular", on="spec", severity="warning", fix="safe", keys=("semaphore",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """`semaphore` is deprecated: `semaphores` is a list."""
    if not deprecated(ctx.argo_version):
        return
    for sync in synchronizations(spec):
        if sync.get("semaphore"):
            yield Finding(
                sync.key_span("semaphore"),
                "`semaphore` is deprecated since Argo 3.6 and removed in 4.0",
                help="use `semaphores`, a list",
                fix=None if "semaphore" in sync.map.merged else as_list(sync, "semaphore", ctx),
            )
