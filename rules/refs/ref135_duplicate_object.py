"""REF135."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.patches import extent, kustomized
from argolint.context import Context
from argolint.model.k8s import KUSTOMIZE_KINDS
from argolint.project.facts import ObjectFact
from argolint.project.index import Index, is_literal
from argolint.rule import Elsewhere, Finding, rule


@rule("REF135", "duplicate-object", on="project", severity="error")
def check(index: Index, ctx: Context) -> Iterator[Finding]:
    """Two manifests define the same object."""
    roots = kustomize_roots(index)
    known = kustomized(index.of_kind(*KUSTOMIZE_KINDS))
    seen: dict[tuple[str, str, str, str], ObjectFact] = {}
    for fact in index.objects:
        if not fact.name or fact.embedded_in or fact.kind in KUSTOMIZE_KINDS or not is_literal(fact.name):
            continue
        if extent(fact.path, known):
            continue  # it changes the object that has this name
        folder = fact.path.rpartition("/")[0]
        # two objects of one apply: of one folder, or of what one kustomization brings together
        root = nearest_root(folder, roots)
        place = folder if root is None else f"{root}//"
        group = fact.api_version.rpartition("/")[0]
        first = seen.setdefault((place, f"{group}/{fact.kind}", fact.namespace, fact.name), fact)
        if first is fact:
            continue
        yield Finding(
            Elsewhere(fact.path, fact.start, fact.end, fact.where),
            f"{fact.kind} `{fact.name}` is defined twice",
            help="rename or remove one: the one that is applied last wins",
            related=[(Elsewhere(first.path, *first.span), "the first")],
            object=fact.ref,
            severity=None if sure(fact, first) else "warning",
        )


def sure(fact: ObjectFact, first: ObjectFact) -> bool:
    """Whether nobody can mean both: they are in one file, or templates of one folder, which upstream refuses."""
    same_folder = fact.path.rpartition("/")[0] == first.path.rpartition("/")[0]
    return fact.path == first.path or (
        same_folder and fact.kind in ("WorkflowTemplate", "ClusterWorkflowTemplate")
    )


def kustomize_roots(index: Index) -> set[str]:
    """The folders that have a kustomization."""
    names = ("kustomization.yaml", "kustomization.yml", "Kustomization")
    found = {path.rpartition("/")[0] for path in index.paths if path.rpartition("/")[2] in names}
    return found | {
        fact.path.rpartition("/")[0]
        for fact in index.of_kind("Kustomization")
        if fact.path.rpartition("/")[2] in names
    }


def nearest_root(folder: str, roots: set[str]) -> str | None:
    """The innermost folder with a kustomization around a folder; None when there is none."""
    while True:
        if folder in roots:
            return folder
        if not folder or "/" not in folder:
            return None
        folder = folder.rpartition("/")[0]
