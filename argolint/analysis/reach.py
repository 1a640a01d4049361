"""Which nodes of a graph lead to which others, for graphs of thousands of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


class Reach:
    """Answers, of a graph given as node -> nodes it points to, whether one node leads to another by one edge or more.

    Names that are pointed to need not be nodes. The sets are kept as bits of integers: those of a chain of thousands of
    nodes would take millions of entries.
    """

    __slots__ = ("_bits", "_number")

    def __init__(self, direct: Mapping[str, Sequence[str]]) -> None:
        self._number: dict[str, int] = {}
        for name, others in direct.items():
            for one in (name, *others):
                self._number.setdefault(one, len(self._number))
        self._bits: dict[str, int] = {}
        for component in components(direct):
            inside = set(component)
            bits = 0
            for name in component:
                for other in direct.get(name, ()):
                    bits |= 1 << self._number[other]
                    if other not in inside:
                        bits |= self._bits.get(other, 0)
            for name in component:
                self._bits[name] = bits

    def leads(self, start: str, end: str) -> bool:
        """Whether there is a way from `start` to `end`; from a node to itself only along a circle."""
        number = self._number.get(end)
        return number is not None and bool(self._bits.get(start, 0) >> number & 1)

    def copy(self) -> Reach:
        """The same graph, to which edges can be added."""
        other = Reach({})
        other._number = self._number.copy()
        other._bits = self._bits.copy()
        return other

    def add(self, start: str, end: str) -> None:
        """Add an edge between nodes."""
        for name in (start, end):
            self._number.setdefault(name, len(self._number))
        gained = 1 << self._number[end] | self._bits.get(end, 0)
        mark = 1 << self._number[start]
        self._bits.setdefault(start, 0)
        for name, bits in self._bits.items():
            if name == start or bits & mark:
                self._bits[name] = bits | gained

    def through(self, names: Sequence[str]) -> dict[str, str]:
        """Of these nodes, each that one of them leads to -> the first that does."""
        open_ = 0
        numbered: dict[int, str] = {}
        for name in names:
            number = self._number.get(name)
            if number is not None:
                numbered[number] = name
                open_ |= 1 << number
        found: dict[str, str] = {}
        for name in names:
            met = open_ & self._bits.get(name, 0)
            open_ ^= met
            while met:
                lowest = met & -met
                found[numbered[lowest.bit_length() - 1]] = name
                met ^= lowest
        return found


def components(direct: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """The strongly connected components, each behind those that it points to (Tarjan 1972, without recursion)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in direct:
        if root in order:
            continue
        work: list[tuple[str, Iterator[str]]] = [(root, iter(direct.get(root, ())))]
        order[root] = low[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, rest = work[-1]
            for other in rest:
                if other not in order:
                    order[other] = low[other] = len(order)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(direct.get(other, ()))))
                    break
                if other in on_stack:
                    low[name] = min(low[name], order[other])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[name])
                if low[name] == order[name]:
                    component: list[str] = []
                    while not component or component[-1] != name:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    yield component


def circle(start: str, direct: Mapping[str, Sequence[str]], reach: Reach) -> list[str]:
    """The shortest way from a node back to itself, beginning with it; [] when there is none."""
    if not reach.leads(start, start):
        return []
    came: dict[str, str] = {}
    todo = [start]
    for name in todo:
        for other in direct.get(name, ()):
            if other == start:
                way = [name]
                while way[-1] != start:
                    way.append(came[way[-1]])
                return way[::-1]
            if other not in came and other in direct and reach.leads(other, start):
                came[other] = name
                todo.append(other)
    return []
