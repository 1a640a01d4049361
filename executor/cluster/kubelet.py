"""The kubelet of an embedded cluster: runs the pods of the API on this machine.

It takes pods that no node has, runs them with the pod runner, and reports status, task results and logs. What became of a pod is on disk
before it is reported (see `kubelet_journal`): after a crash, a pod with an outcome is reported and never run
again, and a pod without one is started again from scratch.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argolint.kube import ApiError, KubeClient, resource_for
from executor.artifacts.base import ArtifactStore
from executor.cluster import kubelet_agent, kubelet_artifacts, kubelet_events, kubelet_node, kubelet_usage
from executor.cluster import kubelet_pod as pods
from executor.cluster.kubelet_exec import ExecServer
from executor.cluster.kubelet_journal import Journal
from executor.cluster.kubelet_logs import LogPump
from executor.cluster.podlogs import log_path, pod_folder
from executor.controller.actions import SIGNALS_ANNOTATION, TERMINATE_ANNOTATION, EventRecorder
from executor.controller.informer import Informer, Key, key_of, wait_all_synced
from executor.controller.workqueue import WorkQueue
from executor.engine.contract import RecordEvent
from executor.runtimes.base import ContainerRuntime
from executor.runtimes.containers import ContainerRun
from executor.runtimes.images import ImageMap, image_map
from executor.runtimes.podrunner import PodHandle, PodRunner

Obj = dict[str, Any]

POD = resource_for("Pod")
NODE = resource_for("Node")
TASK_RESULT = resource_for("WorkflowTaskResult")
COMPLETED_RESULT = "workflows.argoproj.io/report-outputs-completed"
NODE_ID = "workflows.argoproj.io/node-id"
DEFAULT_NODE = "argorun"
SYNC_TIMEOUT = 60.0
TOKEN_SECONDS = 60.0


@dataclass(slots=True)
class Local:
    """A pod that this kubelet has started. `deletion` says that a graceful end was asked for."""

    key: Key
    uid: str
    handle: PodHandle | None = None
    held_result: Obj | None = None
    task_result: Obj | None = None
    status: Obj | None = None
    final: bool = False
    deletion: bool = False
    terminated: bool = False
    has_result: bool = False
    token: Obj | None = None
    pod: Obj | None = None
    told: kubelet_events.Told = field(default_factory=set)


class Kubelet:
    """Call `start`, then `stop`. `data` is the cluster's data directory; `make_resource_client(pod, token)` gives what runs
    resource templates, or None."""

    def __init__(
        self,
        client: KubeClient,
        data: Path,
        runtime: ContainerRuntime,
        artifacts: ArtifactStore,
        *,
        node: str = DEFAULT_NODE,
        max_pods: int = 64,
        ca: bytes = b"",
        make_resource_client: Callable[[Obj, str], Any] | None = None,
        images: ImageMap | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.client = client
        self.data = data
        self.runtime = runtime
        self.artifacts = artifacts
        self.node = node
        self.max_pods = max_pods
        self.ca = ca
        self.journal = Journal(data / "kubelet" / "outcomes")
        self.logs = LogPump(data)
        self._make_resource_client = make_resource_client
        self._images = images if images is not None else image_map()
        self._events = EventRecorder(client)
        self._log = log or (lambda line: print(line, file=sys.stderr, flush=True))
        self._queue: WorkQueue[Key] = WorkQueue()
        self._reports: WorkQueue[str] = WorkQueue()
        self._lock = threading.Lock()
        self._locals: dict[Key, Local] = {}
        self._by_uid: dict[str, Local] = {}
        self._running = 0
        self._waiting: dict[Key, str] = {}
        self._reported: set[str] = set()
        self._accounts: dict[Key, tuple[Obj | None, str | None, float]] = {}
        self._threads: list[threading.Thread] = []
        self._informer = Informer(client, POD, on_event=self._pod_event)
        self._exec = ExecServer(data, self._run_of, self._usage)

    # --- life -------------------------------------------------------------------------------------

    def start(self, timeout: float = SYNC_TIMEOUT) -> None:
        """Register the node, read the pods, begin to run them. Raises ApiError when the API refuses."""
        self._exec.start()
        shutil.rmtree(self.data / "sandboxes", ignore_errors=True)
        (self.data / "sandboxes").mkdir(parents=True, exist_ok=True, mode=0o700)
        self._register()
        self._informer.start()
        if wait_all_synced([self._informer], timeout):
            raise self._informer.error or ApiError(
                0, "Timeout", "the Kubernetes API did not list pods in time"
            )
        present = {pods.uid_of(pod) for pod in self._informer.all()}
        for uid in self.journal.uids():
            if uid not in present:
                self.journal.drop(uid)
        for target, count in ((self._work, 4), (self._report_work, 4)):
            for number in range(count):
                thread = threading.Thread(
                    target=target, name=f"kubelet{target.__name__}-{number}", daemon=True
                )
                thread.start()
                self._threads.append(thread)

    def stop(self) -> None:
        """Kill what runs and stop. Pods that had no outcome are started again by the next kubelet."""
        self._exec.stop()
        self._events.stop()
        self._informer.stop()
        self._queue.close()
        self._reports.close()
        self.logs.stop()
        with self._lock:
            handles = [local.handle for local in self._locals.values() if local.handle is not None]
            # From here on nothing is recorded: a pod that we kill has not ended by itself.
            self._by_uid.clear()
        for handle in handles:
            handle.kill()
        for handle in handles:
            handle.wait(2.0)

    def _run_of(self, namespace: str, pod: str, container: str) -> ContainerRun | None:
        """A container that runs here, None before it does. LookupError when its pod does not."""
        with self._lock:
            local = self._locals.get((namespace, pod))
        handle = local.handle if local is not None else None
        if handle is None or handle.wait(0) is not None:
            raise LookupError(f"container {container} of pod {pod} does not run")
        return handle.runs.get(container)

    def _usage(self) -> Obj:
        """How much the containers that run here use, and the machine."""
        with self._lock:
            handles = {local.uid: local.handle for local in self._locals.values() if local.handle is not None}
        pids = {
            (uid, name): pid
            for uid, handle in handles.items()
            for name, run in handle.runs.items()
            if run.handle is not None and (pid := getattr(run.handle, "entry_pid", 0))
        }
        return kubelet_usage.measured(self.node, pids)

    def _register(self) -> None:
        node = kubelet_node.node(self.node)
        status = kubelet_node.status(self.node, self.max_pods, self.runtime.name)
        try:
            try:
                self.client.create(NODE, {**node, "status": status})
            except ApiError as error:
                if not error.already_exists:
                    raise
            self.client.patch(NODE, self.node, {"status": status}, subresource="status")
        except ApiError as error:
            if error.status not in (403, 404, 405):
                raise
            self._log(f"the node cannot be registered: {error}")

    # --- pods of the API --------------------------------------------------------------------------

    def _pod_event(self, kind: str, obj: Obj, _old: Obj | None) -> None:
        if kind == "DELETED":
            uid = pods.uid_of(obj)
            self.journal.drop(uid)
            self._reported.discard(uid)
            if uid not in self._by_uid:
                shutil.rmtree(pod_folder(self.data, *key_of(obj), uid), ignore_errors=True)
        self._queue.add(key_of(obj))

    def _work(self) -> None:
        while (key := self._queue.get()) is not None:
            try:
                self._sync(key)
                self._queue.forget(key)
            except ApiError as error:
                delay = self._queue.retry(key)
                if not error.conflict:
                    self._log(f"{key[0]}/{key[1]}: {error}; again in {delay:.1f} s")
            except Exception as error:
                self._log(f"{key[0]}/{key[1]}: {type(error).__name__}: {error}")
                self._queue.retry(key)
            finally:
                self._queue.done(key)

    def _sync(self, key: Key) -> None:
        """Make what runs here agree with what the API says about one pod."""
        pod = self._informer.get(*key)
        with self._lock:
            local = self._locals.get(key)
        if local is not None and (pod is None or pods.uid_of(pod) != local.uid):
            self._abandon(local)
            return
        if pod is None:
            self._stop_waiting(key)
            return
        node = (pod.get("spec") or {}).get("nodeName")
        if node and node != self.node:
            return
        deleting = bool(pod["metadata"].get("deletionTimestamp"))
        if pods.phase_of(pod) in pods.TERMINAL:
            if deleting:
                self._finish_deletion(pod)
            return
        outcome = self.journal.get(pods.uid_of(pod))
        if local is None and outcome is not None:
            # Reported already: the copy at hand is older than our report.
            if pods.uid_of(pod) not in self._reported:
                self._recover(pod, outcome)
        elif deleting:
            self._stop_waiting(key)
            self._end(pod, local)
        elif local is None:
            self._start_or_wait(pod)
        elif TERMINATE_ANNOTATION in (pod["metadata"].get("annotations") or {}) and not local.terminated:
            local.terminated = True
            if local.handle is not None:
                local.handle.terminate()

    def _abandon(self, local: Local) -> None:
        """The API has forgotten this pod: end it at once, then look again."""
        with self._lock:
            self._by_uid.pop(local.uid, None)
        if local.handle is not None and local.handle.wait(0) is None:
            local.handle.kill()
            if local.handle.wait(5.0) is None:
                self._queue.add(local.key, 1.0)
                return
        self._clean(local)
        shutil.rmtree(pod_folder(self.data, *local.key, local.uid), ignore_errors=True)
        self._release(local)
        self._queue.add(local.key)

    def _end(self, pod: Obj, local: Local | None) -> None:
        """A pod is being deleted: SIGTERM, its grace period, SIGKILL; the final report finishes the deletion."""
        if local is None or local.handle is None:
            self._finish_deletion(pod)
            return
        if not local.deletion:
            local.deletion = True
            grace = pod["metadata"].get("deletionGracePeriodSeconds")
            local.handle.terminate(float(grace) if isinstance(grace, int | float) else None)

    def _finish_deletion(self, pod: Obj) -> None:
        meta = pod["metadata"]
        try:
            self.client.delete(POD, meta["name"], meta["namespace"], uid=meta["uid"], grace_seconds=0)
        except ApiError as error:
            if not error.not_found and not error.conflict:
                raise
        shutil.rmtree(pod_folder(self.data, meta["namespace"], meta["name"], meta["uid"]), ignore_errors=True)

    def _recover(self, pod: Obj, outcome: Obj) -> None:
        """Report what an earlier kubelet had recorded."""
        uid = pods.uid_of(pod)
        local = Local(key_of(pod), uid, final=True)
        local.task_result, local.status = outcome.get("taskResult"), outcome["status"]
        with self._lock:
            self._locals[local.key] = local
            self._by_uid[uid] = local
            self._running += 1
        self._reports.add(uid)

    # --- starting ---------------------------------------------------------------------------------

    def _start_or_wait(self, pod: Obj) -> None:
        key = key_of(pod)
        with self._lock:
            if self._running >= self.max_pods:
                self._waiting[key] = str(pod["metadata"].get("creationTimestamp") or "")
                return
            self._waiting.pop(key, None)
            local = Local(key, pods.uid_of(pod))
            self._locals[key] = local
            self._by_uid[local.uid] = local
            self._running += 1
        try:
            self._start_pod(local, pod)
        except BaseException:
            with self._lock:
                self._by_uid.pop(local.uid, None)
            self._release(local)
            raise

    def _start_pod(self, local: Local, pod: Obj) -> None:
        if (pod.get("spec") or {}).get("nodeName") and self._was_reported(pod):
            # Its result is known to the API, but what became of it is not known here: running it again is forbidden.
            local.status = pods.lost_status(pod, "the node's record of this pod is lost")
            local.final = True
            self._reports.add(local.uid)
            return
        annotations = pod["metadata"].get("annotations") or {}
        if not (pod.get("spec") or {}).get("nodeName") or SIGNALS_ANNOTATION not in annotations:
            patch = {
                "metadata": {"uid": local.uid, "annotations": {SIGNALS_ANNOTATION: "true"}},
                "spec": {"nodeName": self.node},
            }
            try:
                self.client.patch(POD, local.key[1], patch, local.key[0])
            except ApiError as error:
                if not error.not_found:
                    raise
                with self._lock:
                    self._by_uid.pop(local.uid, None)
                self._release(local)
                return
            self._tell(pod, kubelet_events.scheduled(pod, self.node))
        local.pod = pod
        play = self._player(local, pod)
        if play is not None:
            threading.Thread(target=play, name=f"pod-{local.key[1]}", daemon=True).start()
            return
        token = self._token(pod)
        runnable = pods.with_api_access(pod, self.client.server, token=token is not None)
        if token is not None:
            local.token = pods.token_secret(token, self.ca, local.key[0])
        runnable["spec"]["nodeName"] = self.node
        runner = PodRunner(
            self.runtime,
            self.artifacts,
            self.data / "sandboxes",
            lookup_secret=lambda namespace, name: self._secret(local, namespace, name),
            lookup_config_map=lambda namespace, name: self.client.try_get(
                resource_for("ConfigMap"), name, namespace
            ),
            resource_client=self._make_resource_client(pod, token or "")
            if self._make_resource_client
            else None,
            claims_dir=self.data / "claims",
            images=self._images,
        )
        handle = PodHandle(
            runner,
            runnable,
            lambda status: self._on_status(local, status),
            lambda result: self._on_task_result(local, result),
        )
        local.handle = handle
        self.logs.follow(handle)
        handle._thread.start()

    def _player(self, local: Local, pod: Obj) -> Callable[[], None] | None:
        """What plays the part of argoexec in a pod that has nothing else to run; None for every other pod."""
        log = log_path(self.data, *local.key, local.uid, "main")

        def secret(namespace: str, name: str) -> Obj | None:
            return self._secret(local, namespace, name)

        def wanted() -> bool:
            return self._by_uid.get(local.uid) is local

        def tell(status: Obj | None) -> None:
            if status is not None:
                self._on_status(local, status)

        if kubelet_artifacts.task_label(pod):
            return lambda: tell(kubelet_artifacts.play(self.client, pod, self.artifacts, secret, log, wanted))
        if kubelet_agent.workflow_of(pod):
            return lambda: tell(kubelet_agent.play(self.client, pod, secret, log, wanted, tell))
        return None

    def _was_reported(self, pod: Obj) -> bool:
        """Whether the API has a complete task result of this pod."""
        node_id = (pod["metadata"].get("annotations") or {}).get(NODE_ID)
        if not node_id:
            return False
        result = self.client.try_get(TASK_RESULT, node_id, pod["metadata"]["namespace"])
        if result is None:
            return False
        labels = result["metadata"].get("labels") or {}
        newer = str(result["metadata"].get("creationTimestamp") or "") >= str(
            pod["metadata"].get("creationTimestamp") or ""
        )
        return labels.get(COMPLETED_RESULT) == "true" and newer

    def _token(self, pod: Obj) -> str | None:
        """A token of the pod's ServiceAccount, None when it is to have none. Pods of one minute share it."""
        name, namespace = pods.account_of(pod), str(pod["metadata"]["namespace"])
        with self._lock:
            account, token, since = self._accounts.get((namespace, name), (None, None, -TOKEN_SECONDS))
        if time.monotonic() - since > TOKEN_SECONDS:
            account = self.client.try_get(resource_for("ServiceAccount"), name, namespace)
            token = self._request_token(namespace, name) if account is not None else None
            with self._lock:
                self._accounts[(namespace, name)] = (account, token, time.monotonic())
        return token if pods.wants_token(pod, account) else None

    def _request_token(self, namespace: str, name: str) -> str | None:
        try:
            request = {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {"expirationSeconds": 7 * 24 * 3600},
            }
            path = resource_for("ServiceAccount").path(namespace, name, "token")
            reply = self.client.request("POST", path, body=request)
        except ApiError as error:
            if error.transient:
                raise
            return None
        token = (reply.get("status") or {}).get("token")
        return str(token) if token else None

    def _secret(self, local: Local, namespace: str, name: str) -> Obj | None:
        if name == pods.token_secret_name(local.uid):
            return local.token
        return self.client.try_get(resource_for("Secret"), name, namespace)

    # --- what the runner says ---------------------------------------------------------------------

    def _on_task_result(self, local: Local, result: Obj) -> None:
        labels = (result.get("metadata") or {}).get("labels") or {}
        if labels.get(COMPLETED_RESULT) == "true":
            # Held until the last status is known, so that both are recorded in one step.
            local.held_result = result
            return
        with self._lock:
            if self._by_uid.get(local.uid) is not local:
                return
            local.task_result = result
        self._reports.add(local.uid)

    def _on_status(self, local: Local, status: Obj) -> None:
        final = status.get("phase") in pods.TERMINAL
        with self._lock:
            if self._by_uid.get(local.uid) is not local:
                return
        if final:
            self.journal.put(local.uid, local.held_result or local.task_result, status)
        with self._lock:
            if final and local.held_result is not None:
                local.task_result = local.held_result
            local.status = status
            local.final = final
        self._reports.add(local.uid)
        if local.pod is not None:
            images = self._images if self.runtime.needs_profile else None
            for event in kubelet_events.changes(local.pod, status, local.told, images):
                self._tell(local.pod, event)

    def _tell(self, pod: Obj, event: RecordEvent) -> None:
        about = {"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"]}
        self._events.record(about, event, "kubelet")

    # --- reporting --------------------------------------------------------------------------------

    def _report_work(self) -> None:
        while (uid := self._reports.get()) is not None:
            try:
                self._report(uid)
                self._reports.forget(uid)
            except ApiError as error:
                delay = self._reports.retry(uid, first=0.05, last=5.0)
                self._log(f"pod {uid} cannot be reported: {error}; again in {delay:.1f} s")
            except Exception as error:
                self._log(f"pod {uid} cannot be reported: {type(error).__name__}: {error}")
                self._reports.retry(uid)
            finally:
                self._reports.done(uid)

    def _report(self, uid: str) -> None:
        """Send the newest task result, then the newest status: the controller must never see them the other way round."""
        with self._lock:
            local = self._by_uid.get(uid)
            if local is None:
                return
            result, status, final = local.task_result, local.status, local.final
            local.task_result = local.status = None
        try:
            if result is not None:
                self._send_task_result(local, result)
                result = None
            if status is not None:
                if final:
                    self.logs.finish(uid)
                else:
                    self.logs.flush(uid)
                self._send_status(local, status)
        except ApiError:
            with self._lock:
                local.task_result = local.task_result or result
                local.status = local.status or status
            raise
        if final:
            self._retire(local)

    def _send_task_result(self, local: Local, result: Obj) -> None:
        name, namespace = str(result["metadata"]["name"]), local.key[0]
        for _ in range(3):
            try:
                if local.has_result:
                    self.client.patch(TASK_RESULT, name, result, namespace)
                else:
                    self.client.create(TASK_RESULT, result, namespace)
                local.has_result = True
                return
            except ApiError as error:
                if error.already_exists:
                    local.has_result = True
                elif error.not_found and local.has_result:
                    local.has_result = False
                elif error.transient or error.status == 401:
                    raise
                else:
                    # Nobody can repair it by trying again: the node ends without its outputs, and says so.
                    self._log(f"{namespace}/{local.key[1]}: its task result was refused: {error}")
                    return

    def _send_status(self, local: Local, status: Obj) -> None:
        namespace, name = local.key
        try:
            self.client.patch(POD, name, pods.status_patch(status), namespace, subresource="status")
        except ApiError as error:
            if error.not_found:
                return
            if error.transient or error.conflict or error.status == 401:
                raise
            self._log(f"{namespace}/{name}: its status was refused: {error}")

    def _retire(self, local: Local) -> None:
        """A pod has ended and was reported: make room for the next."""
        with self._lock:
            self._by_uid.pop(local.uid, None)
        self._reported.add(local.uid)
        self._clean(local)
        self._release(local)
        self._queue.add(local.key)

    def _clean(self, local: Local) -> None:
        self.logs.finish(local.uid)
        if local.handle is not None:
            local.handle.wait(5.0)
            local.handle.cleanup()

    def _release(self, local: Local) -> None:
        with self._lock:
            if self._locals.get(local.key) is local:
                del self._locals[local.key]
                self._running -= 1
            following = min(self._waiting, key=lambda key: (self._waiting[key], key), default=None)
            if following is not None and self._running < self.max_pods:
                del self._waiting[following]
                self._queue.add(following)

    def _stop_waiting(self, key: Key) -> None:
        with self._lock:
            self._waiting.pop(key, None)


def ca_of(client: KubeClient) -> bytes:
    """The certificate authority that a client trusts, for the service account volume of pods."""
    path = getattr(client._configuration, "ssl_ca_cert", None)
    try:
        return Path(path).read_bytes() if path else b""
    except OSError:
        return b""
