"""RBA116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import Need, grants_of, missing
from argolint.analysis.rbac_lack import grouped
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.rule_rbac import finding_of


@rule(
    "RBA116",
    "missing-event-binding-permission",
    on="object",
    severity="warning",
    kinds=("Secret",),
    fix="unsafe",
    cross_file=True,
)
def check(secret: Object, ctx: Context) -> Iterator[Finding]:
    """An account of webhook clients may not do what WorkflowEventBindings need."""
    if secret.name != "argo-workflows-webhook-clients" or not any(
        True for _ in ctx.index.of_kind("WorkflowEventBinding")
    ):
        return
    grants = grants_of(ctx.index)
    for field in ("stringData", "data"):
        view = secret.mapping(field)
        for account in view.map:
            needs = [
                Need(
                    account,
                    "argoproj.io",
                    resource,
                    verb,
                    "",
                    "",
                    "it handles events for WorkflowEventBindings",
                    view.key_span(account),
                )
                for resource, verb in (
                    ("workfloweventbindings", "list"),
                    ("workflowtemplates", "get"),
                    ("workflows", "create"),
                )
            ]
            for lack in grouped(missing(needs, ctx.namespace, grants), ctx.namespace, grants):
                yield finding_of(lack, ctx)
