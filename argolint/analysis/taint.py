"""Where the text of a tag may come from: who can decide what a parameter holds. Pure, over one spec and the index.

A level is how far from the author of the manifest the text comes: LITERAL (the manifests themselves), OUTPUT (what a step
printed), CALLER (whoever calls the template), SUBMITTER (whoever submits the Workflow), SENDER (whoever can send an event to a Sensor,
the source of which is not known or takes events from inside), EVENT (the same, and anybody can: a webhook, or a forge that passes
on what people write there). Values flow through arguments to inputs, across templateRef and workflowTemplateRef.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from argolint.analysis import payloads
from argolint.analysis.events import OUTSIDE, Feed, event_types, filled, submitted
from argolint.analysis.steps import child
from argolint.analysis.variables import Use, uses_in
from argolint.language.tags import ExprTag, split
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.model.view import Span
from argolint.model.workflow import Step, Template, WorkflowSpec
from argolint.patterns import lazy
from argolint.project.facts import ObjectFact
from argolint.project.index import Index


class Away:
    """A place in another file, in the shape that findings take: `path` and `span`."""

    __slots__ = ("path", "span")

    def __init__(self, path: str, span: Span) -> None:
        self.path = path
        self.span = span


LITERAL, OUTPUT, CALLER, SUBMITTER, SENDER, EVENT = range(6)

# Event sources that hand on text which people outside write: titles, names of branches, whole bodies. The others of OUTSIDE sign what they send.
_OPEN = OUTSIDE - {"sns", "stripe", "storageGrid"}

_TEMPLATES = ("WorkflowTemplate", "ClusterWorkflowTemplate")
# Functions whose result holds no text of their argument that could mean anything to a shell or to YAML.
_HARMLESS = lazy(
    r"\s*(?:asInt|asFloat|int|float|len|toBase64|sprig\.(?:b64enc|int|int64|float64|sha256sum|sha1sum|adler32sum|len))\s*\("
)
_HARMLESS_OUTPUTS = frozenset(
    {"exitCode", "ip", "id", "status", "startedAt", "finishedAt", "hostNodeName", "path"}
)
_ROUNDS = 20


class Taint(NamedTuple):
    """How far away a text comes from, and the way it took: (place, label) pairs, the source first."""

    level: int
    path: tuple[tuple[Any, str], ...] = ()


CLEAN = Taint(LITERAL)


def worst(taints: Iterable[Taint]) -> Taint:
    """The one of the highest level; CLEAN when there is none."""
    return max(taints, key=lambda taint: taint.level, default=CLEAN)


# -- sources -------------------------------------------------------------------------------------------------------

_Seeds = dict[tuple[str, str], list[tuple[str, str, Taint]]]  # (kind, name) -> (namespace, parameter, taint)


def _source(path: str, span: Span, words: str, level: int) -> Taint:
    return Taint(level, ((Away(path, span), words),))


def _seeds(index: Index) -> _Seeds:
    """Parameters of templates that events fill, over all Sensors and WorkflowEventBindings."""
    found: _Seeds = {}
    for fact in index.objects:
        resource = index.load(fact) if fact.embedded_in == "Sensor" else None
        if resource is None or resource.parent is None:
            continue
        sensor = resource.parent
        target = _submitted(resource)
        for name, feed in _fed(resource) if target is not None else ():
            level = event_level(feed, sensor, index) if name else LITERAL
            if target is None or level == LITERAL:
                continue
            taint = _source(fact.path, feed.source_span, "an event fills it here", level)
            namespace = resource.namespace or sensor.namespace
            found.setdefault(target, []).append((namespace, name, taint))
    for fact in index.of_kind("WorkflowEventBinding"):
        binding = index.load(fact)
        if binding is None:
            continue
        submit = binding.spec.mapping("submit")
        ref = submit.mapping("workflowTemplateRef")
        kind = _TEMPLATES[ref.get("clusterScope") is True]
        for view in submit.mapping("arguments").items("parameters"):
            event = view.mapping("valueFrom")
            if event.get("event") is not None:
                level = EVENT if payloads.carries_words(event.text("event")) else SENDER
                taint = _source(fact.path, event.value_span("event"), "an event fills it here", level)
                found.setdefault((kind, ref.text("name")), []).append(
                    (fact.namespace, view.text("name"), taint)
                )
    return found


def _fed(resource: Object) -> Iterator[tuple[str, Feed]]:
    """The workflow parameters that an event fills in an object of a trigger, or on the command line that submits it."""
    for path, feed in filled(resource).items():
        if feed.from_event:
            yield _parameter_at(resource, path), feed
    for name, feed in submitted(resource).items():
        if feed.from_event:
            yield name, feed


def event_level(feed: Feed, sensor: Object | None, index: Index | None) -> int:
    """Who shapes what a feed takes of its event: nobody (a calendar's, or a number of a forge's: LITERAL), anybody (EVENT), or those
    whom we do not know (SENDER).
    """
    template = feed.src.text("dataTemplate")
    if template and "{{" not in template:
        return LITERAL
    if sensor is None or index is None:
        return SENDER
    name = feed.src.text("dependencyName")
    types: set[str] = set()
    checked = False
    for view in dependencies(sensor):
        if view.text("name") == name:
            types = event_types(view, sensor.namespace, index)
            checked = bool(types) and payloads.is_checked(view, sensor.namespace, index)
    if types == {"calendar"}:
        return LITERAL
    if not types & _OPEN:
        return SENDER
    taken = payloads.paths(feed) if checked else None
    if taken is None:
        return EVENT
    if all(map(payloads.is_made, taken)):
        return LITERAL
    return EVENT if any(map(payloads.may_be_words, taken)) else SENDER


def _submitted(resource: Object) -> tuple[str, str] | None:
    """The template that a trigger's resource submits: (kind, name)."""
    if resource.kind in (*_TEMPLATES, "CronWorkflow"):
        return (resource.kind, resource.name) if resource.name else None
    specs: list[WorkflowSpec] = resource.workflow_specs
    ref = specs[0].workflow_template_ref if specs else None
    return (ref.object_kind, ref.object_name) if ref is not None and ref.object_name else None


