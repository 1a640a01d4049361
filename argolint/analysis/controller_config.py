"""The workflow controller's settings in its ConfigMap, and artifact repositories in theirs.

A ConfigMap holds them as text: all under the key `config`, or one key each (upstream: config/controller.go parseConfigMap). Here they
become views again, with places in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from argolint.context import Context, Scalar
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.model.workflow import WorkflowSpec
from argolint.project.facts import ObjectFact
from argolint.project.index import Index
from argolint.yaml import parse
from argolint.yaml.nodes import Map

CONTROLLER = "workflow-controller-configmap"
REPOSITORIES = "artifact-repositories"
DEFAULT_REPOSITORY = "workflows.argoproj.io/default-artifact-repository"

# Upstream: config.go Config.
SETTINGS = frozenset(
    {
        "artifactRepository", "columns", "executor", "images", "initialDelay", "instanceID", "kubeConfig", "links",
        "mainContainer", "metricsConfig", "namespace", "namespaceParallelism", "navColor", "nodeEvents", "parallelism",
        "persistence", "podGCDeleteDelayDuration", "podGCGracePeriodSeconds", "podSpecLogStrategy", "resourceRateLimit",
        "retentionPolicy", "sso", "synchronization", "telemetryConfig", "workflowDefaults", "workflowEvents",
        "workflowRestrictions",
    }
)  # fmt: skip
# Gone with the executors that needed them (3.4), or earlier.
REMOVED = {
    "containerRuntimeExecutor": "emissary is the only executor since 3.4",
    "containerRuntimeExecutors": "emissary is the only executor since 3.4",
    "dockerSockPath": "it was for the docker executor",
    "kubeletPort": "it was for the kubelet executor",
    "kubeletInsecure": "it was for the kubelet executor",
    "executorImage": "use the controller's `--executor-image`",
    "executorImagePullPolicy": "use `executor.imagePullPolicy`",
    "executorResources": "use `executor.resources`",
    "featureFlags": "there are none any more",
}


class Setting(NamedTuple):
    """A setting: its name, where that is written, its value as read, and the text it stands in (`shift`: see `at`)."""

    name: str
    key: Span
    value: Any
    text: Scalar

    def view(self) -> View:
        """The value as a view, whose spans are those of the text: give them to `at`."""
        return View(self.value, self.name)

    def at(self, span: Span) -> Span:
        """A place inside the text as a place in the file."""
        return self.text.part(span.start, span.end)


class Unreadable(NamedTuple):
    """A value that is no YAML: the message and where."""

    message: str
    at: Span


def is_controller_config(obj: Object) -> bool:
    """Whether it is the ConfigMap that the workflow controller reads (Helm puts a release name before it)."""
    return obj.kind == "ConfigMap" and obj.name.endswith(CONTROLLER)


def is_repositories(obj: Object) -> bool:
    """Whether it is a ConfigMap of artifact repositories."""
    return obj.kind == "ConfigMap" and (obj.name == REPOSITORIES or DEFAULT_REPOSITORY in obj.annotations)


def settings_of(obj: Object, ctx: Context) -> tuple[list[Setting], list[Unreadable]]:
    """The settings of a controller ConfigMap, and what of it cannot be read."""
    data = obj.mapping("data")
    found: list[Setting] = []
    broken: list[Unreadable] = []
    whole = ctx.scalar(data, "config")
    for key in ["config"] if whole is not None else data.map:
        text = ctx.scalar(data, str(key))
        if text is None:
            continue
        value, problem = _read(text, ctx)
        if problem is not None:
            broken.append(problem)
        elif whole is None:
            found.append(Setting(str(key), data.key_span(str(key)), value, text))
        elif isinstance(value, Map):
            inner = View(value)
            for name in value:
                at = inner.key_span(str(name))
                found.append(Setting(str(name), text.part(at.start, at.end), value[name], text))
    return found, broken


def _read(text: Scalar, ctx: Context) -> tuple[Any, Unreadable | None]:
    if "{{" in text.value:
        return None, None  # filled in by a chart
    documents = ctx.embedded(text)
    for document in documents:
        for problem in document.problems:
            if problem.kind in ("syntax", "duplicate-key"):
                return None, Unreadable(problem.message, text.part(problem.start, problem.end))
    return (documents[0].root if documents else None), None


def setting(obj: Object, ctx: Context, name: str) -> Setting | None:
    """One setting of a controller ConfigMap, or None."""
    if not is_controller_config(obj) or name not in ctx.source.text:
        return None
    return next((found for found in settings_of(obj, ctx)[0] if found.name == name), None)


def repositories(obj: Object, ctx: Context) -> Iterator[Setting]:
    """The artifact repositories that a ConfigMap holds: the controller's own, or each of a ConfigMap of repositories."""
    if is_controller_config(obj):
        found = setting(obj, ctx, "artifactRepository")
        if found is not None:
            yield found
    elif is_repositories(obj):
        data = obj.mapping("data")
        for key in data.map:
            text = ctx.scalar(data, str(key))
            if text is not None:
                value, _ = _read(text, ctx)
                yield Setting(str(key), data.key_span(str(key)), value, text)


