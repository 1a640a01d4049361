"""Jobs, as far as a resource template can see them: how many pods to make, and the counts in `status`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]
DEFAULT_BACKOFF_LIMIT = 6


class JobRun:
    """The pods of one Job. `next_pods()` are to be created now; `ended(phase)` counts one that has ended."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        spec = job.get("spec") or {}
        self._job = job
        self._wanted = _number(spec.get("completions"), _number(spec.get("parallelism"), 1))
        self._parallel = max(1, _number(spec.get("parallelism"), 1))
        self._limit = _number(spec.get("backoffLimit"), DEFAULT_BACKOFF_LIMIT)
        self._made = self._active = self._succeeded = self._failed = 0

    @property
    def _over(self) -> str:
        if self._succeeded >= self._wanted:
            return "Complete"
        return "Failed" if self._failed > self._limit else ""

    def next_pods(self) -> list[Object]:
        """Pods to create so that enough run at once, and not more than are still needed."""
        made = []
        while not self._over and self._active < min(self._parallel, self._wanted - self._succeeded):
            made.append(_pod(self._job, self._made))
            self._made += 1
            self._active += 1
        return made

    def ended(self, phase: str) -> None:
        """Count a pod that ended in Succeeded or Failed."""
        self._active -= 1
        if phase == "Succeeded":
            self._succeeded += 1
        else:
            self._failed += 1

    @property
    def status(self) -> Object:
        """The Job's status; counts of zero are left out, as the API does it."""
        counts = {"active": self._active, "succeeded": self._succeeded, "failed": self._failed}
        status: Object = {key: value for key, value in counts.items() if value}
        if self._over:
            status["conditions"] = [{"type": self._over, "status": "True"}]
        return status


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default


def _pod(job: Mapping[str, Any], index: int) -> Object:
    meta = job["metadata"]
    template = (job.get("spec") or {}).get("template") or {}
    labels = {
        **((template.get("metadata") or {}).get("labels") or {}),
        "job-name": meta["name"],
        "batch.kubernetes.io/job-name": meta["name"],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{meta['name']}-{index}",
            "namespace": meta.get("namespace") or "default",
            "labels": labels,
        },
        "spec": {"restartPolicy": "Never", **(template.get("spec") or {})},
    }
