"""Deleting artifacts (upstream: artifact_gc.go): when, by which pods, and what is noted.

A strategy's time comes with the workflow's end or its deletion. All artifacts of one strategy that share a service account
and pod metadata are deleted by one pod, which works off a WorkflowArtifactGCTask and writes there what came of it. A finalizer
keeps the Workflow until all is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from executor.engine import names, podparts
from executor.engine.artifacts import archive_location
from executor.engine.contract import CreateObject, DeleteObject
from executor.engine.faults import TemplateFault
from executor.engine.inputs import named
from executor.engine.merge import POD_KEYS, merge
from executor.engine.resolve import node_template
from executor.engine.run import Run

PREFIX = "workflows.argoproj.io/"
FINALIZER = f"{PREFIX}artifact-gc"
COMPLETION, DELETION = "OnWorkflowCompletion", "OnWorkflowDeletion"
_SHORT = {COMPLETION: "wfcomp", DELETION: "wfdel"}
_PASSING_PHASES = ("Succeeded", "Failed")


class Doomed(NamedTuple):
    """An artifact that a strategy wants deleted, and the node that made it."""

    node_id: str
    artifact: Mapping[str, Any]
    settings: Mapping[str, Any]


def strategy_of(artifact: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    """When an artifact is to be deleted: its own word, else the workflow's, else never (an empty text)."""
    for settings in (artifact.get("artifactGC"), spec.get("artifactGC")):
        strategy = str((settings or {}).get("strategy") or "")
        if strategy:
            return strategy if strategy in _SHORT else ""
    return ""


def add_finalizer(run: Run) -> None:
    """Keep the Workflow until its artifacts are deleted, if any template declares some that are to be."""
    if not run.context.artifact_gc or FINALIZER in (run.metadata.get("finalizers") or ()):
        return
    templates = [*(run.spec.get("templates") or ()), *(run.status.get("storedTemplates") or {}).values()]
    declared = (a for t in templates for a in (t.get("outputs") or {}).get("artifacts") or ())
    if any(strategy_of(artifact, run.spec) for artifact in declared):
        run.metadata["finalizers"] = [*(run.metadata.get("finalizers") or ()), FINALIZER]
        run.changed = True


def collect(run: Run, tasks: Iterable[Mapping[str, Any]], pods: Iterable[Mapping[str, Any]]) -> None:
    """Delete what may be deleted now; take over what the pods that did so have reported; lift the finalizer at the end."""
    if not run.context.artifact_gc or FINALIZER not in (run.metadata.get("finalizers") or ()):
        return
    for task in tasks:
        _take_over(run, task)
    for strategy, ready in ((COMPLETION, True), (DELETION, bool(run.metadata.get("deletionTimestamp")))):
        processed = (run.status.get("artifactGCStatus") or {}).get("strategiesProcessed") or {}
        if ready and not processed.get(strategy):
            _begin(run, strategy)
    for pod in pods:
        _recoup(run, pod)
    _finish(run)


def doomed(run: Run, strategies: Iterable[str]) -> Iterator[Doomed]:
    """The artifacts of these strategies that have not been deleted."""
    wanted = set(strategies)
    for identity, node in run.nodes.items():
        if node.get("type") != "Pod":
            continue
        declared = _declared(run, node)
        for artifact in (node.get("outputs") or {}).get("artifacts") or ():
            full = {**artifact, **_gc_part(named(declared, artifact.get("name")))}
            if strategy_of(full, run.spec) in wanted and not artifact.get("deleted"):
                settings = {**(run.spec.get("artifactGC") or {}), **(full.get("artifactGC") or {})}
                yield Doomed(identity, full, settings)


def _declared(run: Run, node: Mapping[str, Any]) -> Any:
    found = node_template(run, node)
    return (found.template.get("outputs") or {}).get("artifacts") if found else ()


def _gc_part(declared: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"artifactGC": declared["artifactGC"]} if declared and declared.get("artifactGC") else {}


