"""RBA304."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import RBAC_GROUP
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import subjects
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "RBA304",
    "wrong-subject-api-group",
    on="object",
    kinds=("RoleBinding", "ClusterRoleBinding"),
    severity="error",
    fix="safe",
)
def check(binding: Object, ctx: Context) -> Iterator[Finding]:
    """`apiGroup` of a subject is not the one of its kind."""
    for subject in subjects(binding):
        kind, group = subject.text("kind"), subject.get("apiGroup")
        if not isinstance(group, str) or kind not in ("ServiceAccount", "User", "Group"):
            continue
        wanted = "" if kind == "ServiceAccount" else RBAC_GROUP
        if group != wanted:
            span = subject.value_span("apiGroup")
            yield Finding(
                span,
                f"the apiGroup of a {kind} subject is `{wanted}`, not `{group}`"
                if wanted
                else f"a {kind} subject has no apiGroup",
                help="write `apiGroup: " + (wanted or '""') + "`",
                fix=replace(span, wanted or '""'),
            )
