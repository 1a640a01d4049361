"""Definitions → closures. A closure takes `(value, out)` and appends `Raw` problems; the caller above adds its key.

Upstream: the Go decoder (`encoding/json` strict mode after sigs.k8s.io/yaml) decides what is a wrong type; the full CRDs,
default since Argo 4.0, decide what the API server refuses on top of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from argolint.patterns import lazy
from argolint.schema import load, words
from argolint.suggest import nearest

Json = dict[str, Any]


class Raw:
    """A problem whose path is still being assembled, innermost part first."""

    __slots__ = ("args", "container", "key", "kind", "parts", "suggestion")

    def __init__(self, kind: str, container: Any, key: Any, args: Json, suggestion: str = "") -> None:
        self.kind = kind
        self.container = container
        self.key = key
        self.args = args
        self.suggestion = suggestion
        self.parts: list[str | int] = []


# A scalar check says whether the value is fine; `_type_problem` finds the words when it is not.
Scalar = Callable[[Any], bool]
Walk = Callable[[Any, Any, Any, list[Raw]], None]

_QUANTITY = lazy(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+|[KMGTPE]i|[numkMGTPE])?")
_TIME = lazy(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_NUMBER = lazy(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_DECIMAL_INTEGER = lazy(r"-?(0|[1-9]\d*)")


def is_string(value: Any) -> bool:
    """A Go string."""
    return isinstance(value, str)


def is_boolean(value: Any) -> bool:
    """A Go bool."""
    return value is True or value is False


def is_integer(value: Any) -> bool:
    """A Go int64. YAML's `3.0` reaches the decoder as `3`, which it takes."""
    if type(value) is int:
        return -(1 << 63) <= value < 1 << 63
    return isinstance(value, float) and value.is_integer() and abs(value) < 1 << 63


def is_int32(value: Any) -> bool:
    """A Go int32."""
    return is_integer(value) and -(1 << 31) <= value < 1 << 31


def is_number(value: Any) -> bool:
    """A Go float64."""
    return isinstance(value, int | float) and value is not True and value is not False


def is_time(value: Any) -> bool:
    """metav1.Time; it decodes RFC 3339 only."""
    return isinstance(value, str) and (_TIME.fullmatch(value) is not None or value == "")


def is_quantity(value: Any) -> bool:
    """resource.Quantity, which takes bare numbers too; its grammar is checked by `bad_quantity`."""
    return isinstance(value, str) or is_number(value)


def bad_quantity(value: Any) -> bool:
    """Whether a string is none of resource.Quantity's spellings."""
    return isinstance(value, str) and _QUANTITY.fullmatch(value.strip()) is None


def is_int_or_string(value: Any) -> bool:
    """intstr.IntOrString: an int32 or a string."""
    return isinstance(value, str) or is_int32(value)


def is_int64_or_string(value: Any) -> bool:
    """Argo Events' Int64OrString: an int64 (a duration in nanoseconds, say) or a string."""
    return isinstance(value, str) or is_integer(value)


def is_any_string(value: Any) -> bool:
    """Argo's AnyString: any scalar, read as text. A list or mapping would become "" without an error."""
    return not isinstance(value, dict | list)


def is_json_number(value: Any) -> bool:
    """Argo's Amount, a json.Number: a number, quoted or not."""
    return is_number(value) or (isinstance(value, str) and _NUMBER.fullmatch(value) is not None)


def is_mapping(value: Any) -> bool:
    """Free-form JSON object."""
    return isinstance(value, dict)


def is_plugin(value: Any) -> bool:
    """Argo's Plugin: one key, the plugin's name."""
    return isinstance(value, dict) and len(value) == 1


def is_anything(value: Any) -> bool:
    """Any JSON value."""
    return True


SCALARS: dict[str, Scalar] = {
    "s": is_string,
    "b": is_boolean,
    "i": is_integer,
    "j": is_int32,
    "n": is_number,
    "t": is_time,
    "q": is_quantity,
    "x": is_int_or_string,
    "y": is_int64_or_string,
    "a": is_any_string,
    "m": is_json_number,
    "o": is_mapping,
    "p": is_plugin,
    "*": is_anything,
}


def lossless(code: str, value: Any) -> str | None:
    """The text that would make `value` right and mean the same, or None."""
    if code in ("s", "a"):
        if is_boolean(value):
            return f'"{str(value).lower()}"'
        if type(value) is int:
            return f'"{value}"'
        return None
    if isinstance(value, str):
        if code in "ij" and _DECIMAL_INTEGER.fullmatch(value):
            return value
        if code == "n" and _NUMBER.fullmatch(value):
            return value
        if code == "b" and value in ("true", "false"):
            return value
    return None


