"""The variables under `workflow.`, and what loops are over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from argolint.analysis.flow import merged_arguments
from argolint.analysis.structure_graph import exit_roots, reachable
from argolint.analysis.variables import Use
from argolint.context import Scalar
from argolint.language.scope import tables
from argolint.model.view import View
from argolint.model.workflow import Step, WorkflowSpec
from argolint.patterns import lazy
from argolint.project.index import Index, did_you_mean, suggest
from argolint.suggest import nearest
from argolint.yaml.nodes import Map

# (kind, message, help, severity, replacement of the whole name)
Judgement = tuple[str, str, str, str | None, str | None]

_MEMBERS = (
    "name", "namespace", "uid", "mainEntrypoint", "serviceAccountName", "creationTimestamp", "parameters", "labels",
    "annotations", "priority", "scheduledTime", "status", "duration", "failures", "outputs",
)  # fmt: skip
_PLAIN = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "mainEntrypoint",
        "serviceAccountName",
        "status",
        "duration",
        "scheduledTime",
    }
)
# Members behind whose names upstream's linter accepts any text.
_LENIENT = frozenset({"creationTimestamp", "scheduledTime", "duration"})


class World:
    """What is known of a spec when its variables are judged; every part is worked out when it is first asked for."""

    __slots__ = ("_exits", "_on_submit", "_outputs", "_parameters", "index", "namespace", "path", "spec")

    def __init__(self, spec: WorkflowSpec, index: Index | None, namespace: str, path: str) -> None:
        self.spec = spec
        self.index = index
        self.namespace = namespace
        self.path = path
        self._parameters: tuple[dict[str, str | None] | None] | None = None
        self._outputs: tuple[tuple[set[str], set[str]] | None] | None = None
        self._exits: set[str] | None = None
        self._on_submit: bool | None = None

    @property
    def parameters(self) -> dict[str, str | None] | None:
        """The workflow's parameters; None when they are not known."""
        if self._parameters is None:
            self._parameters = (merged_arguments(self.spec, self.index, self.namespace),)
        return self._parameters[0]

    @property
    def is_filled_on_submit(self) -> bool:
        """Whether a Workflow counts on `argo submit -p`: it uses several parameters and declares none."""
        if self._on_submit is None:
            used: set[str] = set()
            declares = bool(self.spec.arguments.parameters) or self.spec.kind != "Workflow"
            if not declares:
                _collect(self.spec.map, used, 0)
            parent = self.spec.owner.parent
            self._on_submit = len(used) >= (1 if parent is not None and parent.kind == "ConfigMap" else 3)
        return self._on_submit

    @property
    def global_outputs(self) -> tuple[set[str], set[str]] | None:
        """The global names of parameters and artifacts; None when there may be others."""
        if self._outputs is None:
            self._outputs = (_global_outputs(self.spec),)
        return self._outputs[0]

    @property
    def exits(self) -> set[str]:
        """The templates that run for `onExit` or a hook of the spec."""
        if self._exits is None:
            self._exits = reachable(self.spec, exit_roots(self.spec))
        return self._exits

    @property
    def is_library(self) -> bool:
        """Whether others call the templates of this spec, and bring what it does not say."""
        return self.spec.kind in ("WorkflowTemplate", "ClusterWorkflowTemplate")


def _global_outputs(spec: WorkflowSpec) -> tuple[set[str], set[str]] | None:
    if any(ref.object_name for ref in spec.references()):
        return None
    found: tuple[set[str], set[str]] = (set(), set())
    for template in spec.all_templates:
        for names, ports in ((found[0], template.outputs.parameters), (found[1], template.outputs.artifacts)):
            for port in ports:
                name = port.text("globalName")
                if "{{" in name:
                    return None
                if name:
                    names.add(name)
    return found


