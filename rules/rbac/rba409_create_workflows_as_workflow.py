"""RBA409."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import dangerous, holders, strongest, workflow_users
from argolint.analysis.rbac_resources import is_cluster_scoped
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import Span
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
    of_rules: dict[str, list[tuple[Span, str, str]]] = {}
    for span, resource, verbs in dangerous(
        role, ("argoproj.io",), CREATES, frozenset({"create", "update", "patch"})
    ):
        how = strongest_verb(resource, verbs)
        if how and not (role.kind == "Role" and is_cluster_scoped("argoproj.io", resource)):
            of_rules.setdefault(span.where.partition(".resources")[0], []).append((span, resource, how))
    for found in of_rules.values():
        for holder in holders(role, ctx.index):
            if not workflow_users(holder, ctx.index):
                continue
            reach = strongest(holder.binding.namespace or holder.namespace, ctx.index, holder.account)
            if reach is not None and (reach[1].role.kind, reach[1].role.name) == (role.kind, role.name):
                reach = None  # no more than it has itself
            worth = f", `{reach[0]}` with `{reach[1].role.name}` for one" if reach is not None else ""
            span, _, how = found[0]
            names = " and ".join(f"`{resource}`" for _, resource, verb in found if verb == how)
            yield Finding(
                span,
                f"`{holder.account}`, which workflows run as, may {how} {names} and so run as any account of the namespace{worth}",
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


def strongest_verb(resource: str, verbs: list[str]) -> str:
    """The verb that lets the holder start something as another account; "" when none does.

    A workflow that runs keeps its account. A new template runs only when somebody refers to it; one that others refer to can be
    changed.
    """
    if resource == "workflows":
        return "create" if "create" in verbs else "update" if "update" in verbs else ""
    if "templates" in resource:
        return next((verb for verb in ("update", "patch") if verb in verbs), "")
    return next((verb for verb in ("create", "update", "patch") if verb in verbs), "")