def type_problem(code: str, value: Any, container: Any, key: Any) -> Raw:
    """The problem of a value that the type `code` does not admit."""
    why = ""
    if isinstance(value, str) and "{{" in value and code in "ijbnq":
        why = "Argo decodes the manifest before it replaces tags, so a tag cannot stand here"
    elif code == "a":
        why = "Argo reads a list or mapping here as an empty string, without an error"
    elif code in "ijx" and isinstance(value, int | float) and value is not True and value is not False:
        why = "it must be whole and fit the field's integer type"
    args = {"expected": words.expected(code), "found": words.found(value), "why": why}
    return Raw("wrong-type", container, key, {**args, "lossless": lossless(code, value), "code": code})


class Compiler:
    """Compiles one schema file for one release; definitions are compiled when first met."""

    def __init__(self, file: str, version: str) -> None:
        data = load.schema_file(file)
        self.definitions: Json = data["definitions"]
        self.kinds: dict[str, str] = data["kinds"]
        self.target = load.release(version)
        self.full_crds = file == "argo-workflows" and self.target >= (4, 0)
        self.is_versioned = bool(data["versions"])
        self._objects: dict[str, Walk] = {}
        self._fields: dict[str, dict[str, str]] = {}

    def kind(self, kind: str) -> Walk:
        """The closure of a root kind."""
        return self.object(self.kinds[kind])

    def object(self, name: str) -> Walk:
        """The closure of a definition; compiled on its first call, since definitions are recursive."""
        walk = self._objects.get(name)
        if walk is None:

            def first(value: Any, container: Any, key: Any, out: list[Raw]) -> None:
                compiled = self._objects[name]
                if compiled is first:
                    compiled = self._objects[name] = self._compile(name)
                compiled(value, container, key, out)

            walk = self._objects[name] = first
        return walk

    def fields(self, name: str) -> dict[str, str]:
        """Field → type code of a definition, for the target release."""
        known = self._fields.get(name)
        if known is not None:
            return known
        body = self.definitions[name]
        spans = body.get("v", {})
        fields = {f: code for f, code in body["f"].items() if load.in_span(spans.get(f), self.target)}
        for field, changes in body.get("t", {}).items():
            for before, code in changes:
                if field in fields and self.target < load.release(before):
                    fields[field] = code
                    break
        self._fields[name] = fields
        return fields

    def required(self, name: str) -> tuple[str, ...]:
        """The fields that a definition must have in the target release."""
        body = self.definitions[name]
        spans = body.get("q", {})
        fields = self.fields(name)
        return tuple(
            field
            for field in body.get("r", ())
            if field in fields and load.in_span(spans.get(field), self.target)
        )

    def _compile(self, name: str) -> Walk:
        body = self.definitions[name]
        checks = {field: self.value(code) for field, code in self.fields(name).items()}
        for field, allowed in body.get("e", {}).items():
            if field in checks:
                checks[field] = _with_constants(checks[field], allowed)
        if self.full_crds:
            for field, facts in body.get("c", {}).items():
                if field in checks:
                    checks[field] = _with_facts(checks[field], facts)
        return _object_walk(name, checks, self.required(name), body)

    def value(self, code: str) -> Walk:
        """The closure of a type code."""
        head = code[0]
        if head == "=":
            return self.object(code[1:])
        if head == "[":
            if code == "[+":
                return _groups_walk(self.object("WorkflowStep"))
            return _list_walk(code, self.value(code[1:]))
        if head == "{":
            return _map_walk(code, self.value(code[1:]))
        return _quantity_walk if head == "q" else _scalar_walk(head)


@functools.cache
def compiler(file: str, version: str) -> Compiler:
    """The compiler of `file` for `version`, shared in this process."""
    return Compiler(file, version)


def _object_walk(name: str, checks: dict[str, Walk], required: tuple[str, ...], body: Json) -> Walk:
    get = checks.get
    # Most fields are strings that are strings: nothing has to be called for them.
    strings = frozenset(field for field, check in checks.items() if check is _scalar_walk("s"))

    def walk(value: Any, container: Any, key: Any, out: list[Raw]) -> None:
        if not isinstance(value, dict):
            out.append(type_problem("=", value, container, key))
            return
        for field, child in value.items():
            if type(child) is str and field in strings:
                continue
            check = get(field)
            if check is None:
                out.append(_unknown(name, body, checks, value, field))
                out[-1].parts.append(field)
            elif child is not None:
                before = len(out)
                check(child, value, field, out)
                if len(out) > before:
                    for problem in out[before:]:
                        problem.parts.append(field)
        for field in required:
            if value.get(field) is None:
                out.append(Raw("missing-field", value, field, {"owner": words.owner(name)}))
                out[-1].parts.append(field)

    return walk


def _unknown(name: str, body: Json, checks: dict[str, Walk], value: Any, field: Any) -> Raw:
    span = body.get("v", {}).get(field)
    if span is not None:
        # A field that this release lacks and another has.
        since, removed = span
        if removed and field not in checks and _newer_than_removed(checks, body, field):
            replacement = REPLACEMENTS.get(f"{name}.{field}", "")
            return Raw("removed-field", value, field, {"removed": removed, "replacement": replacement})
        return Raw("field-too-new", value, field, {"since": since})
    text = str(field)
    lowered = text.lower()
    for known in checks:
        if known.lower() == lowered and known != text:
            return Raw("wrong-case", value, field, {"right": known, "owner": words.owner(name)}, known)
    args = {"owner": words.owner(name), "definition": name}
    return Raw("unknown-field", value, field, args, nearest(text, [c for c in checks if c not in value]))


