"""RBA120."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule(
    "RBA120",
    "missing-plugin-account",
    on="object",
    severity="warning",
    kinds=("ExecutorPlugin",),
    cross_file=True,
)
def check(plugin: Object, ctx: Context) -> Iterator[Finding]:
    """An executor plugin wants a token, and its account is not in the tree."""
    name = plugin.name
    sidecar = plugin.spec.mapping("sidecar")
    if sidecar.get("automountServiceAccountToken") is not True or not is_literal(name):
        return
    account = f"{name}-executor-plugin"
    if ctx.external_severity is None or ctx.index.find("ServiceAccount", account):
        return
    yield Finding(
        sidecar.key_span("automountServiceAccountToken"),
        f"the plugin runs as service account `{account}`, which is not among the manifests",
        help=f"make it, and a token Secret `{account}.service-account-token` in the namespaces where workflows run",
    )
