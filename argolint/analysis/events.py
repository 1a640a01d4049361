"""Argo Events: what fills a trigger, its conditions, the fields of event data, the servers of EventSources. Pure.

Source of behaviour: the Sensor and EventSource controllers of Argo Events 1.9 and its documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from argolint.context import Scalar
from argolint.diagnostic import Edit
from argolint.language.errors import LanguageError
from argolint.model.events import Trigger, dependencies, trigger_at, triggers
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.patterns import lazy
from argolint.project.facts import ObjectFact
from argolint.project.index import Index
from argolint.text import SourceText
from argolint.yaml.edit import add_key, replace
from argolint.yaml.edit import scalar as yaml_scalar
from argolint.yaml.nodes import Map, Seq

TRIGGER_TYPES = frozenset(
    {"argoWorkflow", "awsLambda", "azureEventHubs", "azureServiceBus", "custom", "email", "gcpCloudFunctions", "grpc", "http", "k8s",
     "kafka", "log", "nats", "openWhisk", "pulsar", "slack"}
)  # fmt: skip

# The members of an event's data, for the source types whose data has a fixed shape.
DATA_FIELDS: dict[str, frozenset[str]] = {
    "webhook": frozenset({"header", "body", "metadata"}),
    "github": frozenset({"headers", "body", "metadata"}),
    "gitlab": frozenset({"headers", "body", "metadata"}),
    "calendar": frozenset({"eventTime", "userPayload", "metadata"}),
    "file": frozenset({"name", "op", "metadata"}),
    "resource": frozenset({"type", "body", "oldBody", "group", "version", "resource", "metadata"}),
    "minio": frozenset({"notification", "metadata"}),
}

# Source types that serve HTTP themselves and the key that says how a sender proves who it is.
VERIFIERS: dict[str, str] = {
    "bitbucketserver": "webhookSecret",
    "github": "webhookSecret",
    "gitlab": "secretToken",
    "slack": "signingSecret",
}

# Source types whose events anybody who reaches a public endpoint, or may write to a shared system, can shape.
OUTSIDE = frozenset(
    {
        "webhook",
        "github",
        "gitlab",
        "bitbucket",
        "bitbucketserver",
        "gerrit",
        "slack",
        "sns",
        "stripe",
        "storageGrid",
    }
)


class Feed(NamedTuple):
    """An entry of a trigger's `parameters` or `payload`.

    `level`: `template` (its dest counts from the trigger template), `body` (from the resource, or from the settings of the
    trigger's type) or `payload` (of the request that the trigger sends).
    """

    view: View
    level: str
    trigger: Trigger

    @property
    def src(self) -> View:
        return self.view.mapping("src")

    @property
    def dest(self) -> str:
        return self.view.text("dest")

    @property
    def from_event(self) -> bool:
        """Whether what it inserts comes from the event, and not only from its default."""
        src = self.src
        if any(src.get(key) for key in ("dataKey", "dataTemplate", "contextTemplate", "contextKey")):
            return True
        return bool(src.text("dependencyName")) and src.get("value") is None

    @property
    def source_span(self) -> Span:
        """The key that says what is taken from the event."""
        src = self.src
        for key in ("dataTemplate", "contextTemplate", "dataKey", "contextKey", "dependencyName"):
            if key in src:
                return src.value_span(key)
        return self.view.head


def feeds(sensor: Object) -> Iterator[Feed]:
    """Every parameter and payload entry of a Sensor's triggers."""
    for trigger in triggers(sensor):
        yield from feeds_of(trigger)


def feeds_of(trigger: Trigger) -> Iterator[Feed]:
    """Every parameter and payload entry of one trigger."""
    for view in trigger.items("parameters"):
        yield Feed(view, "template", trigger)
    body = trigger.body
    for view in body.items("parameters"):
        yield Feed(view, "body", trigger)
    for view in body.items("payload"):
        yield Feed(view, "payload", trigger)


def resource_path(feed: Feed) -> str | None:
    """The dest of a feed, counted from the trigger's resource; None when it lies outside of it."""
    if feed.level == "body":
        return feed.dest if feed.trigger.type in ("k8s", "argoWorkflow") else None
    prefix = f"{feed.trigger.type}.source.resource."
    return feed.dest[len(prefix) :] if feed.level == "template" and feed.dest.startswith(prefix) else None


def filled(embedded: Object) -> dict[str, Feed]:
    """Path in an object that a trigger carries inline -> the feed that writes it."""
    trigger = _trigger_of(embedded)
    found = ((resource_path(feed), feed) for feed in feeds_of(trigger)) if trigger is not None else ()
    return {path: feed for path, feed in found if path}


def submitted(embedded: Object) -> dict[str, Feed]:
    """Parameter -> the feed that completes its `NAME=` among the `args` with which a trigger submits a Workflow."""
    trigger = _trigger_of(embedded)
    if trigger is None or trigger.type != "argoWorkflow":
        return {}
    args = trigger.body.sequence("args")
    found: dict[str, Feed] = {}
    for feed in feeds_of(trigger):
        place = _ARGUMENT.fullmatch(feed.dest) if feed.level == "template" else None
        text = args[int(place[1])] if place is not None and int(place[1]) < len(args) else None
        if isinstance(text, str) and "=" in text and feed.view.text("operation") == "append":
            name = text.removeprefix("--parameter=").removeprefix("-p=").partition("=")[0]
            found[name] = feed
    return found


_ARGUMENT = lazy(r"argoWorkflow\.args\.(\d{1,4})")


def _trigger_of(embedded: Object) -> Trigger | None:
    """The trigger that carries an object; None for an object of no Sensor."""
    sensor = embedded.parent
    if sensor is None or sensor.kind != "Sensor":
        return None
    place = _TRIGGER.search(embedded.where)
    trigger = trigger_at(sensor, int(place.group(1))) if place is not None else None
    return trigger if trigger is not None and _carries(trigger, embedded) else None


def overwritten(embedded: Object) -> list[str]:
    """The field paths, counted from the document, that parameters write in an object that a trigger carries inline."""
    found: list[str] = []
    for path, feed in filled(embedded).items():
        if feed.view.text("operation") in ("", "overwrite"):
            where = "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in segments(path))
            found.append(f"{embedded.where}{where}")
    return found


# -- dest ----------------------------------------------------------------------------------------------------------


def segments(dest: str) -> list[str]:
    """The segments of an sjson path; `\\.` is a dot inside a key."""
    return [part.replace("\x00", ".") for part in dest.replace("\\.", "\x00").split(".")]


class Gap(NamedTuple):
    """Where a path leaves what there is: the holder, the number of the segment, and why: `key`, `index` or `scalar`."""

    holder: Any
    at: int
    why: str


def gap(root: Any, parts: list[str]) -> Gap | None:
    """Where a path leaves an object; None when all of it is there, or when it is an append (`-1`)."""
    node = root
    for number, part in enumerate(parts):
        if isinstance(node, dict):
            if part not in node:
                return Gap(node, number, "key")
            node = node[part]
        elif isinstance(node, list):
            if part == "-1":
                return None
            if not part.isdigit() or int(part) >= len(node):
                return Gap(node, number, "index")
            node = node[int(part)]
        elif node is None:
            return Gap({}, number, "key")
        else:
            return Gap(node, number, "scalar")
    return None


# -- conditions ----------------------------------------------------------------------------------------------------

_TRIGGER = lazy(r"\btriggers\[(\d+)\]")
_CONDITION = lazy(r"\s*(?:(&&|\|\||[()!])|([A-Za-z0-9_][\w.\-:/]*)|(\S))")


class Name(NamedTuple):
    """A dependency's name where it stands in a condition."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=512)
def condition_names(text: str) -> tuple[Name, ...]:
    """The names in a trigger's `conditions`. Raises LanguageError with the place for what is no formula."""
    names: list[Name] = []
    depth, operand = 0, True
    for match in _CONDITION.finditer(text):
        symbol, word, other = match.groups()
        start, end = match.span(match.lastindex or 0)
        if other is not None:
            hint = f"; write `{other * 2}`" if other in "&|" else ""
            raise LanguageError(f"`{other}` is no operator of conditions{hint}", start, end)
        if word is not None and word.lower() in ("and", "or") and not operand:
            meant = "&&" if word.lower() == "and" else "||"
            raise LanguageError(f"`{word}` is no operator of conditions; write `{meant}`", start, end)
        if (word is not None or symbol in ("(", "!")) != operand:
            raise LanguageError(
                f"found `{match.group().strip()}`, expected {'a name' if operand else 'an operator'}",
                start,
                end,
            )
        if word is not None:
            names.append(Name(word, start, end))
            operand = False
        elif symbol in ("&&", "||"):
            operand = True
        elif symbol in ("(", ")"):
            depth += 1 if symbol == "(" else -1
            if depth < 0:
                raise LanguageError("this `)` closes nothing", start, end)
    if operand or depth:
        what = "a name" if operand else "`)`"
        raise LanguageError(f"the condition ends where {what} is expected", max(len(text) - 1, 0), len(text))
    return tuple(names)


def names_of(sensor: Object) -> list[str]:
    """The names of a Sensor's dependencies."""
    return [view.text("name") for view in dependencies(sensor) if view.text("name")]


# -- across files --------------------------------------------------------------------------------------------------


def source_of(dependency: View, namespace: str, index: Index) -> list[ObjectFact]:
    """The EventSources that a dependency names."""
    return index.find("EventSource", dependency.text("eventSourceName"), namespace)


def event_types(dependency: View, namespace: str, index: Index) -> set[str]:
    """The types of the sources (webhook, github…) that give a dependency's event; empty when that is not known."""
    wanted = dependency.text("eventName")
    return {
        kind
        for fact in source_of(dependency, namespace, index)
        for kind, name in fact.data.get("events", ())
        if name == wanted
    }


def bus_of(data: dict[str, Any]) -> str:
    """The EventBus that an EventSource or Sensor uses."""
    return str(data.get("bus") or "default")


# -- servers -------------------------------------------------------------------------------------------------------


class Endpoint(NamedTuple):
    """Where an event is served: `view` holds `port`, `endpoint` and the certificate."""

    kind: str
    event: str
    port: str
    path: str
    method: str
    view: View


def endpoints(source: Object) -> list[Endpoint]:
    """The HTTP endpoints that an EventSource opens: webhooks, and the `webhook` setting of other types."""
    found: list[Endpoint] = []
    for kind, events in source.spec.map.items():
        if kind in ("template", "service") or not isinstance(events, Map):
            continue
        group = source.spec.mapping(kind)
        for name in events:
            settings = group.mapping(name)
            view = settings if kind == "webhook" else settings.mapping("webhook")
            if "port" in view or "endpoint" in view:
                found.append(
                    Endpoint(
                        kind,
                        name,
                        str(view.get("port", "")),
                        view.text("endpoint"),
                        view.text("method"),
                        view,
                    )
                )
    return found


# -- jq ------------------------------------------------------------------------------------------------------------

_PAIRS = {")": "(", "]": "[", "}": "{"}
_JQ = lazy(r'\\\(|"|\\.|#[^\n]*|[()\[\]{}]', re.DOTALL)


def unbalanced(program: str) -> str:
    """Which bracket or quote of a jq program does not close, in words; "" when all do."""
    stack: list[str] = []
    for match in _JQ.finditer(program):
        text = match.group()
        in_string = bool(stack) and stack[-1] == '"'
        if text == '"':
            stack.pop() if in_string else stack.append('"')
        elif in_string:
            if text == "\\(":
                stack.append("(")
        elif text in "([{":
            stack.append(text)
        elif text in _PAIRS:
            if not stack or stack.pop() != _PAIRS[text]:
                return f"this `{text}` closes nothing"
    return f"`{stack[-1]}` is not closed" if stack else ""


# -- the repair of `{{ .Input… }}` in a resource --------------------------------------------------------------------

_WHOLE = lazy(r"\{\{-?\s*\.Input\.([A-Za-z_][\w.]*)\s*-?\}\}\Z")


def feed_edits(scalar: Scalar, source: SourceText) -> list[Edit] | None:
    """Edits that move a Go template from a trigger's resource to a parameter of the trigger.

    None when it is not certain how: more than one dependency, a mapping in flow style, a string that comes from an alias.
    """
    obj = scalar.object
    sensor = obj.parent if obj is not None else None
    if obj is None or sensor is None or not scalar.where.startswith(f"{obj.where}."):
        return None
    names = names_of(sensor)
    trigger = next((one for one in triggers(sensor) if not obj.in_string and _carries(one, obj)), None)
    if trigger is None or len(names) != 1 or ".Input" not in scalar.value or scalar.style in ("|", ">"):
        return None
    parts = re.findall(r"[^.\[\]]+", scalar.where[len(obj.where) + 1 :])
    whole = _WHOLE.match(scalar.value)
    key, text = ("dataKey", whole[1]) if whole else ("dataTemplate", scalar.value)
    lines = (
        "src:",
        f"  dependencyName: {yaml_scalar(names[0])}",
        f"  {key}: {yaml_scalar(text)}",
        f"dest: {'.'.join(parts)}",
    )
    added = _add_parameter(trigger.body, lines, source)
    if added is None:
        return None
    return replace(tuple(scalar.span[:2]), '""') + added


def _carries(trigger: Trigger, embedded: Object) -> bool:
    """Whether an object is the one that a trigger creates, written as a mapping or in a string (`source.inline`)."""
    resource = trigger.resource
    if resource is not None:
        return resource.map is embedded.map
    return embedded.where.startswith(f"{trigger.body.mapping('source').path_of('inline')}<")


def _add_parameter(body: View, lines: tuple[str, ...], source: SourceText) -> list[Edit] | None:
    if body.map.flow:
        return None
    items = body.get("parameters")
    if items is None and "parameters" not in body:
        first, *rest = lines
        return add_key(source, body.map, "parameters", "\n- " + "\n  ".join((first, *rest)), after="source")
    if not isinstance(items, Seq) or not items.at or items.flow:
        return None
    start, end = items.at[-1]
    line_start, _ = source.line_span(source.line_col(start)[0])
    lead = source.text[line_start:start]
    if lead.strip() != "-":
        return None
    stop = source.line_span(source.line_col(max(end - 1, start))[0])[1]
    return [Edit(stop, stop, "\n" + lead + ("\n" + " " * len(lead)).join(lines))]
