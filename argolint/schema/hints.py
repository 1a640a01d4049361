"""The second look at problems: where a misplaced field belongs. Runs only when something is wrong."""

from __future__ import annotations

from argolint.schema import foreign, words
from argolint.schema.compile import REPLACEMENTS, Compiler, Raw
from argolint.schema.problem import Problem, dotted

# `(length of the path to it, definition)`, the outermost first.
Chain = list[tuple[int, str]]
# What every object has is not missing there.
_OF_OBJECTS = frozenset({"metadata", "spec", "status"})
# What `fieldless` definitions and metadata share with everything; a match there says nothing.
_COMMON = frozenset({"name", "key", "value", "kind", "apiVersion", "namespace"})


def refine(raws: list[Raw], kind: str, compiled: Compiler) -> list[Problem]:
    """`Raw` problems with their paths turned round; unknown fields that exist nearby become misplaced ones."""
    return [_problem(raw, kind, compiled) for raw in raws if not _explained(raw)]


def _explained(raw: Raw) -> bool:
    """A missing field whose older or newer spelling is there: that one's finding says it all."""
    if raw.kind != "missing-field":
        return False
    twins = {new: old.rpartition(".")[2] for old, new in REPLACEMENTS.items()}
    twins.update({old: new for new, old in twins.items()})
    return twins.get(str(raw.key), "") in raw.container


def _problem(raw: Raw, kind: str, compiled: Compiler) -> Problem:
    path = tuple(reversed(raw.parts))
    if raw.kind == "unknown-field":
        once = foreign.obsolete(raw.args["definition"], str(raw.key))
        if once:
            args = {"owner": raw.args["owner"], "obsolete": once, "definition": raw.args["definition"]}
            return Problem("unknown-field", path, raw.container, raw.key, args)
        chain = definitions_along(kind, path[:-1], compiled)
        instead = foreign.meant(raw.args["definition"], str(raw.key))
        if instead and not _above(
            path, chain, compiled
        ):  # a field of Argo's that belongs above is one of Argo's
            args = {"owner": raw.args["owner"], "instead": instead}
            return Problem("unknown-field", path, raw.container, raw.key, args)
        places = misplaced(path, chain, compiled)
        if places and not _is_typo(raw):
            args = {"owner": raw.args["owner"], "places": places}
            return Problem("misplaced-field", path, raw.container, raw.key, args)
    return Problem(raw.kind, path, raw.container, raw.key, raw.args, raw.suggestion)  # type: ignore[arg-type]


def _is_typo(raw: Raw) -> bool:
    """A name one letter off a sibling is a slip of the finger, wherever else it may exist."""
    word, near = str(raw.key), raw.suggestion
    return bool(near) and (near.startswith(word) or word.startswith(near))


def misplaced(path: tuple[str | int, ...], chain: Chain, compiled: Compiler) -> list[str]:
    """Where the last part of `path` would be a known field: above first, then one level below, then beside."""
    field = path[-1]
    if not isinstance(field, str) or field in _COMMON or not chain:
        return []
    places = _above(path, chain, compiled)
    here = chain[-1][1]
    places += [_below(child, field) for child in _children_with(here, field, compiled)]
    if not places and len(chain) > 1:
        depth, parent = chain[-2]
        inside = path[depth] if depth < len(path) else ""
        places += [
            _below(child, field)
            for child in _children_with(parent, field, compiled)
            if child.rstrip("[]") != inside and child.rstrip("[]") in _LIKELY
        ]
    return places[:3]


def _above(path: tuple[str | int, ...], chain: Chain, compiled: Compiler) -> list[str]:
    """The definitions around the field that have it, the innermost first."""
    places = []
    for depth, name in reversed(chain[:-1]):
        if not depth and path[-1] in _OF_OBJECTS:
            continue
        if path[-1] in compiled.fields(name):
            is_called = name == "Template" and chain[-1][1] in ("WorkflowStep", "DAGTask")
            places.append("the template that it calls" if is_called else _place(path[:depth], name))
    return places


def definitions_along(kind: str, path: tuple[str | int, ...], compiled: Compiler) -> Chain:
    """`(length of the path to it, definition)` for the root and each definition on the way down `path`."""
    name = compiled.kinds[kind]
    chain = [(0, name)]
    code = f"={name}"
    for depth, part in enumerate(path, 1):
        code = _descend(code, part, compiled)
        if not code:
            break
        if code[0] == "=":
            chain.append((depth, code[1:]))
    return chain


def _descend(code: str, part: str | int, compiled: Compiler) -> str:
    if code[0] == "=":
        return compiled.fields(code[1:]).get(part, "") if isinstance(part, str) else ""
    if code == "+":
        return "=WorkflowStep"
    if code == "[+" and isinstance(part, int):
        return "+"
    return code[1:] if code[0] in "[{" else ""


def _children_with(name: str, field: str, compiled: Compiler) -> list[str]:
    """Fields of a definition whose own mapping (or list of mappings) has `field`."""
    found = []
    for child, code in compiled.fields(name).items():
        bare = code.lstrip("[")
        if bare.startswith("=") and field in compiled.fields(bare[1:]):
            found.append(child + "[]" * (len(code) - len(bare)))
    return sorted(found, key=lambda child: (_rank(child), child))


_LIKELY = (
    "templates",
    "container",
    "inputs",
    "outputs",
    "arguments",
    "script",
    "spec",
    "metadata",
    "template",
    "workflowSpec",
)


def _rank(child: str) -> int:
    bare = child.rstrip("[]")
    return _LIKELY.index(bare) if bare in _LIKELY else len(_LIKELY)


def _place(path: tuple[str | int, ...], name: str) -> str:
    where = dotted(path)
    return f"{words.owner(name)} ({where})" if where else words.owner(name)


def _below(child: str, field: str) -> str:
    return f"`{child}.{field}`"
