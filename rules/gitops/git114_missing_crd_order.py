"""GIT114."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.gitops import wave_of
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("GIT114", "missing-crd-order", on="object", severity="warning", kinds=("CustomResourceDefinition",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An object of a new kind stands in one file with the definition of that kind."""
    group = obj.spec.text("group")
    kind = obj.spec.mapping("names").text("kind")
    if not group or not kind or obj.embedded:
        return
    for other in [item for group in ctx.file.objects for item in group]:
        if other.kind == kind and other.group == group and wave_of(other) <= wave_of(obj):
            yield Finding(
                other.name_span,
                f"{kind} `{other.ref.name}` is applied together with the definition of {kind}: the first time, the kind is not known yet",
                help="put the definition into a file (or sync wave) of its own that comes first",
                related=[(obj.name_span, "the definition")],
            )
