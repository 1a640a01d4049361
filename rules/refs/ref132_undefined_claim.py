"""REF132."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references_objects as objects
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import is_literal, suggest
from argolint.rule import Finding, rule


@rule(
    "REF132",
    "undefined-claim",
    on="object",
    severity="warning",
    cross_file=True,
    keys=("persistentVolumeClaim",),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A volume names a claim that is not there."""
    for want in objects.wanted(obj, ctx.file):
        if want.kind != "PersistentVolumeClaim" or not is_literal(want.name):
            continue
        if ctx.index.find(want.kind, want.name, ctx.namespace):
            continue
        near = suggest(want.name, ctx.index.names(want.kind, ctx.namespace))
        if near or ctx.external_severity == "error":
            yield Finding(
                want.name_span,
                f"PersistentVolumeClaim `{want.name}` is not among the manifests",
                help=f"did you mean `{near}`?" if near else "add it",
            )
