"""RBA111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import grants_of
from argolint.analysis.rbac_lack import ineffective, lacks
from argolint.analysis.rbac_resources import is_cluster_scoped
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule


@rule("RBA111", "cluster-scoped-needs-cluster-role", on="spec", severity="error", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A resource template acts on an object outside namespaces, which a RoleBinding cannot allow."""
    grants = grants_of(ctx.index)
    for lack in lacks(spec.owner, ctx.index, ctx.namespace, "action", "poll"):
        grant = ineffective(lack, ctx.namespace, grants)
        if grant is None or not is_cluster_scoped(lack.group, lack.resource):
            continue
        yield Finding(
            lack.at,
            f"`{lack.resource}` are outside namespaces, so the {grant.binding.kind} that allows them to `{lack.account}` has no effect",
            help="put the rule into a ClusterRole and bind it with a ClusterRoleBinding",
            related=[
                (
                    Elsewhere(grant.binding.path, *grant.binding.span),
                    "this binding counts in its namespace only",
                )
            ],
        )
