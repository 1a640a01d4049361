"""EVT124."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("EVT124", "trigger-without-account", on="object", severity="warning", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Sensor creates objects as the `default` account."""
    wanted = next((trigger for trigger in triggers(obj) if trigger.type in ("k8s", "argoWorkflow")), None)
    template = obj.spec.mapping("template")
    if wanted is None or template.get("serviceAccountName") not in (None, "", "default"):
        return
    at = template.value_span("serviceAccountName") if "serviceAccountName" in template else obj.name_span
    yield Finding(
        at,
        f"trigger `{wanted.name}` runs as the account `default`, which may not create anything",
        help="set `spec.template.serviceAccountName` to an account that may",
        related=[(wanted.template.value_span("name"), "the trigger")],
    )
