"""The syntax tree of an expression. Offsets are code points into its source, end exclusive."""

from __future__ import annotations

from typing import Any


class Node:
    """Anything in the tree."""

    __slots__ = ("end", "start")
    start: int
    end: int

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end


class Literal(Node):
    """A number (int or float), string, bytes, bool or nil (None)."""

    __slots__ = ("value",)

    def __init__(self, start: int, end: int, value: Any) -> None:
        self.start, self.end, self.value = start, end, value


class Ident(Node):
    """A name of the environment or of a `let`."""

    __slots__ = ("name",)

    def __init__(self, start: int, end: int, name: str) -> None:
        self.start, self.end, self.name = start, end, name


class Pointer(Node):
    """`#` (name is empty), `#acc`, `#index`; also the implied subject of `.field` in a predicate."""

    __slots__ = ("name",)

    def __init__(self, start: int, end: int, name: str) -> None:
        self.start, self.end, self.name = start, end, name


class Unary(Node):
    """`op` is one of `not`, `-`, `+` (`!` is `not`)."""

    __slots__ = ("op", "operand")

    def __init__(self, start: int, end: int, op: str, operand: Node) -> None:
        self.start, self.end, self.op, self.operand = start, end, op, operand


class Binary(Node):
    """`op` in its normal form: `&&` is `and`, `||` is `or`, `^` is `**`. `at` is where the operator stands."""

    __slots__ = ("at", "left", "op", "right")

    def __init__(self, start: int, end: int, op: str, left: Node, right: Node, at: int) -> None:
        self.start, self.end, self.op, self.left, self.right, self.at = start, end, op, left, right, at


class Chain(Node):
    """A postfix chain with a `?.` in it: where that meets nil, the whole chain is nil."""

    __slots__ = ("node",)

    def __init__(self, start: int, end: int, node: Node) -> None:
        self.start, self.end, self.node = start, end, node


class Member(Node):
    """`node.name` and `node[prop]`; `prop` is a Literal for a name."""

    __slots__ = ("dotted", "node", "optional", "prop")

    def __init__(self, start: int, end: int, node: Node, prop: Node, optional: bool, dotted: bool) -> None:
        self.start, self.end = start, end
        self.node, self.prop, self.optional, self.dotted = node, prop, optional, dotted


class Slice(Node):
    """`node[low:high]`, either bound may be None."""

    __slots__ = ("high", "low", "node")

    def __init__(self, start: int, end: int, node: Node, low: Node | None, high: Node | None) -> None:
        self.start, self.end, self.node, self.low, self.high = start, end, node, low, high


class Call(Node):
    """A call of something from the environment, or of a method."""

    __slots__ = ("args", "callee")

    def __init__(self, start: int, end: int, callee: Node, args: list[Node]) -> None:
        self.start, self.end, self.callee, self.args = start, end, callee, args


class Builtin(Node):
    """A call of a function of the language; `name_end` bounds its name. Pipes put their left side first."""

    __slots__ = ("args", "name", "name_end", "name_start")

    def __init__(
        self, start: int, end: int, name: str, args: list[Node], name_start: int, name_end: int
    ) -> None:
        self.start, self.end, self.name, self.args = start, end, name, args
        self.name_start, self.name_end = name_start, name_end


class Predicate(Node):
    """The body of a closure, evaluated once for each element."""

    __slots__ = ("body",)

    def __init__(self, start: int, end: int, body: Node) -> None:
        self.start, self.end, self.body = start, end, body


class Conditional(Node):
    """`test ? then : otherwise` and `if test { then } else { otherwise }`."""

    __slots__ = ("otherwise", "test", "then")

    def __init__(self, start: int, end: int, test: Node, then: Node, otherwise: Node) -> None:
        self.start, self.end, self.test, self.then, self.otherwise = start, end, test, then, otherwise


class Let(Node):
    """`let name = value; body`; `at` is where the name stands."""

    __slots__ = ("at", "body", "name", "value")

    def __init__(self, start: int, end: int, name: str, value: Node, body: Node, at: int) -> None:
        self.start, self.end, self.name, self.value, self.body, self.at = start, end, name, value, body, at


class Sequence(Node):
    """`a; b; c`: worth its last part."""

    __slots__ = ("nodes",)

    def __init__(self, start: int, end: int, nodes: list[Node]) -> None:
        self.start, self.end, self.nodes = start, end, nodes


class Array(Node):
    """`[a, b]`."""

    __slots__ = ("nodes",)

    def __init__(self, start: int, end: int, nodes: list[Node]) -> None:
        self.start, self.end, self.nodes = start, end, nodes


class MapLiteral(Node):
    """`{key: value}`."""

    __slots__ = ("pairs",)

    def __init__(self, start: int, end: int, pairs: list[tuple[Node, Node]]) -> None:
        self.start, self.end, self.pairs = start, end, pairs


class Ast:
    """A parsed expression: its source and its tree."""

    __slots__ = ("_names", "root", "source")

    def __init__(self, source: str, root: Node) -> None:
        self.source = source
        self.root = root
        self._names: tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The identifiers in it, sorted: variables, functions of the environment and what `let` declares."""
        if self._names is None:
            found = {node.name for node in walk(self.root) if isinstance(node, (Ident, Let))}
            self._names = tuple(sorted(found))
        return self._names


def children(node: Node) -> list[Node]:
    """The direct children of a node, in the order of their text."""
    if isinstance(node, (Literal, Ident, Pointer)):
        return []
    if isinstance(node, Unary):
        return [node.operand]
    if isinstance(node, Binary):
        return [node.left, node.right]
    if isinstance(node, Chain):
        return [node.node]
    if isinstance(node, Member):
        return [node.node, node.prop]
    if isinstance(node, Slice):
        return [node.node, *(part for part in (node.low, node.high) if part is not None)]
    if isinstance(node, Call):
        return [node.callee, *node.args]
    if isinstance(node, Builtin):
        return node.args
    if isinstance(node, Predicate):
        return [node.body]
    if isinstance(node, Conditional):
        return [node.test, node.then, node.otherwise]
    if isinstance(node, Let):
        return [node.value, node.body]
    if isinstance(node, (Sequence, Array)):
        return node.nodes
    if isinstance(node, MapLiteral):
        return [part for pair in node.pairs for part in pair]
    return []


def walk(node: Node) -> list[Node]:
    """The node and everything below it, parents first."""
    found: list[Node] = []
    todo = [node]
    while todo:
        one = todo.pop()
        found.append(one)
        todo.extend(reversed(children(one)))
    return found
