"""What is dangerous in manifests: code with tags in it and its repair, security contexts, secrets, URLs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from argolint.analysis.expressions import spelled
from argolint.analysis.scripts import Code, python_literals, scan_shell, tag_spans
from argolint.analysis.taint import CALLER, EVENT, OUTPUT, SENDER, SUBMITTER, Taint, flow_of, risky_uses
from argolint.analysis.variables import Use
from argolint.context import Context, Scalar
from argolint.diagnostic import Edit, Fix
from argolint.language.tags import ExprTag, SimpleTag, split
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.model.workflow import Template, WorkflowSpec
from argolint.patterns import lazy
from argolint.yaml.edit import add_key, quote, replace
from argolint.yaml.nodes import Map, Seq

# -- taint at a sink -----------------------------------------------------------------------------------------------


class Danger(NamedTuple):
    """A use of a variable at a sink, with what is known of its origin."""

    use: Use
    taint: Taint

    def who(self) -> str:
        """Who decides what the text is."""
        return {
            EVENT: "whoever sends the event",
            SENDER: "whoever sends the event",
            SUBMITTER: "whoever submits the workflow",
            CALLER: "whoever calls the template",
            OUTPUT: "the step that printed it",
        }.get(self.taint.level, "its author")


def dangers(
    scalar: Scalar, spec: WorkflowSpec, template: Template | None, ctx: Context, least: int = SUBMITTER
) -> list[Danger]:
    """The uses in a string whose text comes from at least as far as `least`, the worst first."""
    if "{{" not in scalar.value:
        return []
    flow = flow_of(spec, ctx.index, ctx.namespace)
    found = [Danger(use, flow.of(use, template, scalar.step)) for use in risky_uses(scalar.value)]
    return sorted((one for one in found if one.taint.level >= least), key=lambda one: -one.taint.level)


# -- the repair of tags in code ------------------------------------------------------------------------------------


# Tags that may hold anybody's text; names, paths and times may stay where they are.
_RISKY = lazy(
    r"\{\{\s*(?:inputs\.parameters|workflow\.(?:parameters|annotations|labels|failures|outputs)|(?:steps|tasks)\..+\.outputs\.(?!.*\.path\b)|item\b)|\{\{="
)


def env_fix(code: Code, ctx: Context) -> Fix | None:
    """Edits that hand every tag of a piece of code over in an environment variable; None when that cannot be done.

    Safe where the quotes around a tag say what it means; unsafe where words may have been meant to split.
    """
    container, scalar = code.container, code.scalar
    if "envFrom" in container or container.is_alias("env") or not tag_spans(scalar.value):
        return None
    plan = _shell_plan(scalar.value) if code.language == "sh" else _literal_plan(code)
    if plan is None:
        return None
    names = _names(scalar.value, container)
    if names is None:
        return None
    parts, safe = plan
    parts = [part for part in parts if _RISKY.search(part[2])]
    if not parts:
        return None
    edits: list[Edit] = []
    for start, end, tag, before, after in parts:
        edits += replace(
            tuple(scalar.part(start, end)[:2]), spelled(f"{before}{names[tag]}{after}", scalar.style)
        )
    if code.language == "python" and not re.search(
        r"^import os$|^import .*\bos\b", scalar.value, re.MULTILINE
    ):
        added = _import_os(scalar, ctx)
        if added is None:
            return None
        edits += added
    used = {tag for _, _, tag, _, _ in parts}
    edits += _add_env(ctx, container, [(names[tag], tag) for tag in dict.fromkeys(names) if tag in used])
    title = "pass the values in environment variables"
    return Fix("safe" if safe else "unsafe", tuple(edits), title)


_Part = tuple[int, int, str, str, str]  # start, end, tag, text before and behind the variable's name


def _shell_plan(text: str) -> tuple[list[_Part], bool] | None:
    scan = scan_shell(text)
    if scan.open_quote >= 0:
        return None
    parts: list[_Part] = []
    safe = True
    for place in scan.tags:
        tag = text[place.start : place.end]
        if place.kind == "comment":
            parts.append((place.start, place.end, tag, "${", "}"))
        elif place.kind in ("double", "heredoc"):
            parts.append((place.start, place.end, tag, "${", "}"))
            safe = safe and not place.inner
        elif place.kind == "single" and text[place.start - 1] == "'" == text[place.end : place.end + 1]:
            parts.append((place.start - 1, place.end + 1, tag, '"${', '}"'))
            safe = safe and not place.inner
        elif place.kind == "single":
            parts.append((place.start, place.end, tag, "'\"${", "}\"'"))
            safe = safe and not place.inner
        elif place.kind == "bare":
            line = text[text.rfind("\n", 0, place.start) + 1 : place.start]
            if re.search(r"\bfor\s+\w+\s+in\b[^;]*$|[<>]\s*$|\b(?:case|eval)\b", line):
                return None
            parts.append((place.start, place.end, tag, '"${', '}"'))
            joined = line[-1:] not in ("", " ", "\t", "(", ";", "|", "&") and line[-1:] != "\n"
            safe = safe and joined and not place.inner
        else:
            return None
    return (parts, safe) if parts else None


def _literal_plan(code: Code) -> tuple[list[_Part], bool] | None:
    text = code.scalar.value
    parts: list[_Part] = []
    if code.language == "python":
        literals = python_literals(text)
        for start, end in tag_spans(text):
            if start not in literals:
                return None
            parts.append((*literals[start], text[start:end], 'os.environ["', '"]'))
    elif code.language == "node":
        for start, end in tag_spans(text):
            before, after = text[start - 1 : start], text[end : end + 1]
            if (
                before != after
                or before not in ('"', "'", "`")
                or text[start - 2 : start - 1] in ("\\", '"', "'", "`")
            ):
                return None
            parts.append((start - 1, end + 1, text[start:end], "process.env.", ""))
    return (parts, True) if parts else None


def _import_os(scalar: Scalar, ctx: Context) -> list[Edit] | None:
    """`import os` in front of the first statement of a block scalar."""
    if scalar.style not in ("|", ">"):
        return None
    at = 0
    for line in scalar.value.splitlines(keepends=True):
        if line.strip() and not line.startswith("#") and not line.startswith("from __future__"):
            break
        at += len(line)
    else:
        return None
    if scalar.value[at : at + 3] in ('"""', "'''"):
        return None
    start = scalar.part(at, at + 1)[0]
    source_line = ctx.source.text.rfind("\n", 0, start) + 1
    indent = ctx.source.text[source_line:start]
    return [Edit(start, start, f"import os\n{indent}")] if not indent.strip() else None


