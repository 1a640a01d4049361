"""DEP109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.versions import GONE_APIS, described_objects, release_of
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "DEP109",
    "deprecated-kubernetes-api",
    on="object",
    severity="error",
    fix="unsafe",
    options={"kubernetes-version": "1.31"},
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An object of an API version that Kubernetes no longer serves."""
    for found in described_objects(obj, ctx):
        gone = GONE_APIS.get((found.api_version, found.kind))
        if gone is None:
            continue
        target = release_of(ctx.option("kubernetes-version"))
        still = target is not None and target < gone.removed
        written = ctx.source.slice(found.span.start, found.span.end)
        yield Finding(
            found.span,
            f"{found.kind} of `{found.api_version}` {'will be' if still else 'was'} removed in Kubernetes {gone.removed[0]}.{gone.removed[1]}",
            help=f"use `{gone.replacement}`" + ("" if gone.same_shape else ", whose fields differ")
            if gone.replacement
            else "there is no replacement",
            severity="warning" if still else None,
            fix=replace(found.span, gone.replacement)
            if gone.same_shape and written == found.api_version
            else None,
        )
