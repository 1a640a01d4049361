"""RBA310."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.analysis.rbac_resources import BY_NAME, meant_resource
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import named
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "RBA310",
    "unknown-resource",
    on="object",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    severity="warning",
    fix="safe",
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A resource is named by its kind, singular or short name."""
    for policy, word, span in named(role, "resources"):
        parts = [part for part in re.split(r"[,\s]+", word) if part]
        if len(parts) > 1:
            yield Finding(
                span,
                f"`{word}` is one string; each resource is an item of its own",
                help=f"write `[{', '.join(parts)}]`",
                fix=replace(span, ", ".join(parts)) if policy.sequence("resources").flow else None,
            )
            continue
        meant = meant_resource(word)
        groups = {found.group for found in BY_NAME.get(meant.partition("/")[0], ())}
        upper = word != word.lower()
        if not upper and (not meant or not (groups & set(policy.api_groups) or "*" in policy.api_groups)):
            continue
        yield Finding(
            span,
            f"`{word}` is no resource; rules name resources in the plural and in lower case",
            help=f"write `{meant}`" if meant else "",
            fix=replace(span, meant) if meant else None,
        )