def pod_name(workflow: str, strategy: str, settings: Mapping[str, Any]) -> str:
    """The pod that deletes the artifacts of a strategy with these settings: one for each account and metadata."""
    metadata = settings.get("podMetadata") or {}
    text = str(settings.get("serviceAccountName") or "")
    for part in ("labels", "annotations"):
        text += "".join(f"{k}{v}" for k, v in sorted((metadata.get(part) or {}).items()))
    return f"{workflow}-artgc-{_SHORT[strategy]}-{names.fnv1a(text)}"


def _begin(run: Run, strategy: str) -> None:
    groups: dict[str, list[Doomed]] = {}
    for one in doomed(run, [strategy]):
        groups.setdefault(pod_name(run.name, strategy, one.settings), []).append(one)
    for name, members in groups.items():
        run.command(CreateObject(_task(run, name, members)))
        run.command(CreateObject(_pod(run, name, strategy, members)))
        _note(run, "podsRecouped", name, False)
    _note(run, "strategiesProcessed", strategy, True)


def _note(run: Run, field: str, key: str, value: bool) -> None:
    status = run.status.get("artifactGCStatus") or {}
    run.set_status("artifactGCStatus", {**status, field: {**(status.get(field) or {}), key: value}})


def _task(run: Run, name: str, members: list[Doomed]) -> dict[str, Any]:
    by_node: dict[str, dict[str, Any]] = {}
    for node_id, artifact, _ in members:
        entry = by_node.get(node_id)
        if entry is None:
            location = _location(run, node_id)
            entry = by_node[node_id] = {
                **({"archiveLocation": location} if location else {}),
                "artifacts": {},
            }
        entry["artifacts"][str(artifact.get("name"))] = dict(artifact)
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowArtifactGCTask",
        "metadata": {
            "name": f"{name}-0",
            "namespace": run.namespace,
            "labels": {f"{PREFIX}artifact-gc-pod": _task_label(name)},
            "ownerReferences": [podparts.owner(run)],
        },
        "spec": {"artifactsByNode": by_node},
        "status": {},
    }


def _location(run: Run, node_id: str) -> dict[str, Any]:
    """Where the artifacts of a node are, apart from the key (each artifact has its own)."""
    found = node_template(run, run.nodes[node_id])
    location = archive_location(run, found.template if found else {})
    location.pop("archiveLogs", None)
    return {
        kind: {k: v for k, v in place.items() if k not in ("key", "blob", "path")} if isinstance(place, Mapping) else place
        for kind, place in location.items()
    }  # fmt: skip


def _environment(name: str) -> list[dict[str, Any]]:
    """What `argoexec artifact delete` reads: the label value of its tasks, and what every argoexec asks for when it starts."""
    own = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}
    return [
        {"name": "ARGO_POD_NAME", "valueFrom": own},
        {"name": "ARGO_TEMPLATE", "value": "{}"},
        {"name": "ARGO_DEADLINE", "value": "0001-01-01T00:00:00Z"},
        {"name": "ARGO_ARTIFACT_POD_NAME", "value": _task_label(name)},
    ]


def _task_label(name: str) -> str:
    """The value of the label by which a pod finds its tasks: a hash of its name, which may be too long for a label."""
    return str(names.fnv1a(name))


