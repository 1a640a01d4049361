"""Workflow specs, templates, steps, tasks, and everything that refers to a template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.yaml.nodes import Map, Seq

# The keys of which a template has exactly one; in upstream's order.
TEMPLATE_TYPES = (
    "container", "containerSet", "dag", "data", "http", "plugin", "resource", "script", "steps", "suspend",
)  # fmt: skip
POD_TYPES = frozenset({"container", "containerSet", "data", "resource", "script"})
# Types whose pod (or request) gives `outputs.result`.
RESULT_TYPES = frozenset({"container", "containerSet", "script", "http", "data"})


def specs_of(obj: Object) -> list[WorkflowSpec]:
    """The workflow spec that an object carries, as a list of none or one."""
    if not obj.is_workflow_kind:
        return []
    if obj.kind == "CronWorkflow":
        node = obj.spec.get("workflowSpec")
        where = obj.spec.path_of("workflowSpec")
    else:
        node = obj.get("spec")
        where = obj.path_of("spec")
    return [WorkflowSpec(node, where, obj)] if isinstance(node, Map) else []


class Reference(View):
    """Something that names a template.

    `how` is one of: template (a name in the same spec), templateRef (a template of another object),
    workflowTemplateRef (a whole object), entrypoint, onExit, hook, inline.
    `local` is the template's name when it is looked for in the same spec; `object_name`, `template_name` and
    `cluster_scope` describe a reference to another object. `name_span` is where the name is written.
    `map` is the mapping that holds the reference (the step, the hook, the spec), `step` the step or task, if any.
    """

    __slots__ = ("_arguments", "cluster_scope", "how", "local", "name_span", "object_name", "object_span",
                 "step", "template_name", "template_span")  # fmt: skip

    def __init__(self, node: Any, where: str, how: str, step: Step | None = None) -> None:
        super().__init__(node, where)
        self.how = how
        self.step = step
        self.local = ""
        self.object_name = ""
        self.template_name = ""
        self.cluster_scope = False
        self.name_span = self.object_span = self.template_span = self.head
        self._arguments: View | None = None

    @property
    def arguments(self) -> View:
        """What is given to the template."""
        if self._arguments is None:
            self._arguments = self.mapping("arguments")
        return self._arguments

    @property
    def object_kind(self) -> str:
        """The kind of the object referred to; "" for a local reference."""
        if not self.object_name:
            return ""
        return "ClusterWorkflowTemplate" if self.cluster_scope else "WorkflowTemplate"


def _target(view: View, step: Step | None, how: str) -> Reference | None:
    """The reference a step, task or hook makes with `templateRef`, `template` or `inline`."""
    ref = view.get("templateRef")
    if isinstance(ref, Map):
        found = Reference(view.map, view.where, "templateRef" if how == "template" else how, step)
        inner = view.mapping("templateRef")
        found.object_name = inner.text("name")
        found.template_name = inner.text("template")
        found.cluster_scope = inner.get("clusterScope") is True
        found.object_span = inner.value_span("name")
        found.template_span = inner.value_span("template")
        found.name_span = found.object_span
        return found
    if isinstance(view.get("template"), str) and view.get("template"):
        found = Reference(view.map, view.where, how, step)
        found.local = view.text("template")
        found.name_span = view.value_span("template")
        return found
    return None


class Parameter(View):
    """An entry of a `parameters` or `artifacts` list."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return self.text("name")

    @property
    def name_span(self) -> Span:
        return self.value_span("name")

    @property
    def has_value(self) -> bool:
        """`value`, `default` or `valueFrom` is given."""
        return any(self.get(key) is not None for key in ("value", "default", "valueFrom"))


