"""The rewritings that expr-lang v1.17 makes before it runs an expression, as far as they can be told from outside.

Source of behaviour: expr-lang v1.17's optimizer. Some change what comes out: `x and false` never looks at x, `sum(["a", b])`
joins text, `filter(…)[0]` stops at the first element that fits. Trees are shared, so changed parts are made anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from argolint.language.expr import ast as t
from argolint.language.expr.operators import BINARY
from argolint.language.expr.statics import Failure

_FOLDED = ("+", "-", "*", "/", "%", "**")
_COMBINED = {("all", "and"): "and", ("any", "or"): "or", ("none", "and"): "or"}


def optimize(root: t.Node, source: str) -> t.Node:
    """The tree that is run. Raises Failure for a division by a constant zero."""
    return _rewrite(root, source)


def _rewrite(node: t.Node, source: str) -> t.Node:
    rebuild = _REBUILD.get(node.__class__)
    if rebuild is None:
        return node
    made = rebuild(node, source)
    improve = _IMPROVE.get(made.__class__)
    return improve(made, source) if improve else made


def _all(nodes: list[t.Node], source: str) -> list[t.Node]:
    return [_rewrite(one, source) for one in nodes]


def _bounds(node: t.Slice, source: str) -> tuple[t.Node | None, t.Node | None]:
    low = None if node.low is None else _rewrite(node.low, source)
    return low, None if node.high is None else _rewrite(node.high, source)


def _binary(node: t.Binary, source: str) -> t.Node:
    spine: list[t.Binary] = [node]
    first: t.Node = node.left
    while isinstance(first, t.Binary):
        spine.append(first)
        first = first.left
    left = _rewrite(first, source)
    for one in reversed(spine):
        right = _text_set(one) or _rewrite(one.right, source)
        left = _improve_binary(t.Binary(one.start, one.end, one.op, left, right, one.at), source)
    return left


_REBUILD: dict[type, Callable[[Any, str], t.Node]] = {
    t.Unary: lambda n, s: t.Unary(n.start, n.end, n.op, _rewrite(n.operand, s)),
    t.Binary: _binary,
    t.Chain: lambda n, s: t.Chain(n.start, n.end, _rewrite(n.node, s)),
    t.Member: lambda n, s: t.Member(
        n.start, n.end, _rewrite(n.node, s), _rewrite(n.prop, s), n.optional, n.dotted
    ),
    t.Slice: lambda n, s: t.Slice(n.start, n.end, _rewrite(n.node, s), *_bounds(n, s)),
    t.Call: lambda n, s: t.Call(n.start, n.end, _rewrite(n.callee, s), _all(n.args, s)),
    t.Builtin: lambda n, s: t.Builtin(n.start, n.end, n.name, _all(n.args, s), n.name_start, n.name_end),
    t.Predicate: lambda n, s: t.Predicate(n.start, n.end, _rewrite(n.body, s)),
    t.Conditional: lambda n, s: t.Conditional(
        n.start, n.end, _rewrite(n.test, s), _rewrite(n.then, s), _rewrite(n.otherwise, s)
    ),
    t.Let: lambda n, s: t.Let(n.start, n.end, n.name, _rewrite(n.value, s), _rewrite(n.body, s), n.at),
    t.Sequence: lambda n, s: t.Sequence(n.start, n.end, _all(n.nodes, s)),
    t.Array: lambda n, s: t.Array(n.start, n.end, _all(n.nodes, s)),
    t.MapLiteral: lambda n, s: t.MapLiteral(
        n.start, n.end, [(_rewrite(key, s), _rewrite(value, s)) for key, value in n.pairs]
    ),
}


def _text_set(node: t.Binary) -> t.Literal | None:
    """The set in `x in ["a", "b"]`: x is looked up as a key, so it must be a string (nil is taken for "")."""
    array = node.right
    if node.op != "in" or not isinstance(array, t.Array) or not array.nodes:
        return None
    texts = [one.value for one in array.nodes if isinstance(one, t.Literal) and isinstance(one.value, str)]
    if len(texts) != len(array.nodes):
        return None
    return t.Literal(array.start, array.end, dict.fromkeys(texts, True))


def _number(node: t.Node) -> int | float | None:
    if isinstance(node, t.Literal) and node.value.__class__ in (int, float):
        number: int | float = node.value
        return number
    return None


def _improve_unary(node: t.Unary, source: str) -> t.Node:
    operand = node.operand
    if isinstance(operand, t.Literal):
        value = operand.value
        if node.op == "not":
            if isinstance(value, bool):
                return t.Literal(node.start, node.end, not value)
        elif value.__class__ in (int, float):
            return t.Literal(node.start, node.end, -value if node.op == "-" else value)
    return node


def _improve_binary(node: t.Binary, source: str) -> t.Node:
    op, left, right = node.op, node.left, node.right
    if op in ("and", "or"):
        return _combined(_short(node, op == "and"), source)
    if op in _FOLDED:
        return _folded(node, op, left, right)
    if op == "==" and isinstance(left, t.Literal) and isinstance(right, t.Literal):
        kind = left.value.__class__
        if kind is right.value.__class__ and kind in (int, str, bool):
            return t.Literal(node.start, node.end, left.value == right.value)
    return _counted(node, op, left, right)


def _short(node: t.Binary, neutral: bool) -> t.Node:
    left = node.left.value if isinstance(node.left, t.Literal) else None
    right = node.right.value if isinstance(node.right, t.Literal) else None
    if left is neutral:
        return node.right
    if right is neutral:
        return node.left
    if left is (not neutral) or right is (not neutral):
        return t.Literal(node.start, node.end, not neutral)
    return node


def _folded(node: t.Binary, op: str, left: t.Node, right: t.Node) -> t.Node:
    a, b = _number(left), _number(right)
    if a is None or b is None:
        if op == "+" and isinstance(left, t.Literal) and isinstance(right, t.Literal):
            if isinstance(left.value, str) and isinstance(right.value, str):
                return t.Literal(node.start, node.end, left.value + right.value)
        return node
    if op == "%":
        if a.__class__ is float or b.__class__ is float:
            return node
        if b == 0:
            raise Failure("integer divide by zero", node.start, node.end)
    value = BINARY[op](a, b)
    if isinstance(value, float) and math.isnan(value):
        return node
    return t.Literal(node.start, node.end, value)


def _counted(node: t.Binary, op: str, left: t.Node, right: t.Node) -> t.Node:
    """`count(…) > 0` is `any(…)`: it stops at the first."""
    if isinstance(left, t.Builtin) and left.name == "count" and len(left.args) == 2:
        if (op, _number(right)) in ((">", 0), (">=", 1)):
            return t.Builtin(node.start, node.end, "any", left.args, left.name_start, left.name_end)
    return node


def _combined(node: t.Node, source: str) -> t.Node:
    """`all(x, a) and all(x, b)` is `all(x, a and b)`, and so on."""
    if not isinstance(node, t.Binary):
        return node
    left, right = node.left, node.right
    if not (isinstance(left, t.Builtin) and isinstance(right, t.Builtin) and left.name == right.name):
        return node
    op = _COMBINED.get((left.name, node.op))
    if op is None or not (isinstance(left.args[1], t.Predicate) and isinstance(right.args[1], t.Predicate)):
        return node
    one, other = left.args[0], right.args[0]
    if source[one.start : one.end] != source[other.start : other.end]:
        return node
    bodies = left.args[1].body, right.args[1].body
    body = _combined(t.Binary(node.start, node.end, op, *bodies, node.at), source)
    predicate = t.Predicate(node.start, node.end, body)
    return t.Builtin(node.start, node.end, left.name, [one, predicate], left.name_start, left.name_end)


def _filtered(node: t.Node) -> t.Builtin | None:
    """A `filter` with a predicate, or a `map` over one."""
    if isinstance(node, t.Builtin) and len(node.args) == 2 and node.name in ("filter", "filter.map"):
        return node
    return None


def _found(node: t.Node, name: str, filtered: t.Builtin) -> t.Node:
    suffix = ".map" if filtered.name == "filter.map" else ""
    return t.Builtin(
        node.start, node.end, name + suffix, filtered.args, filtered.name_start, filtered.name_end
    )


def _improve_member(node: t.Member, source: str) -> t.Node:
    filtered = _filtered(node.node)
    index = _number(node.prop)
    if filtered is not None and not node.optional and index in (0, -1) and index.__class__ is int:
        return _found(node, "find!" if index == 0 else "findLast!", filtered)
    return node


def _improve_builtin(node: t.Builtin, source: str) -> t.Node:
    name, args = node.name, node.args
    filtered = _filtered(args[0]) if args else None
    if name == "filter" and filtered is not None and filtered.name == "filter":
        inner, outer = filtered.args[1], args[1]
        assert isinstance(inner, t.Predicate)
        assert isinstance(outer, t.Predicate)
        joined = t.Binary(inner.start, outer.end, "and", inner.body, outer.body, outer.start)
        both = _improve_binary(joined, source)
        parts = [filtered.args[0], t.Predicate(args[1].start, args[1].end, both)]
        return t.Builtin(node.start, node.end, "filter", parts, node.name_start, node.name_end)
    if name == "len" and len(args) == 1 and filtered is not None and filtered.name == "filter":
        return t.Builtin(node.start, node.end, "count", filtered.args, node.name_start, node.name_end)
    if name in ("first", "last") and len(args) == 1 and filtered is not None:
        return _found(node, "find" if name == "first" else "findLast", filtered)
    if name == "map" and filtered is not None and filtered.name == "filter" and not _uses_index(args[1]):
        test, body = filtered.args[1], args[1]
        assert isinstance(test, t.Predicate)
        assert isinstance(body, t.Predicate)
        both = t.Predicate(body.start, body.end, t.Array(body.start, body.end, [test.body, body.body]))
        parts = [filtered.args[0], both]
        return t.Builtin(node.start, node.end, "filter.map", parts, node.name_start, node.name_end)
    if name == "sum" and len(args) == 1 and isinstance(args[0], t.Array) and len(args[0].nodes) > 1:
        if not all(isinstance(one, t.Literal) and one.value is not None for one in args[0].nodes):
            total = args[0].nodes[-1]
            for one in reversed(args[0].nodes[:-1]):
                total = t.Binary(one.start, total.end, "+", one, total, one.end)
            return total
    return node


def _uses_index(node: t.Node) -> bool:
    return any(isinstance(one, t.Pointer) and one.name == "index" for one in t.walk(node))


_IMPROVE: dict[type, Callable[[Any, str], t.Node]] = {
    t.Unary: _improve_unary,
    t.Member: _improve_member,
    t.Builtin: _improve_builtin,
}