def _pod(run: Run, name: str, strategy: str, members: list[Doomed]) -> dict[str, Any]:
    settings = members[0].settings
    metadata = settings.get("podMetadata") or {}
    places: list[Any] = [m.artifact for m in members] + [_location(run, m.node_id) for m in members]
    volumes, mounts = podparts.secret_volumes(places)
    account = settings.get("serviceAccountName")
    spec: dict[str, Any] = {
        "volumes": volumes,
        "containers": [
            {
                "name": "main",
                "image": run.context.executor_image,
                "command": ["argoexec"],
                "args": ["artifact", "delete", "--loglevel", "info"],
                "env": _environment(name),
                "resources": {
                    "limits": {"cpu": "100m", "memory": "64Mi"},
                    "requests": {"cpu": "50m", "memory": "32Mi"},
                },
                "securityContext": {"capabilities": {"drop": ["ALL"]}, "allowPrivilegeEscalation": False},
                "volumeMounts": mounts,
            }
        ],
        "automountServiceAccountToken": True,
        "restartPolicy": "Never",
        **({"serviceAccountName": account} if account else {}),
        **({"imagePullSecrets": run.spec["imagePullSecrets"]} if run.spec.get("imagePullSecrets") else {}),
    }
    if settings.get("podSpecPatch"):
        try:
            spec = merge(spec, podparts.read_patch(str(settings["podSpecPatch"])), POD_KEYS)
        except TemplateFault as error:
            run.set_condition("ArtifactGCError", "True", str(error))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": run.namespace,
            "labels": {
                f"{PREFIX}workflow": run.name,
                f"{PREFIX}component": "artifact-gc",
                f"{PREFIX}completed": "false",
                **(metadata.get("labels") or {}),
            },
            "annotations": {f"{PREFIX}artifact-gc-strategy": strategy, **(metadata.get("annotations") or {})},
            "ownerReferences": [podparts.owner(run)],
        },
        "spec": spec,
    }


def _take_over(run: Run, task: Mapping[str, Any]) -> None:
    """Mark the artifacts that are gone; say of the others why not."""
    problems = []
    results = ((task.get("status") or {}).get("artifactResultsByNode")) or {}
    for node_id, entry in sorted(results.items()):
        node = run.nodes.get(node_id)
        if node is None:
            continue
        gone = set()
        for name, result in sorted(((entry or {}).get("artifactResults") or {}).items()):
            if result.get("success"):
                gone.add(name)
            else:
                problems.append(str(result.get("error") or f"artifact {name} of {node_id} was not deleted"))
        outputs = node.get("outputs") or {}
        artifacts = [
            {**a, "deleted": True} if a.get("name") in gone else a for a in outputs.get("artifacts") or ()
        ]
        if artifacts != (outputs.get("artifacts") or []):
            run.put(node_id, outputs={**outputs, "artifacts": artifacts})
    if problems:
        run.set_condition("ArtifactGCError", "True", problems[0])


def _recoup(run: Run, pod: Mapping[str, Any]) -> None:
    """A pod that has ended is done with, and so is its task."""
    metadata = pod.get("metadata") or {}
    name, phase = str(metadata.get("name") or ""), (pod.get("status") or {}).get("phase")
    known = (run.status.get("artifactGCStatus") or {}).get("podsRecouped") or {}
    if phase not in _PASSING_PHASES or known.get(name) is not False:
        return
    if phase == "Failed":
        strategy = (metadata.get("annotations") or {}).get(f"{PREFIX}artifact-gc-strategy", "")
        why = (pod.get("status") or {}).get("message") or "see its logs"
        run.set_condition(
            "ArtifactGCError", "True", f"Artifact Garbage Collection failed for strategy {strategy}, pod {name} failed: {why}"
        )  # fmt: skip
    _note(run, "podsRecouped", name, True)
    run.command(DeleteObject("argoproj.io/v1alpha1", "WorkflowArtifactGCTask", run.namespace, f"{name}-0"))


def _finish(run: Run) -> None:
    """Lift the finalizer once nothing is left to delete, or what is left is given up (forceFinalizerRemoval)."""
    status = run.status.get("artifactGCStatus") or {}
    if not all((status.get("podsRecouped") or {}).values()):
        return
    outstanding = next(iter(doomed(run, [COMPLETION, DELETION])), None)
    if outstanding is not None:
        forced = bool((run.spec.get("artifactGC") or {}).get("forceFinalizerRemoval"))
        processed = status.get("strategiesProcessed") or {}
        left = {strategy_of(one.artifact, run.spec) for one in doomed(run, [COMPLETION, DELETION])}
        if not forced or not all(processed.get(strategy) for strategy in left):
            return
    kept = [f for f in run.metadata.get("finalizers") or () if f != FINALIZER]
    run.metadata["finalizers"] = kept
    run.changed = True
