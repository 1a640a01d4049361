"""What a file contributes to the project: small plain tuples that can be marshalled.

Facts are taken once, where the tree is; everything across files works on them, so a run whose files are all cached
parses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from argolint.diagnostic import ObjectRef
from argolint.model.events import dependencies, event_names
from argolint.model.k8s import GENERATORS, KUSTOMIZE_KINDS, PATCH_KEYS, Object, files_named, objects_of
from argolint.model.rbac import BINDING_KINDS, ROLE_KINDS
from argolint.model.workflow import RESULT_TYPES, Parameter, Template, WorkflowSpec
from argolint.yaml.nodes import Document, Map, plain


class PortFact(NamedTuple):
    """An input, output or argument. `required`: a caller must supply it. `value`: its constant value or default."""

    name: str
    required: bool
    value: str | None
    start: int
    end: int


class TemplateFact(NamedTuple):
    """A named template and its signature. `start`/`end`: where its name is written."""

    name: str
    type: str
    where: str
    start: int
    end: int
    inputs: tuple[PortFact, ...]
    input_artifacts: tuple[PortFact, ...]
    outputs: tuple[PortFact, ...]
    output_artifacts: tuple[PortFact, ...]
    has_result: bool
    service_account: str

    def input(self, name: str) -> PortFact | None:
        """The input parameter of that name."""
        return next((port for port in self.inputs if port.name == name), None)

    def output(self, name: str) -> PortFact | None:
        """The output parameter of that name."""
        return next((port for port in self.outputs if port.name == name), None)


class RefFact(NamedTuple):
    """A reference to a template. `object_kind` is "" for one in the same spec (`template` is then its name)."""

    how: str
    object_kind: str
    object_name: str
    template: str
    in_template: str
    start: int
    end: int
    where: str


class ObjectFact(NamedTuple):
    """An object of the project. `start`/`end`: where its name is written. `data`: see `_data`."""

    path: str
    document: int
    where: str
    api_version: str
    kind: str
    namespace: str
    name: str
    generate_name: str
    start: int
    end: int
    embedded_in: str
    templates: tuple[TemplateFact, ...]
    references: tuple[RefFact, ...]
    data: dict[str, Any]

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef(self.kind, self.namespace, self.name or self.generate_name)

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end

    def template(self, name: str) -> TemplateFact | None:
        """The template of that name."""
        return next((template for template in self.templates if template.name == name), None)


Packed = tuple[Any, ...]


def facts_of(documents: list[Document], text: str = "") -> list[Packed]:
    """The facts of a file's objects, as plain tuples (path left empty). `text` is the file, for objects in strings."""
    return facts_of_objects([list(objects_of(document.root, document.index, text)) for document in documents])


def facts_of_objects(objects: list[list[Object]]) -> list[Packed]:
    """The facts of objects whose views are made already. A patch in a kustomization is no object: it changes one."""
    return [
        _object(obj)
        for group in objects
        for obj in group
        if obj.parent is None or obj.parent.kind not in KUSTOMIZE_KINDS
    ]


def unpack(path: str, packed: Packed) -> ObjectFact:
    """A fact read back from its plain form."""
    templates = tuple(_unpack_template(item) for item in packed[11])
    references = tuple(RefFact(*item) for item in packed[12])
    return ObjectFact._make((path, *packed[1:11], templates, references, packed[13]))


def _unpack_template(item: Packed) -> TemplateFact:
    ports = [tuple(PortFact(*port) for port in item[i]) for i in (5, 6, 7, 8)]
    return TemplateFact._make((*item[:5], *ports, item[9], item[10]))


def _object(obj: Object) -> Packed:
    span = obj.name_span
    templates: tuple[Packed, ...] = ()
    references: tuple[Packed, ...] = ()
    specs: list[WorkflowSpec] = obj.workflow_specs
    if specs:
        spec = specs[0]
        templates = tuple(_template(template) for template in spec.templates if template.name)
        references = tuple(_references(spec))
    return (
        "", obj.document, obj.where, obj.api_version, obj.kind, obj.namespace, obj.name, obj.generate_name,
        span.start, span.end, obj.parent.kind if obj.parent else "", templates, references, _data(obj, specs),
    )  # fmt: skip


def _references(spec: WorkflowSpec) -> list[Packed]:
    return [
        (
            ref.how,
            ref.object_kind,
            ref.object_name,
            ref.local or ref.template_name,
            ref.step.template.name if ref.step is not None else "",
            ref.name_span.start,
            ref.name_span.end,
            ref.name_span.where,
        )
        for ref in spec.references()
    ]


def _template(template: Template) -> Packed:
    span = template.name_span
    inputs, outputs = template.inputs, template.outputs
    return (
        template.name,
        template.type,
        template.where,
        span.start,
        span.end,
        tuple(_port(item) for item in inputs.parameters if item.name),
        tuple(_artifact(item) for item in inputs.artifacts if item.name),
        tuple(_port(item) for item in outputs.parameters if item.name),
        tuple(_artifact(item) for item in outputs.artifacts if item.name),
        template.type in RESULT_TYPES,
        template.text("serviceAccountName"),
    )


