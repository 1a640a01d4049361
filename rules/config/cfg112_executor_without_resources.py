"""CFG112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import is_controller_config, settings_of
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "CFG112", "executor-without-resources", on="object", severity="info", default=False, kinds=("ConfigMap",)
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The init and wait containers of every pod request nothing."""
    if not is_controller_config(obj):
        return
    found, broken = settings_of(obj, ctx)
    executor = next((item for item in found if item.name == "executor"), None)
    if broken or (executor is not None and executor.view().mapping("resources").map):
        return
    yield Finding(
        executor.key if executor is not None else obj.key_span("data"),
        "the executor's containers, one or two in each pod, request no resources",
        help="set `executor: {resources: {requests: {cpu: 10m, memory: 64Mi}}}`; namespaces with a quota need it",
    )
