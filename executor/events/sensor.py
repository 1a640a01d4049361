"""One or more events through a Sensor: dependencies, conditions, parameters, and the object that a trigger makes. Pure.

Upstream: Argo Events 1.9, sensors/triggers/params.go and docs/sensors. What needs a cluster, Lua or a network is named, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from argolint.analysis.events import TRIGGER_TYPES
from argolint.language import gjson, gotemplate
from argolint.language.errors import LanguageError
from argolint.language.values import to_json
from executor.events import filters, sjson
from executor.events.envelope import Event

Object = dict[str, Any]
Transform = Callable[[str, Any], Any]  # (jq program, data) -> data; raises ValueError


class Parameter(NamedTuple):
    """One parameter of a trigger: where it came from, where it went, what was there before and after; or what is wrong."""

    source: str
    dest: str
    before: str | None
    after: str | None
    problem: str = ""


class Fired(NamedTuple):
    """What became of one trigger. `obj` is the object that it creates or submits, where it makes one."""

    name: str
    kind: str
    operation: str
    runs: bool
    why: str
    parameters: tuple[Parameter, ...] = ()
    obj: Object | None = None
    problem: str = ""


class Seen(NamedTuple):
    """What became of one event at one dependency."""

    dependency: str
    event: Event
    verdict: filters.Verdict
    transformed: bool
    problem: str = ""


class Outcome(NamedTuple):
    """What a Sensor made of the events."""

    sensor: str
    seen: tuple[Seen, ...]
    fired: tuple[Fired, ...]


def _maps(value: Any) -> list[Object]:
    return [item for item in value or [] if isinstance(item, dict)] if isinstance(value, list) else []


def listens(sensor: Object, source: str, name: str) -> bool:
    """Whether a Sensor depends on this event."""
    return any(_is_for(d, source, name) for d in _maps((sensor.get("spec") or {}).get("dependencies")))


def _is_for(dependency: Object, source: str, name: str) -> bool:
    return dependency.get("eventSourceName") == source and dependency.get("eventName") == name


def go_through(
    sensor: Object, events: Sequence[Event], transform: Transform, script: filters.Script
) -> Outcome:
    """Send events through a Sensor."""
    spec = sensor.get("spec") or {}
    dependencies = _maps(spec.get("dependencies"))
    seen = [
        _arrive(dependency, event, transform, script)
        for event in events
        for dependency in dependencies
        if _is_for(dependency, event.source, event.name)
    ]
    there = {s.dependency: s.event for s in seen if s.verdict.passed and not s.problem}
    names = [str(d.get("name")) for d in dependencies]
    fired = [_trigger(t, names, there) for t in _maps(spec.get("triggers"))]
    return Outcome(str((sensor.get("metadata") or {}).get("name") or "sensor"), tuple(seen), tuple(fired))


def _arrive(dependency: Object, event: Event, transform: Transform, script: filters.Script) -> Seen:
    name = str(dependency.get("name"))
    change = dependency.get("transform") or {}
    problem, transformed = "", False
    if change.get("jq"):
        try:
            event, transformed = event._replace(data=transform(str(change["jq"]), event.data)), True
        except ValueError as error:
            problem = f"transform: {error}"
    elif change.get("script") and not isinstance(script, bool):
        try:
            made = script(str(change["script"]), event.data)
            if not isinstance(made, dict | list):
                raise ValueError("the script does not return a table")
            event, transformed = event._replace(data=made), True
        except ValueError as error:
            problem = f"transform: {error}"
    elif change.get("script"):
        problem = "transform: its Lua is not run with --script-answer"
    wanted = {
        **(dependency.get("filters") or {}),
        "filtersLogicalOperator": dependency.get("filtersLogicalOperator"),
    }
    verdict = filters.judge(wanted, event, script)
    return Seen(name, event, verdict, transformed, problem)


_NAME = re.compile(r"[A-Za-z0-9_-]+")


def holds(conditions: str, there: Mapping[str, Event], names: Sequence[str]) -> bool:
    """Whether a trigger's conditions (dependencies, &&, ||, parentheses; none: all dependencies) hold. Raises ValueError."""
    if not conditions.strip():
        return all(name in there for name in names)
    unknown = [word for word in _NAME.findall(conditions) if word not in names]
    if unknown:
        raise ValueError(f"conditions name no dependency: {', '.join(unknown)}")
    tokens = re.findall(r"[A-Za-z0-9_-]+|&&|\|\||[()]|\S", conditions)
    at = 0

    def either() -> bool:
        nonlocal at
        value = both()
        while at < len(tokens) and tokens[at] == "||":
            at += 1
            value = both() or value
        return value

    def both() -> bool:
        nonlocal at
        value = one()
        while at < len(tokens) and tokens[at] == "&&":
            at += 1
            value = one() and value
        return value

    def one() -> bool:
        nonlocal at
        if at >= len(tokens):
            raise ValueError(f"conditions {conditions!r} end too early")
        token = tokens[at]
        at += 1
        if token == "(":
            value = either()
            if at >= len(tokens) or tokens[at] != ")":
                raise ValueError(f"conditions {conditions!r} lack a closing parenthesis")
            at += 1
            return value
        if token not in names:
            raise ValueError(f"conditions {conditions!r}: unexpected {token!r}")
        return token in there

    value = either()
    if at < len(tokens):
        raise ValueError(f"conditions {conditions!r}: unexpected {tokens[at]!r}")
    return value


