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

import contextlib
import os
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from argolint.errors import UserError
from executor.artifacts.base import ArtifactError, ArtifactStore
from executor.runtimes import argoexec, guard, podstatus
from executor.runtimes.base import ContainerHandle, ContainerRuntime, Mount, Profile
from executor.runtimes.containers import ContainerRun, Outcome
from executor.runtimes.images import ImageMap, UnknownImage, image_map, unknown_image
from executor.runtimes.podenv import ConfigError, Sources, quantity
from executor.runtimes.podstatus import ContainerState, stamp
from executor.runtimes.podvolumes import below, make_volume
from executor.runtimes.rootfs import resolve

Object = dict[str, Any]
Lookup = Callable[
    [str, str], Object | None
]  # (namespace, name) -> the whole object, or None when there is none

DEFAULT_GRACE = 30.0  # seconds between SIGTERM and SIGKILL, as in Kubernetes
LOG_LIMIT = 64 * 1024 * 1024  # bytes of one container's log; a real kubelet rotates at 10 MiB
DEADLINE_MESSAGE = "Pod was active on the node longer than the specified deadline"


class PodRunner:
    """Starts pods. One runner serves any number of pods at once."""

    def __init__(
        self,
        runtime: ContainerRuntime,
        artifacts: ArtifactStore | None,
        root_dir: Path,
        *,
        lookup_secret: Lookup,
        lookup_config_map: Lookup,
        resource_client: Any = None,
        images: ImageMap | None = None,
        claims_dir: Path | None = None,
        network: bool = True,
        mask: Callable[[str], str] | None = None,
        log_limit: int = LOG_LIMIT,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """`root_dir` gets one directory a pod; `claims_dir` (default: `root_dir/claims`) keeps PersistentVolumeClaims.

        `resource_client` (see `executor.runtimes.resources`) carries out resource templates; `images` maps images to
        toolchains where the runtime has no images of its own; `network` False leaves only a loopback device. `mask` blanks out secrets in log files; of a container's log no more
        than `log_limit` bytes are kept. `env` are variables that every container gets, unless it sets them itself.
        """
        self.runtime = runtime
        self.artifacts = artifacts
        self.root_dir = root_dir
        self.lookup_secret = lookup_secret
        self.lookup_config_map = lookup_config_map
        self.resource_client = resource_client
        self.images = images if images is not None else image_map()
        self.claims_dir = claims_dir or root_dir / "claims"
        self.network = network
        self.mask = mask
        self.log_limit = log_limit
        self.env = dict(env or {})

    def start(
        self, pod: Object, on_status: Callable[[Object], None], on_task_result: Callable[[Object], None]
    ) -> PodHandle:
        """Start a pod and return at once. What is wrong with it is reported by status, never raised."""
        handle = self.prepare(pod, on_status, on_task_result)
        handle.begin()
        return handle

    def prepare(
        self, pod: Object, on_status: Callable[[Object], None], on_task_result: Callable[[Object], None]
    ) -> PodHandle:
        """The handle of a pod that runs from its `begin` on."""
        if self.runtime.needs_profile:
            guard.watch(self.root_dir)
        return PodHandle(self, pod, on_status, on_task_result)


class PodHandle:
    """A pod that was started. Every public method may be called from any thread."""

    def __init__(
        self,
        runner: PodRunner,
        pod: Object,
        on_status: Callable[[Object], None],
        on_task_result: Callable[[Object], None],
    ) -> None:
        meta = pod.get("metadata") or {}
        self.pod = pod
        self.name = str(meta.get("name") or "pod")
        self.namespace = str(meta.get("namespace") or "default")
        self.uid = str(meta.get("uid") or self.name)
        self.directory = runner.root_dir / f"{self.namespace}_{self.name}"
        self.runner = runner
        self.template: Object | None = None
        self._on_status = on_status
        self._on_task_result = on_task_result
        self._lock = threading.RLock()
        self.changed = threading.Condition(self._lock)
        self._done = threading.Event()
        self.stopping = False
        self.stop_signal = 0
        self._expired = False
        self._timers: list[threading.Timer] = []
        self._spec: Object = pod.get("spec") or {}
        self._started = stamp()
        self._status: Object = {"phase": "Pending", "qosClass": "BestEffort"}
        self.volumes: dict[str, tuple[Path, bool]] = {}
        self.runs: dict[str, ContainerRun] = {}
        self._init = [self._new_state(c) for c in self._spec.get("initContainers") or []]
        self._main = [self._new_state(c) for c in self._spec.get("containers") or []]
        self.states = {state.name: state for state in [*self._init, *self._main]}
        self.sources = Sources(
            pod, runner.lookup_secret, runner.lookup_config_map, pod_ip=podstatus.POD_IP, uid=self.uid
        )
        self._thread = threading.Thread(target=self._run, name=f"pod-{self.name}", daemon=True)

    def _new_state(self, container: Object) -> ContainerState:
        name = str(container.get("name") or "main")
        log = self.directory / "logs" / f"{name.replace('/', '_')}.log"
        return ContainerState(name, str(container.get("image") or ""), log)

    # --- what others call -----------------------------------------------------------------------------

    def begin(self) -> None:
        """Run it."""
        self._thread.start()

    def restore(self) -> None:
        """Make the volumes of a pod that has ended, as far as they were not kept, to look at it. Raises UserError."""
        try:
            self.template = argoexec.template_of(self.pod)
            self._make_volumes()
            if self.template is not None:
                argoexec.stage(self.template, self.volumes)
        except (ConfigError, argoexec.StepError, OSError) as error:
            raise UserError(f"cannot make the volumes of {self.name} again: {error}") from None

    @property
    def status(self) -> Object:
        """The last status that was reported."""
        with self._lock:
            return self._status

    def terminate(self, grace: float | None = None) -> None:
        """SIGTERM the containers, SIGKILL them after `grace` seconds (None: the pod's own grace period). Returns at once."""
        seconds = self.grace if grace is None else max(0.0, grace)
        with self._lock:
            self.stopping = True
            self.stop_signal = signal.SIGTERM
            self.changed.notify_all()
            runs = list(self.runs.values())
        for run in runs:
            run.signal(signal.SIGTERM)
        self._after(seconds, self.kill)

    def kill(self) -> None:
        """SIGKILL every container now."""
        with self._lock:
            self.stopping = True
            self.stop_signal = signal.SIGKILL
            self.changed.notify_all()
            runs = list(self.runs.values())
        for run in runs:
            run.kill()

    def wait(self, timeout: float | None = None) -> Object | None:
        """The final status, or None when the pod still runs after `timeout` seconds."""
        return self.status if self._done.wait(timeout) else None

    def log_path(self, container: str) -> Path:
        """The file that collects the container's stdout and stderr; KeyError when there is no such container."""
        return self.states[container].log

    def logs(self, container: str, *, follow: bool = False) -> Iterator[bytes]:
        """The log in pieces; with `follow`, until the container has ended."""
        state = self.states[container]
        offset = 0
        while True:
            ended = state.terminated is not None or self._done.is_set()
            with contextlib.suppress(FileNotFoundError), open(state.log, "rb") as stream:
                stream.seek(offset)
                while piece := stream.read(1 << 16):
                    offset += len(piece)
                    yield piece
            if ended or not follow:
                return
            with self.changed:
                self.changed.wait(0.2)

    def cleanup(self) -> None:
        """Remove the pod's directory (logs included). Call it after the pod has ended."""
        from executor.runtimes.sandbox import remove_tree

        remove_tree(self.directory)

    def discard(self) -> None:
        """Remove what the containers wrote and keep the logs. Call it after the pod has ended."""
        from executor.runtimes.sandbox import remove_tree

        for name in ("containers", "volumes", "tmp"):
            remove_tree(self.directory / name)

    @property
    def grace(self) -> float:
        """The pod's terminationGracePeriodSeconds."""
        value = self._spec.get("terminationGracePeriodSeconds")
        return DEFAULT_GRACE if value is None else float(value)

    # --- reporting ------------------------------------------------------------------------------------

    def report(self, phase: str | None = None, *, reason: str = "", message: str = "") -> None:
        """Build the status anew and hand it to the callback; states must not change meanwhile."""
        with self.changed:
            self.changed.notify_all()
            phase = phase or self._phase()
            initialized = all((s.terminated or {}).get("exitCode") == 0 for s in self._init)
            unready = [s.name for s in self._main if not s.ready]
            self._status = {
                "phase": phase,
                "conditions": podstatus.conditions(
                    phase, initialized, unready, self._started, self._status.get("conditions") or []
                ),
                **({"reason": reason} if reason else {}),
                **({"message": message} if message else {}),
                "hostIP": podstatus.HOST_IP,
                "hostIPs": [{"ip": podstatus.HOST_IP}],
                "podIP": podstatus.POD_IP,
                "podIPs": [{"ip": podstatus.POD_IP}],
                "startTime": self._started,
                **({"initContainerStatuses": [s.as_status() for s in self._init]} if self._init else {}),
                "containerStatuses": [s.as_status() for s in self._main],
                "qosClass": "BestEffort",
            }
            self._on_status(self._status)

    def _phase(self) -> str:
        if any(s.running or s.terminated or s.restarts for s in self._main):
            return "Running"
        return "Pending"

    def send_task_result(self, **fields: Any) -> None:
        """Report a WorkflowTaskResult, if Argo made this pod."""
        if self.node_id:
            with self._lock:
                self._on_task_result(argoexec.task_result(self.pod, self.node_id, **fields))

    @property
    def node_id(self) -> str:
        """The node this pod belongs to; empty for a plain pod."""
        if self.template is None:
            return ""
        annotations = self.pod["metadata"].get("annotations") or {}
        if annotations.get(argoexec.ANNOTATION_NODE_ID):
            return str(annotations[argoexec.ANNOTATION_NODE_ID])
        for container in self._spec.get("containers") or []:
            for entry in container.get("env") or []:
                if entry.get("name") == "ARGO_NODE_ID" and entry.get("value"):
                    return str(entry["value"])
        return ""

    # --- the life of a pod ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._live()
        except Exception as error:
            if os.environ.get("ARGOLINT_TRACEBACK"):
                traceback.print_exc()
            self.kill()
            self._finish(message=f"internal error of the pod runner: {type(error).__name__}: {error}")
        finally:
            for timer in self._timers:
                timer.cancel()
            self._done.set()
            with self.changed:
                self.changed.notify_all()

    def _live(self) -> None:
        if self.directory.exists():
            self.cleanup()
        (self.directory / "logs").mkdir(parents=True)
        self.report("Pending")
        try:
            self.template = argoexec.template_of(self.pod, self.runner.lookup_config_map)
            self._check_images()
            self._make_volumes()
        except (ConfigError, argoexec.StepError) as error:
            self._fail_waiting("CreateContainerConfigError", str(error))
            return
        except UnknownImage as error:
            self._fail_waiting("ErrImagePull", str(error), only=error.container)
            return
        self._set_deadline()
        if self._run_init_containers():
            self._run_containers()
        self._finish()

    def _fail_waiting(self, reason: str, message: str, only: str | None = None) -> None:
        """End a pod whose containers cannot be made: nothing that it waits for can change here."""
        for state in self._init:
            if only is None or only == state.name:
                state.wait_for(reason, message)
            else:
                state.end(0, "Completed")
        for state in self._main:
            if state.name == only or (only is None and state.name != argoexec.WAIT):
                state.wait_for(reason, message)
            else:
                state.wait_for("PodInitializing")
        if self.template is not None:
            self.send_task_result(completed=True)
        self.report("Failed")

    def _check_images(self) -> None:
        if not self.runner.runtime.needs_profile:
            return
        for container in [*(self._spec.get("initContainers") or []), *(self._spec.get("containers") or [])]:
            if argoexec.argoexec_verb(container) is None and self.profile(container) is None:
                raise UnknownImage(
                    str(container.get("name")), unknown_image(str(container.get("image") or ""))
                )

    def profile(self, container: Object) -> Profile | None:
        """The toolchain that stands for a container's image."""
        return self.runner.images.lookup(str(container.get("image") or ""))

    def _make_volumes(self) -> None:
        for volume in self._spec.get("volumes") or []:
            name = str(volume.get("name"))
            directory = self.directory / "volumes" / name.replace("/", "_")
            self.volumes[name] = make_volume(volume, directory, self.sources, self.runner.claims_dir)

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), action)
        timer.daemon = True
        with self._lock:
            self._timers.append(timer)
        timer.start()

    def _set_deadline(self) -> None:
        seconds = self._spec.get("activeDeadlineSeconds")
        if seconds is not None:
            self._after(max(0.0, float(seconds)), self._expire)

    def _expire(self) -> None:
        with self._lock:
            self._expired = True
        self.terminate()

    # --- init -----------------------------------------------------------------------------------------

    def _run_init_containers(self) -> bool:
        """Run the init containers in order; False when one failed or the pod was stopped."""
        for container, state in zip(self._spec.get("initContainers") or [], self._init, strict=True):
            if self.stopping:
                return False
            if argoexec.argoexec_verb(container) == "init":
                ok = self._play_init(state)
            else:
                run = ContainerRun(self, container, state)
                ok = run.run_to_end().code == 0
            if not ok:
                for later in self._main:
                    later.wait_for("PodInitializing")
                return False
        return not self.stopping

    def _play_init(self, state: ContainerState) -> bool:
        assert self.template is not None
        state.run()
        try:
            argoexec.stage(self.template, self.volumes)
            argoexec.load_inputs(
                self.template,
                self.volumes,
                self._on_main_volume,
                self.artifacts,
                self._secret_key,
                self.directory / "tmp",
            )
        except (argoexec.StepError, OSError) as error:
            state.end(1, "Error", str(error))
            return False
        state.end(0, "Completed")
        return True

    def _on_main_volume(self, path: str) -> Path | None:
        """The host path of a path on one of main's own volumes, None when it is not on one."""
        main = next((c for c in self._spec.get("containers") or [] if c.get("name") == argoexec.MAIN), None)
        mounts = []
        for entry in (main or {}).get("volumeMounts") or []:
            name, target = entry.get("name"), "/" + str(entry.get("mountPath", "")).strip("/")
            if name == argoexec.ARTIFACTS_VOLUME and target == "/" + path.strip("/"):
                return None
            if name in self.volumes and name != argoexec.ARTIFACTS_VOLUME and below(path, target):
                source = self.volumes[name][0]
                sub = entry.get("subPath")
                mounts.append(Mount(source / sub if sub else source, target))
        return resolve(path, self.directory / "nowhere", mounts) if mounts else None

    @property
    def artifacts(self) -> Any:
        """The runner's store, with this namespace's credentials where it can use some."""
        bind = getattr(self.runner.artifacts, "with_secrets", None)
        return bind(self._secret_key) if bind is not None else self.runner.artifacts

    def _secret_key(self, reference: Mapping[str, Any]) -> str:
        try:
            values = (
                self.sources.secret(
                    str(reference.get("name") or ""), optional=bool(reference.get("optional"))
                )
                or {}
            )
        except ConfigError as error:
            raise ArtifactError(str(error)) from error
        if reference.get("key") not in values:
            raise ArtifactError(f"secret {reference.get('name')!r} has no key {reference.get('key')!r}")
        return values[reference["key"]].decode("utf-8", "replace")

    # --- main and wait --------------------------------------------------------------------------------

    def _run_containers(self) -> None:
        containers = self._spec.get("containers") or []
        mains = argoexec.main_names(self.template, containers)
        wait = self.states.get(argoexec.WAIT) if self.template is not None else None
        for container in containers:
            if self.template is None or container.get("name") != argoexec.WAIT:
                state = self.states[str(container.get("name") or "main")]
                self.runs[state.name] = ContainerRun(self, container, state)
        if wait is not None:
            wait.run()
            wait.ready = True
        if self.template is not None:
            self.send_task_result(completed=False)
        for run in list(self.runs.values()):
            run.start_thread()
        self._watch([self.runs[name] for name in mains if name in self.runs])
        sidecars = [run for name, run in self.runs.items() if name not in mains]
        for run in sidecars:
            run.stop(self.grace)
        self._play_wait(wait, mains)
        for run in sidecars:
            run.join()

    def _watch(self, mains: list[ContainerRun]) -> None:
        """Wait for the main containers; meanwhile report progress and keep ARGO_DEADLINE."""
        deadline = self._argo_deadline()
        progress_file = (
            self.volumes["var-run-argo"][0] / "progress" if "var-run-argo" in self.volumes else None
        )
        seen: str | None = None
        next_look = time.monotonic() + 3.0
        while True:
            with self.changed:
                if all(run.outcome is not None for run in mains):
                    return
                self.changed.wait(1.0)
            if deadline is not None and datetime.now(UTC) >= deadline and not self.stopping:
                deadline = None
                self.terminate()
            if progress_file is not None and self.template is not None and time.monotonic() >= next_look:
                next_look = time.monotonic() + 3.0
                progress = argoexec.read_progress(progress_file)
                if progress and progress != seen:
                    seen = progress
                    self.send_task_result(completed=False, progress=progress)

    def _argo_deadline(self) -> datetime | None:
        """ARGO_DEADLINE of the wait container; the zero time means none."""
        for container in self._spec.get("containers") or []:
            for entry in container.get("env") or []:
                if entry.get("name") == "ARGO_DEADLINE" and entry.get("value"):
                    try:
                        moment = datetime.fromisoformat(str(entry["value"]).replace("Z", "+00:00"))
                    except ValueError:
                        return None
                    return moment if moment.year > 1 else None
        return None

    def _play_wait(self, wait: ContainerState | None, mains: list[str]) -> None:
        if self.template is None:
            return
        outputs: Object = {}
        message = ""
        fallback = self._default_key()
        try:
            argoexec.collect(
                self.template,
                outputs,
                self._main_export,
                self.artifacts,
                self.directory / "tmp",
                fallback,
                logs={name: self.states[name].log for name in mains if name in self.states},
                stdout=self._captured_stdout(),
                result=self._template_result(),
            )
        except (argoexec.StepError, OSError) as error:
            message = str(error)
        progress = None
        if "var-run-argo" in self.volumes:
            progress = argoexec.read_progress(self.volumes["var-run-argo"][0] / "progress")
        self.send_task_result(completed=True, outputs=outputs, progress=progress)
        if wait is not None:
            if message:
                wait.end(1, "Error", message)
            else:
                wait.end(0, "Completed")
        elif message and argoexec.MAIN in self.states:
            self.states[argoexec.MAIN].end(64, "Error", message)

    def _default_key(self) -> str:
        workflow = (self.pod["metadata"].get("labels") or {}).get(argoexec.LABEL_WORKFLOW) or self.namespace
        return f"{workflow}/{self.name}"

    def _main_run(self) -> ContainerRun | None:
        return self.runs.get(argoexec.MAIN)

    def _captured_stdout(self) -> Path | None:
        run = self._main_run()
        return run.stdout_copy if run is not None and run.stdout_copy.exists() else None

    def _template_result(self) -> Object | None:
        run = self._main_run()
        return run.template_outputs if run is not None else None

    def _main_export(self, path: str) -> Path | None:
        """The host path of a file of the main container, after it has ended."""
        run = self._main_run()
        handle: ContainerHandle | None = run.handle if run is not None else None
        return handle.export(path) if handle is not None else None

    def _finish(self, message: str = "") -> None:
        """Say how the pod ended and drop what nobody will look at."""
        for state in self._main:
            if state.running or (self.stopping and state.terminated is None):
                state.end(137, "Error")
        codes = [(s.terminated or {}).get("exitCode") for s in [*self._init, *self._main]]
        failed = bool(message) or self._expired or any(code != 0 for code in codes)
        for run in self.runs.values():
            run.close()
        shutil.rmtree(self.directory / "tmp", ignore_errors=True)
        self._drop_secrets()
        if self._expired:
            self.report("Failed", reason="DeadlineExceeded", message=DEADLINE_MESSAGE)
        else:
            self.report("Failed" if failed else "Succeeded", message=message)

    def _drop_secrets(self) -> None:
        """Remove the files that may hold secrets; the rest of a failed pod is kept to be looked at."""
        for volume in self._spec.get("volumes") or []:
            if volume.get("secret") is not None or volume.get("projected") is not None:
                name = str(volume.get("name")).replace("/", "_")
                shutil.rmtree(self.directory / "volumes" / name, ignore_errors=True)
        argoexec.unstage(self.volumes)
        for run in self.runs.values():
            (run.directory / "termination-log").unlink(missing_ok=True)
            run.stdout_copy.unlink(missing_ok=True)


__all__ = ["DEADLINE_MESSAGE", "DEFAULT_GRACE", "Lookup", "Outcome", "PodHandle", "PodRunner", "quantity"]
