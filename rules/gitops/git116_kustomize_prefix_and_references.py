"""GIT116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.renames import stale
from argolint.context import Context
from argolint.project.index import Index
from argolint.rule import Elsewhere, Finding, rule


@rule("GIT116", "kustomize-prefix-and-references", on="project", severity="warning")
def check(index: Index, ctx: Context) -> Iterator[Finding]:
    """kustomize renames an object, and not the references to it."""
    for one in stale(index):
        hashed = one.key.endswith("Generator")
        does = "adds a hash to the name of" if hashed else "renames"
        teach = "give the kustomization a `configurations` file with a nameReference for Argo's kinds"
        yield Finding(
            Elsewhere(one.item.path, *one.at),
            f"kustomize {does} {one.kind} `{one.name}` (`{one.key}`), and does not know this reference to it",
            help=f"set `generatorOptions: {{disableNameSuffixHash: true}}`, or {teach}" if hashed else teach,
            related=[(Elsewhere(one.kustomization.path, one.because.start, one.because.end), "here")],
            object=one.item.ref,
        )
