"""Which object uses which template: the edges that order, prune and blast radius are computed from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from reconciler.model import Desired, Key, Obj, key_of

_KEYS = ("templateRef", "workflowTemplateRef")


class Reference(NamedTuple):
    """One use of a template: `template` is "" for a whole workflowTemplateRef, `where` the field path inside the user.

    `given` are the names of the parameters that are passed along.
    """

    key: Key
    template: str
    where: str
    steps: tuple[str | int, ...]
    given: frozenset[str] = frozenset()


def references(obj: Obj) -> list[Reference]:
    """Every template that `obj` refers to by a literal name, in document order.

    Names with tags in them are decided at run time and are left out.
    """
    home = str((obj.get("metadata") or {}).get("namespace") or "")
    found = []
    for steps, name, value, given in _walk(obj.get("spec"), ("spec",)):
        namespace = _namespace(obj, steps) or home
        target = value.get("name")
        if not isinstance(target, str) or not target or "{{" in target:
            continue
        kind = "ClusterWorkflowTemplate" if value.get("clusterScope") is True else "WorkflowTemplate"
        key = Key(kind, "" if kind == "ClusterWorkflowTemplate" else namespace, target)
        inner = value.get("template") if name == "templateRef" else ""
        inner = inner if isinstance(inner, str) and "{{" not in inner else ""
        found.append(Reference(key, inner, dotted(steps), steps, given))
    return found


def _namespace(obj: Obj, steps: tuple[str | int, ...]) -> str:
    """The namespace of a Workflow that a Sensor submits, where it differs from the Sensor's own; "" otherwise."""
    if obj.get("kind") != "Sensor" or "resource" not in steps:
        return ""
    node: Any = obj
    for step in steps[: steps.index("resource") + 1]:
        node = node[step]
    meta = node.get("metadata") if isinstance(node, dict) else None
    place = meta.get("namespace") if isinstance(meta, dict) else None
    return place if isinstance(place, str) and "{{" not in place else ""


def uses(objects: Iterable[Obj]) -> dict[Key, set[Key]]:
    """For each object, the objects that it refers to directly."""
    return {key_of(obj): {ref.key for ref in references(obj)} for obj in objects}


def users_of(key: Key, edges: Mapping[Key, set[Key]]) -> list[Key]:
    """Everything that uses `key`, directly or through other templates, sorted; `key` itself is left out."""
    return users_in(key, reversed_edges(edges))


def reversed_edges(edges: Mapping[Key, set[Key]]) -> dict[Key, set[Key]]:
    """From each object to those that use it directly; made once where many objects are asked about."""
    reverse: dict[Key, set[Key]] = {}
    for user, used in edges.items():
        for target in used:
            reverse.setdefault(target, set()).add(user)
    return reverse


def users_in(key: Key, reverse: Mapping[Key, set[Key]]) -> list[Key]:
    """Like `users_of`, on edges that are reversed already."""
    seen: set[Key] = set()
    queue = [key]
    while queue:
        for user in reverse.get(queue.pop(), ()):
            if user not in seen and user != key:
                seen.add(user)
                queue.append(user)
    return sorted(seen)


def in_order(items: Iterable[Desired]) -> list[Desired]:
    """`items` so that what is used comes before what uses it; CronWorkflows last; members of a cycle by name."""
    by_key = {item.key: item for item in sorted(items, key=lambda i: i.key)}
    return [
        by_key[key] for key in order({k: {r.key for r in references(d.object)} for k, d in by_key.items()})
    ]


def order(edges: Mapping[Key, set[Key]]) -> list[Key]:
    """The keys of `edges`, used before user, CronWorkflows last, otherwise by name. No recursion: chains may be long."""
    done: dict[Key, None] = {}
    for start in sorted(edges, key=lambda k: (k.kind == "CronWorkflow", k)):
        stack: list[tuple[Key, Iterator[Key]]] = [(start, iter(sorted(edges[start])))]
        path = {start}
        while stack and start not in done:
            key, rest = stack[-1]
            following = next((k for k in rest if k in edges and k not in done and k not in path), None)
            if following is None:
                done[key] = None
                path.discard(key)
                stack.pop()
            else:
                path.add(following)
                stack.append((following, iter(sorted(edges[following]))))
    return sorted(done, key=lambda k: k.kind == "CronWorkflow")


def missing(obj: Obj, find: Callable[[Key], Obj | None]) -> list[tuple[Reference, str]]:
    """References of `obj` that lead nowhere, each with what is wrong; `find` looks a template up."""
    out = []
    for ref in references(obj):
        target = find(ref.key)
        if target is None:
            out.append((ref, f"{ref.key} does not exist"))
            continue
        if ref.template and ref.template not in template_names(target):
            inner = ref._replace(where=f"{ref.where}.template", steps=(*ref.steps, "template"))
            out.append((inner, f"{ref.key} has no template {ref.template}"))
    return out


def unmet(obj: Obj, find: Callable[[Key], Obj | None]) -> list[tuple[Reference, str]]:
    """References of `obj` to a template whose required parameters are not all passed, each with what is wrong.

    A parameter is required when its declaration has no value, default or valueFrom.
    """
    out = []
    for ref in references(obj):
        templates = ((find(ref.key) or {}).get("spec") or {}).get("templates")
        for template in templates if ref.template and isinstance(templates, list) else ():
            if not isinstance(template, dict) or template.get("name") != ref.template:
                continue
            declared = (template.get("inputs") or {}).get("parameters") or []
            lacking = [
                p["name"]
                for p in declared
                if isinstance(p, dict)
                and isinstance(p.get("name"), str)
                and not {"value", "default", "valueFrom"} & set(p)
            ]
            names = sorted(set(lacking) - ref.given)
            if names:
                out.append(
                    (ref, f"{ref.key} template {ref.template} requires the parameter {', '.join(names)}")
                )
    return out


def template_names(obj: Obj) -> list[str]:
    """The names of the templates inside a WorkflowTemplate or ClusterWorkflowTemplate."""
    templates = (obj.get("spec") or {}).get("templates")
    if not isinstance(templates, list):
        return []
    return [t["name"] for t in templates if isinstance(t, dict) and isinstance(t.get("name"), str)]


def dotted(steps: tuple[str | int, ...]) -> str:
    """`spec.templates[0].steps` of a path."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _walk(
    value: Any, steps: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str, dict[str, Any], frozenset[str]]]:
    stack: list[tuple[Any, tuple[str | int, ...]]] = [(value, steps)]
    while stack:
        node, path = stack.pop()
        if isinstance(node, dict):
            for key in _KEYS:
                if isinstance(node.get(key), dict):
                    yield (*path, key), key, node[key], _given(node)
            stack += [(child, (*path, name)) for name, child in reversed(node.items()) if name not in _KEYS]
        elif isinstance(node, list):
            stack += [(child, (*path, i)) for i, child in reversed(list(enumerate(node)))]


def _given(caller: dict[str, Any]) -> frozenset[str]:
    arguments = caller.get("arguments")
    passed = arguments.get("parameters") if isinstance(arguments, dict) else None
    if not isinstance(passed, list):
        return frozenset()
    return frozenset(p["name"] for p in passed if isinstance(p, dict) and isinstance(p.get("name"), str))
