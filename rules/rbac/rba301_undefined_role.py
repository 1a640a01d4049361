"""RBA301."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import BUILTIN_ROLES
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import role_ref
from argolint.project.index import did_you_mean, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "RBA301", "undefined-role", on="object", kinds=("RoleBinding", "ClusterRoleBinding"), severity="warning",
    fix="unsafe", cross_file=True,
)  # fmt: skip
def check(binding: Object, ctx: Context) -> Iterator[Finding]:
    """A binding refers to a role that is not among the manifests."""
    severity = ctx.external_severity
    reference = role_ref(binding)
    kind, name = reference.text("kind"), reference.text("name")
    if severity is None or kind not in ("Role", "ClusterRole") or not name or "{{" in name:
        return
    if kind == "ClusterRole" and (name in BUILTIN_ROLES or name.startswith("system:")):
        return
    if ctx.index.find(kind, name):
        return
    other = "ClusterRole" if kind == "Role" else "Role"
    if ctx.index.find(other, name, ctx.namespace):
        return
    known = ctx.index.names(kind, ctx.namespace)
    near = suggest(name, known)
    span = reference.value_span("name")
    yield Finding(
        span,
        f"{kind} `{name}` is not among the manifests",
        help=did_you_mean(name, known) if near else "",
        fix=replace(span, near) if near else None,
        severity="warning" if near else severity,
    )