def _names(text: str, container: View) -> dict[str, str] | None:
    """Tag -> name of its variable; None when a name is taken by the container's environment or by the code."""
    taken = {view.text("name") for view in container.items("env")}
    found: dict[str, str] = {}
    for piece in split(text):
        if not isinstance(piece, (SimpleTag, ExprTag)):
            continue
        tag = text[piece.start : piece.end]
        if tag in found:
            continue
        words = piece.name if isinstance(piece, SimpleTag) else piece.source
        last = re.sub(r"[^A-Za-z0-9]+", "_", _tail(words)).strip("_").upper() or "VALUE"
        name, number = f"ARG_{last}", 2
        while name in found.values():
            name, number = f"ARG_{last}_{number}", number + 1
        if name in taken or re.search(rf"\b{name}\b", text):
            return None
        found[tag] = name
    return found


def _tail(words: str) -> str:
    """What tells a variable from others: its name, or the step and the output."""
    parts = words.split(".")
    if parts[0] in ("inputs", "workflow") and len(parts) > 2:
        return ".".join(parts[2:])
    if parts[0] in ("steps", "tasks") and len(parts) > 3:
        return f"{parts[1]}.{'.'.join(parts[3:])}"
    return words


def _add_env(ctx: Context, container: View, entries: list[tuple[str, str]]) -> list[Edit]:
    existing = container.get("env")
    if isinstance(existing, Seq) and existing and existing.at:
        start, end = existing.at[-1]
        text = ctx.source.text
        line = text.rfind("\n", 0, start) + 1
        lead = text[line:start]
        if existing.flow or lead.strip() != "-":
            at = existing.span[1] - 1
            return [
                Edit(at, at, "".join(f", {{name: {name}, value: {quote(tag)}}}" for name, tag in entries))
            ]
        indent = " " * len(lead)
        stop = ctx.source.line_span(ctx.source.line_col(max(end - 1, start))[0])[1]
        added = "".join(f"\n{lead}name: {name}\n{indent}value: {quote(tag)}" for name, tag in entries)
        return [Edit(stop, stop, added)]
    if "env" in container:
        return []
    if container.map.flow:
        value = "[" + ", ".join(f"{{name: {name}, value: {quote(tag)}}}" for name, tag in entries) + "]"
        return add_key(ctx.source, container.map, "env", value)
    value = "".join(f"\n- name: {name}\n  value: {quote(tag)}" for name, tag in entries)
    after = next((key for key in ("command", "image") if key in container), "")
    return add_key(ctx.source, container.map, "env", value, after=after)


