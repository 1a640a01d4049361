"""REL103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import strategies
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key


@rule("REL103", "retry-policy-shift", on="spec", severity="info", fix="safe", keys=("retryStrategy",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An expression without a retryPolicy: which policy applies depends on the release."""
    for strategy, label, _ in strategies(spec):
        expression = strategy.text("expression").strip()
        if expression in ("", "false") or strategy.get("retryPolicy") is not None:
            continue
        now = "Always" if ctx.argo_version >= (3, 5) else "OnFailure"
        yield Finding(
            strategy.key_span("expression"),
            f"{label} retries by an expression and names no `retryPolicy`: `OnFailure` before Argo 3.5, `Always` since",
            help=f"write `retryPolicy: {now}`, which the target release takes",
            severity="warning" if ctx.argo_version < (3, 5) else None,
            fix=None
            if strategy.map.merged
            else add_key(ctx.source, strategy.map, "retryPolicy", now, after="expression"),
        )
