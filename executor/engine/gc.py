"""What is cleaned up, and when: pods, claims, the workflow itself (upstream: pod/controller, gccontroller)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from argolint.language import selectors
from argolint.language.errors import LanguageError
from executor.engine import names, phases, podparts
from executor.engine.clock import parse_duration
from executor.engine.contract import CreateObject, DeleteObject, DeletePod, LabelPodCompleted
from executor.engine.run import Run

_PREFIX = "workflows.argoproj.io/"
DEFAULT_DELAY = 5.0


def pod_ended(run: Run, pod: Mapping[str, Any]) -> None:
    """A pod reached its last phase and its node has ended: delete it now, or say that it is done with."""
    metadata = pod.get("metadata") or {}
    labels = metadata.get("labels") or {}
    name = str(metadata.get("name") or "")
    if f"{_PREFIX}component" in labels or labels.get(f"{_PREFIX}completed") == "true":
        return
    strategy = _pod_gc(run).get("strategy") or ""
    succeeded = (pod.get("status") or {}).get("phase") == "Succeeded"
    if (
        _selected(run, labels)
        and (strategy == "OnPodCompletion" or (strategy == "OnPodSuccess" and succeeded))
    ) or (phases.workflow_completed(run.wf) and _selected(run, labels) and _on_workflow(run, strategy)):
        _delete_pod(run, name)
    else:
        run.command(LabelPodCompleted(name))
    run.memory.resolved[("pod-labels", name)] = labels


def workflow_ended(run: Run) -> None:
    """The workflow has its last phase."""
    strategy = _pod_gc(run).get("strategy") or ""
    if _on_workflow(run, strategy):
        for node in run.nodes.values():
            if node.get("type") == "Pod":
                name = run.pod_name_of(node)
                if _selected(run, run.memory.resolved.get(("pod-labels", name)) or {}):
                    _delete_pod(run, name)
    _delete_claims(run)
    if run.spec.get("podDisruptionBudget") is not None:
        run.command(DeleteObject("policy/v1", "PodDisruptionBudget", run.namespace, run.name))
    seconds = time_to_live(run.spec, run.phase)
    if seconds is not None:
        run.command(DeleteObject("argoproj.io/v1alpha1", "Workflow", run.namespace, run.name, seconds + 1.0))


def time_to_live(spec: Mapping[str, Any], phase: str) -> float | None:
    """Seconds from its end after which a workflow in `phase` is deleted; None: never."""
    strategy = spec.get("ttlStrategy") or {}
    for wanted, field in ((phases.FAILED, "secondsAfterFailure"), (phases.SUCCEEDED, "secondsAfterSuccess")):
        if phase == wanted and strategy.get(field) is not None:
            return float(strategy[field])
    value = strategy.get("secondsAfterCompletion")
    return float(value) if value is not None else None


def _pod_gc(run: Run) -> Mapping[str, Any]:
    return run.spec.get("podGC") or {}


def _on_workflow(run: Run, strategy: str) -> bool:
    return strategy == "OnWorkflowCompletion" or (
        strategy == "OnWorkflowSuccess" and run.phase == phases.SUCCEEDED
    )


def _selected(run: Run, labels: Mapping[str, Any]) -> bool:
    selector = _pod_gc(run).get("labelSelector")
    if not selector:
        return True
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(k) != v for k, v in wanted.items()):
        return False
    for rule in selector.get("matchExpressions") or ():
        values = ",".join(str(v) for v in rule.get("values") or ())
        key, operator = rule.get("key"), rule.get("operator")
        text = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": str(key),
            "DoesNotExist": f"!{key}",
        }
        try:
            if not selectors.matches(selectors.parse(text.get(str(operator), "")), dict(labels)):
                return False
        except LanguageError:
            return False
    return True


def _delete_pod(run: Run, name: str) -> None:
    text = _pod_gc(run).get("deleteDelayDuration")
    try:
        delay = DEFAULT_DELAY if text in (None, "") else parse_duration(text)
    except ValueError:
        delay = DEFAULT_DELAY
    if delay <= 0:
        run.command(DeletePod(name))
    else:
        run.command(DeleteObject("v1", "Pod", run.namespace, name, delay))


def create_claims(run: Run) -> None:
    """The claims of volumeClaimTemplates, noted in the status; asked for once."""
    templates = run.spec.get("volumeClaimTemplates") or []
    if not templates or run.status.get("persistentVolumeClaims"):
        return
    noted = []
    for template in templates:
        metadata = template.get("metadata") or {}
        name = names.claim_name(run.name, str(metadata.get("name") or ""))
        labels = {**(metadata.get("labels") or {}), f"{_PREFIX}workflow": run.name}
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": name,
                "namespace": run.namespace,
                "labels": labels,
                "annotations": dict(metadata.get("annotations") or {}),
                "ownerReferences": [podparts.owner(run)],
            },
            "spec": template.get("spec") or {},
        }
        run.command(CreateObject(claim))
        noted.append({"name": str(metadata.get("name")), "persistentVolumeClaim": {"claimName": name}})
    run.set_status("persistentVolumeClaims", noted)


def create_disruption_budget(run: Run) -> None:
    """The PodDisruptionBudget of the workflow's pods."""
    wanted = run.spec.get("podDisruptionBudget")
    if wanted is None:
        return
    selector = {"matchLabels": {f"{_PREFIX}workflow": run.name}}
    run.command(
        CreateObject(
            {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": {
                    "name": run.name,
                    "namespace": run.namespace,
                    "labels": {f"{_PREFIX}workflow": run.name},
                    "ownerReferences": [podparts.owner(run)],
                },
                "spec": {**wanted, "selector": selector},
            }
        )
    )


def _delete_claims(run: Run) -> None:
    strategy = (run.spec.get("volumeClaimGC") or {}).get("strategy") or "OnWorkflowSuccess"
    if strategy == "OnWorkflowSuccess" and run.phase != phases.SUCCEEDED:
        return
    for volume in run.status.get("persistentVolumeClaims") or ():
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        run.command(DeleteObject("v1", "PersistentVolumeClaim", run.namespace, str(name)))
    run.set_status("persistentVolumeClaims", None)
