"""SEC156."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.podsecurity import LEVELS, demands
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule

_LABEL = "pod-security.kubernetes.io/enforce"


@rule("SEC156", "refused-by-namespace", on="spec", severity="error", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The namespace enforces a Pod Security Standard that refuses the pods."""
    if not ctx.namespace:
        return
    found = [fact for fact in ctx.index.of_kind("Namespace") if fact.name == ctx.namespace]
    enforced = found[0].data.get("labels", {}).get(_LABEL) if len(found) == 1 else None
    if enforced not in ("baseline", "restricted"):
        return
    for one in demands(spec):
        if LEVELS.index(one.level) > LEVELS.index(enforced):
            yield Finding(
                one.at,
                f"namespace `{ctx.namespace}` enforces the Pod Security Standard `{enforced}`, which refuses pods with {one.what}",
                help="do without it, or run the workflow in a namespace that allows it",
                related=[(Elsewhere(found[0].path, *found[0].span), "the namespace")],
            )