def judge(at: Scalar, use: Use, world: World) -> Iterator[Judgement]:
    """What is wrong with a variable under `workflow.`."""
    if len(use.path) < 2:
        return
    member, rest = use.path[1], use.path[2:]
    if member not in _MEMBERS:
        if any(member.startswith(lenient) for lenient in _LENIENT) and not use.in_expr:
            yield "unchecked", f"`{use.text}` does not exist: the tag stays as text", "", None, None
            return
        near = nearest(member, _MEMBERS)
        right = ".".join(("workflow", near, *rest)) if near else None
        help_ = f"did you mean `{right}`?" if right else "there is no such variable"
        yield "unknown", f"`{use.text}` does not exist", help_, None, None if use.in_expr else right
    elif member == "parameters":
        yield from _parameters(use, rest, world)
    elif member in ("labels", "annotations"):
        yield from _metadata(use, member, rest, world)
    elif member == "outputs":
        yield from _outputs(use, rest, world)
    elif member == "failures":
        yield from _failures(at, use, world)
    elif member == "priority":
        known = world.spec.get("priority") is not None or world.spec.workflow_template_ref is not None
        if not known and not use.in_expr:
            severity = "warning" if world.is_library else None
            yield (
                "out-of-phase",
                "`workflow.priority` does not exist: the spec has no `priority`",
                "set `priority`",
                severity,
                None,
            )
    elif member == "creationTimestamp" and rest:
        name = f"workflow.creationTimestamp.{'.'.join(rest)}"
        if name not in tables()["variables"] and not use.in_expr:
            yield (
                "unchecked",
                f"`{name}` does not exist: the tag stays as text",
                "behind it comes one letter of strftime, `s` or `RFC3339`",
                None,
                None,
            )
    elif member in _PLAIN and rest and not use.in_expr:
        kind = "unchecked" if member in _LENIENT else "unknown"
        yield kind, f"`workflow.{member}` is a text: nothing comes behind it", "", None, None


def _parameters(use: Use, rest: tuple[str, ...], world: World) -> Iterator[Judgement]:
    known = world.parameters
    if known is None:
        return
    if not rest or rest == ("json",):
        if (
            not known
            and not world.is_library
            and not use.in_expr
            and world.spec.workflow_template_ref is None
        ):
            yield (
                "undefined-workflow-parameter",
                f"`{use.text}` does not exist: there are no workflow parameters",
                "declare them under `spec.arguments`",
                None,
                None,
            )
        return
    name = rest[0] if use.in_expr else ".".join(rest)
    if name in known or "{{" in name or not name:
        return
    near = suggest(name, known)
    right = f"workflow.parameters.{near}" if near and not use.in_expr else None
    if world.is_library:
        if not near and not _nobody_passes(name, world):
            return
        severity: str | None = "warning"
        message = f"workflow parameter `{name}` is not declared by this {world.spec.kind}"
    else:
        severity = "warning" if world.is_filled_on_submit else None
        message = f"workflow parameter `{name}` is not declared"
    help_ = did_you_mean(name, known) if near else "declare it under `spec.arguments.parameters`"
    yield "undefined-workflow-parameter", message, help_, severity, right


def _nobody_passes(name: str, world: World) -> bool:
    """Whether workflows of the tree run this object as a whole, and none of them brings the parameter."""
    if world.index is None:
        return False
    owner = world.spec.owner
    users = [
        fact
        for fact in world.index.of_kind("Workflow", "CronWorkflow")
        if fact.data.get("workflow_template_ref") == (owner.kind, owner.name)
        or any(ref.object_name == owner.name and ref.object_kind == owner.kind for ref in fact.references)
    ]
    return bool(users) and all(
        name not in {port[0] for port in fact.data.get("arguments", ())} for fact in users
    )


_PARAMETER = lazy(r"\{\{\s*workflow\.parameters\.([\w-]+)\s*\}\}")


def _collect(value: Any, used: set[str], depth: int) -> None:
    """Put the names of all workflow parameters that simple tags below a value use into `used`."""
    if isinstance(value, str):
        if "workflow.parameters." in value:
            used.update(_PARAMETER.findall(value))
    elif depth < 60:
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            _collect(item, used, depth + 1)


