"""RBA207."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_needs import may_use_api
from argolint.context import Context
from argolint.model.workflow import POD_TYPES, WorkflowSpec
from argolint.rule import Finding, rule


@rule("RBA207", "token-mounted-unnecessarily", on="spec", severity="info", default=False)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """No template speaks to the API, and all main containers get a token for it."""
    pods = [template for template in spec.all_templates if template.type in POD_TYPES]
    if (
        not pods
        or spec.get("automountServiceAccountToken") is False
        or "automountServiceAccountToken" in spec
    ):
        return
    if any(
        template.type == "resource" or may_use_api(template) or "automountServiceAccountToken" in template
        for template in pods
    ):
        return
    yield Finding(
        spec.value_span("serviceAccountName")
        if "serviceAccountName" in spec
        else spec.key_span("entrypoint"),
        "no template seems to use the Kubernetes API, but every main container has the account's token",
        help="set `automountServiceAccountToken: false` and `executor: {serviceAccountName: …}`",
    )
