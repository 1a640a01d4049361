"""GIT103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import CLUSTER_SCOPED, Object
from argolint.rule import Finding, rule


@rule("GIT103", "missing-namespace", on="object", severity="warning", default=False, cross_file=True)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An object says no namespace, in a tree with objects of several."""
    if obj.namespace or obj.embedded or not obj.name or obj.kind in CLUSTER_SCOPED or "metadata" not in obj:
        return
    if (
        not obj.api_version
        or obj.kind in ("Kustomization", "Application")
        or obj.group.startswith("kustomize")
    ):
        return
    named = sorted({fact.namespace for fact in ctx.index.objects if fact.namespace and not fact.embedded_in})
    if len(named) > 1:
        yield Finding(
            obj.name_span,
            f"{obj.kind} `{obj.name}` says no namespace, and the tree has objects of {len(named)}: {', '.join(named[:4])}",
            help="add `metadata.namespace`, or let the kustomization or Application set it",
        )
