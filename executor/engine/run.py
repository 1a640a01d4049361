"""One pass over one workflow: the state being written, and the commands collected.

Everything in the state that is not written to in this pass is shared with the state that came in. A node is copied
when it is first written; the nodes map and the status are copied once a pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from executor.engine import names, phases
from executor.engine.clock import format_time
from executor.engine.contract import Command, Context, RecordEvent, WakeAt
from executor.engine.memory import Memory

Node = dict[str, Any]


class Run:
    """The working set of a pass. Functions of the engine take it as their first argument, called `run`."""

    def __init__(self, state: Mapping[str, Any], now: datetime, context: Context, memory: Memory) -> None:
        metadata = state.get("metadata") or {}
        self.wf: dict[str, Any] = dict(state)
        self.metadata: dict[str, Any] = dict(metadata)
        self.status: dict[str, Any] = dict(state.get("status") or {})
        self.nodes: dict[str, Node] = dict(self.status.get("nodes") or {})
        self.wf["metadata"], self.wf["status"] = self.metadata, self.status
        self.status["nodes"] = self.nodes
        self.name: str = str(metadata.get("name") or "")
        self.namespace: str = str(metadata.get("namespace") or "default")
        self.uid: str = str(metadata.get("uid") or "")
        self.now = now
        self.stamp = format_time(now)
        self.context = context
        self.memory = memory
        self.spec: dict[str, Any] = {}
        self.globals: dict[str, Any] = {}
        self.commands: list[Command] = []
        self.changed = False
        self.depth = 0
        self.exit_depth = 0  # > 0 while inside an exit handler's templates
        self.restless = False  # something waits for more than an observation of this workflow's pods
        self.created = 0  # pods asked for in this pass
        self.deadline: datetime | None = None
        self.written: dict[str, Mapping[str, Any] | None] = {}  # node id -> the node as it was
        self.phase_changes: list[tuple[str, str]] = []
        self.counts: dict[tuple[str, str], int] | None = None  # see executor.engine.limits
        self.counted: dict[str, tuple[int, int]] = {}
        self.to_count: set[str] = set()
        self.annotations: dict[str, str] = dict(metadata.get("annotations") or {})
        self.labels: dict[str, str] = dict(metadata.get("labels") or {})

    # --- reading ---

    def id_of(self, name: str) -> str:
        """The id of the node called `name`."""
        return names.node_id(self.name, name)

    def named(self, name: str) -> Node | None:
        """The node called `name`, or None."""
        return self.nodes.get(names.node_id(self.name, name))

    def children(self, node: Mapping[str, Any]) -> Iterator[Node]:
        """The children of a node that exist, in order."""
        for identity in node.get("children") or ():
            child = self.nodes.get(identity)
            if child is not None:
                yield child

    @property
    def phase(self) -> str:
        """The workflow's phase, empty before the first pass."""
        return str(self.status.get("phase") or "")

    @property
    def shutdown(self) -> str:
        """`Stop`, `Terminate` or nothing."""
        spec = self.wf.get("spec") or {}
        return str(spec.get("shutdown") or self.spec.get("shutdown") or "")

    # --- writing ---

    def own(self, identity: str) -> Node:
        """The node, copied on its first write of this pass, to be changed in place."""
        node = self.nodes[identity]
        if identity not in self.written:
            self.written[identity] = node
            node = dict(node)
            if "children" in node:
                node["children"] = list(node["children"])
            self.nodes[identity] = node
        self.changed = True
        return node

    def add(self, node: Node) -> Node:
        """A node that did not exist."""
        identity = node["id"]
        self.written.setdefault(identity, None)
        self.nodes[identity] = node
        self.changed = True
        self.to_count.add(identity)
        if node.get("type") != "Pod" or node.get("phase") != phases.PENDING:
            self.touch(node)
        if node.get("phase"):
            self.phase_changes.append((identity, node["phase"]))
        return node

    def touch(self, node: Mapping[str, Any]) -> None:
        """A node moved: its enclosing groups, up to the root, need a visit."""
        touched = self.memory.touched
        for _ in range(256):
            if node.get("nodeFlag") and node["nodeFlag"].get("hooked"):
                # A group waits for hooks that hang below it.
                touched.add(self.id_of(names.carrier_name(node["name"])))
            boundary = node.get("boundaryID")
            if not boundary:
                # The workflow's own hooks hang below the root: a DAG there waits for them.
                touched.add(self.name)
                break
            touched.add(boundary)
            enclosing = self.nodes.get(boundary)
            if enclosing is None:
                break
            node = enclosing

    def put(self, identity: str, **fields: Any) -> Node:
        """Set fields of a node; None removes one. Nothing is written if nothing would change."""
        node = self.nodes[identity]
        for field, value in fields.items():
            if node.get(field) != value or (value is None and field in node):
                node = self.own(identity)
                self.to_count.add(identity)
                if value is None:
                    node.pop(field, None)
                else:
                    node[field] = value
        return node

    def link(self, parent: str, child: str) -> None:
        """Make node id `child` a child of node id `parent` (once)."""
        node = self.nodes.get(parent)
        if node is None:
            return
        present = node.get("children") or []
        known = self._child_set(parent, present) if len(present) >= 16 else None
        if child in (present if known is None else known):
            return
        self.own(parent).setdefault("children", []).append(child)
        if known is not None:
            known.add(child)

    def _child_set(self, parent: str, present: list[str]) -> set[str]:
        key = ("children", parent)
        cached = self.memory.resolved.get(key)
        if cached is None or len(cached) != len(present):
            cached = set(present)
            self.memory.resolved[key] = cached
        return cached

    def mark(self, identity: str, phase: str, message: str | None = None) -> Node:
        """Move a node to a phase; give it a finish time when that ends it (upstream: markNodePhase)."""
        node = self.nodes[identity]
        if node.get("phase") != phase:
            node = self.own(identity)
            if (
                phase in phases.FAILURES
                and node.get("phase") != phases.RUNNING
                and "taskResultSynced" in node
            ):
                node["taskResultSynced"] = True
            node["phase"] = phase
            self.phase_changes.append((identity, phase))
            self.to_count.add(identity)
            self.touch(node)
        if message is not None and (node.get("message") or "") != message:
            node = self.own(identity)
            if message:
                node["message"] = message
            else:
                node.pop("message", None)
        if not node.get("finishedAt") and (phase in phases.COMPLETED or phase in phases.PASSED_OVER):
            node = self.own(identity)
            node["finishedAt"] = self.stamp
        return node

    def set_status(self, field: str, value: Any) -> None:
        """Set a field of the workflow's status; None removes it."""
        if self.status.get(field) == value:
            return
        self.changed = True
        if value is None:
            self.status.pop(field, None)
        else:
            self.status[field] = value

    def set_label(self, name: str, value: str) -> None:
        """Set a label of the workflow."""
        if self.labels.get(name) != value:
            self.labels[name] = value
            self.metadata["labels"] = self.labels
            self.changed = True

    def set_annotation(self, name: str, value: str) -> None:
        """Set an annotation of the workflow."""
        if self.annotations.get(name) != value:
            self.annotations[name] = value
            self.metadata["annotations"] = self.annotations
            self.changed = True

    def set_condition(self, kind: str, status: str, message: str = "") -> None:
        """Upsert a condition by its type."""
        wanted: dict[str, str] = {"type": kind, "status": status}
        if message:
            wanted["message"] = message
        present = self.status.get("conditions") or []
        if wanted in present:
            return
        if any(c.get("type") == kind for c in present):
            self.set_status("conditions", [wanted if c.get("type") == kind else c for c in present])
        else:
            self.set_status("conditions", [*present, wanted])

    # --- pods ---

    def pod_name(self, node_name: str, template: Mapping[str, Any]) -> str:
        """The pod of a node that runs `template`."""
        version = self.annotations.get(names.POD_NAME_ANNOTATION) or "v2"
        return names.pod_name(
            self.name, node_name, str(template.get("name") or ""), self.id_of(node_name), version
        )

    def pod_name_of(self, node: Mapping[str, Any]) -> str:
        """The pod of a Pod node, from what the node says of its template."""
        reference = node.get("templateRef") or {}
        template = reference.get("template") or node.get("templateName") or ""
        return self.pod_name(node["name"], {"name": template})

    # --- commands ---

    def command(self, command: Command) -> None:
        """Ask the driver for something."""
        self.commands.append(command)

    def wake(self, at: datetime) -> None:
        """Ask to be called again at a moment; once for each moment."""
        if at not in self.memory.wakes:
            if len(self.memory.wakes) > 4096:
                self.memory.wakes = {w for w in self.memory.wakes if w > self.now}
            self.memory.wakes.add(at)
            self.commands.append(WakeAt(at))

    def event(self, kind: str, reason: str, message: str) -> None:
        """Record a Kubernetes Event about the workflow."""
        self.commands.append(RecordEvent(kind, reason, message))
