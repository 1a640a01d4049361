"""The seam between the pure engine and its drivers: observations in, commands out.

Objects are plain JSON-shaped dicts in upstream's spelling. Nothing here may be mutated after it was
handed over: the engine shares structure between the states it returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

Json = Any
Object = Mapping[str, Any]


# --- observations -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PodObserved:
    """The present state of a pod of this workflow, as a kubelet reports it (a whole v1 Pod)."""

    pod: Object


@dataclass(frozen=True, slots=True)
class PodDeleted:
    """A pod that the engine had asked for is no longer there."""

    pod_name: str


@dataclass(frozen=True, slots=True)
class TaskResultObserved:
    """What argoexec's `wait` (or the part our pod runner plays) reported: a WorkflowTaskResult object.

    The node id is `metadata.name`; `outputs`, `progress`, `phase`, `message` are at the top level; the label
    `workflows.argoproj.io/report-outputs-completed` is "true" once everything was reported.
    """

    task_result: Object


@dataclass(frozen=True, slots=True)
class HttpObserved:
    """The outcome of an `http` template that the driver ran for RunHttp.

    Exactly one of `error` (the request could not be made) and `response` is set; `response` has
    `statusCode` (int), `headers` (name -> list of str) and `body` (str).
    """

    node_id: str
    response: Object | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class PluginObserved:
    """What an executor plugin answered to RunPlugin. An empty phase: it is still at it, and only says how far.

    `phase` is Succeeded, Failed or Error; `outputs` has parameters, artifacts and result as a node has them.
    """

    node_id: str
    phase: str
    message: str = ""
    outputs: Object = field(default_factory=dict)
    progress: str = ""


@dataclass(frozen=True, slots=True)
class CreatePodFailed:
    """The store refused a pod. `transient` says whether asking again may help (quota, 429, network)."""

    node_id: str
    message: str
    transient: bool


@dataclass(frozen=True, slots=True)
class ArtifactGCTaskObserved:
    """A WorkflowArtifactGCTask of this workflow, as the pod that deletes artifacts has left it."""

    task: Object


Observation = (
    PodObserved
    | PodDeleted
    | TaskResultObserved
    | HttpObserved
    | PluginObserved
    | CreatePodFailed
    | ArtifactGCTaskObserved
)


# --- commands ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreatePod:
    """Create this Pod. Deterministically named: AlreadyExists means it was created before, and is fine."""

    node_id: str
    pod: Object


@dataclass(frozen=True, slots=True)
class DeletePod:
    """Delete this pod (it never ran, or it is garbage-collected). With a uid: only that very pod."""

    pod_name: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class TerminatePod:
    """Send SIGTERM to the pod's containers, SIGKILL after its grace period."""

    pod_name: str


@dataclass(frozen=True, slots=True)
class LabelPodCompleted:
    """Set the label `workflows.argoproj.io/completed=true` on this pod."""

    pod_name: str


@dataclass(frozen=True, slots=True)
class RunHttp:
    """Run an `http` template (fully substituted) once and answer with HttpObserved."""

    node_id: str
    template: Object


@dataclass(frozen=True, slots=True)
class RunPlugin:
    """Give a `plugin` template (fully substituted) to its executor plugin and answer with PluginObserved."""

    node_id: str
    template: Object


@dataclass(frozen=True, slots=True)
class CreateObject:
    """Create a namespaced object (PVC, PodDisruptionBudget, memoization ConfigMap...); AlreadyExists is fine."""

    object: Object


