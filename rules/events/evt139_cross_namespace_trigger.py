"""EVT139."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import grants_of
from argolint.context import Context
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule("EVT139", "cross-namespace-trigger", on="object", severity="info", kinds=("Sensor",), cross_file=True)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Sensor creates objects in another namespace, and nothing among the manifests lets it."""
    account = str(obj.dig("spec", "template", "serviceAccountName") or "default")
    if not ctx.namespace or not is_literal(account):
        return
    grants = grants_of(ctx.index)
    if grants.knows(ctx.namespace, account) or grants.is_open(ctx.namespace, account):
        return  # the rules on roles say more
    for trigger in triggers(obj):
        resource = trigger.resource
        if resource is None or trigger.type not in ("k8s", "argoWorkflow"):
            continue
        target = resource.namespace
        if target and is_literal(target) and target != ctx.namespace:
            yield Finding(
                resource.metadata.value_span("namespace"),
                f"account `{account}` of `{ctx.namespace}` creates this {resource.kind} in `{target}`: nothing here lets it",
                help=f"add a Role in `{target}`, and a RoleBinding to the account of `{ctx.namespace}`",
            )
