"""GIT111."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from argolint.analysis.gitops import kustomizations, resources_of
from argolint.context import Context
from argolint.project.index import Index
from argolint.rule import Elsewhere, Finding, rule


@rule("GIT111", "orphan-file", on="project", severity="info", default=False)
def check(index: Index, ctx: Context) -> Iterator[Finding]:
    """A manifest beside a kustomization that does not list it."""
    folders = {}
    listed: set[str] = set()
    for fact, kustomization in kustomizations(index):
        folders[posixpath.dirname(fact.path)] = fact.path
        listed.update(resources_of(fact, kustomization))
    reported: set[str] = set()
    for item in index.objects:
        folder = posixpath.dirname(item.path)
        path = posixpath.normpath(item.path)
        if folder not in folders or path in listed or item.path == folders[folder] or path in reported:
            continue
        reported.add(path)
        yield Finding(
            Elsewhere(item.path, item.start, item.end),
            f"`{posixpath.basename(folders[folder])}` of this folder does not list this file: it is not applied",
            help="add it to `resources`, or delete it",
            object=item.ref,
        )
