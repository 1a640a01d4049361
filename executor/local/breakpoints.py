"""Where a run is held: `--until NODE`, `--break before:NODE`, `after:NODE`, `on-failure`.

While a run is held, the pods that run go on to their end and no other is started. A terminal is asked what to do; without
one the run ends as it is, and `argorun resume` goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import IO, Any, NamedTuple

from argolint.errors import UserError

ENDED = frozenset({"Succeeded", "Failed", "Error", "Skipped", "Omitted"})
FAILURES = frozenset({"Failed", "Error"})
BEFORE, AFTER, FAILURE = "before", "after", "on-failure"
Node = Mapping[str, Any]


class Point(NamedTuple):
    """One breakpoint: when (before, after, on-failure), and a glob of the nodes that it is for."""

    when: str
    pattern: str


class Held(NamedTuple):
    """Where a run stands still: at which node, and why."""

    when: str
    name: str
    node_id: str


class Choice(NamedTuple):
    """What is to become of a held run: `go` on or end here; `skip`: the outputs of the pod that then does not run."""

    go: bool
    skip: Mapping[str, str] | None = None


def matches(pattern: str, node: Node) -> bool:
    """Whether a node is meant by a glob of its name, display name or template."""
    fields = (node.get("displayName"), node.get("name"), node.get("templateName"))
    return any(fnmatchcase(str(field or ""), pattern) for field in fields)


def parse(words: Sequence[str]) -> list[Point]:
    """The breakpoints of the command line; a bare NODE is before it. Raises UserError."""
    points = []
    for word in words:
        when, colon, pattern = word.partition(":")
        if word == FAILURE:
            points.append(Point(FAILURE, "*"))
        elif not colon:
            points.append(Point(BEFORE, word))
        elif when in (BEFORE, AFTER, FAILURE) and pattern:
            points.append(Point(when, pattern))
        else:
            raise UserError(
                f"--break {word!r}: not a breakpoint",
                "write before:NODE, after:NODE, on-failure or on-failure:NODE",
            )
    return points


class Holder:
    """Says where a run is to be held; each node holds it once for each of its points."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = list(points)
        self._passed: set[tuple[Point, str]] = set()

    def before(self, node: Node) -> Held | None:
        """Whether the run is held before the pod of this node starts."""
        return self._first(node, (BEFORE,))

    def after(self, node: Node) -> Held | None:
        """Whether the run is held because of how this node is now."""
        phase = node.get("phase")
        if phase not in ENDED:
            return None
        failed = phase in FAILURES and node.get("type") in ("Pod", "HTTP", "Plugin")
        return self._first(node, (AFTER, FAILURE) if failed else (AFTER,))

    def _first(self, node: Node, kinds: tuple[str, ...]) -> Held | None:
        for point in self.points:
            key = (point, str(node.get("id")))
            if point.when in kinds and key not in self._passed and matches(point.pattern, node):
                self._passed.add(key)
                return Held(point.when, str(node.get("name")), str(node.get("id")))
        return None


HELP = "[c]ontinue, [e]xplain, [s]hell, s[k]ip NAME=VALUE…, [q]uit (argorun resume goes on)"


def prompt(
    held: Held,
    describe: Callable[[str], Sequence[str]],
    shell: Callable[[str], None],
    read: Callable[[], str],
    out: IO[str],
) -> Choice:
    """Ask a terminal until it says what to do. `describe` and `shell` are given the node's id; the end of input quits."""
    out.write(f"\n■ held {held.when.replace('on-failure', 'after the failure of')} {held.name}\n")
    while True:
        out.write(f"{HELP}\n> ")
        out.flush()
        line = read()
        word, *rest = line.split() or ([""] if line else ["q"])
        if word in ("c", "continue"):
            return Choice(True)
        if word in ("q", "quit"):
            return Choice(False)
        if word in ("e", "explain"):
            out.writelines(f"  {text}\n" for text in describe(held.node_id))
        elif word in ("s", "shell"):
            if held.when == BEFORE:
                out.write("  nothing of it has started; set the breakpoint after:NODE for a shell in it\n")
                continue
            try:
                shell(held.node_id)
            except UserError as error:
                out.write(f"  {error.message}\n")
        elif word in ("k", "skip"):
            pairs = [pair.partition("=") for pair in rest]
            if held.when != BEFORE:
                out.write("  only what has not started can be skipped\n")
            elif all(equals and name for name, equals, _ in pairs):
                return Choice(True, {name: value for name, _, value in pairs})
            else:
                out.write("  write skip NAME=VALUE for each output parameter; result=VALUE for the result\n")
