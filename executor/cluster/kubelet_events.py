"""The Events that a kubelet writes about its pods: what `kubectl describe pod` tells of them.

`changes` compares two statuses and is pure; what argoexec's own containers do is left out, because they are played in process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from executor.engine.contract import RecordEvent
from executor.runtimes.argoexec import argoexec_verb
from executor.runtimes.images import ImageMap

Object = Mapping[str, Any]
Told = set[tuple[str, ...]]

PULL_REASONS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName")


def scheduled(pod: Object, node: str) -> RecordEvent:
    """A pod has got its node."""
    meta = pod["metadata"]
    return RecordEvent(
        "Normal", "Scheduled", f"Successfully assigned {meta.get('namespace')}/{meta['name']} to {node}"
    )


def changes(pod: Object, status: Object, told: Told, images: ImageMap | None) -> Iterator[RecordEvent]:
    """What is new in `status`; `told` remembers what was said of this pod. `images` is None where real images run."""
    spec = pod.get("spec") or {}
    containers = {
        str(c.get("name")): c for key in ("initContainers", "containers") for c in spec.get(key) or []
    }
    statuses = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    for one in statuses:
        container = containers.get(str(one.get("name")))
        if container is None or argoexec_verb(container) is not None:
            continue
        for mark, event in _of_container(container, one, images):
            if mark not in told:
                told.add(mark)
                yield event


def _of_container(
    container: Object, status: Object, images: ImageMap | None
) -> Iterator[tuple[tuple[str, ...], RecordEvent]]:
    name, image = str(container.get("name")), str(container.get("image") or "")
    state = status.get("state") or {}
    restarts = int(status.get("restartCount") or 0)
    waiting = state.get("waiting") or {}
    reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
    if reason in PULL_REASONS:
        text = f'Failed to pull image "{image}": {message or reason}'
        yield (name, "pull"), RecordEvent("Warning", "Failed", text)
        yield (name, "error"), RecordEvent("Warning", "Failed", "Error: ErrImagePull")
        yield (name, "backoff"), RecordEvent("Normal", "BackOff", f'Back-off pulling image "{image}"')
    elif reason == "CrashLoopBackOff":
        text = f"Back-off restarting failed container {name} in pod"
        yield (name, "crash", str(restarts)), RecordEvent("Warning", "BackOff", text)
    elif reason not in ("", "ContainerCreating", "PodInitializing"):
        yield (name, reason), RecordEvent("Warning", "Failed", f"Error: {message or reason}")
    began = "running" in state or bool((state.get("terminated") or {}).get("startedAt")) or restarts > 0
    if began:
        yield (name, "pulled"), RecordEvent("Normal", "Pulled", _pulled(image, images))
        yield (name, "started", str(restarts)), RecordEvent("Normal", "Started", f"Started container {name}")


def _pulled(image: str, images: ImageMap | None) -> str:
    profile = images.lookup(image) if images is not None else None
    if profile is None:
        return f'Container image "{image}" already present on machine'
    return f'image "{image}" mapped to host toolchain: {profile.toolchain}'
