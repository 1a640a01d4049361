"""The workflow controller: the engine bound to a Kubernetes API.

Events of workflows, pods and task results put a workflow's key into a queue; a worker takes it, lets the engine
advance the newest object, writes the outcome, and only then acts on the engine's commands. The object in the API is
the only truth: a controller that is killed at any point is followed by one that starts from there.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from argolint.kube import ApiError, KubeClient, resource_for
from executor import engine
from executor.controller import actions, artifacts, persist, ttl
from executor.controller.budget import PodBudget
from executor.controller.checks import initial_wait, same_for_engine, sync_error, waits_for_semaphore
from executor.controller.http_template import run_http
from executor.controller.informer import Key, key_of, version_of, wait_all_synced
from executor.controller.metrics import WorkflowMetrics, own_families
from executor.controller.observe import Seen, observe, unreported
from executor.controller.settings import CONFIG_MAP, Options
from executor.controller.throttle import admitted
from executor.controller.view import NAMED_CONFIG_MAP_SECONDS, View, owner_workflow, utc_now, workflow_of
from executor.controller.workqueue import WorkQueue
from executor.engine import locks
from executor.engine.contract import (
    Command,
    CreateObject,
    CreatePod,
    CreatePodFailed,
    DeleteObject,
    DeletePod,
    EmitMetric,
    HttpObserved,
    LabelPodCompleted,
    Observation,
    PutConfigMapKey,
    RecordEvent,
    RunHttp,
    TerminatePod,
    WakeAt,
)

Obj = dict[str, Any]

WORKFLOW = resource_for("Workflow")
TASK_RESULT = resource_for("WorkflowTaskResult")
SYNC_TIMEOUT = 60.0
MAX_FAILURES = 5


class Controller:
    """Call `start`, then `stop`. `log` gets one line for each thing worth a line; `on_metric` every sample."""

    def __init__(
        self,
        client: KubeClient,
        options: Options,
        *,
        log: Callable[[str], None] | None = None,
        on_metric: Callable[[EmitMetric], None] | None = None,
    ) -> None:
        self.client = client
        self.options = options
        self.queue: WorkQueue[Key] = WorkQueue()
        self._log = log or (lambda line: print(line, file=sys.stderr, flush=True))
        self._on_metric = on_metric or (lambda _sample: None)
        self.metrics = WorkflowMetrics(ttl=lambda: self.view.config.metrics_ttl, log=self._log)
        self.view = View(
            client,
            options,
            on_workflow=self._workflow_event,
            on_pod=self._pod_event,
            on_task_result=self._owned_event,
            on_lookup=self._lookup_event,
            on_broken_config=self._config_broken,
            on_artifact_task=self._artifact_task_event,
        )
        self.events = actions.EventRecorder(client)
        self._budget = PodBudget()
        self._lock = threading.Lock()
        self._written: dict[Key, Obj] = {}
        self._seen: dict[Key, Seen] = {}
        self._extra: dict[Key, list[Observation]] = {}
        self._failures: dict[Key, int] = {}
        self._http_running: set[tuple[Key, str]] = set()
        # Passes of workflows that use locks are taken one after the other: two at once could both find a lock free.
        self._lock_passes = threading.RLock()
        self._table_guard = threading.Lock()
        self._table = locks.EMPTY
        self._pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="actions")
        self._workers: list[threading.Thread] = []

    # --- life -------------------------------------------------------------------------------------

    def start(self, timeout: float = SYNC_TIMEOUT) -> None:
        """Fill the informers and begin to work. Raises ApiError when the API refuses or does not answer in time."""
        for informer in self.view.informers:
            informer.start()
        late = wait_all_synced(self.view.informers, timeout)
        if late:
            raise sync_error(late)
        if self.view.config.problem:
            self._log(f"{CONFIG_MAP}: {self.view.config.problem}; the default is used instead")
        for number in range(self.options.workers):
            worker = threading.Thread(target=self._work, name=f"worker-{number}", daemon=True)
            worker.start()
            self._workers.append(worker)

    def stop(self) -> None:
        """Finish what is being worked on and stop."""
        for informer in self.view.informers:
            informer.stop()
        self.queue.close()
        for worker in self._workers:
            worker.join(5.0)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.events.stop()

    def collect_metrics(self, leading: bool = True) -> list[Any]:
        """The Prometheus metrics of this moment."""
        own = own_families(self.view.workflows.all(), self.view.pods.all(), len(self.queue), leading)
        return [*own, *self.metrics.families(utc_now())]

    # --- events -----------------------------------------------------------------------------------

    def _workflow_event(self, kind: str, obj: Obj, _old: Obj | None) -> None:
        key = key_of(obj)
        self._note_locks(key, None if kind == "DELETED" else self._current(key))
        # A new workflow is worked on at once; what follows is collected for a moment.
        self.queue.add(key, 0.0 if kind == "ADDED" else self.options.requeue_seconds / 2)

    def _pod_event(self, kind: str, obj: Obj, old: Obj | None) -> None:
        key = workflow_of(obj)
        if key is None or (kind == "MODIFIED" and old is not None and same_for_engine(old, obj)):
            return
        self.queue.add(key, self.options.requeue_seconds)

    def _owned_event(self, kind: str, obj: Obj, _old: Obj | None) -> None:
        key = workflow_of(obj)
        if key is not None and kind != "DELETED":
            self.queue.add(key, self.options.requeue_seconds)

    def _artifact_task_event(self, kind: str, obj: Obj, _old: Obj | None) -> None:
        key = owner_workflow(obj)
        if key is not None and kind != "DELETED":
            self.queue.add(key, self.options.requeue_seconds)

    def _config_broken(self, config_map: Obj, problem: str) -> None:
        """A configuration that cannot be read: the last good one stays in force."""
        message = f"{CONFIG_MAP}: {problem}; the configuration before it stays in force"
        self._log(message)
        with_kind = {"apiVersion": "v1", "kind": "ConfigMap", **config_map}
        self.events.record(with_kind, RecordEvent("Warning", "InvalidConfiguration", message))

    def _lookup_event(self) -> None:
        """Templates, ConfigMaps or the configuration changed: look at the workflows that have not begun to run."""
        for key, wf in self.view.workflows.snapshot().items():
            if (wf.get("status") or {}).get("phase") in (None, "", "Pending"):
                self.queue.add(key, self.options.requeue_seconds)

    def observe(self, key: Key, observation: Observation) -> None:
        """Give the engine something that no informer sees."""
        with self._lock:
            self._extra.setdefault(key, []).append(observation)
        self.queue.add(key, self.options.requeue_seconds)

    # --- work -------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (key := self.queue.get()) is not None:
            try:
                self.reconcile(key)
                self.queue.forget(key)
                self._failures.pop(key, None)
            except persist.Refused as refused:
                self._log(f"{_text(key)}: looking again: {refused}")
                self._drop_written(key)
                self.queue.add(key, self.options.requeue_seconds)
            except ApiError as error:
                if error.conflict:
                    self._drop_written(key)
                delay = self.queue.retry(key)
                self._log(f"{_text(key)}: {error}; again in {delay:.1f} s")
            except Exception as error:
                self._failed(key, error)
            finally:
                self.queue.done(key)

    def _failed(self, key: Key, error: Exception) -> None:
        """An error of this program: report it, try again a few times, then end the workflow in Error."""
        traceback.print_exc()
        count = self._failures.get(key, 0) + 1
        self._failures[key] = count
        if count < MAX_FAILURES:
            self.queue.retry(key)
            return
        self._mark_error(key, f"internal error of the controller: {type(error).__name__}: {error}")

    def _mark_error(self, key: Key, message: str) -> None:
        self._log(f"{_text(key)}: {message}")
        wf = self._current(key)
        if wf is None or persist.is_completed(wf):
            return
        patch = {
            "metadata": {
                "labels": {
                    "workflows.argoproj.io/phase": "Error",
                    "workflows.argoproj.io/completed": "true",
                }
            },
            "status": {
                "phase": "Error",
                "message": message,
                "finishedAt": utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
        }
        try:
            self.client.patch(WORKFLOW, key[1], patch, key[0])
        except ApiError as error:
            if not error.not_found:
                self._log(f"{_text(key)}: {error}")
                self.queue.retry(key)

    def reconcile(self, key: Key) -> None:
        """One pass over one workflow."""
        wf = self._current(key)
        if wf is None:
            self._forget(key)
            self.metrics.forget(key)
        elif persist.is_completed(wf):
            self._after_completion(key, wf)
        elif (wait := initial_wait(wf, self.view.config.initial_delay, utc_now())) > 0:
            self.queue.wake(key, wait)
        elif self.view.uses_locks(wf):
            with self._lock_passes:
                self._pass(key, wf)
        else:
            self._pass(key, wf)

    def _pass(self, key: Key, wf: Obj) -> None:
        now = utc_now()
        budget: int | None = None
        with self._lock:
            extra = self._extra.pop(key, [])
            seen = self._seen.get(key)
        try:
            pods = self.view.pods.indexed(key)
            results = self._with_final_results(pods, self.view.task_results.indexed(key), seen)
            observations, seen_now = observe(wf, pods, results, seen)
            config = self.view.config
            budget, room_in = self._budget.take(config.creation_limit, config.creation_burst, now)
            context = self.view.context(
                wf,
                admitted=self._is_admitted(key),
                locks=self._table,
                creation_budget=budget,
                creation_retry=room_in,
            )
            step = engine.advance(wf, [*observations, *extra], now, context)
            if budget:
                used = sum(isinstance(command, CreatePod) for command in step.commands)
                self._budget.give_back(budget - used)
                budget = used
            self._save_caches(key, step.commands)
            stored = persist.persist(self.client, wf, step.state) if step.changed else wf
        except persist.TooLarge as error:
            self._mark_error(key, str(error))
            return
        except ApiError as error:
            if error.not_found:
                # Deleted while we worked on it; the informer will say so too.
                self._forget(key)
                return
            self._budget.give_back(budget)
            self._put_back(key, extra)
            raise
        except BaseException:
            self._budget.give_back(budget)
            self._put_back(key, extra)
            raise
        with self._lock:
            self._written[key] = stored
            self._seen[key] = seen_now
        self._note_locks(key, stored)
        self._carry_out(key, stored, step.commands, now)
        if waits_for_semaphore(stored):
            # Its limit may be raised; nobody watches ConfigMaps that are only named.
            self.queue.wake(key, NAMED_CONFIG_MAP_SECONDS)
        if persist.is_completed(stored):
            self.queue.add(key, self.options.requeue_seconds)
            self._admit_others()

    def _with_final_results(self, pods: list[Obj], results: list[Obj], seen: Seen | None) -> list[Obj]:
        """Task results, those of pods that have just ended fresh from the API.

        Pods and task results come by two watches. An executor reports before it ends, so once a pod is seen to
        have ended its result is there to be read, whether or not the other watch has brought it yet.
        """
        wanted = unreported(pods, results, seen)
        if not wanted:
            return results
        fresh = {}
        for namespace, node_id in wanted:
            found = self.client.try_get(TASK_RESULT, node_id, namespace)
            if found is not None:
                fresh[node_id] = found
        kept = [result for result in results if result["metadata"]["name"] not in fresh]
        return [*kept, *fresh.values()]

    def _put_back(self, key: Key, extra: list[Observation]) -> None:
        if extra:
            with self._lock:
                self._extra[key] = extra + self._extra.get(key, [])

    def _current(self, key: Key) -> Obj | None:
        """The newest copy known: the informer's, or what this controller wrote after it."""
        cached = self.view.workflows.get(*key)
        if cached is None:
            return None
        with self._lock:
            written = self._written.get(key)
        if written is not None and written["metadata"].get("uid") == cached["metadata"].get("uid"):
            ours, theirs = version_of(written), version_of(cached)
            if written["metadata"].get("resourceVersion") == cached["metadata"].get("resourceVersion"):
                return written
            if ours is not None and theirs is not None and ours > theirs:
                return written
        return persist.hydrate(cached)

    def _drop_written(self, key: Key) -> None:
        with self._lock:
            self._written.pop(key, None)

    def _forget(self, key: Key) -> None:
        with self._lock:
            known = self._written.pop(key, None) or self._seen.get(key)
            self._seen.pop(key, None)
            self._extra.pop(key, None)
        self._failures.pop(key, None)
        if known is not None:
            # What it held, a lock or a place among the parallel workflows, may be what others wait for.
            self._admit_others()

    # --- admission and locks ----------------------------------------------------------------------

    def _is_admitted(self, key: Key) -> bool:
        config, limits = self.view.config, self.view.namespace_limits()
        if not (config.parallelism or config.namespace_parallelism or limits):
            return True
        return key in admitted(
            self._unfinished(),
            parallelism=config.parallelism,
            namespace_parallelism=config.namespace_parallelism,
            namespace_limits=limits,
        )

    def _unfinished(self) -> list[Obj]:
        out = []
        for key in self.view.workflows.snapshot():
            wf = self._current(key)
            if wf is not None and not persist.is_completed(wf):
                out.append(wf)
        return out

    def _note_locks(self, key: Key, wf: Obj | None) -> None:
        """Keep the table of lock holders, and look at those who may now get a lock."""
        with self._table_guard:
            before = self._table
            self._table = locks.forget(before, _text(key)) if wf is None else locks.observe(before, wf)
            after = self._table
        if after is not before:
            for waiting in locks.woken(before, after):
                namespace, _, name = waiting.partition("/")
                self.queue.add((namespace, name), self.options.requeue_seconds)

    def _admit_others(self) -> None:
        """A workflow has ended: those that wait for a place or a lock may go on."""
        for key, wf in self.view.workflows.snapshot().items():
            if persist.is_completed(wf):
                continue
            status = wf.get("status") or {}
            if status.get("phase") in (None, "", "Pending") or status.get("synchronization"):
                self.queue.add(key, self.options.requeue_seconds)

    # --- commands ---------------------------------------------------------------------------------

    def _carry_out(self, key: Key, wf: Obj, commands: tuple[Command, ...], now: datetime) -> None:
        for command in commands:
            if isinstance(command, CreateObject):
                self._do(key, wf, command, now)  # claims and ConfigMaps first: pods mount them
        creations = [command for command in commands if isinstance(command, CreatePod)]
        uid = str(wf["metadata"].get("uid") or "")
        for outcome in self._map(
            lambda command: actions.create_pod(self.client, key[0], uid, command), creations
        ):
            if isinstance(outcome, CreatePodFailed):
                self._log(f"{_text(key)}: {outcome.message}")
                self.observe(key, outcome)
        labels = [command for command in commands if isinstance(command, LabelPodCompleted)]
        self._map(
            lambda command: self._try(key, lambda: actions.label_completed(self.client, key[0], command)),
            labels,
        )
        for command in commands:
            if not isinstance(command, CreatePod | CreateObject | LabelPodCompleted):
                self._do(key, wf, command, now)

    def _save_caches(self, key: Key, commands: tuple[Command, ...]) -> None:
        """Write memoized outputs before the node is seen to have succeeded, as upstream does: who waits for it finds them."""
        for command in commands:
            if isinstance(command, PutConfigMapKey):
                self._try(key, lambda put=command: self._save_cache(put))  # type: ignore[misc]

    def _save_cache(self, command: PutConfigMapKey) -> None:
        self.view.config_maps.offer(actions.put_config_map_key(self.client, command))

    def _map(self, function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        if len(items) < 3:
            return [function(item) for item in items]
        return list(self._pool.map(function, items))

    def _do(self, key: Key, wf: Obj, command: Command, now: datetime) -> None:
        client, namespace = self.client, key[0]
        match command:
            case DeletePod():
                self._try(key, lambda: actions.delete_pod(client, namespace, command))
            case TerminatePod():
                self._pool.submit(self._try, key, lambda: actions.terminate_pod(client, namespace, command))
            case CreateObject():
                self._try(key, lambda: actions.create_object(client, namespace, command))
            case PutConfigMapKey():
                pass  # done before the workflow was written: _save_caches
            case DeleteObject(kind="Workflow"):
                pass  # the TTL of a workflow is kept by _after_completion, also over a restart
            case DeleteObject():
                self._later(
                    command.delay_seconds,
                    lambda: self._try(key, lambda: actions.delete_object(client, command)),
                )
            case WakeAt():
                self.queue.wake(key, (command.at - now).total_seconds())
            case RecordEvent():
                self.events.record(wf, command)
            case RunHttp():
                self._run_http(key, command)
            case EmitMetric():
                self.metrics.record(command, key)
                self._on_metric(command)

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        if delay <= 0:
            action()
            return
        timer = threading.Timer(delay, action)
        timer.daemon = True
        timer.start()

    def _try(self, key: Key, action: Callable[[], None]) -> None:
        try:
            action()
        except ApiError as error:
            self._log(f"{_text(key)}: {error}")
            if error.transient:
                self._later(1.0, lambda: self._try_last(key, action))

    def _try_last(self, key: Key, action: Callable[[], None]) -> None:
        try:
            action()
        except ApiError as error:
            self._log(f"{_text(key)}: given up: {error}")

    def _run_http(self, key: Key, command: RunHttp) -> None:
        mark = (key, command.node_id)
        with self._lock:
            if mark in self._http_running:
                return
            self._http_running.add(mark)

        def secret(name: str, item: str) -> str | None:
            import base64

            found = self.client.try_get(resource_for("Secret"), name, key[0])
            value = ((found or {}).get("data") or {}).get(item)
            return base64.b64decode(value).decode("utf-8", "replace") if value is not None else None

        def work() -> None:
            try:
                try:
                    outcome = run_http(command.node_id, command.template, secret)
                except ApiError as error:
                    outcome = HttpObserved(command.node_id, error=str(error))
                self.observe(key, outcome)
            finally:
                with self._lock:
                    self._http_running.discard(mark)

        self._pool.submit(work)

    # --- completed workflows ----------------------------------------------------------------------

    def _after_completion(self, key: Key, wf: Obj) -> None:
        """Clean up after a workflow: what it left behind, and itself when its time has come."""
        uid = wf["metadata"].get("uid")
        now = utc_now()
        with self._lock:
            seen = self._seen.get(key)
        pods = self.view.pods.indexed(key)
        observations, seen_now = observe(wf, pods, (), seen)
        kept = artifacts.pending(wf)
        if observations or kept:
            shown = wf
            if kept:
                # Finalizers are lifted by a pass of their own; what was taken over is written before anything is deleted.
                shown = artifacts.with_lost_pods_forgotten(self.client, wf, pods)
                tasks = artifacts.tasks_of(self.client, wf, pods, self.view.artifact_tasks.indexed(key))
                observations = [*tasks, *observations]
            context = self.view.context(wf, admitted=True, locks=self._table)
            step = engine.advance(shown, observations, now, context)
            stored = persist.persist(self.client, wf, step.state) if kept and step.changed else wf
            done = (LabelPodCompleted(name) for name in artifacts.recouped(wf, stored))
            self._carry_out(key, stored, (*step.commands, *done), now)
            wf, kept = stored, artifacts.pending(stored)
        if self.view.task_results.indexed(key):
            self._try(key, lambda: self._delete_results(key))
        with self._lock:
            if kept:
                self._written[key] = wf
            else:
                self._written.pop(key, None)
            self._extra.pop(key, None)
            if seen_now.pods:
                self._seen[key] = seen_now
            else:
                self._seen.pop(key, None)
        expiry = ttl.expires_at(wf)
        if expiry is not None:
            left = (expiry - utc_now()).total_seconds()
            if left <= 0:
                self._delete_workflow(key, str(uid))
                return
            self.queue.wake(key, left + 0.01)
        if self.view.config.retention_policy:
            for other in ttl.beyond_retention(
                self.view.workflows.snapshot().values(), self.view.config.retention_policy
            ):
                found = self.view.workflows.get(*other)
                if found is not None:
                    self._delete_workflow(other, str(found["metadata"].get("uid")))

    def _delete_workflow(self, key: Key, uid: str) -> None:
        cached = self.view.workflows.get(*key)
        if cached is not None and cached["metadata"].get("deletionTimestamp"):
            return  # asked for before: a finalizer keeps it

        def delete() -> None:
            try:
                self.client.delete(WORKFLOW, key[1], key[0], uid=uid)
            except ApiError as error:
                if not error.not_found and not error.conflict:
                    raise

        self._try(key, delete)

    def _delete_results(self, key: Key) -> None:
        selector = f"workflows.argoproj.io/workflow={key[1]}"
        self.client.delete_collection(TASK_RESULT, key[0], label_selector=selector)


def _text(key: Key) -> str:
    return f"{key[0]}/{key[1]}"