class Ports(View):
    """`inputs`, `outputs` or `arguments`: parameters and artifacts."""

    __slots__ = ("_artifacts", "_parameters")

    def __init__(self, node: Any, where: str = "") -> None:
        super().__init__(node, where)
        self._parameters: list[Parameter] | None = None
        self._artifacts: list[Parameter] | None = None

    @property
    def parameters(self) -> list[Parameter]:
        if self._parameters is None:
            self._parameters = self._listed("parameters")
        return self._parameters

    @property
    def artifacts(self) -> list[Parameter]:
        if self._artifacts is None:
            self._artifacts = self._listed("artifacts")
        return self._artifacts

    def _listed(self, key: str) -> list[Parameter]:
        value = self.map.get(key)
        if not isinstance(value, Seq):
            return []
        where = self.path_of(key)
        return [Parameter(item, f"{where}[{i}]") for i, item in enumerate(value) if isinstance(item, Map)]

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name."""
        return next((item for item in self.parameters if item.name == name), None)

    def artifact(self, name: str) -> Parameter | None:
        """The artifact of that name."""
        return next((item for item in self.artifacts if item.name == name), None)


class Hook(View):
    """An entry of `hooks`."""

    __slots__ = ("name",)

    def __init__(self, node: Any, where: str, name: str) -> None:
        super().__init__(node, where)
        self.name = name


def hooks_of(view: View) -> list[Hook]:
    """The entries of `hooks` that are mappings."""
    if not isinstance(view.map.get("hooks"), Map):
        return []
    hooks = view.mapping("hooks")
    return [
        Hook(body, hooks.path_of(name), name) for name, body in hooks.map.items() if isinstance(body, Map)
    ]


class Step(View):
    """A step of a steps template or a task of a DAG. `kind` is "step" or "task"; `group` is -1 for tasks."""

    __slots__ = ("_arguments", "_inline", "_target", "group", "index", "kind", "template")

    def __init__(self, node: Any, where: str, template: Template, kind: str, group: int, index: int) -> None:
        super().__init__(node, where)
        self.template = template
        self.kind = kind
        self.group = group
        self.index = index
        self._arguments: Ports | None = None
        self._inline: Template | None = None
        self._target: list[Reference | None] = []  # the target, once it has been looked for

    @property
    def name(self) -> str:
        return self.text("name")

    @property
    def name_span(self) -> Span:
        return self.value_span("name")

    @property
    def label(self) -> str:
        """How to call it in a message: step `a`, or its number when it has no name."""
        if self.name:
            return f"{self.kind} `{self.name}`"
        number = f"{self.group + 1}.{self.index + 1}" if self.kind == "step" else str(self.index + 1)
        return f"{self.kind} {number}"

    @property
    def arguments(self) -> Ports:
        if self._arguments is None:
            self._arguments = Ports(self.map.get("arguments"), self.path_of("arguments"))
        return self._arguments

    @property
    def when(self) -> str:
        return self.text("when")

    @property
    def loops(self) -> list[str]:
        """Which of withItems, withParam and withSequence are given."""
        return [key for key in ("withItems", "withParam", "withSequence") if self.get(key) is not None]

    @property
    def hooks(self) -> list[Hook]:
        return hooks_of(self)

    @property
    def inline(self) -> Template | None:
        """The template written inside the step."""
        if self._inline is None and isinstance(self.get("inline"), Map):
            self._inline = Template(self.get("inline"), self.path_of("inline"), self.template.spec, self)
        return self._inline

    @property
    def target(self) -> Reference | None:
        """What the step runs, unless it is inline or missing."""
        if not self._target:
            self._target.append(_target(self, self, "template"))
        return self._target[0]

    @property
    def depends(self) -> str:
        return self.text("depends")

    @property
    def dependencies(self) -> list[str]:
        """The strings of a task's `dependencies`."""
        return [item for item in self.sequence("dependencies") if isinstance(item, str)]

    def dependency_span(self, index: int) -> Span:
        """Where entry `index` of `dependencies` is written."""
        return self.item_span("dependencies", index)

    def references(self) -> Iterator[Reference]:
        """The target, `onExit`, and the hooks."""
        target = self.target
        if target is not None:
            yield target
        yield from _exit_references(self, self)


def _exit_references(view: View, step: Step | None) -> Iterator[Reference]:
    if isinstance(view.get("onExit"), str) and view.get("onExit"):
        found = Reference(view.map, view.where, "onExit", step)
        found.local = view.text("onExit")
        found.name_span = view.value_span("onExit")
        yield found
    for hook in hooks_of(view):
        target = _target(hook, step, "hook")
        if target is not None:
            yield target


class Steps:
    """The value under a template's `steps`, well formed or not.

    `raw` is that value, `span` its place, `key` the place of the key. `groups` has the well-formed part:
    a list of groups, each a list of Step. A mapping that stands where a group should be is a group of its own.
    """

    __slots__ = ("_groups", "raw", "template", "where")

    def __init__(self, template: Template) -> None:
        self.template = template
        self.raw: Any = template.map.get("steps")
        self.where = template.path_of("steps")
        self._groups: list[list[Step]] | None = None

    @property
    def span(self) -> Span:
        return self.template.value_span("steps")

    @property
    def key(self) -> Span:
        return self.template.key_span("steps")

    def item_span(self, index: int) -> Span:
        """Where item `index` of the outer list stands (its dash excluded)."""
        return self.template.item_span("steps", index)

    @property
    def groups(self) -> list[list[Step]]:
        if self._groups is None:
            self._groups = [self._group(i, item) for i, item in enumerate(_listed(self.raw))]
        return self._groups

    def _group(self, number: int, item: Any) -> list[Step]:
        template, where = self.template, f"{self.where}[{number}]"
        if isinstance(item, Map):
            return [Step(item, where, template, "step", number, 0)]
        return [
            Step(node, f"{where}[{i}]", template, "step", number, i)
            for i, node in enumerate(_listed(item))
            if isinstance(node, Map)
        ]

    def __iter__(self) -> Iterator[Step]:
        for group in self.groups:
            yield from group

    def named(self, name: str) -> Step | None:
        """The first step of that name."""
        return next((step for step in self if step.name == name), None)