def json_fix(scalar: Scalar, use: Use) -> list[Edit] | None:
    """`key: {{x}}` of a manifest as `key: {{=toJson(x)}}`, which is YAML for one string whatever is in it.

    None unless the tag is a simple one and the whole value of its line.
    """
    text = scalar.value
    start, end = text.rfind("{{", 0, use.start), text.find("}}", use.end) + 2
    if (
        use.in_expr
        or end < 2
        or use.root not in ("inputs", "workflow")
        or use.path[1] != "parameters"
        or len(use.path) < 3
    ):
        return None
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    before, after = text[line_start:start], text[end : line_end if line_end >= 0 else len(text)].rstrip()
    mark = before[-1:]
    if mark in ('"', "'") and after[:1] == mark:
        start, end, before, after = start - 1, end + 1, before[:-1], after[1:]
    if not re.search(r"(?:^|[\w\"'])\s*(?::|-) $", before) or after.strip():
        return None
    name = ".".join(use.path[2:])
    member = f".{name}" if name.isidentifier() else f"['{name}']"
    code = f"{{{{=toJson({use.path[0]}.parameters{member})}}}}"
    return replace(tuple(scalar.part(start, end)[:2]), spelled(code, scalar.style))


# -- pods ----------------------------------------------------------------------------------------------------------


class Pod(NamedTuple):
    """Something with pod fields: a template, a spec, or `templateDefaults`; `containers` are its own."""

    view: View
    containers: tuple[View, ...]


def pods_of(spec: WorkflowSpec) -> Iterator[Pod]:
    """The places in a spec where security contexts, volumes and containers may stand."""
    yield Pod(spec, ())
    defaults = spec.template_defaults
    for template in (*([defaults] if defaults is not None else []), *spec.all_templates):
        yield Pod(template, tuple(view for _, view in template.containers))


def sensor_pods(obj: Object) -> Iterator[Pod]:
    """The pod template of a Sensor or EventSource."""
    view = obj.spec.mapping("template")
    if view.map:
        container = view.mapping("container")
        yield Pod(view, (container,) if container.map else ())


# -- images --------------------------------------------------------------------------------------------------------


def image_tag(image: str) -> tuple[str, str, str]:
    """(repository, tag, digest) of an image reference; "" for what is not there."""
    name, _, digest = image.partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return f"{head}{slash}{last}", tag, digest


