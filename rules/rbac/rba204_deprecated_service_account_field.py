"""RBA204."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_key, replace

_TEMPLATE = ("spec", "template", "spec")
POD_SPECS = {
    "Pod": ("spec",),
    "Deployment": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "ReplicaSet": _TEMPLATE,
    "Job": _TEMPLATE,
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


@rule("RBA204", "deprecated-service-account-field", on="object", severity="warning", fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A pod spec uses `serviceAccount`, which gave way to `serviceAccountName`."""
    path = POD_SPECS.get(obj.kind)
    if path is None:
        return
    view: View = obj
    for key in path:
        view = view.mapping(key)
    if not view.text("serviceAccount"):
        return
    same = "serviceAccountName" in view
    yield Finding(
        view.key_span("serviceAccount"),
        "`serviceAccount` is deprecated in pod specs in favour of `serviceAccountName`",
        help="delete it" if same else "write `serviceAccountName`",
        fix=delete_key(ctx.source, view.map, "serviceAccount")
        if same and view.text("serviceAccountName") == view.text("serviceAccount")
        else None
        if same
        else replace(view.key_span("serviceAccount"), "serviceAccountName"),
    )
