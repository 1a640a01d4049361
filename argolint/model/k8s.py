"""The envelope that every Kubernetes object has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from argolint.diagnostic import ObjectRef
from argolint.model.view import Span, View
from argolint.yaml.nodes import Map, Seq

WORKFLOW_KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")
CLUSTER_SCOPED = frozenset(
    {"ClusterWorkflowTemplate", "ClusterRole", "ClusterRoleBinding", "Namespace", "PriorityClass",
     "StorageClass", "PersistentVolume", "CustomResourceDefinition"}
)  # fmt: skip


class Object(View):
    """A Kubernetes object, wherever it stands: a document, an item of a List, or embedded in another object.

    `document` is the index of its YAML document; `embedded` is true inside a Sensor's or a template's manifest, or a patch
    in a kustomization;
    `parent` is the object it is embedded in. `in_string` is the style of the string it is written in, "" when it is none.
    """

    __slots__ = (
        "_kind",
        "_metadata",
        "_specs",
        "_workflow",
        "document",
        "embedded",
        "in_string",
        "parent",
        "scalars",
    )

    def __init__(self, node: Any, where: str = "", document: int = 0, parent: Object | None = None) -> None:
        super().__init__(node, where)
        self.document = document
        self.parent = parent
        self.embedded = parent is not None
        self.in_string = ""
        self.scalars: list[Any] | None = None  # see argolint.context.scalars_of
        self._specs: Any = None
        self._kind: str | None = None
        self._workflow: bool | None = None
        self._metadata: View | None = None

    @property
    def api_version(self) -> str:
        return self.text("apiVersion")

    @property
    def group(self) -> str:
        """The API group; "" for the core group."""
        return self.text("apiVersion").rpartition("/")[0]

    @property
    def kind(self) -> str:
        if self._kind is None:
            self._kind = self.text("kind")
        return self._kind

    @property
    def metadata(self) -> View:
        if self._metadata is None:
            self._metadata = self.mapping("metadata")
        return self._metadata

    @property
    def name(self) -> str:
        return self.metadata.text("name")

    @property
    def generate_name(self) -> str:
        return self.metadata.text("generateName")

    @property
    def namespace(self) -> str:
        """metadata.namespace; "" when the manifest does not say (it then matches any namespace)."""
        return self.metadata.text("namespace")

    @property
    def is_workflow_kind(self) -> bool:
        """Workflow, WorkflowTemplate, ClusterWorkflowTemplate or CronWorkflow of argoproj.io."""
        if self._workflow is None:
            self._workflow = self.kind in WORKFLOW_KINDS and self.group in ("argoproj.io", "")
        return self._workflow

    @property
    def ref(self) -> ObjectRef:
        """What reports print: kind, namespace and name (generateName when there is no name)."""
        return ObjectRef(self.kind, self.namespace, self.name or self.generate_name)

    @property
    def name_span(self) -> Span:
        """metadata.name or metadata.generateName; `metadata`, or the head, when neither is there."""
        metadata = self.metadata
        for key in ("name", "generateName"):
            if key in metadata:
                return metadata.value_span(key)
        return self.key_span("metadata")

    @property
    def annotations(self) -> View:
        return self.metadata.mapping("annotations")

    @property
    def labels(self) -> View:
        return self.metadata.mapping("labels")

    @property
    def spec(self) -> View:
        """The mapping under `spec`, untyped."""
        return self.mapping("spec")

    @property
    def workflow_specs(self) -> list[Any]:
        """Every workflow spec this object carries itself (not those of embedded objects): 0 or 1 WorkflowSpec."""
        if self._specs is None:
            from argolint.model.workflow import specs_of

            self._specs = specs_of(self)
        specs: list[Any] = self._specs
        return specs

    def specs_made(self) -> list[Any]:
        """The workflow specs, if they have been asked for already."""
        return self._specs or []

    def forget(self) -> None:
        """Let go of what was made of the mapping; it is made anew when it is asked for."""
        self._specs = self.scalars = None


def looks_like_object(node: Any) -> bool:
    """Whether a mapping claims to be a Kubernetes object."""
    return isinstance(node, Map) and isinstance(node.get("kind"), str) and "apiVersion" in node


def objects_of(root: Any, document: int = 0, text: str = "") -> Iterator[Object]:
    """Every object of a document: the document itself, the items of a List, embedded objects behind their parent.

    Objects that are written inside strings are among them when `text`, the file, is given.
    """
    if not isinstance(root, Map):
        return
    kind = root.get("kind")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(root.get("items"), Seq):
        for i, item in enumerate(root["items"]):
            if isinstance(item, Map):
                yield from _with_embedded(Object(item, f"items[{i}]", document), text)
        return
    if isinstance(kind, str) or "apiVersion" in root:
        yield from _with_embedded(Object(root, "", document), text)
    elif kind is None and is_bare_kustomization(root):
        bare = Object(root, "", document)
        bare._kind = "Kustomization"
        yield from _with_embedded(bare, text)


# What a kustomization.yaml holds: a Component is one that others take in.
KUSTOMIZE_KINDS = ("Kustomization", "Component")
GENERATORS = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}
PATCH_KEYS = ("patches", "patchesStrategicMerge", "patchesJson6902")


def files_named(kustomization: Object, keys: Iterable[str]) -> Iterator[str]:
    """The files that a kustomization names under some keys, as they stand there; a patch that is written out is none."""
    for key in keys:
        for item in kustomization.sequence(key):
            path = item.get("path") if isinstance(item, dict) else item
            if isinstance(path, str) and "\n" not in path:
                yield path


def is_bare_kustomization(root: Map) -> bool:
    """Whether a mapping is what a kustomization file holds without the `apiVersion` and `kind`, which kustomize fills in."""
    return any(isinstance(root.get(key), Seq) for key in _KUSTOMIZED) and "spec" not in root


_KUSTOMIZED = ("resources", "bases", "components", "patches", "patchesStrategicMerge")


def _with_embedded(obj: Object, text: str) -> Iterator[Object]:
    yield obj
    inner: list[Object] = []
    if obj.kind == "Sensor":
        from argolint.model.events import embedded_objects

        inner = list(embedded_objects(obj))
        yield from inner
    if text and (
        "manifest:" in text
        or obj.kind in ("ConfigMap", *KUSTOMIZE_KINDS)
        or (obj.kind == "Sensor" and "inline:" in text)
    ):
        from argolint.model.embedded import objects_in_strings

        for holder in (obj, *inner):
            yield from objects_in_strings(holder, text)
