"""RBA304."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import RBAC_GROUP
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import role_ref, subjects
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
    """`apiGroup` of a subject is not the one of its kind, or that of roleRef not the one of roles."""
    reference = role_ref(binding)
    group = reference.get("apiGroup")
    if isinstance(group, str) and group not in ("", RBAC_GROUP):
        span = reference.value_span("apiGroup")
        yield Finding(
            span,
            f"the apiGroup of roleRef is `{RBAC_GROUP}`, not `{group}`",
            help=f"write `apiGroup: {RBAC_GROUP}`",
            fix=replace(span, RBAC_GROUP),
        )
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
