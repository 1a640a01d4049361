"""RBA309."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.project.index import suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

VERBS = frozenset(
    {"*", "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use", "bind", "escalate",
     "impersonate", "approve", "sign", "attest", "proxy"}
)  # fmt: skip
_SUBRESOURCES = {"exec": "create", "attach": "create", "portforward": "create", "log": "get", "logs": "get"}


@rule("RBA309", "unknown-verb", on="object", kinds=("Role", "ClusterRole"), severity="error", fix="safe")
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A verb is a misspelling of one that the API server knows."""
    for policy in policy_rules(role):
        for i, verb in enumerate(policy.sequence("verbs")):
            if not isinstance(verb, str) or verb in VERBS:
                continue
            parts = [part for part in re.split(r"[,\s]+", verb) if part]
            if len(parts) > 1 and all(part in VERBS for part in parts):
                span = policy.item_span("verbs", i)
                yield Finding(
                    span,
                    f"`{verb}` is one string; each verb is an item of its own",
                    help=f"write `[{', '.join(parts)}]`",
                    fix=replace(span, ", ".join(parts)) if policy.sequence("verbs").flow else None,
                )
                continue
            if verb.lower() in _SUBRESOURCES and "pods" in policy.sequence("resources"):
                yield Finding(
                    policy.item_span("verbs", i),
                    f"`{verb}` is no verb of the Kubernetes API, so it grants nothing",
                    help=f"add a rule: `resources: [pods/{verb.lower()}]`, `verbs: [{_SUBRESOURCES[verb.lower()]}]`",
                )
                continue
            near = "*" if verb.lower() in ("all", "any") else suggest(verb, VERBS)
            if near:
                span = policy.item_span("verbs", i)
                yield Finding(
                    span,
                    f"`{verb}` is no verb of the Kubernetes API",
                    help=f"did you mean `{near}`?",
                    fix=replace(span, f'"{near}"' if near == "*" else near),
                )
