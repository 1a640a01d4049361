"""RBA106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_lack import lacks, role_fix
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule


@rule("RBA106", "missing-artifact-gc-permission", on="spec", severity="error", fix="unsafe", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The account that deletes artifacts may not read its tasks or report on them."""
    for lack in lacks(spec.owner, ctx.index, ctx.namespace, "collect"):
        yield Finding(
            lack.at,
            lack.message,
            help=lack.help,
            related=[(Elsewhere(*place), text) for place, text in lack.places],
            severity=lack.severity,
            fix=role_fix(lack, ctx),
        )
