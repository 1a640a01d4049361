"""GIT116."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from argolint.analysis.gitops import kustomizations, resources_of
from argolint.context import Context
from argolint.project.index import Index
from argolint.rule import Elsewhere, Finding, rule

REFERRED = ("WorkflowTemplate", "ClusterWorkflowTemplate")


@rule("GIT116", "kustomize-prefix-and-references", on="project", severity="warning")
def check(index: Index, ctx: Context) -> Iterator[Finding]:
    """`namePrefix` renames a WorkflowTemplate, and not the references to it."""
    for fact, kustomization in kustomizations(index):
        keys = [key for key in ("namePrefix", "nameSuffix") if kustomization.get(key)]
        if not keys or "configurations" in kustomization:
            continue  # configurations may teach it the references
        files = set(resources_of(fact, kustomization))
        inside = [item for item in index.objects if covered(item.path, files)]
        names = {(item.kind, item.name) for item in inside if item.kind in REFERRED and not item.embedded_in}
        for item in inside:
            for reference in item.references:
                if (reference.object_kind, reference.object_name) in names:
                    at = kustomization.key_span(keys[0])
                    yield Finding(
                        Elsewhere(item.path, reference.start, reference.end, reference.where),
                        f"kustomize renames {reference.object_kind} `{reference.object_name}` (`{keys[0]}`), and does not know this reference to it",
                        help="give the kustomization a `configurations` file with a nameReference for Argo's kinds",
                        related=[(Elsewhere(fact.path, at.start, at.end), "here")],
                        object=item.ref,
                    )


def covered(path: str, files: set[str]) -> bool:
    """Whether a file is listed, or lies in a folder that is."""
    own = posixpath.normpath(path)
    return own in files or any(own.startswith(f"{item}/") for item in files)
