"""The engine with an in-memory store, a real clock and this machine's pod runner.

One thread owns all workflow objects: it takes observations off a queue, calls `advance`, and carries out the
commands. Pods, http requests and resource templates live in threads of their own and only ever put onto the queue.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from argolint.errors import UserError
from executor.artifacts.base import ArtifactStore
from executor.artifacts.disk import DiskStore
from executor.engine import contract as c
from executor.engine import locks
from executor.local.breakpoints import Choice, Held, Holder
from executor.local.driverparts import (
    Final,
    Listener,
    Paths,
    Reuse,
    Tracked,
    drop_files,
    phase_of,
    put_config_map_key,
)
from executor.local.jobs import JobRun
from executor.local.objects import ObjectStore
from executor.local.requests import Asked, Requests
from executor.local.rules import Router
from executor.local.rundir import TERMINAL
from executor.runtimes.base import ContainerRuntime
from executor.runtimes.images import ImageMap
from executor.runtimes.podrunner import PodHandle, PodRunner
from executor.runtimes.resources import ResourceClient

if TYPE_CHECKING:
    from executor.engine.simulate import Answer

Object = dict[str, Any]
WORKFLOW_API = "argoproj.io/v1alpha1"
ACTIVE = frozenset({"", "Pending", "Running"})
JANITOR_PATIENCE = 5.0  # seconds that the end of a run waits for old files to go
MAX_PODS = 64  # pods that run at once when nothing else is asked for


class Driver:
    """Runs Workflows to their end. Make one, `add` workflows, call `run`."""

    def __init__(
        self,
        runtime: ContainerRuntime,
        images: ImageMap,
        paths: Paths,
        context: c.Context,
        listener: Listener,
        *,
        store: ObjectStore | None = None,
        max_pods: int = MAX_PODS,
        network: bool = True,
        advance: Callable[..., c.Step] | None = None,
        artifacts: ArtifactStore | None = None,
        mask: Callable[[str], str] | None = None,
        finals: Mapping[tuple[str, str], Final] | None = None,
        on_final: Callable[[PodHandle, Final], None] | None = None,
        intercept: Callable[[str, Object], Answer | None] | None = None,
        holder: Holder | None = None,
        on_hold: Callable[[Held], Choice] | None = None,
        reuse: dict[str, Final] | None = None,
        plugins: Mapping[str, str] | None = None,
        router: Router | None = None,
        resources: ResourceClient | None = None,
        env: Mapping[str, str] | None = None,
        keep: bool = False,
    ) -> None:
        """`finals` are pods that ended in an earlier life of this run: (namespace, name) -> what they came to.

        `intercept(node_id, pod)` may answer in a pod's stead; `holder` says where nothing new is to be started any more, and
        `on_hold` then what to do (without it the run ends there).
        """
        if advance is None:
            from executor.engine import advance as engine_advance

            advance = engine_advance
        self._advance = advance
        self._listener = listener
        self._context = context
        self.store = store or ObjectStore()
        self.store.listen(self._on_object)
        self._runner = PodRunner(
            runtime,
            artifacts or DiskStore(paths.artifacts),
            paths.pods,
            lookup_secret=lambda ns, name: self.store.get("v1", "Secret", ns, name),
            lookup_config_map=lambda ns, name: self.store.get("v1", "ConfigMap", ns, name),
            resource_client=resources or self.store,
            images=images,
            claims_dir=paths.claims,
            network=network,
            mask=mask,
            env=env,
        )
        self._finals = dict(finals or {})
        self._on_final = on_final
        self._intercept = intercept
        self._router = router
        self._holder = holder
        self._on_hold, self._keep = on_hold, keep or on_hold is not None
        self._reuse = Reuse(reuse)
        self.held: Held | None = None
        self.mocked: list[str] = []
        self._paths = paths
        self._images = images
        self._max_pods = max_pods
        self._queue: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._janitor: queue.SimpleQueue[PodHandle | None] = queue.SimpleQueue()
        self._workflows: dict[tuple[str, str], Tracked] = {}
        self._timers: list[tuple[datetime, int, Callable[[], None]]] = []
        self._ticket = itertools.count()
        self._pods: dict[tuple[str, str], PodHandle] = {}
        self._running: set[tuple[str, str]] = set()
        self._pending: deque[tuple[Object, str, tuple[str, str] | None]] = deque()
        self._owner: dict[tuple[str, str], tuple[str, str]] = {}
        self._requests = Requests(self._queue.put, self._observe, self.store, plugins or {})
        self._jobs: dict[tuple[str, str], JobRun] = {}
        self._interrupted = 0
        self.samples: list[c.EmitMetric] = []

    # --- from outside ---------------------------------------------------------------------------------

    def add(self, workflow: Object) -> None:
        """Run this Workflow (it has its identity)."""
        self.store.put(workflow)

    def interrupt(self) -> None:
        """First call: stop as `argo stop` does, exit handlers run. Second: terminate and kill everything. Any thread."""
        self._interrupted += 1
        how, kill = ("Terminate", True) if self._interrupted > 1 else ("Stop", False)
        self._queue.put(lambda: self._shut_down(how, kill=kill))

    def change(self, operation: Callable[[Object], Object], failed: Callable[[str], None]) -> None:
        """Apply an operation of `executor.engine` to the first workflow; its refusal goes to `failed`. Any thread."""

        def work() -> None:
            tracked = next(iter(self._workflows.values()), None)
            if tracked is None:
                failed("the run has not started yet")
                return
            try:
                tracked.state = operation(tracked.state)
            except UserError as error:
                failed(error.message)
                return
            tracked.waiting = True

        self._queue.put(work)

    @property
    def interrupted(self) -> int:
        """How often `interrupt` was called."""
        return self._interrupted

    def workflow(self, namespace: str, name: str) -> Object:
        """The present state of a workflow."""
        return self._workflows[namespace, name].state

    @property
    def reused(self) -> list[str]:
        """The nodes that were not run again: their pods are what they were."""
        return self._reuse.nodes

    def waiting_request(self, node_id: str) -> Asked | None:
        """What a node is going to ask of a server."""
        return self._requests.asked(node_id)

    def waiting_pod(self, node_id: str) -> Object | None:
        """The pod of a node, as long as it waits for its start."""
        return next((pod for pod, identity, _ in self._pending if identity == node_id), None)

    def workflows(self) -> list[Object]:
        """The present states of all workflows."""
        return [tracked.state for tracked in self._workflows.values()]

    def run(self) -> None:
        """Run until every workflow has ended, is suspended, or can never go on."""
        janitor = threading.Thread(target=drop_files, args=(self._janitor,), name="janitor", daemon=True)
        janitor.start()
        try:
            while True:
                while not self._finished():
                    self._advance_all()
                    if self._finished() or self._stuck():
                        break
                    self._wait()
                if not self._released():
                    break
        finally:
            self._requests.close()
            for handle in list(self._pods.values()):
                if handle.wait(0) is None:
                    handle.kill()
            for handle in list(self._pods.values()):
                handle.wait(10)
            self._janitor.put(None)
            janitor.join(JANITOR_PATIENCE)

    # --- the loop -------------------------------------------------------------------------------------

    def _finished(self) -> bool:
        states = self._workflows.values()
        idle = not self._running and self._queue.empty() and not any(t.inbox for t in states)
        if idle and self.held and not self._requests.open:
            return True
        if idle and self._interrupted > 1 and not any(t.waiting for t in states):
            return True
        return (
            self._queue.empty()
            and all(phase_of(t.state) in TERMINAL and not t.inbox for t in self._workflows.values())
            and (not self._running or self._interrupted > 1)
        )

    def _stuck(self) -> bool:
        """Whether nothing that could change a workflow is under way."""
        return (
            not self._running
            and not self._pending
            and not self._requests.open
            and not self._timers
            and self._queue.empty()
            and not any(t.inbox or t.waiting for t in self._workflows.values())
        )

    def _wait(self) -> None:
        timeout = None
        if any(t.inbox or t.waiting for t in self._workflows.values()):
            timeout = 0.0
        elif self._timers:
            timeout = max(0.0, (self._timers[0][0] - datetime.now(UTC)).total_seconds())
        try:
            self._queue.get(timeout=timeout if timeout is None else min(timeout, 3600.0))()
            while True:
                self._queue.get_nowait()()
        except queue.Empty:
            pass
        now = datetime.now(UTC)
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def _at(self, moment: datetime, action: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (moment, next(self._ticket), action))

    def _advance_all(self) -> None:
        for key, tracked in list(self._workflows.items()):
            if not (tracked.waiting or tracked.inbox):
                continue
            observations, tracked.inbox, tracked.waiting = tuple(tracked.inbox), [], False
            step = self._advance(tracked.state, observations, datetime.now(UTC), self._context_now())
            if step.changed:
                tracked.state = step.state
                self.store.share(step.state)
                self._listener.state(step.state)
                self._wake_others(key)
                self._look_for_hold(step.state)
            for command in step.commands:
                self._carry_out(key, command)
            self._reap(tracked)

    def _look_for_hold(self, state: Object) -> None:
        """Start nothing more once the node that the user named has ended."""
        if self._holder is None or self.held:
            return
        for node in ((state.get("status") or {}).get("nodes") or {}).values():
            self.held = self._holder.after(node)
            if self.held:
                return

    def _released(self) -> bool:
        """Ask what becomes of a held run; True if it goes on."""
        held = self.held
        if held is None or self._on_hold is None or self._interrupted:
            return False
        choice = self._on_hold(held)
        if not choice.go:
            return False
        self.held = None
        if choice.skip is not None and (asked := self._requests.asked(held.node_id)) is not None:
            self._requests.waiting.remove(asked)
            self._observe(asked.key, asked.answered(choice.skip))
        elif choice.skip is not None and self._pending:
            from executor.engine.simulate import Answer

            pod, node_id, owner = self._pending.popleft()
            given = {name: value for name, value in choice.skip.items() if name != "result"}
            self._answer(pod, node_id, owner, Answer(result=choice.skip.get("result"), parameters=given))
        self._start_pending()
        for tracked in self._workflows.values():
            self._look_for_hold(tracked.state)
        return True

    def _wake_others(self, key: tuple[str, str]) -> None:
        """Another workflow may have been waiting for a lock that this one gave back."""
        for other, tracked in self._workflows.items():
            if other != key and phase_of(tracked.state) not in TERMINAL:
                tracked.waiting = True

    def _reap(self, tracked: Tracked) -> None:
        """End what a finished workflow left running (pods of steps that it no longer waits for)."""
        if phase_of(tracked.state) not in TERMINAL:
            return
        meta = tracked.state["metadata"]
        for key in [k for k, owner in self._owner.items() if owner == (meta["namespace"], meta["name"])]:
            if key in self._running:
                self._pods[key].terminate()

    def _context_now(self) -> c.Context:
        """The snapshot for one pass: ConfigMaps may have changed, and locks are what the workflows hold."""
        config_maps = {
            (m["metadata"].get("namespace", ""), m["metadata"]["name"]): m
            for m in self.store.list("ConfigMap")
        }
        return replace(
            self._context,
            config_maps=config_maps,
            locks=locks.table([t.state for t in self._workflows.values()]),
        )

    # --- commands -------------------------------------------------------------------------------------

    def _carry_out(self, key: tuple[str, str], command: c.Command) -> None:
        namespace = key[0]
        match command:
            case c.CreatePod(node_id, pod):
                self._create_pod(dict(pod), node_id, key)
            case c.DeletePod(name):
                self._delete_pod((namespace, name))
            case c.TerminatePod(name):
                self._with_pod((namespace, name), lambda handle: handle.terminate())
            case c.LabelPodCompleted(name):
                self._label_completed((namespace, name))
            case c.RunHttp(node_id, template):
                self._requests.waiting.append(Asked(key, node_id, template))
                self._start_pending()
            case c.RunPlugin(node_id, template):
                self._requests.waiting.append(Asked(key, node_id, template, self._workflows[key].state))
                self._start_pending()
            case c.CreateObject(obj):
                version, name = str(obj.get("apiVersion") or "v1"), obj["metadata"]["name"]
                if self.store.get(version, obj["kind"], namespace, name) is None:
                    self.store.create(dict(obj), namespace)
            case c.PutConfigMapKey():
                put_config_map_key(self.store, command)
            case c.DeleteObject(api, kind, space, name, delay):
                if kind == "Workflow":
                    return  # the time to live of a local run: the user wants to look at it
                moment = datetime.fromtimestamp(time.time() + delay, UTC)
                if delay:
                    self._at(moment, lambda: self._delete_object(api, kind, space or namespace, name))
                else:
                    self._delete_object(api, kind, space or namespace, name)
            case c.WakeAt(at):
                self._at(at, lambda: self._wake(key))
            case c.RecordEvent(kind, reason, message):
                self._listener.event(kind, reason, message)
            case c.EmitMetric():
                self.samples.append(command)

    def _wake(self, key: tuple[str, str]) -> None:
        if key in self._workflows:
            self._workflows[key].waiting = True

    def _observe(self, key: tuple[str, str] | None, observation: c.Observation) -> None:
        if key is not None and key in self._workflows:
            self._workflows[key].inbox.append(observation)

    def _create_pod(self, pod: Object, node_id: str, owner: tuple[str, str] | None) -> None:
        meta = pod["metadata"]
        key = (meta.get("namespace") or (owner or ("default", ""))[0], meta["name"])
        if key in self._pods or any(p["metadata"]["name"] == key[1] for p, _, _ in self._pending):
            return  # made before: names are deterministic
        pod = {
            **pod,
            "metadata": {**meta, "namespace": key[0], "uid": meta.get("uid") or f"{key[0]}-{key[1]}"},
        }
        if owner is not None:
            self._owner[key] = owner
        self._pending.append((pod, node_id, owner))
        self._start_pending()

    def _answered(self, key: tuple[str, str], pod: Object, node_id: str, owner: tuple[str, str]) -> bool:
        """Whether a pod need not run: it ended in an earlier life of this run, or somebody answers in its stead."""
        final = self._finals.pop(key, None)
        if final is None and self._intercept is not None:
            answer = self._intercept(node_id, pod)
            if answer is not None:
                self._answer(pod, node_id, owner, answer)
                return True
        final = final or self._reuse.as_before(pod, node_id)
        if final is None:
            return False
        self._observe_final(owner, final)
        return True

    def _answer(self, pod: Object, node_id: str, owner: tuple[str, str] | None, answer: Answer) -> None:
        """Let a pod have ended without having run."""
        from executor.engine.simulate import task_result, with_status

        phase = "Failed" if answer.exit_code or answer.phase else "Succeeded"
        seen = with_status(pod, phase, datetime.now(UTC), answer.exit_codes, answer.exit_code)
        self.mocked.append(node_id)
        self._observe_final(owner, Final(seen, task_result(node_id, pod, answer)))

    def _node(self, owner: tuple[str, str] | None, node_id: str) -> Mapping[str, Any]:
        state = self._workflows[owner].state if owner in self._workflows else {}
        found: Mapping[str, Any] = ((state.get("status") or {}).get("nodes") or {}).get(node_id) or {}
        return found

    def _observe_final(self, owner: tuple[str, str] | None, final: Final) -> None:
        if final.task_result is not None:
            self._observe(owner, c.TaskResultObserved(final.task_result))
        self._observe(owner, c.PodObserved(final.pod))

    def recover(self, namespace: str, name: str) -> None:
        """Feed what the pods of an earlier life came to into a workflow that was added. Call it before `run`."""
        workflow = self.store.get(WORKFLOW_API, "Workflow", namespace, name) or {}
        nodes = (workflow.get("status") or {}).get("nodes") or {}
        pending = {i for i, n in nodes.items() if n.get("type") == "Pod" and n.get("phase") in ACTIVE}

        def work() -> None:
            for key, final in list(self._finals.items()):
                node = ((final.task_result or {}).get("metadata") or {}).get("name")
                if key[0] == namespace and node in pending:
                    del self._finals[key]
                    self._owner[key] = (namespace, name)
                    self._observe_final((namespace, name), final)

        self._queue.put(work)

    def _holds_before(self, owner: tuple[str, str] | None, node_id: str) -> bool:
        """Whether the run is held before this node, from now on."""
        if self._holder is not None:
            self.held = self._holder.before(self._node(owner, node_id))
        return self.held is not None

    def _start_pending(self) -> None:
        while self._requests.waiting and not self.held:
            asked = self._requests.waiting[0]
            if self._node(asked.key, asked.node_id).get("phase") not in ACTIVE:
                self._requests.waiting.popleft()  # the workflow was stopped meanwhile
            elif not self._holds_before(asked.key, asked.node_id):
                self._requests.begin()
        while self._pending and len(self._running) < self._max_pods and not self.held:
            pod, node_id, owner = self._pending[0]
            if self._holds_before(owner, node_id):
                return
            self._pending.popleft()
            key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
            if owner is not None and self._answered(key, pod, node_id, owner):
                continue
            pod, runner = self._router.runner(pod, self._runner) if self._router else (pod, self._runner)
            if runner is not self._runner and runner.runtime.name == "mock":
                self.mocked.append(node_id)
            self._running.add(key)
            results: list[Object] = []
            self._reuse.expect(key, results)

            def on_status(
                status: Object, pod: Object = pod, owner: Any = owner, key: Any = key, results: Any = results
            ) -> None:
                if status["phase"] in ("Succeeded", "Failed") and self._on_final is not None:
                    # Written before anybody hears of it: what was reported is never run again.
                    final = Final({**pod, "status": status}, results[-1] if results else None)
                    self._on_final(self._pods[key], final)
                self._queue.put(lambda: self._pod_changed(pod, status, owner))

            def on_task_result(result: Object, owner: Any = owner, results: Any = results) -> None:
                results.append(result)
                self._queue.put(lambda: self._observe(owner, c.TaskResultObserved(result)))

            handle = runner.prepare(pod, on_status, on_task_result)
            self._pods[key] = handle
            if handle.directory.exists():  # of an earlier life: nobody must read its old logs as new
                handle.cleanup()
            handle.begin()
            self._listener.pod(handle, node_id)

    def _pod_changed(self, pod: Object, status: Object, owner: tuple[str, str] | None) -> None:
        key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
        pod["status"] = status
        if status["phase"] == "Succeeded" and owner is not None:
            self._reuse.keep(key, pod, status)
        if status["phase"] in ("Succeeded", "Failed"):
            self._running.discard(key)
            self._start_pending()
            # A failed pod is kept as it was, to be looked at; so is every pod where there are breakpoints.
            if status["phase"] == "Succeeded" and not self._keep:
                self._janitor.put(self._pods[key])
        self._observe(owner, c.PodObserved({**pod, "status": status}))
        if owner is None:
            self._plain_pod_changed(key, status)

    def _with_pod(self, key: tuple[str, str], action: Callable[[PodHandle], None]) -> None:
        if (handle := self._pods.get(key)) is not None:
            action(handle)

    def _delete_pod(self, key: tuple[str, str]) -> None:
        for entry in [e for e in self._pending if e[0]["metadata"]["name"] == key[1]]:
            self._pending.remove(entry)
            self._observe(self._owner.get(key), c.PodDeleted(key[1]))
        handle = self._pods.get(key)
        if handle is not None and handle.wait(0) is None:
            handle.terminate()

    def _label_completed(self, key: tuple[str, str]) -> None:
        handle = self._pods.get(key)
        if handle is not None:
            meta = handle.pod["metadata"]
            meta["labels"] = {**(meta.get("labels") or {}), "workflows.argoproj.io/completed": "true"}

    def _delete_object(self, api_version: str, kind: str, namespace: str, name: str) -> None:
        self.store.delete(api_version, kind, namespace, name)
        if kind == "PersistentVolumeClaim" and "/" not in name and name not in ("", ".", ".."):
            from executor.runtimes.sandbox import remove_tree

            remove_tree(self._paths.claims / namespace / name)

    def _shut_down(self, how: str, *, kill: bool) -> None:
        for tracked in self._workflows.values():
            if phase_of(tracked.state) not in TERMINAL:
                spec = {**tracked.state["spec"], "shutdown": how}
                tracked.state = {**tracked.state, "spec": spec}
                tracked.waiting = True
        if kill:
            self._pending.clear()
            self._requests.waiting.clear()
            for key in self._running:
                self._with_pod(key, lambda handle: handle.kill())

    # --- objects that run -----------------------------------------------------------------------------

    def _on_object(self, event: str, obj: Object) -> None:
        """The store changed (in any thread): created Workflows, Pods and Jobs run."""
        if event == "created" and obj.get("kind") in ("Workflow", "Pod", "Job"):
            self._queue.put(lambda: self._adopt(obj))
        elif event == "deleted" and obj.get("kind") in ("Workflow", "Pod"):
            self._queue.put(lambda: self._drop(obj))

    def _adopt(self, obj: Object) -> None:
        meta = obj["metadata"]
        key = (meta.get("namespace") or "default", meta["name"])
        if obj["kind"] == "Workflow":
            if key not in self._workflows:
                self._workflows[key] = Tracked(obj)
        elif obj["kind"] == "Pod":
            if key not in self._pods:
                self._create_pod(obj, "", None)
        else:
            self._jobs[key] = JobRun(obj)
            self._advance_job(key)

    def _drop(self, obj: Object) -> None:
        key = (obj["metadata"].get("namespace") or "default", obj["metadata"]["name"])
        if obj["kind"] == "Pod":
            self._with_pod(key, lambda handle: handle.terminate())
        elif (tracked := self._workflows.pop(key, None)) is not None:
            for pod, owner in self._owner.items():
                if owner == key:
                    self._with_pod(pod, lambda handle: handle.kill())
            tracked.inbox.clear()

    def _plain_pod_changed(self, key: tuple[str, str], status: Object) -> None:
        """Write a plain pod's status, and its Job's, into the store, where conditions are looked at."""
        stored = self.store.get("v1", "Pod", *key)
        if stored is not None:
            self.store.put({**stored, "status": status})
        name = (self._pods[key].pod["metadata"].get("labels") or {}).get("job-name")
        job = self._jobs.get((key[0], name)) if name else None
        if job is not None and name and status["phase"] in ("Succeeded", "Failed"):
            job.ended(status["phase"])
            self._advance_job((key[0], name))

    def _advance_job(self, key: tuple[str, str]) -> None:
        """Create the pods that a Job needs now, and write its counts where conditions are looked at."""
        for pod in self._jobs[key].next_pods():
            self._create_pod(pod, "", None)
        stored = self.store.get("batch/v1", "Job", *key)
        if stored is not None:
            self.store.put({**stored, "status": self._jobs[key].status})