_PARAMETER = lazy(r"spec\.(?:workflowSpec\.)?arguments\.parameters\.(\d+)\.value\Z")


def _parameter_at(resource: Object, path: str | None) -> str:
    """The name of the parameter whose value stands at a path of a Workflow; "" if none does."""
    match = _PARAMETER.match(path or "")
    if match is None:
        return ""
    specs: list[WorkflowSpec] = resource.workflow_specs
    listed = specs[0].arguments.sequence("parameters") if specs else []
    number = int(match[1])
    item = listed[number] if number < len(listed) else None
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) else ""


_cached: list[Any] = [None, {}, {}]  # the index, its seeds, callers by (kind, name)


def _of_index(index: Index) -> tuple[_Seeds, dict[tuple[str, str], list[ObjectFact]]]:
    if _cached[0] is not index:
        callers: dict[tuple[str, str], list[ObjectFact]] = {}
        for fact in index.objects:
            for key in {(ref.object_kind, ref.object_name) for ref in fact.references if ref.object_kind}:
                callers.setdefault(key, []).append(fact)
        _cached[:] = [index, {}, callers]
        _cached[1] = _seeds(index)
    return _cached[1], _cached[2]


# -- one spec ------------------------------------------------------------------------------------------------------


class Flow:
    """Taints within one workflow spec. `of(use, template, step)` is what rules ask."""

    __slots__ = ("_index", "_namespace", "_path", "inputs", "parameters", "spec")

    def __init__(
        self, spec: WorkflowSpec, index: Index | None, namespace: str, path: str, depth: int = 0
    ) -> None:
        self.spec = spec
        self._index = index
        self._namespace = namespace
        self._path = path  # "" for the file at hand
        self.parameters = self._workflow_parameters()
        self.inputs: dict[tuple[int, str], Taint] = {}
        self._seed(depth)
        for _ in range(_ROUNDS):
            if not self._propagate():
                break

    # What comes from outside the spec.

    def _workflow_parameters(self) -> dict[str, Taint]:
        spec, owner = self.spec, self.spec.owner
        found: dict[str, Taint] = {}
        level = LITERAL if owner.kind == "CronWorkflow" else SUBMITTER
        for item in spec.arguments.parameters:
            if item.name:
                own = level if item.has_value or owner.kind != "CronWorkflow" else SUBMITTER
                found[item.name] = Taint(
                    own, ((self._at(item.name_span), "whoever submits it sets it"),) if own else ()
                )
        for name, feed in _fed(owner):
            level = event_level(feed, owner.parent, self._index) if name else LITERAL
            if level != LITERAL:
                found[name] = Taint(level, ((self._at(feed.source_span), "an event fills it here"),))
        if self._index is not None and owner.name:
            for namespace, name, taint in _of_index(self._index)[0].get((owner.kind, owner.name), ()):
                if (
                    not namespace
                    or not self._namespace
                    or namespace == self._namespace
                    or "Cluster" in owner.kind
                ):
                    found[name] = taint
        return found

    def _seed(self, depth: int) -> None:
        spec, owner = self.spec, self.spec.owner
        called = {step.target.local for template in spec.all_templates for step in template.children
                  if step.target is not None}  # fmt: skip
        outside = self._outside_calls(depth) if owner.kind in _TEMPLATES else {}
        called |= {name for name, _ in outside}
        for template in spec.all_templates:
            for item in template.inputs.parameters:
                key = (id(template.map), item.name)
                if template.name and template.name == spec.entrypoint:
                    taint = self.parameters.get(item.name, CLEAN)
                    self._raise(key, taint, item.name_span, "an input of the entrypoint")
                elif owner.kind in _TEMPLATES and template.name and template.name not in called:
                    self._raise(key, Taint(CALLER), item.name_span, "whoever calls the template sets it")
                for taint in outside.get((template.name, item.name), ()):
                    self._raise(key, taint, item.name_span, "an input of the template")

    def _outside_calls(self, depth: int) -> dict[tuple[str, str], list[Taint]]:
        """(template, input) -> taints of the arguments with which other objects call it."""
        found: dict[tuple[str, str], list[Taint]] = {}
        owner, index = self.spec.owner, self._index
        # Without any event nothing graver than CALLER comes of it: spare the parsing.
        if index is None or not owner.name or depth > 4 or not _of_index(index)[0]:
            return found
        for fact in _of_index(index)[1].get((owner.kind, owner.name), ()):
            if fact.kind == owner.kind and fact.name == owner.name:
                continue
            caller = index.load(fact)
            for spec in caller.workflow_specs if caller is not None else ():
                flow = _flow(spec, index, fact.namespace, fact.path, depth + 1)
                for template in spec.all_templates:
                    for step in template.children:
                        target = step.target
                        if target is None or (target.object_kind, target.object_name) != (
                            owner.kind,
                            owner.name,
                        ):
                            continue
                        for item in step.arguments.parameters:
                            taint = flow.of_text(item.text("value"), template, step)
                            found.setdefault((target.template_name, item.name), []).append(taint)
        return found

    # What flows inside it.

    def _propagate(self) -> bool:
        changed = False
        for template in self.spec.all_templates:
            for step in template.children:
                callee = self._callee(step)
                if callee is None:
                    continue
                for item in step.arguments.parameters:
                    taint = self.of_text(item.text("value"), template, step)
                    if taint.level:
                        words = f"an argument of {step.label}"
                        changed |= self._raise(
                            (id(callee.map), item.name), taint, item.value_span("value"), words
                        )
        return changed

    def _callee(self, step: Step) -> Template | None:
        if step.inline is not None:
            return step.inline
        target = step.target
        if target is None:
            return None
        name = target.local
        owner = self.spec.owner
        if (target.object_kind, target.object_name) == (owner.kind, owner.name) and owner.name:
            name = target.template_name
        return self.spec.template_named(name) if name else None

    def _raise(self, key: tuple[int, str], taint: Taint, span: Span, words: str) -> bool:
        if taint.level <= self.inputs.get(key, CLEAN).level:
            return False
        self.inputs[key] = Taint(taint.level, (*taint.path[-5:], (self._at(span), words)))
        return True

    def _at(self, span: Span) -> Any:
        return Away(self._path, span) if self._path else span

    # Questions.

    def of(self, use: Use, template: Template | None, step: Step | None = None) -> Taint:
        """What may be in a variable, where a template (or one of its steps) uses it."""
        path = use.path
        if path[0] == "workflow" and len(path) > 1:
            if path[1] == "parameters":
                if len(path) == 2 or path[2] == "json":
                    return worst(self.parameters.values())
                name = path[2] if use.in_expr else ".".join(path[2:])
                unknown = Taint(SUBMITTER if self.spec.owner.kind in _TEMPLATES else LITERAL)
                return self.parameters.get(name, unknown)
            if path[1] == "outputs":
                return self._exported(path)
            if path[1] == "failures":
                return Taint(OUTPUT)
            return Taint(SUBMITTER) if path[1] == "annotations" else CLEAN
        if path[:2] == ("inputs", "parameters") and template is not None:
            if len(path) == 2:
                return worst(taint for (owner, _), taint in self.inputs.items() if owner == id(template.map))
            return self._input(template, path[2] if use.in_expr else ".".join(path[2:]))
        if path[0] in ("steps", "tasks") and len(path) > 2:
            return self._output(path, template)
        if path[0] == "item" and step is not None:
            return worst(self.of_text(step.text(key), template, None) for key in ("withParam",))
        return CLEAN

    def _input(self, template: Template, name: str) -> Taint:
        found = self.inputs.get((id(template.map), name), CLEAN)
        if found.level == LITERAL and template.step is not None and template.inputs.parameter(name) is None:
            return self._input(template.step.template, name)
        return found

    def _output(self, path: tuple[str, ...], template: Template | None) -> Taint:
        if path[-1] in _HARMLESS_OUTPUTS or path[2] != "outputs":
            return CLEAN
        step = child(template, path[1]) if template is not None else None
        if step is None:
            return Taint(OUTPUT)
        return self._made_by(self._callee(step), step.name_span, f"an output of {step.label}")

    def _made_by(self, maker: Template | None, span: Span, words: str) -> Taint:
        """The taint of what a template puts out: what it is fed by an event may be in it, at one remove."""
        level = OUTPUT
        way: tuple[tuple[Any, str], ...] = ()
        if maker is not None:
            fed = worst(taint for (owner, _), taint in self.inputs.items() if owner == id(maker.map))
            if fed.level >= SENDER:
                level, way = SUBMITTER, fed.path
        return Taint(level, (*way, (self._at(span), words)))

    def _exported(self, path: tuple[str, ...]) -> Taint:
        """What a global output holds: `workflow.outputs.parameters.NAME`."""
        name = ".".join(path[3:])
        for template in self.spec.all_templates if name else ():
            for port in (*template.outputs.parameters, *template.outputs.artifacts):
                exported = port.text("globalName")
                if exported == name or "{{" in exported:
                    words = f"exported by {template.label}"
                    return self._made_by(template, port.value_span("globalName"), words)
        return Taint(OUTPUT)

    def of_text(self, text: str, template: Template | None, step: Step | None) -> Taint:
        """The worst of what the tags of a text may bring in."""
        if "{{" not in text:
            return CLEAN
        return worst(self.of(use, template, step) for use in risky_uses(text))


def risky_uses(text: str) -> Iterator[Use]:
    """The uses of variables in a text, without those that a function makes harmless (`asInt(…)`, `sprig.b64enc(…)`)."""
    safe = [
        (piece.start, piece.end)
        for piece in split(text)
        if isinstance(piece, ExprTag) and _HARMLESS.match(piece.source)
    ]
    for use in uses_in(text):
        if not any(start <= use.start < end for start, end in safe):
            yield use


_flows: dict[tuple[int, str], tuple[WorkflowSpec, Flow]] = {}
_flows_of: list[Any] = [None]


def _flow(spec: WorkflowSpec, index: Index | None, namespace: str, path: str, depth: int) -> Flow:
    if _flows_of[0] is not index or len(_flows) > 500:
        _flows.clear()
        _flows_of[0] = index
    key = (id(spec.map), path)
    found = _flows.get(key)
    if found is None or found[0].map is not spec.map:
        found = (spec, Flow(spec, index, namespace, path, depth))
        _flows[key] = found
    return found[1]


def flow_of(spec: WorkflowSpec, index: Index | None, namespace: str = "") -> Flow:
    """The taints of a spec of the file at hand. Memoised."""
    return _flow(spec, index, namespace, "", 0)
