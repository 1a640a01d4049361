"""RBA102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import grants_of
from argolint.analysis.rbac_lack import ineffective, lacks, role_fix
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule


@rule("RBA102", "missing-resource-permission", on="spec", severity="error", fix="unsafe", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A resource template does to an object what its account may not do."""
    grants = grants_of(ctx.index)
    for lack in lacks(spec.owner, ctx.index, ctx.namespace, "action"):
        if ineffective(lack, ctx.namespace, grants) is not None:
            continue  # RBA110, RBA111
        where = f" in namespace `{lack.namespace}`" if lack.namespace else ""
        yield Finding(
            lack.at,
            f"service account `{lack.account}` may not {' or '.join(lack.verbs)} `{lack.resource}`{where}",
            help=lack.help,
            related=[(Elsewhere(*place), text) for place, text in lack.places],
            severity=lack.severity,
            fix=role_fix(lack, ctx),
        )
