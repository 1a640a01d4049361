"""Which variables a text uses: `{{steps.a.outputs.result}}`, `{{=steps['a'].outputs.result}}`, alike.

Every rule that asks "what does this refer to" asks here, so simple tags and expressions are treated the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from argolint.language import expr
from argolint.language.errors import LanguageError
from argolint.language.expr import ast
from argolint.language.tags import ExprTag, SimpleTag, split

ROOTS = frozenset(
    {
        "inputs",
        "outputs",
        "steps",
        "tasks",
        "workflow",
        "pod",
        "node",
        "item",
        "retries",
        "lastRetry",
        "cronworkflow",
    }
)


class Use(NamedTuple):
    """A variable as it is used.

    `path` is split at its dots (`("steps", "a", "outputs", "result")`); the parts of a simple tag whose names hold dots
    cannot be told from paths and are split as well. `start`/`end` bound it in the text, `parts` bounds each part. `in_expr` tells
    an expression tag from a simple one; `guarded` that a `??`, `?.` or `in` stands between it and a failure.
    """

    path: tuple[str, ...]
    start: int
    end: int
    parts: tuple[tuple[int, int], ...]
    in_expr: bool
    guarded: bool

    @property
    def root(self) -> str:
        """The first part."""
        return self.path[0]

    @property
    def text(self) -> str:
        """The variable with dots."""
        return ".".join(self.path)


@lru_cache(maxsize=8192)
def uses_in(text: str) -> tuple[Use, ...]:
    """The variables that a text with tags uses, in order; tags that do not parse are left out."""
    if "{{" not in text:
        return ()
    found: list[Use] = []
    for piece in split(text):
        if isinstance(piece, SimpleTag):
            nested = piece.nested
            name = piece.name if nested is None else nested[1].strip()
            if name:
                start = piece.start + 2 + piece.body.rfind(name)
                found.append(_simple(name, start))
        elif isinstance(piece, ExprTag):
            found.extend(_shifted(use, piece.source_start) for use in uses_in_expression(piece.source))
    return tuple(found)


def _simple(name: str, start: int) -> Use:
    parts: list[tuple[int, int]] = []
    at = start
    path = name.split(".")
    for part in path:
        parts.append((at, at + len(part)))
        at += len(part) + 1
    return Use(tuple(path), start, start + len(name), tuple(parts), False, False)


def _shifted(use: Use, by: int) -> Use:
    parts = tuple((start + by, end + by) for start, end in use.parts)
    return use._replace(start=use.start + by, end=use.end + by, parts=parts)


@lru_cache(maxsize=8192)
def uses_in_expression(source: str) -> tuple[Use, ...]:
    """The variables that a bare expression uses; () when it does not parse."""
    try:
        tree = expr.parse(source)
    except LanguageError:
        return ()
    found: list[Use] = []
    _collect(tree.root, frozenset(), False, found)
    return tuple(sorted(found, key=lambda use: use.start))


def _collect(node: ast.Node, bound: frozenset[str], guarded: bool, found: list[Use]) -> None:
    """Add the uses below `node`; `bound` are names that a `let` declares."""
    chain = _chain(node)
    if chain is not None:
        path, parts, rest = chain
        if path[0] not in bound and path[0] in ROOTS:
            found.append(
                Use(path, parts[0][0], parts[-1][1], parts, True, guarded or isinstance(node, ast.Chain))
            )
        for inner in rest:
            _collect(inner, bound, guarded, found)
        return
    if isinstance(node, ast.Let):
        _collect(node.value, bound, guarded, found)
        _collect(node.body, bound | {node.name}, guarded, found)
        return
    if isinstance(node, ast.Binary) and node.op in ("??", "in", "not in"):
        _collect(node.left, bound, True, found)
        _collect(node.right, bound, node.op != "??" or guarded, found)
        return
    for child in ast.children(node):
        _collect(child, bound, guarded or isinstance(node, ast.Chain), found)


_Chain = tuple[tuple[str, ...], tuple[tuple[int, int], ...], list[ast.Node]]


def _chain(node: ast.Node) -> _Chain | None:
    """A chain of constant members from an identifier on: its path, the place of each part, and computed members in it."""
    if isinstance(node, ast.Chain):
        return _chain(node.node)
    if isinstance(node, ast.Ident):
        return (node.name,), ((node.start, node.end),), []
    if not isinstance(node, ast.Member):
        return None
    inner = _chain(node.node)
    if inner is None:
        return None
    path, parts, rest = inner
    # Behind a computed member the path is unknown: what is known of it ends there.
    if rest or not (isinstance(node.prop, ast.Literal) and isinstance(node.prop.value, str)):
        return (
            path,
            parts,
            [*rest, *([] if isinstance(node.prop, ast.Literal) else [node.prop])] or [node.prop],
        )
    return (*path, node.prop.value), (*parts, (node.prop.start, node.prop.end)), []
