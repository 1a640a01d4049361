"""What the controller knows of the cluster: its informers, and the engine's Context made from them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from argolint.kube import ApiError, KubeClient, resource_for
from executor.controller.informer import Handler, Informer, Key
from executor.controller.references import DEFAULT_REPOSITORIES, account_names, config_map_names
from executor.controller.settings import CONFIG_MAP, Config, Options, read_config
from executor.engine.contract import Context

if TYPE_CHECKING:
    from executor.runtimes.images import ImageMap

Obj = dict[str, Any]
Object = Mapping[str, Any]

WORKFLOW_LABEL = "workflows.argoproj.io/workflow"
INSTANCE_LABEL = "workflows.argoproj.io/controller-instanceid"
CONFIG_MAP_TYPE_LABEL = "workflows.argoproj.io/configmap-type"
PARALLELISM_LABEL = "workflows.argoproj.io/parallelism-limit"
NAMED_CONFIG_MAP_SECONDS = 5.0


def workflow_of(obj: Obj) -> Key | None:
    """(namespace, name) of the Workflow that a pod or task result belongs to, by its label."""
    meta = obj.get("metadata") or {}
    name = (meta.get("labels") or {}).get(WORKFLOW_LABEL)
    return (str(meta.get("namespace") or ""), str(name)) if name else None


def owner_workflow(obj: Obj) -> Key | None:
    """(namespace, name) of the Workflow that owns an object."""
    meta = obj.get("metadata") or {}
    for owner in meta.get("ownerReferences") or []:
        if owner.get("kind") == "Workflow":
            return str(meta.get("namespace") or ""), str(owner.get("name") or "")
    return None


def instance_selector(instance_id: str) -> str:
    """The label selector of the objects of one controller instance."""
    return f"{INSTANCE_LABEL}={instance_id}" if instance_id else f"!{INSTANCE_LABEL}"


class LocalImages(Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]):
    """Entrypoint and cmd of images: as configured, else of the toolchain that stands for the image on this machine."""

    def __init__(
        self, configured: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]], rules: ImageMap
    ) -> None:
        self._configured = configured
        self._map = rules

    def __getitem__(self, image: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if image in self._configured:
            return self._configured[image]
        found = self._map.commands([image])
        return found[image]

    def __iter__(self) -> Iterator[str]:
        return iter(self._configured)

    def __len__(self) -> int:
        return len(self._configured)


class View:
    """The informers of a controller. Handlers get the events of workflows, pods and task results."""

    def __init__(
        self,
        client: KubeClient,
        options: Options,
        *,
        on_workflow: Handler,
        on_pod: Handler,
        on_task_result: Handler,
        on_lookup: Callable[[], None],
        on_broken_config: Callable[[Obj, str], None] = lambda _obj, _problem: None,
        on_artifact_task: Handler | None = None,
    ) -> None:
        self.client = client
        self.options = options
        self.config = self._first_config()
        self.instance_id = options.instance_id or self.config.instance_id
        self._rules: ImageMap | None = None
        if options.local_images:
            from executor.runtimes.images import image_map

            self._rules = image_map(options.image_settings)
        self._on_lookup = on_lookup
        self._on_broken_config = on_broken_config
        self._locking: tuple[Any, Any, bool] = (None, None, False)
        self._named: dict[tuple[str, Key], tuple[float, Obj | None]] = {}
        self._named_lock = threading.Lock()
        namespace = options.namespace
        selector = instance_selector(self.instance_id)

        def informer(kind: str, **keywords: Any) -> Informer:
            return Informer(client, resource_for(kind), **{"namespace": namespace, **keywords})

        self.workflows = informer("Workflow", label_selector=selector, on_event=on_workflow)
        self.pods = informer(
            "Pod",
            label_selector=f"{WORKFLOW_LABEL},workflows.argoproj.io/completed=false",
            on_event=on_pod,
            index=workflow_of,
        )
        self.task_results = informer(
            "WorkflowTaskResult", label_selector=WORKFLOW_LABEL, on_event=on_task_result, index=workflow_of
        )
        self.templates = informer("WorkflowTemplate", on_event=self._lookup_changed)
        self.cluster_templates = informer(
            "ClusterWorkflowTemplate", namespace="", optional=True, on_event=self._lookup_changed
        )
        self.config_maps = informer(
            "ConfigMap", label_selector=CONFIG_MAP_TYPE_LABEL, on_event=self._lookup_changed
        )
        self.artifact_tasks = informer(
            "WorkflowArtifactGCTask", optional=True, on_event=on_artifact_task, index=owner_workflow
        )
        self.namespaces = informer("Namespace", namespace="", label_selector=PARALLELISM_LABEL, optional=True)
        self.controller_config = informer(
            "ConfigMap",
            namespace=options.controller_namespace,
            field_selector=f"metadata.name={CONFIG_MAP}",
            on_event=self._config_changed,
            optional=True,
        )
        self.informers = [
            self.controller_config,
            self.templates,
            self.cluster_templates,
            self.config_maps,
            self.namespaces,
            self.task_results,
            self.artifact_tasks,
            self.pods,
            self.workflows,
        ]

    def _first_config(self) -> Config:
        try:
            found = self.client.try_get(
                resource_for("ConfigMap"), CONFIG_MAP, self.options.controller_namespace
            )
        except ApiError as error:
            if error.status != 403:
                raise
            found = None
        return read_config(found)

    def _config_changed(self, kind: str, obj: Obj, _old: Obj | None) -> None:
        fresh = read_config(None if kind == "DELETED" else obj)
        if fresh.problem:
            # Half a configuration is none: what was understood last stays in force, until this one is mended.
            self._on_broken_config(obj, fresh.problem)
            return
        self.config = fresh
        self._on_lookup()

    def _lookup_changed(self, _kind: str, _obj: Obj, _old: Obj | None) -> None:
        self._on_lookup()

    def namespace_limits(self) -> dict[str, int]:
        """The workflows that may run at once in each namespace that says so by label."""
        out = {}
        for (_, name), namespace in self.namespaces.snapshot().items():
            text = (namespace["metadata"].get("labels") or {}).get(PARALLELISM_LABEL, "")
            if str(text).isdigit():
                out[name] = int(text)
        return out

    def context(
        self,
        wf: Obj,
        *,
        admitted: bool,
        locks: Any,
        creation_budget: int | None = None,
        creation_retry: float = 1.0,
    ) -> Context:
        """An immutable snapshot of what the engine may look up for `wf`."""
        templates = self.templates.snapshot()
        return Context(
            workflow_templates=templates,
            cluster_workflow_templates={
                name: obj for (_, name), obj in self.cluster_templates.snapshot().items()
            },
            config_maps=self._config_maps_for(wf),
            workflow_defaults=self.config.workflow_defaults,
            artifact_repository=self.config.artifact_repository,
            image_commands=self._images(),
            locks=locks,
            executor_image=self.options.executor_image,
            controller_namespace=self.options.controller_namespace,
            rules_version=self.options.rules_version,
            admitted=admitted,
            main_container=self.config.main_container,
            executor_container=self.config.executor_container,
            failed_pod_restart=self.config.failed_pod_restart,
            template_referencing=self.config.template_referencing,
            creation_budget=creation_budget,
            creation_retry=creation_retry,
            service_accounts=self._accounts_for(wf),
            artifact_gc=not self.artifact_tasks.forbidden,
            artifact_secrets=not self.options.local_images,
        )

    def _images(self) -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        return LocalImages(self.config.images, self._rules) if self._rules is not None else self.config.images

    def uses_locks(self, wf: Obj) -> bool:
        """Whether a pass over `wf` may take or give back a mutex or semaphore."""
        if (wf.get("status") or {}).get("synchronization") or has_key(wf.get("spec"), "synchronization"):
            return True
        own, shared = self.templates.snapshot(), self.cluster_templates.snapshot()
        if self._locking[0] is not own or self._locking[1] is not shared:
            found = any(
                has_key(obj.get("spec"), "synchronization") for obj in [*own.values(), *shared.values()]
            )
            self._locking = (own, shared, found)
        return self._locking[2] and (
            has_key(wf.get("spec"), "templateRef") or has_key(wf.get("spec"), "workflowTemplateRef")
        )

    def _documents(self, wf: Obj) -> list[Any]:
        """What a workflow may run: its own spec, and the templates that it may refer to."""
        own = str(wf["metadata"].get("namespace") or "")
        documents: list[Any] = [wf.get("spec"), (wf.get("status") or {}).get("storedTemplates")]
        documents.extend(obj.get("spec") for (ns, _), obj in self.templates.snapshot().items() if ns == own)
        documents.extend(obj.get("spec") for obj in self.cluster_templates.snapshot().values())
        return documents

    def _accounts_for(self, wf: Obj) -> Mapping[Key, Obj]:
        """The service accounts whose token secrets argoexec's containers mount (a few seconds old at most)."""
        documents = self._documents(wf)
        if not has_key(documents, "executor"):
            return {}
        own = str(wf["metadata"].get("namespace") or "")
        found = {
            (own, name): self._named_object("ServiceAccount", (own, name))
            for name in account_names(documents)
        }
        return {key: obj for key, obj in found.items() if obj is not None}

    def _config_maps_for(self, wf: Obj) -> Mapping[Key, Obj]:
        """ConfigMaps with a type label, and those that the workflow or a template names (a few seconds old at most)."""
        labelled = self.config_maps.snapshot()
        own = str(wf["metadata"].get("namespace") or "")
        documents = self._documents(wf)
        wanted = {(namespace or own, name) for namespace, name in config_map_names(documents)}
        if has_key(documents, "artifacts") or has_key(documents, "archiveLogs"):
            wanted |= {
                (own, DEFAULT_REPOSITORIES),
                (self.options.controller_namespace, DEFAULT_REPOSITORIES),
            }
        missing = wanted - labelled.keys()
        if not missing:
            return labelled
        out = dict(labelled)
        for key in missing:
            found = self._named_object("ConfigMap", key)
            if found is not None:
                out[key] = found
        return out

    def _named_object(self, kind: str, key: Key) -> Obj | None:
        """An object that is only named somewhere; None when it is not there."""
        now = time.monotonic()
        with self._named_lock:
            cached = self._named.get((kind, key))
        if cached is not None and now - cached[0] < NAMED_CONFIG_MAP_SECONDS:
            return cached[1]
        try:
            found = self.client.try_get(resource_for(kind), key[1], key[0])
        except ApiError as error:
            if error.transient:
                raise
            found = None  # not permitted: for the workflow it is not there
        with self._named_lock:
            self._named[(kind, key)] = (now, found)
        return found


def has_key(document: Any, key: str) -> bool:
    """Whether a JSON document has a non-empty value under `key` anywhere."""
    stack = [document]
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            if item.get(key):
                return True
            stack.extend(value for value in item.values() if isinstance(value, Mapping | list))
        elif isinstance(item, list):
            stack.extend(value for value in item if isinstance(value, Mapping | list))
    return False


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)
