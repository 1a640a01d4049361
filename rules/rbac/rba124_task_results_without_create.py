"""RBA124."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import ARGO_GROUP, permissions
from argolint.analysis.rbac_grant import appended, rule_added
from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.k8s import Object
from argolint.model.rbac import PolicyRule, policy_rules
from argolint.rule import Finding, rule
from argolint.yaml.nodes import plain

RESOURCE = "workflowtaskresults"


@rule(
    "RBA124",
    "task-results-without-create",
    on="object",
    kinds=("Role", "ClusterRole"),
    severity="error",
    fix="unsafe",
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role lets an account change task results but not make them, or the other way round."""
    held = permissions(plain(role.get("rules")))
    verbs = [verb for verb in ("create", "patch") if any(p.allows(ARGO_GROUP, RESOURCE, verb) for p in held)]
    if len(verbs) != 1:
        return
    lacking = "patch" if verbs == ["create"] else "create"
    for policy in policy_rules(role):
        if RESOURCE in policy.resources:
            yield Finding(
                policy.value_span("verbs"),
                f"this role may {verbs[0]} `{RESOURCE}` but not {lacking} them, so pods cannot report their results",
                help="the executor needs both: verbs [create, patch]",
                fix=_fix(role, policy, lacking, ctx) or None,
            )
            return


def _fix(role: Object, policy: PolicyRule, verb: str, ctx: Context) -> list[Edit]:
    """The verb in the rule, or in a rule of its own when this one has other resources, which should not get it."""
    if policy.resources == [RESOURCE]:
        return appended(ctx.source, policy.sequence("verbs"), verb)
    return rule_added(ctx.source, role, ARGO_GROUP, RESOURCE, [verb])
