"""RBA103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import grants_of
from argolint.analysis.rbac_lack import ineffective, lacks, role_fix
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule


@rule("RBA103", "missing-resource-get", on="spec", severity="error", fix="unsafe", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A resource template waits for its object, or reads it, and its account may not get it."""
    grants = grants_of(ctx.index)
    for lack in lacks(spec.owner, ctx.index, ctx.namespace, "poll"):
        if ineffective(lack, ctx.namespace, grants) is not None:
            continue  # RBA110, RBA111
        yield Finding(
            lack.at,
            lack.message,
            help=lack.help,
            related=[(Elsewhere(*place), text) for place, text in lack.places],
            severity=lack.severity,
            fix=role_fix(lack, ctx),
        )