class Dag(View):
    """The mapping under a template's `dag`."""

    __slots__ = ("_tasks", "template")

    def __init__(self, template: Template) -> None:
        super().__init__(template.map.get("dag"), template.path_of("dag"))
        self.template = template
        self._tasks: list[Step] | None = None

    @property
    def raw(self) -> Any:
        """The value under `tasks`, well formed or not."""
        return self.get("tasks")

    @property
    def tasks(self) -> list[Step]:
        """Every task that is a mapping."""
        if self._tasks is None:
            where = self.path_of("tasks")
            self._tasks = [
                Step(node, f"{where}[{i}]", self.template, "task", -1, i)
                for i, node in enumerate(_listed(self.raw))
                if isinstance(node, Map)
            ]
        return self._tasks

    def named(self, name: str) -> Step | None:
        """The first task of that name."""
        return next((task for task in self.tasks if task.name == name), None)

    @property
    def target(self) -> str:
        return self.text("target")


def _listed(value: Any) -> Seq | list[Any]:
    return value if isinstance(value, list) else []


class Template(View):
    """A template of a spec, `templateDefaults`, or one written inline in a step (`step` is then that step)."""

    __slots__ = (
        "_children",
        "_containers",
        "_dag",
        "_inputs",
        "_outputs",
        "_steps",
        "_type",
        "is_default",
        "spec",
        "step",
    )

    def __init__(
        self, node: Any, where: str, spec: WorkflowSpec, step: Step | None = None, is_default: bool = False
    ) -> None:
        super().__init__(node, where)
        self.spec = spec
        self.step = step
        self.is_default = is_default
        self._steps: Steps | None = None
        self._dag: Dag | None = None
        self._children: list[Step] | None = None
        self._containers: list[tuple[str, View]] | None = None
        self._inputs: Ports | None = None
        self._outputs: Ports | None = None
        self._type: str | None = None

    @property
    def name(self) -> str:
        """Its name; "" for an inline template."""
        return self.text("name")

    @property
    def name_span(self) -> Span:
        return self.value_span("name")

    @property
    def label(self) -> str:
        """How to call it in a message."""
        if self.step is not None:
            return f"inline template of {self.step.label}"
        return f"template `{self.name}`" if self.name else "template without a name"

    @property
    def types(self) -> list[str]:
        """Every template type key that is there (one, when all is well); a null value counts for `suspend`."""
        return [
            key
            for key in TEMPLATE_TYPES
            if key in self.map and (self.map[key] is not None or key == "suspend")
        ]

    @property
    def type(self) -> str:
        """The template's type, "" when it has none; of several the first in upstream's order."""
        if self._type is None:
            self._type = next(iter(self.types), "")
        return self._type

    @property
    def body(self) -> View:
        """The mapping under the type's key."""
        return self.mapping(self.type) if self.type else View(None, self.where)

    @property
    def inputs(self) -> Ports:
        if self._inputs is None:
            self._inputs = Ports(self.get("inputs"), self.path_of("inputs"))
        return self._inputs

    @property
    def outputs(self) -> Ports:
        if self._outputs is None:
            self._outputs = Ports(self.get("outputs"), self.path_of("outputs"))
        return self._outputs

    @property
    def steps(self) -> Steps:
        """The steps; `steps.raw` is None when the template has none."""
        if self._steps is None:
            self._steps = Steps(self)
        return self._steps

    @property
    def dag(self) -> Dag:
        """The DAG; without tasks when the template has none."""
        if self._dag is None:
            self._dag = Dag(self)
        return self._dag

    @property
    def children(self) -> list[Step]:
        """The steps or tasks of a composite template."""
        if self._children is None:
            if "steps" in self.map:
                self._children = list(self.steps)
            else:
                self._children = self.dag.tasks if "dag" in self.map else []
        return self._children

    @property
    def containers(self) -> list[tuple[str, View]]:
        """(role, container) of every container: main, script, containerSet, init, sidecar."""
        if self._containers is None:
            self._containers = self._find_containers()
        return self._containers

    def _find_containers(self) -> list[tuple[str, View]]:
        found: list[tuple[str, View]] = []
        for key in ("container", "script"):
            if isinstance(self.get(key), Map):
                found.append(("main", self.mapping(key)))
        found.extend(("containerSet", view) for view in self.mapping("containerSet").items("containers"))
        found.extend(("init", view) for view in self.items("initContainers"))
        found.extend(("sidecar", view) for view in self.items("sidecars"))
        return found


