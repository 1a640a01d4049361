"""Which template a step, task, hook or node means (upstream: workflow/templateresolution/context.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from executor.engine.faults import TemplateFault, WorkflowFault
from executor.engine.merge import merge
from executor.engine.names import task_of
from executor.engine.run import Run
from executor.engine.spec import find_workflow_template, template_defaults

# In the order in which upstream decides when a template has several.
TYPES = (
    "container",
    "containerSet",
    "steps",
    "dag",
    "script",
    "resource",
    "data",
    "suspend",
    "http",
    "plugin",
)
POD_TYPES = frozenset({"container", "containerSet", "script", "resource", "data"})

Template = Mapping[str, Any]


class Base(NamedTuple):
    """Where names of templates are looked up: the workflow (`local`), or a template resource."""

    scope: str
    name: str

    @property
    def text(self) -> str:
        """As it stands in a node's templateScope."""
        return f"{self.scope}/{self.name}"


class Resolved(NamedTuple):
    """A template, its type, and the base for what it refers to in turn."""

    template: Template
    kind: str
    base: Base


def local_base(run: Run) -> Base:
    """The base at the root; unnamed if the spec came from a workflowTemplateRef."""
    referenced = (run.wf.get("spec") or {}).get("workflowTemplateRef")
    return Base("local", "" if referenced else run.name)


def template_type(template: Template) -> str:
    """The type of a template, empty if it has none."""
    for kind in TYPES:
        if template.get(kind) is not None:
            return kind
    return ""


def resolve(run: Run, base: Base, holder: Mapping[str, Any]) -> Resolved:
    """The template of a holder (a step, task, hook, or a node that names one). TemplateFault if there is none."""
    reference = holder.get("templateRef")
    if holder.get("inline") is not None:
        key: Any = ("inline", base, id(holder["inline"]))
    elif reference:
        key = (
            "ref",
            str(reference.get("name")),
            str(reference.get("template")),
            bool(reference.get("clusterScope")),
        )
    else:
        key = ("name", base, str(holder.get("template") or ""))
    cached = run.memory.resolved.get(key)
    if cached is not None and cached[0] is run.spec:
        return cached[1]  # type: ignore[no-any-return]
    template, home, store_key = _find(run, base, holder)
    if home.scope != "local" and store_key not in (run.status.get("storedTemplates") or {}):
        template = _store(run, home, store_key, template)
    kind = template_type(template)
    if not kind:
        raise TemplateFault(
            f'template "{template.get("name", "")}" has no type: one of {", ".join(TYPES)} is needed'
        )
    merged = template_defaults(run, template, kind)
    found = Resolved(merged, kind, home)
    # The holder is kept so that the identity in the key cannot be reused by another object.
    run.memory.resolved[key] = (run.spec, found, holder.get("inline"))
    return found


def node_template(run: Run, node: Mapping[str, Any]) -> Resolved | None:
    """The template that a node was made from, found again by what the node says; None if that is not possible."""
    scope, _, name = str(node.get("templateScope") or "local/").partition("/")
    holder: Mapping[str, Any] | None = {
        k: node[f] for k, f in (("template", "templateName"), ("templateRef", "templateRef")) if node.get(f)
    }
    if not holder:
        holder = _inline_holder(run, node)
    if not holder:
        return None
    try:
        return resolve(run, Base(scope, name), holder)
    except TemplateFault:
        return None


def _inline_holder(run: Run, node: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The step or task with an inline template that a node stands for, found in the template of the node around it."""
    boundary = run.nodes.get(node.get("boundaryID") or "")
    outer = node_template(run, boundary) if boundary is not None else None
    if boundary is None or outer is None:
        return None
    wanted = task_of(node["name"], boundary["name"])
    return next(
        (h for h in inner_holders(outer.template) if h.get("name") == wanted and h.get("inline")), None
    )


def _find(run: Run, base: Base, holder: Mapping[str, Any]) -> tuple[Template, Base, str]:
    stored = run.status.get("storedTemplates") or {}
    if holder.get("inline") is not None:
        key = f"{base.text}/inline/{holder.get('name', '')}"
        return stored.get(key, holder["inline"]), base, key
    reference = holder.get("templateRef")
    if reference:
        name, template = str(reference.get("name") or ""), str(reference.get("template") or "")
        if not name:
            raise TemplateFault("resource name is required")
        if not template:
            raise TemplateFault("template name is required")
        home = Base("cluster" if reference.get("clusterScope") else "namespaced", name)
        return _named(run, home, template, stored)
    template = str(holder.get("template") or "")
    if not template:
        raise TemplateFault("template name is required")
    return _named(run, base, template, stored)


def _named(run: Run, home: Base, name: str, stored: Mapping[str, Any]) -> tuple[Template, Base, str]:
    key = f"{home.text}/{name}"
    if key in stored and home.scope != "local":
        return stored[key], home, key
    found = _table(run, home).get(name)
    if found is None:
        where = f"workflow template {home.name}" if home.scope != "local" else "workflow"
        if home.scope == "local":
            raise TemplateFault(f"template {name} not found in {where} scope")
        raise TemplateFault(f"template {name} not found in {where}")
    return found, home, key


def _table(run: Run, home: Base) -> Mapping[str, Template]:
    if home.scope == "local":
        templates = run.spec.get("templates") or []
    else:
        try:
            owner = find_workflow_template(run, home.name, home.scope == "cluster")
        except WorkflowFault as error:
            raise TemplateFault(str(error)) from None
        templates = (owner.get("spec") or {}).get("templates") or []
    cached = run.memory.resolved.get(("table", home))
    if cached is not None and cached[0] is templates:
        return cached[1]  # type: ignore[no-any-return]
    table: dict[str, Template] = {}
    for template in templates:
        if isinstance(template, Mapping):
            table.setdefault(str(template.get("name") or ""), template)
    run.memory.resolved[("table", home)] = (templates, table)
    return table


def _store(run: Run, home: Base, key: str, template: Template) -> Template:
    """Freeze a template of a template resource into the status, so that later edits do not reach this run."""
    try:
        owner = find_workflow_template(run, home.name, home.scope == "cluster")
        pod_metadata = (owner.get("spec") or {}).get("podMetadata")
    except WorkflowFault:
        pod_metadata = None
    if pod_metadata:
        template = {**template, "metadata": merge(pod_metadata, template.get("metadata") or {})}
    additions = {key: template}
    for holder in inner_holders(template):
        if holder.get("inline") is not None:
            additions[f"{home.text}/inline/{holder.get('name', '')}"] = holder["inline"]
    run.set_status("storedTemplates", {**additions, **(run.status.get("storedTemplates") or {})})
    return template


def inner_holders(template: Template) -> list[Mapping[str, Any]]:
    """The steps or tasks of a template."""
    holders: list[Mapping[str, Any]] = []
    for group in template.get("steps") or ():
        holders += [s for s in (group or ()) if isinstance(s, Mapping)]
    dag = template.get("dag")
    if isinstance(dag, Mapping):
        holders += [t for t in (dag.get("tasks") or ()) if isinstance(t, Mapping)]
    return holders
