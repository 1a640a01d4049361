"""RBA409."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import dangerous, holders, strongest, workflow_users
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Elsewhere, Finding, rule

CREATES = (
    "workflows",
    "cronworkflows",
    "workflowtemplates",
    "clusterworkflowtemplates",
    "workfloweventbindings",
)


@rule(
    "RBA409",
    "create-workflows-as-workflow",
    on="object",
    severity="warning",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """The account of a workflow may create workflows, and so run as any account of the namespace."""
    for span, resource, verbs in dangerous(
        role, ("argoproj.io",), CREATES, frozenset({"create", "update", "patch"})
    ):
        if resource == "workflows" and verbs == ["patch"]:
            continue
        for holder in holders(role, ctx.index):
            if not workflow_users(holder, ctx.index):
                continue
            reach = strongest(holder.binding.namespace or holder.namespace, ctx.index, holder.account)
            worth = f", `{reach[0]}` with `{reach[1].role.name}` for one" if reach is not None else ""
            yield Finding(
                span,
                f"`{holder.account}`, which workflows run as, may {verbs[0]} `{resource}` and so run as any account of the namespace{worth}",
                help="start workflows from a Sensor or a CronWorkflow, or give this to the one template that needs it",
                related=[
                    (
                        Elsewhere(reach[1].binding.path, *reach[1].binding.span),
                        f"gives `{reach[0]}` its rights",
                    )
                ]
                if reach is not None
                else [],
            )
            break