def manifests(template: Template, ctx: Context) -> Iterator[tuple[Scalar, Map]]:
    """The objects in a resource template's manifest that parse, tags included as text."""
    scalar = ctx.scalar(template.mapping("resource"), "manifest")
    if scalar is None or "{{=" in scalar.value:
        return
    for document in ctx.embedded(scalar):
        if isinstance(document.root, Map) and not document.broken:
            yield scalar, document.root


def patch_objects(view: View, ctx: Context) -> Iterator[tuple[Scalar, Map]]:
    """`podSpecPatch` of a template or spec, parsed."""
    scalar = ctx.scalar(view, "podSpecPatch")
    if scalar is None or "{{" in scalar.value:
        return
    for document in ctx.embedded(scalar):
        if isinstance(document.root, Map) and not document.broken:
            yield scalar, document.root


def nested(scalar: Scalar, span: tuple[int, int]) -> Span:
    """A place inside YAML that is written in a scalar."""
    return scalar.part(*span)


class Setting(NamedTuple):
    """A pod or container view wherever it stands: its fields, where to point for one, and the template around it.

    `level`: pod or container. `scalar` is the text it is written in, for podSpecPatch and manifests, else None.
    """

    view: View
    level: str
    scalar: Scalar | None

    def span(self, key: str) -> Span:
        """Where the value under a key is written."""
        inner = self.view.value_span(key)
        return inner if self.scalar is None else self.scalar.part(inner.start, inner.end)

    def inside(self, key: str) -> Setting:
        """The mapping under a key."""
        return Setting(self.view.mapping(key), self.level, self.scalar)


_POD_PATHS = (("spec",), ("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"))
_CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers", "sidecars")
_last_settings: list[tuple[WorkflowSpec, list[Setting]]] = []


def settings_of(spec: WorkflowSpec, ctx: Context) -> list[Setting]:
    """Every pod and container of a spec: written as such, in podSpecPatch, and in manifests of resource templates. Memoised."""
    if _last_settings and _last_settings[0][0] is spec:
        return _last_settings[0][1]
    found: list[Setting] = []
    for pod in pods_of(spec):
        found.append(Setting(pod.view, "pod", None))
        found += [Setting(view, "container", None) for view in pod.containers]
        if "podSpecPatch" in pod.view:
            for scalar, root in patch_objects(pod.view, ctx):
                found += _pod_settings(View(root), scalar)
    for template in spec.all_templates:
        if "resource" in template:
            for scalar, root in manifests(template, ctx):
                if root.get("apiVersion") == "argoproj.io/v1alpha1":
                    continue
                found += _manifest_settings(root, scalar)
    _last_settings[:] = [(spec, found)]
    return found


def _manifest_settings(root: Map, scalar: Scalar | None) -> Iterator[Setting]:
    for path in _POD_PATHS:
        view = View(root)
        for key in path:
            view = view.mapping(key)
        if "containers" in view:
            yield from _pod_settings(view, scalar)


def _pod_settings(pod: View, scalar: Scalar | None) -> Iterator[Setting]:
    yield Setting(pod, "pod", scalar)
    for key in _CONTAINER_LISTS:
        for view in pod.items(key):
            yield Setting(view, "container", scalar)


_PLAIN_KINDS = frozenset({"Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet"})


def object_settings(obj: Object, ctx: Context) -> list[Setting]:
    """Every pod and container that an object of the tree brings about: workflows, Sensors, EventSources, what Sensors create."""
    if obj.is_workflow_kind and not obj.embedded:
        specs: list[WorkflowSpec] = obj.workflow_specs
        return settings_of(specs[0], ctx) if specs else []
    found: list[Setting] = []
    for spec in obj.workflow_specs:
        found += settings_of(spec, ctx)
    if obj.kind in ("Sensor", "EventSource"):
        for pod in sensor_pods(obj):
            found.append(Setting(pod.view, "pod", None))
            found += [Setting(view, "container", None) for view in pod.containers]
    elif obj.embedded and obj.kind in _PLAIN_KINDS:
        found += _manifest_settings(obj.map, None)
    return found
