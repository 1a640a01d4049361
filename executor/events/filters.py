"""The filters of a Sensor's dependency, one by one, with what they saw. Pure.

Upstream: Argo Events 1.9, sensors/dependencies: expressions, data, context, time and script, joined by
`filtersLogicalOperator`; a path that is not there fails its filter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from argolint.language import gjson, gotemplate
from argolint.language.errors import LanguageError
from argolint.language.govaluate import evaluate_condition
from executor.events.envelope import Event

Object = Mapping[str, Any]
Script = (
    Callable[[str, Any], Any] | bool
)  # (Lua, data) -> what it returns, ValueError; or what it is taken to return


class Line(NamedTuple):
    """What one filter said: whether the event passes, and why."""

    passed: bool
    text: str


class Verdict(NamedTuple):
    """Whether an event passes a dependency's filters, and what each said."""

    passed: bool
    lines: tuple[Line, ...]


def judge(filters: Object, event: Event, script: Script = False) -> Verdict:
    """Judge an event. `script` runs a Lua script (or is what it is taken to answer)."""
    groups: list[tuple[bool, list[Line]]] = []
    for key, lines in (
        ("exprs", [_expression(e, event) for e in _items(filters.get("exprs"))]),
        ("data", [_data(d, event) for d in _items(filters.get("data"))]),
    ):
        if lines:
            any_of = filters.get(f"{'expr' if key == 'exprs' else 'data'}LogicalOperator") == "or"
            passed = (any if any_of else all)(line.passed for line in lines)
            groups.append((passed, lines))
    for lines in (
        list(_context(filters.get("context") or {}, event)),
        list(_time(filters.get("time") or {}, event)),
        list(_script(filters.get("script"), event, script)),
    ):
        if lines:
            groups.append((all(line.passed for line in lines), lines))
    if not groups:
        return Verdict(True, ())
    any_of = filters.get("filtersLogicalOperator") == "or"
    passed = (any if any_of else all)(ok for ok, _ in groups)
    return Verdict(passed, tuple(line for _, lines in groups for line in lines))


def _items(value: Any) -> list[Object]:
    return [item for item in value or [] if isinstance(item, Mapping)]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _expression(entry: Object, event: Event) -> Line:
    text = str(entry.get("expr") or "")
    fields: dict[str, Any] = {}
    for field in _items(entry.get("fields")):
        found, value = gjson.find(event.data, str(field.get("path") or ""))
        if not found:
            return Line(False, f"expr {text}: path {field.get('path')!r} does not exist")
        fields[str(field.get("name"))] = value
    try:
        passed = evaluate_condition(text, fields)
    except LanguageError as error:
        return Line(False, f"expr {text}: {error.message}")
    seen = ", ".join(f"{name}={_shown(value)}" for name, value in fields.items())
    return Line(passed, f"expr {text}{' with ' + seen if seen else ''}")


def _data(entry: Object, event: Event) -> Line:
    path = str(entry.get("path") or "")
    kind, comparator = str(entry.get("type") or ""), str(entry.get("comparator") or "=")
    values = [str(v) for v in entry.get("value") or []]
    text = gjson.get(event.data, path)
    if text is None:
        return Line(False, f"data {path}: path does not exist")
    if entry.get("template"):
        try:
            text = gotemplate.render(str(entry["template"]), {"Input": text})
        except LanguageError as error:
            return Line(False, f"data {path}: template: {error.message}")
    what = f"data {path} {comparator} {' | '.join(values)}: it is {_shown(text)}"
    try:
        passed = any(_compare(kind, text, comparator, value) for value in values)
        if comparator == "!=":
            passed = all(_compare(kind, text, comparator, value) for value in values)
    except (ValueError, re.error) as error:
        return Line(False, f"{what}: {error}")
    return Line(passed, what)


_TRUTHS = {**dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True), **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False)}  # fmt: skip


def _compare(kind: str, text: str, comparator: str, value: str) -> bool:
    if kind == "bool":
        if value not in _TRUTHS or text not in _TRUTHS:
            raise ValueError(f"not a boolean: {value if value not in _TRUTHS else text}")
        return (_TRUTHS[text] == _TRUTHS[value]) == (comparator != "!=")
    if kind == "number":
        left, right = float(text), float(value)
        table = {"=": left == right, "!=": left != right, ">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}  # fmt: skip
        if comparator not in table:
            raise ValueError(f"not a comparator: {comparator}")
        return table[comparator]
    if kind == "string":
        return (re.search(value, text) is not None) == (comparator != "!=")
    raise ValueError(f"unsupported JSON type {kind!r}")


def _context(wanted: Object, event: Event) -> Iterator[Line]:
    for key in ("type", "subject", "source", "datacontenttype"):
        if wanted.get(key):
            seen = event.context.get(key)
            yield Line(seen == wanted[key], f"context {key} = {wanted[key]}: it is {_shown(seen)}")


def _time(wanted: Object, event: Event) -> Iterator[Line]:
    start, stop = str(wanted.get("start") or ""), str(wanted.get("stop") or "")
    if not start and not stop:
        return
    clock = datetime.fromisoformat(str(event.context["time"]).replace("Z", "+00:00"))
    try:
        now = clock.hour * 3600 + clock.minute * 60 + clock.second
        low, high = _seconds(start), _seconds(stop)
    except ValueError as error:
        yield Line(False, f"time: {error}")
        return
    passed = low <= now < high if low <= high else now >= low or now < high
    yield Line(passed, f"time from {start} to {stop} UTC: it is {clock:%H:%M:%S}")


def _seconds(text: str) -> int:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", text)
    if found is None:
        raise ValueError(f"not a time of day: {text!r}")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _script(source: Any, event: Event, script: Script) -> Iterator[Line]:
    if not source:
        return
    if isinstance(script, bool):
        yield Line(script, f"script: not run, taken as {str(script).lower()}")
        return
    try:
        answer = script(str(source), event.data)
    except ValueError as error:
        yield Line(False, f"script: {error}")
    else:
        yield Line(answer is True, f"script: it returns {json.dumps(answer)}")