def artifact_stores(spec: WorkflowSpec, kind: str) -> Iterator[View]:
    """The locations of one kind (`s3`) that the artifacts of a workflow spec say."""
    holders = [*spec.arguments.artifacts]
    for template in spec.all_templates:
        holders += [*template.inputs.artifacts, *template.outputs.artifacts]
        if template.mapping("archiveLocation").mapping(kind).map:
            yield template.mapping("archiveLocation").mapping(kind)
    for artifact in holders:
        if artifact.mapping(kind).map:
            yield artifact.mapping(kind)


def restriction(index: Index) -> tuple[ObjectFact, str] | None:
    """The restriction that the tree's only controller configuration sets, and where that is; None when there is none, or several."""
    found = _only(index, "workflowRestrictions", "config")
    if found is None:
        return None
    fact, data = found
    text = data.text("workflowRestrictions") or data.text("config")
    root = _root(text) if "{{" not in text else None
    inner = root.get("workflowRestrictions", root) if root is not None else None
    value = inner.get("templateReferencing") if isinstance(inner, Map) else None
    return (fact, value) if value in ("Strict", "Secure") else None


def instance_id(index: Index) -> tuple[ObjectFact, str] | None:
    """The instance ID of the tree's only controller, "" for none, and where its configuration is; None when there are several, or none."""
    key = "controller-instance-id"
    if key not in index.memo:
        index.memo[key] = _instance_id(index)
    found: tuple[ObjectFact, str] | None = index.memo[key]
    return found


def _instance_id(index: Index) -> tuple[ObjectFact, str] | None:
    found = _only(index)
    if found is None:
        return None
    fact, data = found
    text = data.text("config")
    if "{{" in text or "$" in text:
        return None
    root = _root(text)
    value = root.get("instanceID") if root is not None else data.get("instanceID")
    return fact, value if isinstance(value, str) else ""


def _only(index: Index, *keys: str) -> tuple[ObjectFact, View] | None:
    """The tree's only controller configuration and its data, if it has one of the keys (when there are any).

    Loads the object when its facts do not rule it out.
    """
    configs = [fact for fact in index.of_kind("ConfigMap") if fact.name.endswith(CONTROLLER)]
    if len(configs) != 1 or (keys and not set(keys) & set(configs[0].data.get("keys", ()))):
        return None
    loaded = index.load(configs[0])
    return (configs[0], loaded.mapping("data")) if loaded is not None else None


def _root(text: str) -> Map | None:
    """The mapping that a text of YAML is; None for anything else."""
    documents = parse(text).documents if text else []
    root = documents[0].root if documents else None
    return root if isinstance(root, Map) else None
