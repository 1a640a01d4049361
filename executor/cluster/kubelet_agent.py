"""The kubelet plays `argoexec agent`: it makes the requests of a workflow's `http` templates.

Upstream's controller writes them into a WorkflowTaskSet and creates one pod a workflow, whose agent watches the set, writes what came
of each task to its status, and ends when the set is marked as completed. Our own controller needs no agent; this is for upstream's.
Executor plugins are containers of such a pod and are not run here: their tasks end in an error that says so.
Upstream: workflow/executor/agent.go.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from argolint.kube import ApiError, KubeClient, resource_for
from executor.cluster.kubelet_artifacts import last_status
from executor.cluster.kubelet_pod import argoexec_variable
from executor.cluster.podlogs import LogWriter
from executor.controller.http_template import run_http
from executor.engine.contract import HttpObserved
from executor.engine.faults import TemplateFault
from executor.engine.types.http import judge
from executor.runtimes.podstatus import stamp

Obj = dict[str, Any]
Object = Mapping[str, Any]

TASK_SET: Final = resource_for("WorkflowTaskSet")
COMPLETED: Final = "workflows.argoproj.io/completed"
WORKERS: Final = 16
"""Requests of one agent at the same time, as upstream."""
_LOOK: Final = 5
"""Seconds after which a watch is begun anew: so long it may take until an agent sees that it is not wanted any more."""


def workflow_of(pod: Object) -> str:
    """The workflow whose agent a pod is; "" when it is none."""
    variable = "ARGO_WORKFLOW_NAME"
    if argoexec_variable(pod, ("agent", "init"), variable):
        return ""
    return argoexec_variable(pod, ("agent",), variable)


def running_status(pod: Object) -> Obj:
    """The status of an agent that works."""
    now = stamp()
    status = last_status(pod, 0, "")
    for container in status["containerStatuses"]:
        container |= {"ready": True, "started": True, "state": {"running": {"startedAt": now}}}
    conditions = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    return {
        **status,
        "phase": "Running",
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in conditions],
    }


class Agent:
    """One agent; `play` it to its end."""

    def __init__(
        self,
        client: KubeClient,
        pod: Object,
        lookup_secret: Callable[[str, str], Object | None],
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._namespace = str(pod["metadata"]["namespace"])
        self._workflow = workflow_of(pod)
        self._lookup_secret = lookup_secret
        self._say = say
        self._considered: set[str] = set()
        self._lock = threading.Lock()

    def play(self, wanted: Callable[[], bool]) -> bool:
        """Work until the set is completed or deleted (True), or the pod is not `wanted` any more (False). Raises ApiError."""
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="agent") as workers:
            while wanted():
                try:
                    events = self._client.watch(
                        TASK_SET,
                        self._namespace,
                        field_selector=f"metadata.name={self._workflow}",
                        timeout_seconds=_LOOK,
                    )
                    for kind, found in events:
                        if kind == "BOOKMARK":
                            continue
                        labels = (found.get("metadata") or {}).get("labels") or {}
                        if kind == "DELETED" or labels.get(COMPLETED) == "true":
                            return True
                        for node_id, template in self._fresh(found):
                            workers.submit(self._carry_out, node_id, template)
                except ApiError as error:
                    if not error.transient:
                        raise
                    time.sleep(1.0)
        return False

    def _fresh(self, found: Object) -> list[tuple[str, Object]]:
        """The tasks that were not seen before and have no outcome."""
        tasks = (found.get("spec") or {}).get("tasks") or {}
        known = (found.get("status") or {}).get("nodes") or {}
        with self._lock:
            fresh = [(node, task) for node, task in sorted(tasks.items()) if node not in self._considered]
            self._considered.update(node for node, _ in fresh)
        return [
            (node, task)
            for node, task in fresh
            if (known.get(node) or {}).get("phase") not in ("Succeeded", "Failed", "Error")
        ]

    def _carry_out(self, node_id: str, template: Object) -> None:
        try:
            result = outcome(node_id, template, self._secret)
        except Exception as error:  # a task must not stay without an answer
            result = {"phase": "Error", "message": f"error processing task: {type(error).__name__}: {error}"}
        self._say(f"{node_id}: {result['phase']} {result.get('message', '')}".rstrip())
        while True:
            try:
                self._report(node_id, result)
                return
            except ApiError as error:
                if not error.transient:
                    self._say(f"{node_id}: the result was refused: {error}")
                    return
                time.sleep(1.0)

    def _report(self, node_id: str, result: Obj) -> None:
        patch = {"status": {"nodes": {node_id: result}}}
        try:
            self._client.patch(TASK_SET, self._workflow, patch, self._namespace, subresource="status")
        except ApiError as error:
            if not error.not_found:
                raise
            self._client.patch(TASK_SET, self._workflow, patch, self._namespace)  # without the subresource

    def _secret(self, name: str, key: str) -> str | None:
        data = (self._lookup_secret(self._namespace, name) or {}).get("data") or {}
        return base64.b64decode(data[key]).decode("utf-8", "replace") if key in data else None


def outcome(node_id: str, template: Object, secret: Callable[[str, str], str | None]) -> Obj:
    """What the agent reports of a task: phase, message and outputs."""
    if not isinstance(template.get("http"), Mapping):
        why = "executor plugins are not run by the embedded cluster's kubelet"
        return {"phase": "Error", "message": f"error processing task: no plugin executed the template: {why}"}
    seen: HttpObserved = run_http(node_id, template, secret)
    if seen.response is None:
        return {"phase": "Failed", "message": seen.error}
    result: Obj = {"outputs": {"result": str(seen.response.get("body") or "")}}
    try:
        good, message = judge(template["http"], seen.response)
    except TemplateFault as fault:
        return {"phase": "Failed", "message": str(fault)}
    return {"phase": "Succeeded" if good else "Failed", **({"message": message} if message else {}), **result}


def play(
    client: KubeClient,
    pod: Object,
    lookup_secret: Callable[[str, str], Object | None],
    log: Path,
    wanted: Callable[[], bool],
    tell: Callable[[Obj], None],
) -> Obj | None:
    """Run an agent's pod to its end; its last status, None once it is not `wanted` any more. `tell` gets the status before that."""
    log.unlink(missing_ok=True)
    writer = LogWriter(log)
    tell(running_status(pod))
    try:
        agent = Agent(client, pod, lookup_secret, lambda line: writer.write("stdout", f"{line}\n"))
        return last_status(pod, 0, "") if agent.play(wanted) else None
    except ApiError as error:
        return last_status(pod, 1, str(error))
    finally:
        writer.close()