def _newer_than_removed(checks: dict[str, Walk], body: Json, field: str) -> bool:
    """No field is both too new and removed in upstream's history, so an end alone decides."""
    since, removed = body["v"][field]
    return bool(removed) and not since


REPLACEMENTS = {
    "CronWorkflowSpec.schedule": "schedules",
    "Synchronization.mutex": "mutexes",
    "Synchronization.semaphore": "semaphores",
    "WorkflowSpec.podPriority": "podPriorityClassName",
    "Template.priority": "priorityClassName",
}


def _list_walk(code: str, item: Walk) -> Walk:
    takes_null = code == "[*"

    def walk(value: Any, container: Any, key: Any, out: list[Raw]) -> None:
        if not isinstance(value, list):
            out.append(type_problem(code, value, container, key))
            return
        for index, child in enumerate(value):
            before = len(out)
            if child is None:
                if not takes_null:
                    out.append(type_problem(code[1:], None, value, index))
            else:
                item(child, value, index, out)
            if len(out) > before:
                for problem in out[before:]:
                    problem.parts.append(index)

    return walk


def _map_walk(code: str, item: Walk) -> Walk:
    def walk(value: Any, container: Any, key: Any, out: list[Raw]) -> None:
        if not isinstance(value, dict):
            out.append(type_problem(code, value, container, key))
            return
        for name, child in value.items():
            if child is None:
                continue
            before = len(out)
            item(child, value, name, out)
            if len(out) > before:
                for problem in out[before:]:
                    problem.parts.append(name)

    return walk


def _groups_walk(step: Walk) -> Walk:
    """`steps`: a list of groups, each a list of steps. A bare step is the classic single dash."""
    group = _list_walk("[=WorkflowStep", step)

    def walk(value: Any, container: Any, key: Any, out: list[Raw]) -> None:
        if not isinstance(value, list):
            out.append(type_problem("[+", value, container, key))
            return
        for index, child in enumerate(value):
            before = len(out)
            if isinstance(child, dict):
                out.append(Raw("single-dash-step", value, index, {}))
                step(child, value, index, out)
            elif isinstance(child, list):
                group(child, value, index, out)
            else:
                out.append(type_problem("+", child, value, index))
            if len(out) > before:
                for problem in out[before:]:
                    problem.parts.append(index)

    return walk


@functools.cache
def _scalar_walk(code: str) -> Walk:
    is_fine = SCALARS[code]
    if code == "s":

        def walk_string(value: Any, container: Any, key: Any, out: list[Raw]) -> None:
            if type(value) is not str and not isinstance(value, str):
                out.append(type_problem("s", value, container, key))

        return walk_string

    def walk(value: Any, container: Any, key: Any, out: list[Raw]) -> None:
        if not is_fine(value):
            out.append(type_problem(code, value, container, key))

    return walk


def _quantity_walk(value: Any, container: Any, key: Any, out: list[Raw]) -> None:
    if not is_quantity(value) or (isinstance(value, str) and "{{" in value):
        out.append(type_problem("q", value, container, key))
    elif bad_quantity(value):
        out.append(Raw("invalid-quantity", container, key, {"value": value}))


def _with_constants(check: Walk, allowed: list[str]) -> Walk:
    """`allowed` values only, for a string or each string of a list; tags and "" pass."""
    accepted = frozenset(allowed) | {""}

    def one(value: Any, container: Any, key: Any, out: list[Raw]) -> None:
        if isinstance(value, str) and value not in accepted and "{{" not in value:
            args = {"value": value, "allowed": list(allowed)}
            out.append(Raw("invalid-enum", container, key, args, nearest(value, allowed)))

    def walk(value: Any, container: Any, key: Any, out: list[Raw]) -> None:
        check(value, container, key, out)
        if isinstance(value, list):
            for index, item in enumerate(value):
                one(item, value, index, out)
                if out and not out[-1].parts and out[-1].container is value:
                    out[-1].parts.append(index)
        else:
            one(value, container, key, out)

    return walk


def _with_facts(check: Walk, facts: Json) -> Walk:
    """What the full CRD refuses although the decoder takes it."""
    from argolint.schema.crdcheck import refusal  # only Argo 4's schema needs it

    least, most = facts.get("minLength", 0), facts.get("maxLength", 1 << 40)
    is_string = check is _scalar_walk("s")

    def walk(value: Any, container: Any, key: Any, out: list[Raw]) -> None:
        if type(value) is str and least <= len(value) <= most and "{{" not in value:
            # Nothing is said of text without tags but how long it may be.
            if not is_string:
                check(value, container, key, out)
            return
        before = len(out)
        check(value, container, key, out)
        if len(out) == before:
            found = refusal(facts, value, container, key)
            if found is not None:
                out.append(found)

    return walk
