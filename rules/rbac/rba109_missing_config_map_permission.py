"""RBA109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_lack import lacks
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.rule_rbac import finding_of


@rule(
    "RBA109",
    "missing-config-map-permission",
    on="spec",
    severity="warning",
    fix="unsafe",
    cross_file=True,
    keys=("hdfs",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The Kerberos configuration of an HDFS artifact is in a ConfigMap that the account may not get."""
    for lack in lacks(spec.owner, ctx.index, ctx.namespace, "configmap"):
        yield finding_of(lack, ctx)
