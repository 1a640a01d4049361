"""Run one Pod manifest on this machine.

    runner = PodRunner(runtime, artifacts, root_dir, lookup_secret=..., lookup_config_map=...)
    handle = runner.start(pod, on_status, on_task_result)
    handle.wait()

`pod` is a whole v1 Pod (metadata.name, namespace and, where there is one, uid). The runner recognises argoexec's
`init` and `wait` containers and plays their part in process; every other container goes to the `ContainerRuntime`.
Plain pods run as well.

Callbacks come from the runner's own threads, one at a time and in order for one pod, and must not block for long:

* `on_status(status)`: a whole `status` as a kubelet writes it (phase, conditions, containerStatuses,
  initContainerStatuses, podIP, hostIP, startTime, reason and message where a kubelet sets them). The last one has the
  phase Succeeded or Failed.
* `on_task_result(task_result)`: a whole WorkflowTaskResult object (`metadata.name` is the node id), only for pods that
  Argo made. It comes first with the label `workflows.argoproj.io/report-outputs-completed` "false", and last with "true",
  before the last status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Object = dict[str, Any]
Lookup = Callable[[str, str], Object | None]  # (namespace, name) -> the whole object, or None when there is none


class PodHandle:
    """A pod that was started. Every method may be called from any thread."""

    name: str
    namespace: str
    uid: str
    directory: Path

    @property
    def status(self) -> Object:
        """The last status that was reported."""
        raise NotImplementedError

    def terminate(self, grace: float | None = None) -> None:
        """SIGTERM the containers, SIGKILL them after `grace` seconds (None: the pod's own grace period). Returns at once."""

    def kill(self) -> None:
        """SIGKILL every container now."""

    def wait(self, timeout: float | None = None) -> Object | None:
        """The final status, or None when the pod still runs after `timeout` seconds."""

    def log_path(self, container: str) -> Path:
        """The file that collects the container's stdout and stderr; KeyError when there is no such container."""
        raise NotImplementedError

    def logs(self, container: str, *, follow: bool = False) -> Iterator[bytes]:
        """The log in pieces; with `follow`, until the container has ended."""
        raise NotImplementedError

    def cleanup(self) -> None:
        """Remove the pod's directory (logs included). Call it after the pod has ended."""


class PodRunner:
    """Starts pods. One runner serves any number of pods at once."""

    def __init__(
        self,
        runtime: Any,
        artifacts: Any,
        root_dir: Path,
        *,
        lookup_secret: Lookup,
        lookup_config_map: Lookup,
        resource_client: Any = None,
        images: Any = None,
        claims_dir: Path | None = None,
        network: bool = True,
    ) -> None:
        """`root_dir` gets one directory a pod; `claims_dir` (default: `root_dir/claims`) keeps PersistentVolumeClaims."""

    def start(
        self,
        pod: Object,
        on_status: Callable[[Object], None],
        on_task_result: Callable[[Object], None],
    ) -> PodHandle:
        """Start a pod and return at once. What is wrong with it is reported by status, never raised."""
        raise NotImplementedError
