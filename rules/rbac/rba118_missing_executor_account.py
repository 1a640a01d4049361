"""RBA118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import POD_TYPES, WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key, scalar


@rule(
    "RBA118",
    "missing-executor-account",
    on="spec",
    severity="error",
    fix="unsafe",
    keys=("automountServiceAccountToken",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """`automountServiceAccountToken: false` without an account for the executor: the controller refuses to make the pod."""
    if spec.mapping("executor").text("serviceAccountName"):
        return
    for template in spec.all_templates:
        if template.type not in POD_TYPES or template.mapping("executor").text("serviceAccountName"):
            continue
        own = template.get("automountServiceAccountToken")
        whose = template if own is not None else spec
        if whose.get("automountServiceAccountToken") is False:
            account = template.text("serviceAccountName") or spec.text("serviceAccountName")
            yield Finding(
                whose.value_span("automountServiceAccountToken"),
                f"the executor of {template.label} has no token to report with",
                help="set `executor: {serviceAccountName: …}` to an account that may create and patch workflowtaskresults",
                fix=add_key(
                    ctx.source,
                    whose.map,
                    "executor",
                    f"{{serviceAccountName: {scalar(account)}}}",
                    after="automountServiceAccountToken",
                )
                if is_literal(account) and "executor" not in whose and not whose.map.merged
                else None,
            )
            if whose is spec:
                return
