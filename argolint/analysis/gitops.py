"""What Git tools do with a tree: sizes, kustomizations, sync waves."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterator
from typing import Any

from argolint.model.k8s import KUSTOMIZE_KINDS, PATCH_KEYS, Object, files_named
from argolint.project.facts import ObjectFact
from argolint.project.index import Index

# kubectl keeps the whole object in an annotation, and annotations have 256 KiB in all.
ANNOTATION_LIMIT = 262144


def json_size(node: Any) -> int:
    """About how many bytes a value has as compact JSON (UTF-8); exact but for escapes of control characters."""
    if isinstance(node, dict):
        return 2 + sum(len(str(key).encode()) + 4 + json_size(value) for key, value in node.items())
    if isinstance(node, list):
        return 2 + sum(1 + json_size(value) for value in node)
    if isinstance(node, str):
        return (
            2 + len(node.encode("utf-8", "replace")) + node.count("\n") + node.count('"') + node.count("\\")
        )
    return len(str(node))


def is_kustomization(obj: Object | ObjectFact, group: str = "kustomize.config.k8s.io") -> bool:
    """Whether it is a kustomization file (or, with another group, Flux's object of the same kind)."""
    if obj.kind not in KUSTOMIZE_KINDS:
        return False
    return obj.api_version.startswith(group + "/") or (
        not obj.api_version and group.startswith("kustomize.config")
    )


def kustomizations(
    index: Index, group: str = "kustomize.config.k8s.io"
) -> Iterator[tuple[ObjectFact, Object]]:
    """The kustomization files that say their kind."""
    for fact in index.of_kind(*KUSTOMIZE_KINDS):
        if is_kustomization(fact, group):
            loaded = index.load(fact)
            if loaded is not None:
                yield fact, loaded


def resources_of(fact: ObjectFact, obj: Object) -> list[str]:
    """The files and folders that a kustomization takes in, as paths like those of the index."""
    folder = posixpath.dirname(fact.path)
    found = []
    for key in ("resources", "bases", "components", "crds"):
        for item in obj.sequence(key):
            if isinstance(item, str) and "://" not in item:
                found.append(posixpath.normpath(posixpath.join(folder, item)))
    for path in files_named(obj, (*PATCH_KEYS, "replacements", "transformers", "generators")):
        found.append(posixpath.normpath(posixpath.join(folder, path)))
    return found


def wave_of(obj: Object) -> int:
    """The Argo CD sync wave; 0 when it does not say, or says no number."""
    value = obj.annotations.get("argocd.argoproj.io/sync-wave")
    try:
        return int(str(value)) if value is not None else 0
    except ValueError:
        return 0


def synced(path: str, globs: Any, index: Index) -> str:
    """Why a file is taken to be applied from Git; "" when nothing says so."""
    own = posixpath.normpath(path)
    for pattern in globs if isinstance(globs, (list, tuple)) else [globs]:
        if fnmatch.fnmatch(own, str(pattern)) or fnmatch.fnmatch(own, f"{str(pattern).rstrip('/')}/*"):
            return f"`gitops-paths` says that `{pattern}` is synced from Git"
    for fact, kustomization in kustomizations(index):
        if own in resources_of(fact, kustomization):
            return f"`{posixpath.basename(fact.path)}` lists it"
    return ""