def _port(item: Parameter) -> Packed:
    span = item.name_span
    value = item.get("value", item.get("default"))
    constant = None if value is None or isinstance(value, (dict, list)) else str(value)
    return (item.name, not item.has_value, constant, span.start, span.end)


# Keys of an artifact that say where it comes from.
_SOURCES = (
    "from",
    "fromExpression",
    "artifactory",
    "azure",
    "gcs",
    "git",
    "hdfs",
    "http",
    "oss",
    "plugin",
    "raw",
    "s3",
)


def _artifact(item: Parameter) -> Packed:
    span = item.name_span
    located = any(item.get(key) is not None for key in _SOURCES)
    return (item.name, item.get("optional") is not True and not located, None, span.start, span.end)


def _generated(obj: Object) -> Iterator[tuple[str, str, str, int, int]]:
    """(kind, namespace, name, start, end) of what a kustomization generates."""
    for key, kind in GENERATORS.items():
        for entry in obj.items(key):
            if entry.text("name"):
                span = entry.value_span("name")
                yield kind, entry.text("namespace"), entry.text("name"), span.start, span.end


def _data(obj: Object, specs: list[WorkflowSpec]) -> dict[str, Any]:
    """What project rules need beside names, by kind. Secrets and ConfigMaps give their keys, never values."""
    kind = obj.kind
    data: dict[str, Any] = {}
    labels = obj.metadata.get("labels")
    if isinstance(labels, Map):
        data["labels"] = {key: value for key, value in labels.items() if isinstance(value, str)}
    if specs:
        spec = specs[0]
        ref = spec.workflow_template_ref
        data["entrypoint"] = spec.entrypoint
        data["service_account"] = spec.text("serviceAccountName")
        data["arguments"] = tuple(_port(item) for item in spec.arguments.parameters if item.name)
        data["workflow_template_ref"] = (ref.object_kind, ref.object_name) if ref is not None else None
    elif kind in ROLE_KINDS:
        data["rules"] = plain(obj.get("rules"))
        data["aggregationRule"] = plain(obj.get("aggregationRule"))
    elif kind in BINDING_KINDS:
        data["roleRef"] = plain(obj.get("roleRef"))
        data["subjects"] = plain(obj.get("subjects"))
    elif kind in ("ConfigMap", "Secret"):
        keys: list[str] = []
        for field in ("data", "stringData", "binaryData"):
            if isinstance(obj.get(field), Map):
                keys.extend(obj.get(field))
        data["keys"] = tuple(keys)
        data["type"] = obj.text("type")
        annotations = obj.annotations.map
        data["annotations"] = {key: value for key, value in annotations.items() if isinstance(value, str)}
    elif kind == "ServiceAccount":
        annotations = obj.annotations.map
        data["annotations"] = {key: value for key, value in annotations.items() if isinstance(value, str)}
        data["secrets"] = tuple(view.text("name") for view in obj.items("secrets"))
        data["imagePullSecrets"] = tuple(view.text("name") for view in obj.items("imagePullSecrets"))
        data["automount"] = obj.get("automountServiceAccountToken")
    elif kind == "EventSource":
        data["events"] = tuple((source, name) for source, name, _ in event_names(obj))
        data["bus"] = obj.spec.text("eventBusName")
        data["service_account"] = str(obj.dig("spec", "template", "serviceAccountName") or "")
    elif kind == "Sensor":
        data["dependencies"] = tuple(
            (view.text("name"), view.text("eventSourceName"), view.text("eventName"))
            for view in dependencies(obj)
        )
        data["bus"] = obj.spec.text("eventBusName")
        data["service_account"] = str(obj.dig("spec", "template", "serviceAccountName") or "")
    elif kind == "SealedSecret":
        encrypted = obj.dig("spec", "encryptedData")
        data["keys"] = tuple(encrypted) if isinstance(encrypted, Map) else ()
    elif kind == "ExternalSecret":
        data["target"] = str(obj.dig("spec", "target", "name") or obj.name)
        entries = obj.spec.items("data")
        data["keys"] = (
            tuple(view.text("secretKey") for view in entries) if "dataFrom" not in obj.spec else None
        )
    elif kind == "Kustomization" or obj.api_version.startswith("kustomize."):
        data["namespace"] = obj.text("namespace")
        data["affixes"] = (obj.text("namePrefix"), obj.text("nameSuffix"))
        data["generated"] = tuple(_generated(obj))
        data["patches"] = tuple(files_named(obj, PATCH_KEYS))
        data["resources"] = tuple(
            item
            for key in ("resources", "bases", "components")
            for item in obj.sequence(key)
            if isinstance(item, str)
        )
    return data
