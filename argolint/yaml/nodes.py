"""The tree a manifest is read into: plain dicts and lists that know where their entries stand.

Scalars are plain Python values, so rules read naturally and no string subclass leaks anywhere;
positions are kept by the container that holds them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

EntryAt = tuple[int, int, int, int]
ItemAt = tuple[int, int]


class Map(dict[str, Any]):
    """A mapping. Keys are strings, as they are for Kubernetes; of duplicates the last wins.

    span     start and end of the mapping
    at       key -> (key_start, key_end, value_start, value_end); an alias's value span is the `*alias`
    styles   key -> one of `'`, `"`, `|`, `>` for scalars that are not plain
    dups     (key, first key span, later key span) of every repeated key
    aliases  keys whose value was given by an alias
    merged   keys that came from a `<<` merge; their positions are those in the merged mapping
    flow     written with braces
    """

    __slots__ = ("aliases", "at", "dups", "flow", "merged", "span", "styles")

    span: tuple[int, int]
    at: dict[str, EntryAt]
    styles: dict[str, str]
    dups: list[tuple[str, tuple[int, int], tuple[int, int]]]
    aliases: set[str]
    merged: set[str]
    flow: bool


class Seq(list[Any]):
    """A sequence. `at[i]` is (start, end) of item i; `styles` and `aliases` are keyed by index."""

    __slots__ = ("aliases", "at", "flow", "span", "styles")

    span: tuple[int, int]
    at: list[ItemAt]
    styles: dict[int, str]
    aliases: set[int]
    flow: bool


# Shared by every container that has none of its own, so that most containers carry no empty dicts.
NO_STYLES: dict[Any, str] = {}
NO_DUPS: list[tuple[str, tuple[int, int], tuple[int, int]]] = []
NO_KEYS: set[Any] = set()


def empty_map(start: int = 0, end: int = 0) -> Map:
    """A Map without entries, for code that builds trees of its own."""
    node = Map()
    node.span = (start, end)
    node.at = {}
    node.styles = NO_STYLES
    node.dups = NO_DUPS
    node.aliases = NO_KEYS
    node.merged = NO_KEYS
    node.flow = False
    return node


def empty_seq(start: int = 0, end: int = 0) -> Seq:
    """A Seq without items."""
    node = Seq()
    node.span = (start, end)
    node.at = []
    node.styles = NO_STYLES
    node.aliases = NO_KEYS
    node.flow = False
    return node


def plain(node: Any) -> Any:
    """The same value as ordinary dicts and lists (shared aliases become copies)."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return node


class Problem(NamedTuple):
    """Something the reader had to say about a file.

    `kind` is one of: syntax, complex-key, duplicate-key, undefined-alias, recursive-alias, merge,
    too-deep, too-large, control-character, encoding, tag. `context` is a second place that explains it.
    """

    kind: str
    message: str
    start: int
    end: int
    context: str = ""
    context_start: int = -1
    context_end: int = -1


class Document:
    """One YAML document of a file. `root` is None both for an empty and for a broken document.

    `keys` has every key of every mapping in it.
    """

    __slots__ = ("aliases", "anchors", "broken", "end", "index", "keys", "problems", "root", "start")

    def __init__(self, index: int, start: int) -> None:
        self.index = index
        self.start = start
        self.end = start
        self.root: Any = None
        self.broken = False
        self.keys: set[str] = set()
        self.problems: list[Problem] = []
        # (name, start, end) of every `&name` and every `*name`, in order
        self.anchors: list[tuple[str, int, int]] = []
        self.aliases: list[tuple[str, int, int]] = []
