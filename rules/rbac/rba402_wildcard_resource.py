"""RBA402."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_least import listed, needed_resources
from argolint.analysis.rbac_power import is_machinery
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import named
from argolint.rule import Finding, rule
from argolint.yaml.edit import scalar


@rule(
    "RBA402",
    "wildcard-resource",
    on="object",
    severity="warning",
    fix="unsafe",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A rule has `*` under `resources`."""
    if is_machinery(role, ctx.index):
        return
    for policy, word, span in named(role, "resources"):
        if word != "*":
            continue
        known = needed_resources(role, policy, ctx.index)
        fix = listed(policy, "resources", known)
        yield Finding(
            span,
            "`*` grants every resource of these groups, Secrets and roles included where they are among them",
            help=f"write `resources: [{', '.join(map(scalar, known))}]`"
            if fix
            else "name what is needed: `argolint rbac` prints that for workflows",
            fix=fix or None,
        )
