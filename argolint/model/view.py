"""A view of a mapping in a manifest: its entries, where they stand, and its field path.

Views never raise on wrong types: a getter gives its neutral value when the manifest has something else there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from argolint.yaml.nodes import Map, Seq, empty_map, empty_seq


class Span(NamedTuple):
    """A place in a file: start and end offset, and the field path of what stands there."""

    start: int
    end: int
    where: str = ""

    def at(self, start: int, end: int) -> Span:
        """Another stretch of text with the same field path."""
        return Span(start, end, self.where)


EMPTY_MAP: Map = empty_map()
EMPTY_SEQ: Seq = empty_seq()


class View:
    """`map` is the mapping seen (empty when the manifest has something else there), `where` its field path."""

    __slots__ = ("map", "where")

    def __init__(self, node: Any, where: str = "") -> None:
        self.map: Map = node if type(node) is Map else EMPTY_MAP
        self.where = where

    # -- values ------------------------------------------------------------------------------------

    def get(self, key: str, default: Any = None) -> Any:
        """The value under `key`, of whatever type."""
        return self.map.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self.map

    def text(self, key: str) -> str:
        """The value under `key` when it is a string, else ""."""
        value = self.map.get(key)
        return value if type(value) is str else ""

    def mapping(self, key: str) -> View:
        """A view of the mapping under `key`; empty when there is none."""
        where = self.where
        return View(self.map.get(key), f"{where}.{key}" if where else key)

    def sequence(self, key: str) -> Seq:
        """The list under `key`; empty when there is none."""
        value = self.map.get(key)
        return value if isinstance(value, Seq) else EMPTY_SEQ

    def items(self, key: str) -> list[View]:
        """Views of the mappings in the list under `key`; items that are no mappings are left out."""
        value = self.map.get(key)
        if not isinstance(value, Seq):
            return []
        where = self.path_of(key)
        return [View(item, f"{where}[{i}]") for i, item in enumerate(value) if isinstance(item, Map)]

    def dig(self, *keys: str | int) -> Any:
        """The value at the end of a path of keys and indexes, or None."""
        node: Any = self.map
        for key in keys:
            if isinstance(key, int):
                if not isinstance(node, list) or not -len(node) <= key < len(node):
                    return None
                node = node[key]
            else:
                if not isinstance(node, dict):
                    return None
                node = node.get(key)
        return node

    # -- places ------------------------------------------------------------------------------------

    def path_of(self, key: str) -> str:
        """The field path of `key`."""
        return f"{self.where}.{key}" if self.where else key

    @property
    def span(self) -> Span:
        """The whole mapping."""
        return Span(*self.map.span, self.where)

    @property
    def head(self) -> Span:
        """The first key of the mapping: a short place to point at for "this object", "this step"."""
        for at in self.map.at.values():
            return Span(at[0], at[1], self.where)
        start, end = self.map.span
        return Span(start, min(end, start + 1), self.where)

    def key_span(self, key: str) -> Span:
        """The key itself; the head of the mapping when the key is absent."""
        at = self.map.at.get(key)
        return self.head if at is None else Span(at[0], at[1], self.path_of(key))

    def value_span(self, key: str) -> Span:
        """The value under the key (its key when the value is empty, the head when the key is absent)."""
        at = self.map.at.get(key)
        if at is None:
            return self.head
        if at[3] > at[2]:
            return Span(at[2], at[3], self.path_of(key))
        return Span(at[0], at[1], self.path_of(key))

    def entry_span(self, key: str) -> Span:
        """Key and value together."""
        at = self.map.at.get(key)
        return self.head if at is None else Span(at[0], max(at[1], at[3]), self.path_of(key))

    def item_span(self, key: str, index: int) -> Span:
        """Item `index` of the list under `key`."""
        value = self.map.get(key)
        if not isinstance(value, Seq) or not 0 <= index < len(value.at):
            return self.value_span(key)
        return Span(*value.at[index], f"{self.path_of(key)}[{index}]")

    def style(self, key: str) -> str:
        """How the scalar under `key` is written: "" plain, or one of `'`, `"`, `|`, `>`."""
        return self.map.styles.get(key, "")

    def is_alias(self, key: str) -> bool:
        """Whether the value under `key` was given by an alias (`*name`)."""
        return key in self.map.aliases
