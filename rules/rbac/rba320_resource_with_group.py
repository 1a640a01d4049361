"""RBA320."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import named
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "RBA320",
    "resource-with-group",
    on="object",
    kinds=("Role", "ClusterRole"),
    severity="error",
    fix="unsafe",
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A resource is written with its API group behind it, as on the command line: that grants nothing."""
    for policy, word, span in named(role, "resources"):
        resource, slash, sub = word.partition("/")
        name, dot, group = resource.partition(".")
        if not dot or not name or "." not in group:
            continue
        here = group in policy.api_groups or "*" in policy.api_groups
        yield Finding(
            span,
            f"no resource is called `{word}`: the group `{group}` belongs under `apiGroups`, and this grants nothing",
            help=f"write `{name}{slash}{sub}`"
            if here
            else f"write `{name}{slash}{sub}`, with `apiGroups: [{group}]`",
            fix=replace(span, f"{name}{slash}{sub}") if here else None,
        )
