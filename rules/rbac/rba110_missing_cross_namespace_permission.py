"""RBA110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import grants_of
from argolint.analysis.rbac_lack import ineffective, lacks
from argolint.analysis.rbac_least import role_elsewhere
from argolint.analysis.rbac_resources import is_cluster_scoped
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "RBA110", "missing-cross-namespace-permission", on="spec", severity="error", fix="unsafe", cross_file=True
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A resource template acts in another namespace; its account has the rights, but not there."""
    grants = grants_of(ctx.index)
    for lack in lacks(spec.owner, ctx.index, ctx.namespace, "action", "poll"):
        grant = ineffective(lack, ctx.namespace, grants)
        if grant is None or is_cluster_scoped(lack.group, lack.resource):
            continue
        yield Finding(
            lack.at,
            f"service account `{lack.account}` may {lack.verbs[0]} `{lack.resource}` in `{grant.namespace}`, but this acts in `{lack.namespace}`",
            help=f"add a Role and a RoleBinding in namespace `{lack.namespace}`; its subject names the namespace of the account",
            fix=role_elsewhere(
                lack.account, ctx.namespace, lack.namespace, (lack.group, lack.resource, lack.verbs), ctx
            )
            or None,
            related=[
                (
                    Elsewhere(grant.binding.path, *grant.binding.span),
                    f"this binding counts in `{grant.namespace}`",
                )
            ],
        )
