"""Which ConfigMaps a Workflow names, so that the controller need not watch all of a cluster's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

DEFAULT_REPOSITORIES = "artifact-repositories"


def config_map_names(documents: Iterable[Any]) -> set[tuple[str | None, str]]:
    """(namespace or None for the workflow's own, name) of every ConfigMap that is named in `configMapKeyRef` and
    `artifactRepositoryRef` blocks anywhere in the documents. Names with tags in them are left out.
    """
    found: set[tuple[str | None, str]] = set()
    stack: list[Any] = list(documents)
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            reference = item.get("configMapKeyRef")
            if isinstance(reference, Mapping):
                # Semaphores keep the namespace of the lock beside the reference.
                _add(found, item.get("namespace"), reference.get("name"))
            repository = item.get("artifactRepositoryRef")
            if isinstance(repository, Mapping):
                _add(found, None, repository.get("configMap") or DEFAULT_REPOSITORIES)
            stack.extend(value for value in item.values() if isinstance(value, Mapping | list))
        elif isinstance(item, list):
            stack.extend(value for value in item if isinstance(value, Mapping | list))
    return found


def account_names(documents: Iterable[Any]) -> set[str]:
    """The service accounts that `executor` blocks anywhere in the documents name: their token secrets are mounted."""
    found: set[str] = set()
    stack: list[Any] = list(documents)
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            executor = item.get("executor")
            name = executor.get("serviceAccountName") if isinstance(executor, Mapping) else None
            if isinstance(name, str) and name and "{{" not in name:
                found.add(name)
            stack.extend(value for value in item.values() if isinstance(value, Mapping | list))
        elif isinstance(item, list):
            stack.extend(value for value in item if isinstance(value, Mapping | list))
    return found


def _add(found: set[tuple[str | None, str]], namespace: Any, name: Any) -> None:
    if isinstance(name, str) and name and "{{" not in name:
        found.add((namespace if isinstance(namespace, str) and namespace else None, name))