def _trigger(trigger: Object, names: Sequence[str], there: Mapping[str, Event]) -> Fired:
    template = trigger.get("template") or {}
    label = str(template.get("name") or "trigger")
    kind = next((k for k in template if k in TRIGGER_TYPES and isinstance(template[k], dict)), "")
    conditions = str(template.get("conditions") or "")
    try:
        runs = holds(conditions, there, names)
    except ValueError as error:
        return Fired(label, kind, "", False, conditions, problem=str(error))
    missing = [name for name in names if name not in there]
    why = f"conditions {conditions}" if conditions else "all dependencies"
    if not runs:
        return Fired(label, kind, "", False, f"{why}: waits for {', '.join(missing) or 'nothing'}")
    if not kind:
        return Fired(
            label, "", "", True, why, problem=f"a trigger of a kind that is not known: {', '.join(template)}"
        )
    changed, first = _applied(template, _maps(trigger.get("parameters")), there)
    body = changed.get(kind) or {}
    operation = str(body.get("operation") or ("submit" if kind == "argoWorkflow" else "create"))
    obj, problem = _object(body) if kind in ("argoWorkflow", "k8s") else (None, "")
    made, second = _applied(obj, _maps(body.get("parameters")), there) if obj is not None else (None, ())
    if obj is None and not problem:
        payload, second = _applied({}, _maps(body.get("payload")), there)
        made = payload or None
    return Fired(label, kind, operation, True, why, (*first, *second), made, problem)


def _object(body: Object) -> tuple[Object | None, str]:
    """The object of a trigger's source, or why it is not known here."""
    source = body.get("source") or {}
    resource = source.get("resource")
    if isinstance(resource, dict):
        return resource, ""
    if isinstance(source.get("inline"), str):
        import yaml

        try:
            found = yaml.safe_load(source["inline"])
        except yaml.YAMLError as error:
            return None, f"source.inline is not YAML: {getattr(error, 'problem', error)}"
        return (found, "") if isinstance(found, dict) else (None, "source.inline is not an object")
    where = ", ".join(sorted(source)) or "nothing"
    return None, f"the object comes from {where}, which is not looked at here"


def _applied(
    obj: Object, parameters: Sequence[Object], there: Mapping[str, Event]
) -> tuple[Object, tuple[Parameter, ...]]:
    found = []
    for parameter in parameters:
        source, dest = parameter.get("src") or {}, str(parameter.get("dest") or "")
        label = _label(source)
        before = gjson.get(obj, dest) if dest else None
        try:
            value, raw = resolved(source, there)
            obj = sjson.changed(obj, dest, value, str(parameter.get("operation") or ""), raw=raw)
            found.append(
                Parameter(
                    label,
                    dest,
                    before,
                    gjson.get(obj, dest.replace("-1", "0") if before is None else dest) or value,
                )
            )
        except ValueError as error:
            found.append(Parameter(label, dest, before, None, str(error)))
    return obj, tuple(found)


def _label(source: Object) -> str:
    name = str(source.get("dependencyName") or "?")
    for key in ("contextTemplate", "contextKey", "dataTemplate", "dataKey"):
        if source.get(key):
            return f"{name} {key} {source[key]}"
    return f"{name} value {source.get('value')!r}"


def resolved(source: Object, there: Mapping[str, Event]) -> tuple[str, bool]:
    """(value, whether it is raw JSON) of a parameter's source. Raises ValueError."""
    event = there.get(str(source.get("dependencyName") or ""))
    raw = bool(source.get("useRawData"))
    if event is not None:
        for part, data in (("context", event.context), ("data", event.data)):
            template, key = source.get(f"{part}Template"), source.get(f"{part}Key")
            if template:
                text = _rendered(str(template), data)
                if text:
                    return text, False
            if key:
                found, value = gjson.find(data, str(key))
                if found:
                    return (to_json(value), True) if raw else (gjson.get(data, str(key)) or "", False)
    if source.get("value") is not None:
        return str(source["value"]), False
    if event is None:
        raise ValueError(
            f"there is no event of the dependency {source.get('dependencyName')!r}, and no value"
        )
    raise ValueError("unable to resolve: the key or template gives nothing, and there is no value")


def _rendered(template: str, data: Any) -> str:
    try:
        text = gotemplate.render(template, {"Input": data})
    except LanguageError as error:
        raise ValueError(f"template: {error.message}") from None
    return "" if text == "<no value>" else text


def lines(outcome: Outcome) -> Iterator[str]:
    """The transcript."""
    yield f"sensor {outcome.sensor}"
    for one in outcome.seen:
        passed = one.verdict.passed and not one.problem
        yield f"  {'✔' if passed else '✖'} {one.dependency}: {one.event.source}/{one.event.name}{' (transformed)' if one.transformed else ''}"
        if one.problem:
            yield f"      ✖ {one.problem}"
        for line in one.verdict.lines:
            yield f"      {'✔' if line.passed else '✖'} {line.text}"
    for fired in outcome.fired:
        what = f"{fired.kind}{' ' + fired.operation if fired.operation else ''}"
        yield f"  {'▶' if fired.runs else '○'} trigger {fired.name} ({what}): {fired.why}"
        if fired.problem:
            yield f"      ✖ {fired.problem}"
        for parameter in fired.parameters:
            if parameter.problem:
                yield f"      ✖ {parameter.dest} ← {parameter.source}: {parameter.problem}"
            else:
                was = "" if parameter.before is None else f" (was {parameter.before!r})"
                yield f"      {parameter.dest} ← {parameter.source} = {parameter.after!r}{was}"
