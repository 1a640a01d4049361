"""RBA311."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_resources import BY_NAME, GROUPS, is_slip_of_group
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "RBA311",
    "wrong-api-group",
    on="object",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    severity="error",
    fix="safe",
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A resource is not in the API groups of its rule."""
    for policy in policy_rules(role):
        groups = policy.api_groups
        if not groups or not all(group in GROUPS or is_slip_of_group(group) for group in groups):
            continue
        homes = [
            {found.group for found in BY_NAME.get(word.partition("/")[0], ())} for word in policy.resources
        ]
        for i, word in enumerate(policy.sequence("resources")):
            home = (
                sorted({found.group for found in BY_NAME.get(word.partition("/")[0], ())})
                if isinstance(word, str)
                else []
            )
            if not home or set(home) & set(groups):
                continue
            whole = len(groups) == 1 and all(home[0] in other for other in homes)
            shown = home[0] or '""'
            yield Finding(
                policy.item_span("resources", i),
                f"`{word}` is in the API group `{shown}`, not in {_listed(groups)}",
                help=f"write `apiGroups: [{shown}]`"
                if whole
                else f"give it a rule of its own, with `apiGroups: [{shown}]`",
                fix=replace(policy.item_span("apiGroups", 0), shown) if whole else None,
            )


def _listed(groups: list[str]) -> str:
    shown = [f"`{group}`" if group else 'the core group `""`' for group in groups]
    return " or ".join(shown)
