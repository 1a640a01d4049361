"""Which variables exist at a place in a manifest, with their types.

`scope_at(location, instances)` is table-driven: `schemas/variables.json` has the variables, the groups they belong to and the
groups that each location sees; `Instances` says what the manifest declares there (inputs, earlier steps, the item of a loop).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from argolint._data import read_data
from argolint.language import types as ty
from argolint.language.types import Type


class Producer(NamedTuple):
    """What a step or task that came before offers.

    `parameters` and `artifacts` are None when unknown (its template is elsewhere): then every name is accepted. `absent`: it may
    be skipped, omitted or fail while its consumer still runs. `loop`: its outputs are JSON lists over all items.
    """

    name: str
    parameters: Mapping[str, Type] | None = None
    artifacts: Iterable[str] | None = None
    result: bool = True
    exit_code: bool = True
    ip: bool = True
    loop: bool = False
    absent: bool = False


class Instances(NamedTuple):
    """What the manifest declares around a place. None means unknown: every name is accepted there.

    `family` is `steps` or `tasks` for what refers to siblings, "" otherwise. `item` is the type of a loop's item, None outside loops.
    `own` is the step itself, which its hooks see. `extra` holds more variables; `open_roots` are roots that nothing is said about.
    """

    workflow_parameters: Mapping[str, Type] | None = None
    parameters: Mapping[str, Type] | None = {}
    artifacts: Iterable[str] | None = ()
    output_parameters: Iterable[str] = ()
    output_artifacts: Iterable[str] = ()
    family: str = ""
    previous: tuple[Producer, ...] = ()
    own: Producer | None = None
    item: Type | None = None
    retry: bool = False
    exit_handler: bool = False
    priority: bool = True
    pod: bool = True
    global_outputs: Iterable[str] | None = None
    extra: Mapping[str, Type] = {}
    open_roots: tuple[str, ...] = ()


NOTHING_DECLARED = Instances()


class Scope:
    """The variables at a place.

    `variables` maps flat names to types; `open` has prefixes (with the dot) under which any name is accepted, with the type of
    what is there; `tree` is the same nested, for expressions; `functions` tells whether Argo's are there; `unknown` is what becomes of
    an unknown simple tag: kept, requeue (kept, except steps and tasks) or error. `late` are variables of the same location that
    exist in other circumstances (no loop, no retryStrategy): (group, name).
    """

    __slots__ = ("functions", "location", "missing", "open", "open_roots", "tree", "unknown", "variables")

    def __init__(
        self,
        variables: dict[str, Type],
        open_: dict[str, Type],
        *,
        functions: bool = True,
        unknown: str = "kept",
        location: str = "",
        missing: dict[str, str] | None = None,
        open_roots: tuple[str, ...] = (),
        any_item: bool = False,
    ) -> None:
        self.variables = variables
        self.open = open_
        self.functions = functions
        self.unknown = unknown
        self.location = location
        self.missing = missing or {}
        self.open_roots = open_roots
        self.tree = _tree(variables, open_)
        if any_item:
            self.tree["item"] = ty.ANY._replace(origin="item")

    def lookup(self, name: str) -> Type | None:
        """The type of a flat name; None if there is no such variable."""
        found = self.variables.get(name)
        if found is not None:
            return found
        root = name.split(".", 1)[0]
        if root in self.open_roots:
            return ty.ANY
        at = name.rfind(".")
        while at > 0:
            rest = self.open.get(name[: at + 1])
            if rest is not None:
                return rest
            at = name.rfind(".", 0, at)
        return None

    def names(self) -> list[str]:
        """The flat names that exist for certain, sorted."""
        return sorted(self.variables)

    def roots(self) -> list[str]:
        """The first parts of all names, sorted."""
        return sorted({name.split(".", 1)[0] for name in (*self.variables, *self.open)})


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    """`schemas/variables.json`."""
    loaded: dict[str, Any] = json.loads(read_data("schemas", "variables.json"))
    return loaded


@lru_cache(maxsize=1)
def function_table() -> dict[str, dict[str, list[Any]]]:
    """`schemas/functions.json`: language, argo, sprig."""
    loaded: dict[str, dict[str, list[Any]]] = json.loads(read_data("schemas", "functions.json"))
    return loaded


def locations() -> frozenset[str]:
    """The names of the locations that `scope_at` knows."""
    return frozenset(tables()["locations"])


def scope_at(location: str, instances: Instances = NOTHING_DECLARED) -> Scope:
    """The variables at a location (one of `locations()`), given what the manifest declares around it."""
    row = tables()["locations"][location]
    groups = set(row["groups"])
    if instances.exit_handler:
        groups.add("exit")
    variables: dict[str, Type] = {}
    opened: dict[str, Type] = {}
    missing: dict[str, str] = {}
    for name, (kind, group, _) in tables()["variables"].items():
        made = ty.BY_NAME[kind]._replace(origin=name)
        if group in groups and _applies(group, instances):
            _declare(name, made, group, instances, variables, opened)
        elif not name.endswith("*"):
            missing.setdefault(name, group)
    if instances.family:
        other = "tasks.name" if instances.family == "steps" else "steps.name"
        variables.pop(other, None)
    if "previous" in groups and instances.family:
        for producer in instances.previous:
            _offer(producer, instances.family, variables, opened)
    if "own" in groups and instances.family and instances.own is not None:
        _offer(instances.own, instances.family, variables, opened)
    variables.update(instances.extra)
    return Scope(
        variables,
        opened,
        functions=row["functions"],
        unknown=row["unknown"],
        location=location,
        missing=missing,
        open_roots=instances.open_roots,
        any_item="item" in groups and instances.item is not None and instances.item.kind == "any",
    )


def _applies(group: str, instances: Instances) -> bool:
    if group == "retry":
        return instances.retry
    if group == "item":
        return instances.item is not None
    if group == "item-key":
        return instances.item is not None and instances.item.kind in ("map", "any")
    if group == "priority":
        return instances.priority
    return instances.pod if group == "pod" else True


def _declare(
    name: str,
    made: Type,
    group: str,
    instances: Instances,
    variables: dict[str, Type],
    opened: dict[str, Type],
) -> None:
    prefix, star, suffix = name.partition("*")
    if group == "item":
        item = instances.item or ty.STRING
        variables[name] = (ty.JSON_STRING if item.kind in ("map", "list") else item)._replace(origin="item")
    elif not star:
        variables[name] = made
    elif group == "item-key":
        item = instances.item or ty.ANY
        for key, inner in (item.props or {}).items():
            variables[prefix + key] = inner._replace(origin=prefix + key)
        if item.rest is not None or item.kind == "any":
            opened[prefix] = made
    else:
        known = _instances_of(group, name, instances)
        if known is None:
            # of `a.*.path` nothing is known below the name: what `a.*` says stands
            opened.setdefault(prefix, ty.ANY if suffix else made)
        for one, inner in (known or {}).items():
            variables[prefix + one + suffix] = (inner if inner is not None else made)._replace(
                origin=prefix + one + suffix
            )


def _instances_of(group: str, name: str, instances: Instances) -> Mapping[str, Type | None] | None:
    if group == "workflow-parameter":
        return instances.workflow_parameters
    if group == "input-parameter":
        return instances.parameters
    if group in ("input-artifact", "input-path"):
        return _plain(instances.artifacts)
    if group == "output-path":
        return _plain(instances.output_artifacts if "artifacts" in name else instances.output_parameters)
    if group == "global-output":
        return _plain(instances.global_outputs)
    if group == "metric-parameter":
        return _plain(instances.output_parameters)
    return None


def _plain(names: Iterable[str] | None) -> dict[str, Type | None] | None:
    return None if names is None else dict.fromkeys(names)


def _offer(producer: Producer, family: str, variables: dict[str, Type], opened: dict[str, Type]) -> None:
    prefix = f"{family}.{producer.name}."
    for name, (kind, condition, _) in tables()["producer"].items():
        if not _offers(producer, condition):
            continue
        made = ty.BY_NAME[kind]
        absent = producer.absent and name.startswith("outputs.")
        if condition in ("parameter", "artifact"):
            base = prefix + name[:-1]
            known = producer.parameters if condition == "parameter" else _plain(producer.artifacts)
            if known is None:
                opened[base] = made._replace(absent=absent)
            for one, inner in (known or {}).items():
                found = ty.JSON_STRING if producer.loop and condition == "parameter" else (inner or made)
                variables[base + one] = found._replace(absent=absent, origin=base + one)
            continue
        if name == "outputs.result" and producer.loop:
            made = ty.JSON_STRING
        variables[prefix + name] = made._replace(absent=absent, origin=prefix + name)


def _offers(producer: Producer, condition: str) -> bool:
    if condition == "daemon":
        return producer.ip
    if condition == "exit-code":
        return producer.exit_code
    if condition == "result":
        return producer.result
    return producer.loop if condition == "loop" else True


def _tree(variables: Mapping[str, Type], opened: Mapping[str, Type]) -> dict[str, Type]:
    """The nested form: a name that is also the beginning of another is dropped, as upstream's expansion does."""
    nodes: dict[str, Any] = {}
    for name, made in variables.items():
        at = nodes
        *path, last = name.split(".")
        for part in path:
            below = at.get(part)
            if not isinstance(below, dict):
                below = {}
                at[part] = below
            at = below
        if not isinstance(at.get(last), dict):
            at[last] = made
    for prefix, made in opened.items():
        at = nodes
        for part in prefix[:-1].split("."):
            below = at.get(part)
            if not isinstance(below, dict):
                below = {}
                at[part] = below
            at = below
        at["*"] = made
    return {name: _typed(node, name) for name, node in nodes.items() if name != "*"}


def _typed(node: Any, path: str) -> Type:
    if not isinstance(node, dict):
        assert isinstance(node, Type)
        return node
    props = {name: _typed(below, f"{path}.{name}") for name, below in node.items() if name != "*"}
    return Type("map", props=props, rest=node.get("*"), origin=path)
