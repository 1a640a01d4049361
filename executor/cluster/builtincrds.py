"""The CustomResourceDefinitions of Argo's kinds that every embedded cluster has, and their upgrade.

Each carries in an annotation which shipped definition it is. A server that ships another one, or is told to use the full
schemas, replaces it; a definition that the user has put in its place (one without the annotation) is left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from argolint._data import data_dir
from argolint.schema.crds import custom_resource_definitions
from executor.cluster import crud
from executor.cluster.crud import Call
from executor.cluster.store import Entry

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

MINIMAL: Final = "minimal"
FULL: Final = "full"
MODES: Final = (MINIMAL, FULL)
SHIPPED: Final = "argolint.dev/definition"
"""Annotation of a definition: `<mode>-<hash of what was shipped>`."""
MANAGER: Final = "argolint-apiserver"
_STORAGE: Final = "customresourcedefinitions.apiextensions.k8s.io"


def mark(mode: str) -> str:
    """The annotation of the definitions that this version ships for a mode."""
    digest = hashlib.sha256()
    for name in ("crds.json", "crds-full.json") if mode == FULL else ("crds.json",):
        digest.update((data_dir("schemas") / name).read_bytes())
    return f"{mode}-{digest.hexdigest()[:16]}"


def mode_of(entries: Iterable[Entry]) -> str:
    """The mode that a data folder was last started with; minimal for a new or an old one."""
    marks = [_mark_of(entry) for entry in entries]
    return FULL if any(found.startswith(f"{FULL}-") for found in marks) else MINIMAL


def install(cluster: Cluster, mode: str = "") -> list[str]:
    """Create the missing definitions and upgrade those that another version, or mode, has made; the names of the upgraded.

    `mode` is `minimal` (a workflow's spec takes anything), `full` (upstream's structural schemas) or empty: as it was.
    """
    chosen = mode or mode_of(cluster.store.items(_STORAGE))
    current = mark(chosen)
    stored = {str(entry.obj["metadata"]["name"]): entry for entry in cluster.store.items(_STORAGE)}
    if all(_is_settled(entry, current) for entry in stored.values()) and stored:
        wanted = custom_resource_definitions()
        if all(item["metadata"]["name"] in stored for item in wanted):
            return []
    upgraded = []
    for item in custom_resource_definitions(full=chosen == FULL):
        name = str(item["metadata"]["name"])
        found = stored.get(name)
        if found is None:
            metadata = {"name": name, "annotations": {SHIPPED: current}}
            cluster.ensure(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                {"metadata": metadata, "spec": item["spec"]},
            )
        elif not _is_settled(found, current):
            _upgrade(cluster, name, item["spec"], current)
            upgraded.append(name)
    return upgraded


def _mark_of(entry: Entry) -> str:
    return str((entry.obj["metadata"].get("annotations") or {}).get(SHIPPED) or "")


def _is_settled(entry: Entry, current: str) -> bool:
    """Whether a stored definition is the one that is wanted, or the user's own."""
    mark = _mark_of(entry)
    if mark:
        return mark == current
    managers = {item.get("manager") for item in entry.obj["metadata"].get("managedFields") or ()}
    return managers != {MANAGER}  # versions before the annotation wrote theirs without it


def _upgrade(cluster: Cluster, name: str, spec: dict[str, Any], current: str) -> None:
    resource = cluster.registry.by_kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert resource is not None

    def change(obj: dict[str, Any]) -> dict[str, Any]:
        obj["spec"] = spec
        metadata = obj["metadata"]
        metadata["annotations"] = {**(metadata.get("annotations") or {}), SHIPPED: current}
        return obj

    crud.patch(cluster.writer, Call(resource, "", name, manager=MANAGER), change)
