"""REL110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL110", "claim-not-reclaimed", on="spec", severity="info", keys=("volumeClaimTemplates",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The volumes of failed runs stay."""
    if not spec.sequence("volumeClaimTemplates") or spec.mapping("volumeClaimGC").get("strategy"):
        return
    if spec.get("ttlStrategy") is not None:
        return
    yield Finding(
        spec.key_span("volumeClaimTemplates"),
        "the claims of runs that fail are kept as long as the Workflow is",
        help="set `volumeClaimGC: {strategy: OnWorkflowCompletion}`, or a `ttlStrategy`",
    )
