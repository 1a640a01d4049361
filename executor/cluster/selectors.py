"""Label and field selectors of list, watch and deletecollection requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from executor.cluster.status import ApiStatus, bad_request

Matcher = Callable[[Mapping[str, Any]], bool]
"""Whether an object is selected."""

_SET = re.compile(r"^(?P<key>[^=!<>\s()]+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^=!<>\s()]+)\s*(?P<op>==|=|!=|>|<)\s*(?P<value>[^=!<>\s()]*)$")
_EXISTS = re.compile(r"^(?P<op>!?)\s*(?P<key>[^=!<>,\s()]+)$")

_MAX_TERMS = 256

FIELDS_BY_KIND: Mapping[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "jobs.batch": ("status.successful",),
}
"""Fields, besides metadata.name and metadata.namespace, by which a resource can be selected."""


def split_terms(text: str) -> list[str]:
    """The terms of a label selector: split at commas outside parentheses."""
    terms, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            terms.append(text[start:index])
            start = index + 1
    terms.append(text[start:])
    return [term.strip() for term in terms if term.strip()]


def label_matcher(text: str) -> Matcher | None:
    """A matcher for a label selector; None when it selects everything. ApiStatus 400 when it cannot be read."""
    tests = [_label_test(term) for term in _bounded(split_terms(text))]
    if not tests:
        return None

    def matches(obj: Mapping[str, Any]) -> bool:
        labels = (obj.get("metadata") or {}).get("labels") or {}
        return all(test(labels) for test in tests)

    return matches


def _label_test(term: str) -> Callable[[Mapping[str, str]], bool]:
    if found := _SET.match(term):
        key, values = found["key"], {value.strip() for value in found["values"].split(",")}
        if found["op"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: key not in labels or labels[key] not in values
    if found := _EQUAL.match(term):
        key, value, op = found["key"], found["value"], found["op"]
        if op == "!=":
            return lambda labels: labels.get(key) != value
        if op in "<>" and len(op) == 1:
            return lambda labels: _ordered(labels.get(key), op, value)
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.match(term):
        key = found["key"]
        if found["op"]:
            return lambda labels: key not in labels
        return lambda labels: key in labels
    if wrong := re.search(r"[()]", term):
        raise bad_request(f"unable to parse requirement: found '{wrong[0]}', expected: identifier")
    raise bad_request(f'unable to parse requirement: found "{_cut(term)}", expected: a label selector term')


def _ordered(value: str | None, op: str, bound: str) -> bool:
    try:
        left, right = int(value or ""), int(bound)
    except ValueError:
        return False
    return left > right if op == ">" else left < right


def field_terms(text: str) -> list[tuple[str, str, str]]:
    """(path, `=` or `!=`, value) of each term of a field selector. ApiStatus 400 when it cannot be read."""
    terms = []
    for term in filter(None, (part.strip() for part in re.split(r"(?<!\\),", text))):
        found = _FIELD_OPERATOR.search(term)
        path = term[: found.start()].rstrip() if found else ""
        if not found or found[0] == "!" or not path:
            raise bad_request(f'invalid field selector: "{_cut(text)}"; can\'t understand "{_cut(term)}"')
        value = re.sub(r"\\([\\,=])", r"\1", term[found.end() :].lstrip())
        terms.append((path, "!=" if found[0] == "!=" else "=", value))
    return _bounded(terms)


_FIELD_OPERATOR = re.compile("==|=|!=|!")


def _cut(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "..."


def _bounded(terms: list[Any]) -> list[Any]:
    """ApiStatus 400 for more terms than anybody means: each is tried on each object."""
    if len(terms) > _MAX_TERMS:
        raise bad_request(f"the selector has {len(terms)} requirements; at most {_MAX_TERMS} are served")
    return terms


def _unsupported(path: str, resource: str, custom: bool) -> ApiStatus:
    """What upstream says of a field by which a resource cannot be selected: kinds with selectable fields say it in their own way."""
    if resource == "jobs.batch":
        return bad_request(f'field label "{path}" not supported for Job')
    if custom or resource in FIELDS_BY_KIND:
        return bad_request(f"field label not supported: {path}")
    return bad_request(f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"')


def field_matcher(
    text: str, resource: str, selectable: Iterable[str] = (), *, custom: bool = False
) -> Matcher | None:
    """A matcher for a field selector of a resource (`plural.group`); `selectable` are a CRD's own selectable fields.

    ApiStatus 400 for a field by which that resource cannot be selected, as upstream.
    """
    terms = field_terms(text)
    allowed = {"metadata.name", "metadata.namespace", *FIELDS_BY_KIND.get(resource, ()), *selectable}
    for path, _, _ in terms:
        if path not in allowed:
            raise _unsupported(path, resource, custom)
    if not terms:
        return None

    def matches(obj: Mapping[str, Any]) -> bool:
        return all((field_value(obj, path) == value) == (op == "=") for path, op, value in terms)

    return matches


def field_value(obj: Mapping[str, Any], path: str) -> str:
    """The value of a dotted field as a selector compares it: text, with "" for absent."""
    if path == "reportingComponent" and path not in obj:
        path = "source.component"
    if path == "source":
        return str((obj.get("source") or {}).get("component") or obj.get("reportingComponent") or "")
    node: Any = obj
    for part in path.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    if path == "status.successful":
        node = ((obj.get("status") or {}).get("succeeded")) or 0
    if node is None:
        return "false" if path in {"spec.hostNetwork", "spec.unschedulable"} else ""
    if isinstance(node, bool):
        return "true" if node else "false"
    return str(node)


def both(first: Matcher | None, second: Matcher | None) -> Matcher | None:
    """The matcher of what both select."""
    if first is None or second is None:
        return first or second
    return lambda obj: first(obj) and second(obj)
