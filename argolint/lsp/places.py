"""Where a name in a manifest is declared, and which names could stand at a place: pure functions over texts.

A text under somebody's hands often does not parse: then the line of the cursor is left out of it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from argolint.yaml.loader import parse
from argolint.yaml.nodes import Map, Seq

_TAG = re.compile(r"\{\{=?([^{}]*)$")
_WORD = re.compile(r"[\w.\-]+")
_KEY = re.compile(r"""^[\s-]*["']?(\w+)["']?[ \t]*:[ \t]*["']?([\w.\-]*)$""")
_LETTERS = string.ascii_letters + string.digits + "_.-"
_CALLS = ("template", "entrypoint", "onExit")
_ALWAYS = (
    "workflow.name",
    "workflow.namespace",
    "workflow.serviceAccountName",
    "workflow.uid",
    "workflow.creationTimestamp",
)
Chain = list[tuple[Any, Any]]


class Place(NamedTuple):
    """A stretch of a file."""

    path: str
    start: int
    end: int


class Item(NamedTuple):
    """A completion: the text that is inserted for what stands from `start` to the cursor, and what it is."""

    text: str
    start: int
    kind: str


def definition(path: str, texts: Mapping[str, str], offset: int) -> Place | None:
    """Where what stands at an offset of `texts[path]` is declared; None when that is not known."""
    chain = _chain_at(texts[path], offset)
    if not chain or not isinstance(chain[-1][0], Map | Seq):
        return None
    holder, key = chain[-1]
    value = holder[key]
    if not isinstance(value, str):
        return None
    tag = _TAG.search(texts[path][: offset + 1])
    if tag is not None and tag.start() >= _span(holder, key)[0]:
        return _declared(path, chain, _word(texts[path], offset))
    above = chain[-2][1] if len(chain) > 1 else ""
    if above in ("templateRef", "workflowTemplateRef") and key in ("name", "template"):
        return _referred(texts, holder, key)
    if above == "dependencies" or key == "depends":
        return _step(path, chain, _word(texts[path], offset).partition(".")[0])
    if key in _CALLS:
        return _template(path, _spec(chain), value)
    if key == "serviceAccountName":
        return _named(texts, "ServiceAccount", value)
    return None


def completions(path: str, texts: Mapping[str, str], offset: int) -> list[Item]:
    """What could stand at an offset of `texts[path]`, sorted."""
    text = texts[path]
    line_start = text.rfind("\n", 0, offset) + 1
    before = text[line_start:offset]
    tag = _TAG.search(before)
    key = _KEY.match(before)
    if tag is None and (key is None or key.group(1) not in (*_CALLS, "name", "serviceAccountName")):
        return []
    chain = _chain_near(text, offset)
    if tag is not None:
        word = tag.group(1)
        start = offset - (len(word) - len(word.rstrip(_LETTERS)))
        return [Item(name, start, "variable") for name in sorted(set(_variables(chain)))]
    assert key is not None
    start = line_start + key.start(2)
    above = next((name for _, name in reversed(chain) if name in ("templateRef", "workflowTemplateRef")), "")
    if above and key.group(1) in ("name", "template"):
        holder = next(node[name] for node, name in reversed(chain) if name == above)
        return [
            Item(name, start, key.group(1)) for name in sorted(set(_names_for(texts, holder, key.group(1))))
        ]
    if key.group(1) == "serviceAccountName":
        return [
            Item(name, start, "name")
            for name in sorted({name for name, *_ in _objects(texts, "ServiceAccount")})
        ]
    if key.group(1) in _CALLS:
        return [
            Item(name, start, "template") for name in sorted({name for name, _ in _templates(_spec(chain))})
        ]
    return []


# -- a document ------------------------------------------------------------------------------------


def _roots(text: str) -> Iterator[Any]:
    for document in parse(text).documents:
        yield document.root


def _chain_at(text: str, offset: int) -> Chain:
    """The (container, key) pairs from the root of a document down to what stands at an offset."""
    for node in _roots(text):
        chain: Chain = []
        while isinstance(node, Map | Seq):
            keys: Iterable[Any] = node.at if isinstance(node, Map) else range(len(node))
            inner = next((key for key in keys if _span(node, key)[0] <= offset <= _span(node, key)[1]), None)
            if inner is None:
                break
            chain.append((node, inner))
            node = node[inner]
        if chain:
            return chain
    return []


def _chain_near(text: str, offset: int) -> Chain:
    """The chain to the last thing that begins before an offset; of a text that does not parse, without its line."""
    if any(document.broken for document in parse(text).documents):
        text = _without_value(text, offset)
    best: Chain = []
    for node in _roots(text):
        chain: Chain = []
        while isinstance(node, Map | Seq):
            keys: list[Any] = list(node.at) if isinstance(node, Map) else list(range(len(node)))
            starts = [(at[0], key) for key in keys if (at := _entry(node, key))[0] <= offset]
            if not starts:
                break
            last = max(starts)[1]
            chain.append((node, last))
            node = node[last]
        best = chain or best
    return best


def _without_value(text: str, offset: int) -> str:
    """The text with nothing behind the key on the line of an offset; no other offset moves."""
    start, end = text.rfind("\n", 0, offset) + 1, text.find("\n", offset)
    end = len(text) if end < 0 else end
    key = re.match(r"[\s-]*(?:\w+[ \t]*:)?", text[start:end])
    kept = key.group() if key else ""
    return text[:start] + kept.ljust(end - start) + text[end:]


def _entry(node: Any, key: Any) -> tuple[int, ...]:
    found: tuple[int, ...] = node.at[key]
    return found


def _span(node: Any, key: Any) -> tuple[int, int]:
    at = node.at[key]
    return (at[2], at[3]) if isinstance(node, Map) else at


def _word(text: str, offset: int) -> str:
    line_start = text.rfind("\n", 0, offset) + 1
    for match in _WORD.finditer(text, line_start):
        if match.start() <= offset <= match.end():
            return match.group()
        if match.start() > offset:
            break
    return ""


def _spec(chain: Chain) -> Any:
    """The innermost mapping around that has templates."""
    return next((node for node, _ in reversed(chain) if isinstance(node, Map) and "templates" in node), None)


def _list(node: Any, *keys: str) -> Seq | list[Any]:
    for key in keys:
        node = node.get(key) if isinstance(node, Map) else None
    return node if isinstance(node, Seq) else []


def _templates(spec: Any) -> Iterator[tuple[str, Map]]:
    for item in _list(spec, "templates"):
        if isinstance(item, Map) and isinstance(item.get("name"), str):
            yield item["name"], item


def _around(chain: Chain) -> Any:
    """The template that the end of a chain is in."""
    for number, (_, key) in enumerate(chain):
        if key == "templates" and number + 1 < len(chain):
            node, index = chain[number + 1]
            return node[index]
    return None


def _steps(template: Any) -> Iterator[tuple[str, Map]]:
    groups = _list(template, "steps")
    flat = [step for group in groups for step in (group if isinstance(group, Seq) else [group])]
    for step in [*flat, *_list(template, "dag", "tasks")]:
        if isinstance(step, Map) and isinstance(step.get("name"), str):
            yield step["name"], step


# -- definitions -----------------------------------------------------------------------------------


def _at_name(path: str, node: Map) -> Place:
    return Place(path, *_span(node, "name"))


def _template(path: str, spec: Any, name: str) -> Place | None:
    return next((_at_name(path, item) for found, item in _templates(spec) if found == name), None)


def _step(path: str, chain: Chain, name: str) -> Place | None:
    return next((_at_name(path, step) for found, step in _steps(_around(chain)) if found == name), None)


def _declared(path: str, chain: Chain, variable: str) -> Place | None:
    parts = variable.split(".")
    if parts[0] in ("steps", "tasks") and len(parts) > 1:
        return _step(path, chain, parts[1])
    if parts[0] == "inputs" and len(parts) > 2:
        declared = _list(_around(chain), "inputs", parts[1])
    elif parts[:2] == ["workflow", "parameters"] and len(parts) > 2:
        declared = _list(_spec(chain), "arguments", "parameters")
    else:
        return None
    return next(
        (_at_name(path, item) for item in declared if isinstance(item, Map) and item.get("name") == parts[2]),
        None,
    )


def _objects(texts: Mapping[str, str], kind: str) -> Iterator[tuple[str, str, Map]]:
    """(name, path, object) of every object of a kind."""
    for path, text in texts.items():
        if kind in text:
            for root in _roots(text):
                meta = root.get("metadata") if isinstance(root, Map) and root.get("kind") == kind else None
                if isinstance(meta, Map) and isinstance(meta.get("name"), str):
                    yield meta["name"], path, root


def _named(texts: Mapping[str, str], kind: str, name: object) -> Place | None:
    return next(
        (_at_name(path, root["metadata"]) for found, path, root in _objects(texts, kind) if found == name),
        None,
    )


def _kind(reference: Map) -> str:
    return "ClusterWorkflowTemplate" if reference.get("clusterScope") is True else "WorkflowTemplate"


def _referred(texts: Mapping[str, str], reference: Map, key: str) -> Place | None:
    if key == "name":
        return _named(texts, _kind(reference), reference.get("name"))
    for name, path, root in _objects(texts, _kind(reference)):
        if name == reference.get("name"):
            return _template(path, root.get("spec"), str(reference.get("template")))
    return None


# -- completions -----------------------------------------------------------------------------------


def _names_for(texts: Mapping[str, str], reference: Any, key: str) -> Iterator[str]:
    reference = reference if isinstance(reference, Map) else Map()
    for name, _, root in _objects(texts, _kind(reference)):
        if key == "name":
            yield name
        elif name == reference.get("name"):
            yield from (template for template, _ in _templates(root.get("spec")))


def _variables(chain: Chain) -> Iterator[str]:
    """The variables that a tag at the end of a chain can name, as far as the same document says."""
    spec, template = _spec(chain), _around(chain)
    yield from _ALWAYS
    for item in _list(spec, "arguments", "parameters"):
        if isinstance(item, Map) and "name" in item:
            yield f"workflow.parameters.{item['name']}"
    for kind, tail in (("parameters", ""), ("artifacts", ".path")):
        for item in _list(template, "inputs", kind):
            if isinstance(item, Map) and "name" in item:
                yield f"inputs.{kind}.{item['name']}{tail}"
    bodies = dict(_templates(spec))
    prefix = "tasks" if isinstance(template, Map) and "dag" in template else "steps"
    for name, step in _steps(template):
        yield f"{prefix}.{name}.status"
        called = bodies.get(str(step.get("template")))
        if isinstance(called, Map) and ("script" in called or "container" in called):
            yield f"{prefix}.{name}.outputs.result"
        for item in _list(called, "outputs", "parameters"):
            if isinstance(item, Map) and "name" in item:
                yield f"{prefix}.{name}.outputs.parameters.{item['name']}"
        if "withItems" in step or "withParam" in step or "withSequence" in step:
            yield "item"
