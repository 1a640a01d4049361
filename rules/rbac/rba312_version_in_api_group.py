"""RBA312."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import named
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

VERSION = lazy(r"v\d+((alpha|beta)\d+)?\Z")


@rule(
    "RBA312",
    "version-in-api-group",
    on="object",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    severity="error",
    fix="safe",
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """An API group carries a version."""
    for _, group, span in named(role, "apiGroups"):
        name, slash, version = group.rpartition("/")
        if not (slash and VERSION.match(version)) and not VERSION.match(group):
            continue
        shown = name or '""'
        yield Finding(
            span,
            f"`{group}` is an apiVersion; a rule names the group alone",
            help=f"write `{shown}`",
            fix=replace(span, shown),
        )
