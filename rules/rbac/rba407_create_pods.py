"""RBA407."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import Need
from argolint.analysis.rbac_power import dangerous, demand, is_machinery
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.facts import ObjectFact
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "RBA407",
    "create-pods",
    on="object",
    severity="warning",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role lets its accounts create pods."""
    if is_machinery(role, ctx.index):
        return
    for span, _resource, _verbs in dangerous(role, ("",), ("pods",), frozenset({"create"})):
        wanted = demand(role, "", "pods", "create", ctx.index)
        yield Finding(
            span,
            "may create pods, and with them run as any account and mount any Secret of the namespace",
            help="let it make a Workflow, whose account and pods a WorkflowTemplate settles, or use an account for this alone"
            if wanted
            else "the controller creates the pods of workflows, not their accounts; take it away",
            related=[_place(*wanted)] if wanted else [],
            severity="info" if wanted else None,
        )


def _place(need: Need, user: ObjectFact) -> tuple[Elsewhere, str]:
    path, start, end = need.origin or (user.path, need.at.start, need.at.end)
    return Elsewhere(path, start, end), need.why
