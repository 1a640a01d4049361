"""RBA308."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import Grant, Need, covers, grants_of
from argolint.analysis.rbac_grant import runs_as
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import subjects
from argolint.rule import Finding, rule


@rule(
    "RBA308",
    "binding-in-other-namespace",
    on="object",
    kinds=("RoleBinding",),
    severity="error",
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A binding grants the rights of a workflow's pods in a namespace where that workflow does not run."""
    if not role.namespace:
        return
    for subject in subjects(role):
        home, name = subject.text("namespace"), subject.text("name")
        if subject.text("kind") != "ServiceAccount" or not home or home == role.namespace:
            continue
        grant = _reporting(role, home, name, ctx)
        if (
            grant is not None
            and runs_as(home, name, ctx.index)
            and not runs_as(role.namespace, name, ctx.index)
        ):
            yield Finding(
                role.metadata.value_span("namespace"),
                f"this binding counts in `{role.namespace}`, but the workflows that run as `{name}` are in `{home}`",
                help=f"bind the role in namespace `{home}`",
                related=[(subject.value_span("namespace"), "the account is here")],
            )


def _reporting(binding: Object, home: str, account: str, ctx: Context) -> Grant | None:
    """The grant of this binding, when it lets the account report results and nothing does so where the account lives."""
    grants = grants_of(ctx.index)
    wanted = Need(account, "argoproj.io", "workflowtaskresults", "create", "", "", "", binding.head)
    if grants.is_open(home, account) or grants.allows(home, account, wanted):
        return None
    mine = [
        g for g in grants.of(home, account) if g.binding.path == ctx.path and g.binding.name == binding.name
    ]
    return next((grant for grant in mine if covers(grant, wanted)), None)