@dataclass(frozen=True, slots=True)
class PutConfigMapKey:
    """Write one key of a ConfigMap, creating the ConfigMap with `labels` when absent (memoization)."""

    namespace: str
    name: str
    key: str
    value: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeleteObject:
    """Delete an object; absent is fine. `delay_seconds` counts from now."""

    api_version: str
    kind: str
    namespace: str
    name: str
    delay_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Call `advance` again at `at` (UTC) even if nothing was observed. A later WakeAt does not cancel this one."""

    at: datetime


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """A Kubernetes Event about the workflow. `type` is Normal or Warning."""

    type: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class EmitMetric:
    """A Prometheus sample from `metrics.prometheus`; `operation` is Set, Add, Sub or Observe.

    With `since` it is a realtime gauge: from now on its value is the seconds since then, whenever it is read, until the
    same name and labels come without `since`.
    """

    name: str
    help: str
    kind: str
    labels: tuple[tuple[str, str], ...]
    operation: str
    value: float
    buckets: tuple[float, ...] = ()
    since: datetime | None = None


Command = (
    CreatePod
    | DeletePod
    | TerminatePod
    | LabelPodCompleted
    | RunHttp
    | RunPlugin
    | CreateObject
    | PutConfigMapKey
    | DeleteObject
    | WakeAt
    | RecordEvent
    | EmitMetric
)


# --- context ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Context:
    """What the engine may look up, as an immutable snapshot taken by the driver before the call.

    `workflow_templates` and `config_maps` are keyed (namespace, name); `cluster_workflow_templates` by name.
    `workflow_defaults` is the controller's `workflowDefaults`. `locks` is the holder table of every mutex and semaphore that any
    workflow of the store holds or waits for: see `executor/engine/locks.py`. `executor_image` goes into
    argoexec's containers. `rules_version` picks the behaviour of an Argo minor release ("3.4" .. "4.1").
    `image_commands` maps an image to its (entrypoint, cmd) for templates without a command; the entry "*" stands for
    every image that has none of its own. `baseline` is the newest succeeded Workflow of the same template (or cron), from
    which durations are estimated; None: no estimates. `locks` is a `locks.LockTable`: `locks.table(workflows)` makes it, and
    `locks.observe(table, step.state)` keeps it up to date. Nothing has to be returned: the state says what it holds.

    From the controller's configuration: `main_container` and `executor_container` are containers whose fields apply where
    the user's main containers, or argoexec's, say nothing; `failed_pod_restart` is {enabled, maxRestarts};
    `template_referencing` is Strict or Secure (only workflows that refer to a template run). `creation_budget` is how many
    pods may be asked for in this pass (None: any number) and `creation_retry` the seconds after which there is room for one more:
    see `executor.engine.rate`. `service_accounts`, keyed as `config_maps`, tell the names of token secrets. `artifact_gc` says
    that the driver can collect artifacts: it creates the task and the pod that it is told to, observes both, and keeps
    working on a deleted workflow until its finalizer is gone. `plugins` are the executor plugins that the driver can reach ("*": any);
    templates of others are refused by name. `artifact_secrets` mounts the secrets of artifact stores into
    argoexec's containers, as upstream's argoexec needs them.
    """

    workflow_templates: Mapping[tuple[str, str], Object] = field(default_factory=dict)
    cluster_workflow_templates: Mapping[str, Object] = field(default_factory=dict)
    config_maps: Mapping[tuple[str, str], Object] = field(default_factory=dict)
    workflow_defaults: Object = field(default_factory=dict)
    artifact_repository: Object = field(default_factory=dict)
    image_commands: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    locks: Any = None
    executor_image: str = "quay.io/argoproj/argoexec:v4.1.2"
    controller_namespace: str = "argo"
    rules_version: str = "4.1"
    admitted: bool = True
    baseline: Object | None = None
    main_container: Object = field(default_factory=dict)
    executor_container: Object = field(default_factory=dict)
    failed_pod_restart: Object = field(default_factory=dict)
    template_referencing: str = ""
    creation_budget: int | None = None
    creation_retry: float = 1.0
    service_accounts: Mapping[tuple[str, str], Object] = field(default_factory=dict)
    artifact_gc: bool = False
    artifact_secrets: bool = False
    plugins: frozenset[str] = frozenset()


class Step(NamedTuple):
    """The outcome of one `advance`: the new Workflow object and what the driver must now do, in order.

    `changed` is False when the state is equal to the one passed in (the driver then writes nothing).
    The driver persists `state` first and carries out the commands after that; a crash in between is harmless,
    because the next `advance` asks again for whatever is missing: a pod is asked for once as long as the nodes map that
    `advance` returned comes back to it, and again for every Pending node without an observed pod if the state was
    reloaded. So give PodObserved for every existing pod with the first `advance` after a restart. `state` has its
    nodes unpacked; `size.pack` compresses those of a large workflow for a store that limits the size of objects.
    """

    state: dict[str, Any]
    commands: tuple[Command, ...]
    changed: bool
