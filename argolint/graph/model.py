"""The graph of workflow objects: boxes (templates), what runs in them, and who calls whom."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from argolint.analysis.steps import dependencies
from argolint.model.k8s import Object
from argolint.model.workflow import Reference, Step, Template, WorkflowSpec


class Child(NamedTuple):
    """A step or task of a template. `row` is the group, or the depth in the DAG."""

    id: str
    label: str
    row: int


class Box(NamedTuple):
    """A template, or an object that starts one (an entrypoint, a CronWorkflow).

    `owner` is the object, as `Kind name`; `missing` marks what is referred to and not among the files; `fill` is a colour
    in the place of that of its type.
    """

    id: str
    owner: str
    label: str
    type: str
    children: tuple[Child, ...] = ()
    missing: bool = False
    fill: str = ""


class Edge(NamedTuple):
    """From one id to another. kind: `order` inside a box, `call` between boxes, `exit` for hooks and onExit, `flow` in runs."""

    source: str
    target: str
    kind: str
    label: str = ""


class Graph(NamedTuple):
    """Boxes in the order of the files, and edges between their ids and those of their children."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def graph_of(objects: Iterable[Object]) -> Graph:
    """The graph of all workflow objects among `objects`; references across objects and files are followed."""
    return _Builder([obj for obj in objects if obj.workflow_specs]).graph()


class _Builder:
    def __init__(self, objects: Sequence[Object]) -> None:
        self.objects = objects
        self.boxes: dict[str, Box] = {}
        self.edges: list[Edge] = []
        self.ids: dict[tuple[str, str, str], str] = {}
        self.owners: dict[int, str] = {}
        self.specs: dict[tuple[str, str], WorkflowSpec] = {}

    def graph(self) -> Graph:
        for obj in self.objects:
            name = obj.name or f"{obj.generate_name}*"
            self.owners[id(obj)] = f"{obj.kind} {name}"
            spec = obj.workflow_specs[0]
            self.specs.setdefault((obj.kind, name), spec)
            self._box((obj.kind, name, ""), Box("", self.owners[id(obj)], name, obj.kind))
            for template in spec.all_templates:
                self._template(obj.kind, name, template)
        for obj in self.objects:
            self._edges(obj)
        return Graph(tuple(self.boxes.values()), tuple(self.edges))

    def _box(self, key: tuple[str, str, str], box: Box) -> str:
        known = self.ids.get(key)
        if known is None:
            known = self.ids[key] = f"n{len(self.ids)}"
            self.boxes[known] = box._replace(id=known)
        return known

    def _template(self, kind: str, name: str, template: Template) -> None:
        own = self._box(
            (kind, name, _name(template)), Box("", f"{kind} {name}", _name(template), template.type)
        )
        rows = rows_of(template)
        children = tuple(
            Child(f"{own}_{i}", _label(child), rows[i]) for i, child in enumerate(template.children)
        )
        self.boxes[own] = self.boxes[own]._replace(children=children)

    def _edges(self, obj: Object) -> None:
        name = obj.name or f"{obj.generate_name}*"
        spec = obj.workflow_specs[0]
        start = self.ids[obj.kind, name, ""]
        for ref in spec.references():
            if ref.step is None and ref.how in ("entrypoint", "workflowTemplateRef", "onExit", "hook"):
                kind = "exit" if ref.how in ("onExit", "hook") else "call"
                self._call(start, ref, obj, kind, "" if ref.how == "entrypoint" else ref.how)
        for template in spec.all_templates:
            own = self.ids[obj.kind, name, _name(template)]
            ids = {id(child.map): f"{own}_{i}" for i, child in enumerate(template.children)}
            self.edges.extend(_order(template, own))
            for child in template.children:
                for ref in child.references():
                    kind = "exit" if ref.how in ("onExit", "hook") else "call"
                    self._call(ids[id(child.map)], ref, obj, kind, child.when if kind == "call" else ref.how)
                if child.inline is not None:
                    inner = self.ids[obj.kind, name, _name(child.inline)]
                    self.edges.append(Edge(ids[id(child.map)], inner, "call", child.when))

    def _call(self, source: str, ref: Reference, obj: Object, kind: str, label: str) -> None:
        owner_kind, owner = ref.object_kind, ref.object_name
        wanted = ref.local or ref.template_name
        if not owner_kind:
            owner_kind, owner = obj.kind, obj.name or f"{obj.generate_name}*"
            shared = obj.workflow_specs[0].workflow_template_ref
            if (owner_kind, owner, wanted) not in self.ids and shared is not None:
                owner_kind, owner = shared.object_kind, shared.object_name
        key = (owner_kind, owner, wanted)
        if key not in self.ids:
            self._box(key, Box("", f"{owner_kind} {owner}", wanted or owner, "", missing=True))
        self.edges.append(Edge(source, self.ids[key], kind, label))


def _name(template: Template) -> str:
    if template.step is not None:
        return f"{_name(template.step.template)}/{template.step.name or template.step.index}"
    return template.name or template.where


def _label(step: Step) -> str:
    marks = [f"×{loop}" for loop in step.loops]
    return " ".join([step.name or f"{step.kind} {step.index + 1}", *marks])


def rows_of(template: Template) -> list[int]:
    """For each child of a template, the row it runs in: its group, or one more than the deepest task it waits for."""
    children = template.children
    if "steps" in template.map:
        return [max(child.group, 0) for child in children]
    waits = {child.name: [name for name in dependencies(child) if name != child.name] for child in children}
    depth: dict[str, int] = {}
    for _ in children:  # a cycle settles after as many rounds as there are tasks
        for name, others in waits.items():
            depth[name] = min(
                1 + max((depth.get(other, -1) for other in others if other in waits), default=-1), len(waits)
            )
    return [depth.get(child.name, 0) for child in children]


def _order(template: Template, own: str) -> list[Edge]:
    children = template.children
    if "steps" in template.map:
        groups: dict[int, list[int]] = {}
        for i, child in enumerate(children):
            groups.setdefault(child.group, []).append(i)
        ordered = [groups[number] for number in sorted(groups)]
        return [
            Edge(f"{own}_{a}", f"{own}_{b}", "order")
            for before, after in itertools.pairwise(ordered)
            for a in before
            for b in after
        ]
    numbers = {child.name: i for i, child in enumerate(children)}
    return [
        Edge(f"{own}_{numbers[name]}", f"{own}_{i}", "order")
        for i, child in enumerate(children)
        for name in dict.fromkeys(dependencies(child))
        if name in numbers and numbers[name] != i
    ]


def reachable(graph: Graph, start: str) -> Graph:
    """The part of a graph that is reached from the boxes of the object (or template) called `start`."""
    boxes = {box.id: box for box in graph.boxes}
    pending = [box.id for box in graph.boxes if start in (box.label, box.owner, box.owner.partition(" ")[2])]
    seen: set[str] = set()
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        pending += [
            edge.target for edge in graph.edges if edge.kind != "order" and box_of(edge.source) == current
        ]
    kept = tuple(box for key, box in boxes.items() if key in seen)
    edges = tuple(edge for edge in graph.edges if box_of(edge.source) in seen and box_of(edge.target) in seen)
    return Graph(kept, edges)


def box_of(id: str) -> str:
    """The id of the box that a box's or child's id belongs to."""
    return id.partition("_")[0]
