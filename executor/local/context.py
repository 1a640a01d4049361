"""What the engine may look up in a local run: the templates of the tree; ConfigMaps and Secrets go into the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from executor.engine.contract import Context
from executor.local.documents import REFERABLE, Tree
from executor.local.objects import ObjectStore

Object = dict[str, Any]
_REPOSITORY = "s3: {bucket: local, endpoint: local}\n"


def context_for(
    tree: Tree | None, workflows: Sequence[Object], store: ObjectStore, images: Any, *, real: bool = False
) -> Context:
    """The context of these workflows. `tree` None: nothing beside them is looked up."""
    spaces = {w["metadata"]["namespace"] for w in workflows}
    templates: dict[tuple[str, str], Object] = {}
    cluster: dict[str, Object] = {}
    manifests = tree.objects(REFERABLE) if tree is not None else []
    for manifest in manifests:
        obj = manifest.object
        meta = obj.get("metadata")
        if not isinstance(meta, dict) or not isinstance(meta.get("name"), str):
            continue
        kind, name = obj["kind"], meta["name"]
        if kind == "ClusterWorkflowTemplate":
            cluster.setdefault(name, obj)
            continue
        for space in [meta["namespace"]] if meta.get("namespace") else sorted(spaces):
            placed = {**obj, "metadata": {**meta, "namespace": space}}
            if kind == "WorkflowTemplate":
                templates.setdefault((space, name), placed)
            elif store.get("v1", kind, space, name) is None:
                store.put(placed)
    if not real:
        _repositories([*workflows, *templates.values(), *cluster.values()], spaces, store)
    names = {
        str(c.get("image"))
        for t in _templates(workflows, templates, cluster)
        for c in _containers(t)
        if c.get("image")
    }
    return Context(
        workflow_templates=templates,
        cluster_workflow_templates=cluster,
        artifact_repository={"s3": {"bucket": "local", "endpoint": "local"}},
        image_commands=images.commands(sorted(names)),
    )


def _repositories(objects: Sequence[Object], spaces: set[str], store: ObjectStore) -> None:
    """Stand in for artifact repositories that only the cluster has: every store is a directory here anyway."""
    for obj in objects:
        reference = _spec(obj).get("artifactRepositoryRef")
        if not isinstance(reference, dict):
            continue
        name, key = (
            str(reference.get("configMap") or "artifact-repositories"),
            str(reference.get("key") or "local"),
        )
        for space in sorted(spaces):
            if store.get("v1", "ConfigMap", space, name) is None:
                annotations = {"workflows.argoproj.io/default-artifact-repository": key}
                meta = {"name": name, "namespace": space, "annotations": annotations}
                store.put(
                    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {key: _REPOSITORY}}
                )


def _templates(
    workflows: Sequence[Object], templates: Mapping[Any, Object], cluster: Mapping[str, Object]
) -> Iterator[Object]:
    for obj in [*workflows, *templates.values(), *cluster.values()]:
        spec = _spec(obj)
        listed = spec.get("templates")
        for template in [*(listed if isinstance(listed, list) else []), spec.get("templateDefaults")]:
            if isinstance(template, dict):
                yield template


def _spec(obj: Object) -> Object:
    spec = obj.get("spec")
    return spec if isinstance(spec, dict) else {}


def _containers(template: Object) -> Iterator[Object]:
    """Every mapping with an image inside a template, inline templates included."""
    todo: list[Any] = [template]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if isinstance(item.get("image"), str):
                yield item
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
