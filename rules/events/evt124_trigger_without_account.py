"""EVT124."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import grants_of
from argolint.context import Context
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EVT124",
    "trigger-without-account",
    on="object",
    severity="warning",
    kinds=("Sensor",),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Sensor creates objects as the `default` account."""
    wanted = next((trigger for trigger in triggers(obj) if trigger.type in ("k8s", "argoWorkflow")), None)
    template = obj.spec.mapping("template")
    if wanted is None or template.get("serviceAccountName") not in (None, "", "default"):
        return
    grants = grants_of(ctx.index)
    if grants.of(ctx.namespace, "default") or grants.is_open(ctx.namespace, "default"):
        return  # it has rights: RBA113 and RBA114 say which it lacks, RBA417 that every pod has them
    at = template.value_span("serviceAccountName") if "serviceAccountName" in template else obj.name_span
    yield Finding(
        at,
        f"trigger `{wanted.name}` runs as the account `default`, which may not create anything",
        help="set `spec.template.serviceAccountName` to an account that may",
        related=[(wanted.template.value_span("name"), "the trigger")],
    )
