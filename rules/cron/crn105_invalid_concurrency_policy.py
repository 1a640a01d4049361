"""CRN105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import is_placeholder
from argolint.rule import Finding, rule
from argolint.suggest import nearest
from argolint.yaml.edit import replace

POLICIES = ("Allow", "Forbid", "Replace")


@rule(
    "CRN105", "invalid-concurrency-policy", on="object", severity="error", kinds=("CronWorkflow",), fix="safe"
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A concurrencyPolicy that is none of Allow, Forbid and Replace."""
    policy = obj.spec.text("concurrencyPolicy")
    if not policy or policy in POLICIES or is_placeholder(policy):
        return
    near = nearest(policy, POLICIES)
    at = obj.spec.value_span("concurrencyPolicy")
    same = near.lower() == policy.lower() and not obj.spec.is_alias("concurrencyPolicy")
    yield Finding(
        at,
        f"`concurrencyPolicy` is one of {', '.join(POLICIES)}, not `{policy}`",
        help=f"did you mean `{near}`?"
        if near
        else "Allow runs side by side, Forbid skips, Replace stops the old run",
        fix=replace(at, near) if same else None,
    )