class WorkflowSpec(View):
    """A workflow spec, in whichever object it stands (`owner`)."""

    __slots__ = ("_all_templates", "_arguments", "_defaults", "_named", "_references", "_templates", "owner")

    def __init__(self, node: Any, where: str, owner: Object) -> None:
        super().__init__(node, where)
        self.owner = owner
        self._templates: list[Template] | None = None
        self._all_templates: list[Template] | None = None
        self._named: dict[str, Template] | None = None
        self._arguments: Ports | None = None
        self._defaults: Template | None = None
        self._references: list[Reference] | None = None

    @property
    def kind(self) -> str:
        """The kind of the object that carries it."""
        return self.owner.kind

    @property
    def entrypoint(self) -> str:
        return self.text("entrypoint")

    @property
    def arguments(self) -> Ports:
        if self._arguments is None:
            self._arguments = Ports(self.map.get("arguments"), self.path_of("arguments"))
        return self._arguments

    @property
    def template_defaults(self) -> Template | None:
        if self._defaults is None:
            node = self.map.get("templateDefaults")
            if isinstance(node, Map):
                self._defaults = Template(node, self.path_of("templateDefaults"), self, is_default=True)
        return self._defaults

    @property
    def templates(self) -> list[Template]:
        """The templates of the list `templates` that are mappings."""
        if self._templates is None:
            where = self.path_of("templates")
            self._templates = [
                Template(node, f"{where}[{i}]", self)
                for i, node in enumerate(self.sequence("templates"))
                if isinstance(node, Map)
            ]
        return self._templates

    @property
    def all_templates(self) -> Iterator[Template]:
        """The templates and, behind each, the ones written inline in it at any depth."""
        if self._all_templates is None:
            self._all_templates = [found for template in self.templates for found in _with_inline(template)]
        return iter(self._all_templates)

    def template_named(self, name: str) -> Template | None:
        """The template of that name."""
        if self._named is None:
            self._named = {template.name: template for template in reversed(self.templates)}
        return self._named.get(name)

    @property
    def hooks(self) -> list[Hook]:
        return hooks_of(self)

    @property
    def workflow_template_ref(self) -> Reference | None:
        """`workflowTemplateRef`, when it is a mapping."""
        if not isinstance(self.get("workflowTemplateRef"), Map):
            return None
        found = Reference(self.map, self.where, "workflowTemplateRef")
        inner = self.mapping("workflowTemplateRef")
        found.object_name = inner.text("name")
        found.cluster_scope = inner.get("clusterScope") is True
        found.object_span = found.name_span = inner.value_span("name")
        return found

    def references(self) -> Iterator[Reference]:
        """Everything in the spec that names a template: its own fields first, then template by template."""
        if self._references is None:
            self._references = list(self._find_references())
        return iter(self._references)

    def _find_references(self) -> Iterator[Reference]:
        if isinstance(self.get("entrypoint"), str) and self.get("entrypoint"):
            found = Reference(self.map, self.where, "entrypoint")
            found.local = self.entrypoint
            found.name_span = self.value_span("entrypoint")
            yield found
        ref = self.workflow_template_ref
        if ref is not None:
            yield ref
        yield from _exit_references(self, None)
        for template in self.all_templates:
            for step in template.children:
                yield from step.references()


def _with_inline(template: Template) -> Iterator[Template]:
    yield template
    for step in template.children:
        inline = step.inline
        if inline is not None:
            yield from _with_inline(inline)


def release(obj: Object) -> None:
    """Break the cycles between the views of an object's workflow specs; what is asked for again is made anew."""
    for spec in obj.specs_made():
        defaults = spec.template_defaults
        for template in (*spec.all_templates, *([defaults] if defaults is not None else ())):
            for step in template.children:
                step._inline = None
                step._target = []
            template._steps = template._dag = template._children = None
        spec._templates = spec._all_templates = spec._references = spec._defaults = spec._named = None
    obj.forget()