def _metadata(use: Use, member: str, rest: tuple[str, ...], world: World) -> Iterator[Judgement]:
    if not rest or rest == ("json",) or use.in_expr or world.spec.workflow_template_ref is not None:
        return
    name = ".".join(rest)
    known = metadata_keys(world.spec, member)
    if name in known or "argoproj.io/" in name or "{{" in name:
        return
    near = suggest(name, known)
    yield (
        "unknown",
        f"the workflow has no {member[:-1]} `{name}`",
        did_you_mean(name, known)
        if near
        else f"declare it under `metadata.{member}` or `workflowMetadata.{member}`",
        "warning" if world.is_library or not (known or world.spec.kind == "CronWorkflow") else None,
        f"workflow.{member}.{near}" if near else None,
    )


def metadata_keys(spec: WorkflowSpec, member: str) -> set[str]:
    """The labels or annotations that workflows of a spec have, as far as its object says.

    A CronWorkflow gives its workflows those of its `workflowMetadata`, not its own (upstream: convert.go).
    """
    owner = spec.owner
    holders: list[View] = [spec.mapping("workflowMetadata"), owner.spec.mapping("workflowMetadata")]
    found: set[str] = set()
    for holder in holders:
        found.update(str(key) for key in holder.mapping(member).map)
        if member == "labels":
            found.update(str(key) for key in holder.mapping("labelsFrom").map)
    if owner.kind != "CronWorkflow":
        found.update(str(key) for key in owner.metadata.mapping(member).map)
    return found


def _outputs(use: Use, rest: tuple[str, ...], world: World) -> Iterator[Judgement]:
    if len(rest) < 2:
        if not use.in_expr:
            yield (
                "unknown",
                f"`{use.text}` is no variable",
                "name a global output, as in `workflow.outputs.parameters.NAME`",
                None,
                None,
            )
        return
    if rest[0] not in ("parameters", "artifacts"):
        yield (
            "unknown",
            f"`workflow.outputs` has no `{rest[0]}`",
            "there are parameters and artifacts",
            None,
            None,
        )
        return
    known = world.global_outputs
    if known is None:
        return
    names = known[0 if rest[0] == "parameters" else 1]
    name = rest[1] if use.in_expr else ".".join(rest[1:])
    if name not in names:
        near = suggest(name, names)
        yield (
            "undefined-workflow-output",
            f"no template exports an output {rest[0][:-1]} with the `globalName` `{name}`",
            did_you_mean(name, names) or "set `globalName` on the output that is meant",
            "warning" if world.is_library and not names else None,
            f"workflow.outputs.{rest[0]}.{near}" if near and not use.in_expr else None,
        )


def _failures(at: Scalar, use: Use, world: World) -> Iterator[Judgement]:
    template = at.template
    while template is not None and template.step is not None:
        template = template.step.template
    if template is None or template.name in world.exits:
        return
    spec = world.spec
    if world.is_library and template.name not in reachable(spec, [spec.entrypoint]):
        return  # others may call it from their exit handlers
    if spec.workflow_template_ref is not None:
        return
    yield (
        "out-of-phase",
        "`workflow.failures` exists in exit handlers only",
        "use it in a template that `onExit` or a hook calls",
        None,
        None,
    )


def items_of(loop: Step) -> tuple[set[str], set[str], bool] | None:
    """What a loop is over: (keys of any item, keys of all items, whether items are lists); None when that is not known."""
    if "withItems" in loop:
        raw = loop.get("withItems")
        return _shape(raw) if isinstance(raw, list) else None
    if "withParam" in loop:
        text = loop.text("withParam")
        if not text or "{{" in text:
            return None
        try:
            raw = json.loads(text)
        except ValueError:
            return None
        return _shape(raw) if isinstance(raw, list) else None
    return (set(), set(), False) if "withSequence" in loop else None


def _shape(items: list[Any]) -> tuple[set[str], set[str], bool] | None:
    keys: set[str] = set()
    common: set[str] | None = None
    lists = False
    for item in items:
        if isinstance(item, str) and "{{" in item:
            return None
        if isinstance(item, str) and item.lstrip()[:1] in ("{", "["):
            return None  # a string may be JSON: Argo reads it as what it says
        own = {str(key) for key in item} if isinstance(item, (Map, dict)) else set()
        lists = lists or isinstance(item, list)
        keys |= own
        common = own if common is None else common & own
    return (keys, common or set(), lists) if items else None
