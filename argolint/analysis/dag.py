"""What is wrong with a `depends`, which combinations of results satisfy it, and how dependencies are rewritten."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from argolint.analysis.reach import Reach
from argolint.analysis.steps import reads_of
from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.language import depends
from argolint.language.errors import LanguageError
from argolint.model.workflow import Dag, Step
from argolint.patterns import lazy
from argolint.yaml.edit import add_key, delete_key, insert, replace
from argolint.yaml.edit import scalar as yaml_scalar

# Words of the expression language that `depends` is evaluated with: no task can be called so.
RESERVED = frozenset(
    {"true", "false", "nil", "not", "in", "and", "or", "let", "if", "else", "matches", "contains", "startsWith",
     "endsWith"}
)  # fmt: skip
_RESULT = lazy(r"([A-Za-z0-9][-_A-Za-z0-9]*)\.([A-Za-z0-9_]*)")
_WORD = lazy(r"(?<![-\w.])(and|or|not|AND|OR|NOT)(?![-\w.])|,|(?<!&)&(?!&)|(?<!\|)\|(?!\|)")
_SYMBOLS = {"and": "&&", "or": "||", "not": "!", ",": "&&", "&": "&&", "|": "||"}
_MEANT = {
    "success": "Succeeded", "succeed": "Succeeded", "succeeds": "Succeeded", "completed": "Succeeded",
    "failure": "Failed", "fail": "Failed", "fails": "Failed", "error": "Errored", "skip": "Skipped", "omit": "Omitted",
}  # fmt: skip


class Wrong(NamedTuple):
    """Something wrong in the text of a `depends`. `kind`: syntax, word-operator or unknown-result; `repair`: what to write there."""

    kind: str
    start: int
    end: int
    message: str
    repair: str


@lru_cache(maxsize=2048)
def diagnose(text: str, names: frozenset[str]) -> tuple[Wrong, ...]:
    """What is wrong with a `depends`, given the names of the DAG's tasks: () when it parses."""
    try:
        depends.parse(text)
        return ()
    except LanguageError as error:
        first = error
    results = tuple(_unknown_results(text))
    if results:
        return results
    words = tuple(
        Wrong("word-operator", m.start(), m.end(), m.group(), _SYMBOLS[m.group().lower()])
        for m in _WORD.finditer(text)
        if m.group() not in names
    )
    if words and _parses(rewritten(text, words)):
        return words
    return (Wrong("syntax", first.start, max(first.end, first.start + 1), first.message, ""),)


def _unknown_results(text: str) -> Iterator[Wrong]:
    for match in _RESULT.finditer(text):
        name, result = match.groups()
        if result in depends.RESULTS:
            continue
        lowered = {known.lower(): known for known in depends.RESULTS}
        meant = lowered.get(result.lower()) or _MEANT.get(result.lower(), "")
        yield Wrong(
            "unknown-result", match.start(2), max(match.end(2), match.start(2) + 1), f"{name}.{result}", meant
        )


def rewritten(text: str, wrong: Iterable[Wrong]) -> str:
    """The text with every repair made."""
    for one in sorted(wrong, reverse=True, key=lambda item: item.start):
        text = text[: one.start] + one.repair + text[one.end :]
    return text


def _parses(text: str) -> bool:
    try:
        depends.parse(text)
    except LanguageError:
        return False
    return True


def parsed(task: Step) -> depends.Depends | None:
    """A task's `depends`; None when there is none, it holds a tag, or does not parse."""
    if not task.depends or "{{" in task.depends:
        return None
    try:
        return depends.parse(task.depends)
    except LanguageError:
        return None


_PHASES = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned")
_LIMIT = 4


def satisfiable(formula: depends.Depends, looped: frozenset[str], continue_on: depends.ContinueOn) -> bool:
    """Whether any outcome of the tasks named makes a `depends` true; True when they are too many to try.

    A task ends in exactly one way; the summaries of a loop (AnySucceeded, AllFailed) may go with any.
    """
    names = formula.names
    if len(names) > _LIMIT:
        return True
    choices = [
        [(phase, *extra) for phase in _PHASES for extra in (((), ("AnySucceeded",), ("AllFailed",)) if name in looped else ((),))]
        for name in names
    ]  # fmt: skip
    return any(
        depends.evaluate(formula, dict(zip(names, chosen)), continue_on) for chosen in product(*choices)
    )


def continued(dag: Dag) -> dict[str, list[str]]:
    """Task -> the results that its `continueOn` lets pass for a success."""
    found: dict[str, list[str]] = {}
    for task in dag.tasks:
        view = task.mapping("continueOn")
        passes = [
            result for key, result in (("failed", "Failed"), ("error", "Errored")) if view.get(key) is True
        ]
        if task.name and passes:
            found[task.name] = passes
    return found


def bare_conjunction(task: Step) -> list[str]:
    """The names of `a && b` or of `dependencies: [a, b]`; [] when it is anything else."""
    if task.dependencies:
        return task.dependencies
    formula = parsed(task)
    if formula is None:
        return []
    tree = formula.formula
    operands = tree.operands if isinstance(tree, depends.Join) and tree.op == "&&" else (tree,)
    if not all(isinstance(operand, depends.Task) and not operand.result for operand in operands):
        return []
    return [task.name for task in formula.tasks]


def as_depends(task: Step, ctx: Context) -> list[Edit]:
    """`dependencies: [a, b]` as `depends: a && b`; [] when the list is empty, not of names, or given by an alias."""
    names = task.sequence("dependencies")
    if not names or len(names) != len(task.dependencies) or task.is_alias("dependencies"):
        return []
    if "dependencies" in task.map.merged:
        return []
    return replace(task.entry_span("dependencies")[:2], f"depends: {yaml_scalar(' && '.join(names))}")


def missing_waits(pairs: Iterable[tuple[Step, str]], reach: Reach) -> dict[str, list[str]]:
    """Of (task, name that it should wait for): task name -> the names to add to what it waits for.

    Left out are those that would close a circle, given the ones before them, and those that one already added waits for.
    """
    grown = reach.copy()
    added: dict[str, list[str]] = {}
    for task, name in pairs:
        names = added.get(task.name, [])
        if name == task.name or grown.leads(name, task.name) or name in names:
            continue
        if any(reach.leads(other, name) for other in names):
            continue
        grown.add(task.name, name)
        added.setdefault(task.name, []).append(name)
    return added


def waiting_for(task: Step, names: Sequence[str], dag: Dag, ctx: Context) -> list[Edit]:
    """The edit that lets a task wait for others, too; [] when the text cannot be edited."""
    if "depends" in task:
        formula = parsed(task)
        if formula is None or task.is_alias("depends") or "depends" in task.map.merged:
            return []
        tree, text = formula.formula, task.depends
        loose = isinstance(tree, depends.Join) and tree.op == "||"
        span = ctx.part(task, "depends", 0, len(text))
        if ctx.source.slice(span.start, span.end) != text:
            return []
        return replace(span[:2], " && ".join([f"({text})" if loose else text, *names]))
    if "dependencies" in task:
        listed = task.sequence("dependencies")
        if not listed or task.is_alias("dependencies") or "dependencies" in task.map.merged:
            return []
        if listed.flow:
            return insert(listed.at[-1][1], "".join(f", {name}" for name in names))
        start, end = listed.at[-1]
        column = ctx.source.text[:start].rstrip(" ").rfind("-") - ctx.source.text.rfind("\n", 0, start) - 1
        dash = f"{ctx.source.newline()}{' ' * max(column, 0)}- "
        return insert(end, "".join(f"{dash}{name}" for name in names))
    key, value = (
        ("dependencies", f"[{', '.join(names)}]") if _lists_names(dag) else ("depends", " && ".join(names))
    )
    anchor = "template" if "template" in task else "name"
    return add_key(ctx.source, task.map, key, value, after=anchor)


@lru_cache(maxsize=1)
def _lists_names(dag: Dag) -> bool:
    """Whether any task says what it waits for by `dependencies`."""
    return any("dependencies" in task for task in dag.tasks)


def without_dependencies(task: Step, dropped: Collection[str], ctx: Context) -> list[Edit]:
    """The edit that drops bare names from `a && b` or from the list; [] when it is written otherwise, or none would be left."""
    names = [other for other in bare_conjunction(task) if other not in dropped]
    if "depends" in task and names:
        span = ctx.part(task, "depends", 0, len(task.depends))
        return (
            replace(span[:2], " && ".join(names))
            if ctx.source.slice(span.start, span.end) == task.depends
            else []
        )
    listed = task.sequence("dependencies")
    if names and listed and listed.flow and not task.is_alias("dependencies"):
        return replace(listed.span, f"[{', '.join(names)}]")
    return []


def failures_as_results(task: Step, dag: Dag, ctx: Context) -> list[Edit]:
    """`continueOn` of a task as results in the `depends` of those that wait for it: `(a.Succeeded || a.Failed)`."""
    passes = continued(dag).get(task.name, [])
    if task.is_alias("continueOn") or "continueOn" in task.map.merged:
        return []
    edits = delete_key(ctx.source, task.map, "continueOn")
    if not passes:
        return edits
    alternatives = " || ".join(f"{task.name}.{result}" for result in ("Succeeded", *passes))
    for other in dag.tasks:
        if task.name in other.dependencies:
            return []
        formula = parsed(other)
        for word in formula.tasks if formula is not None else ():
            if word.name == task.name and not word.result:
                edits += replace(ctx.part(other, "depends", word.start, word.end)[:2], f"({alternatives})")
    return edits


def renamed(task: Step, name: str, dag: Dag, ctx: Context) -> list[Edit]:
    """A task under another name, everywhere in its template; [] when the old name stands somewhere that is not understood."""
    old = task.name
    places = {tuple(task.name_span[:2])}
    for other in dag.tasks:
        for i, word in enumerate(other.sequence("dependencies")):
            if word == old:
                places.add(tuple(other.dependency_span(i)[:2]))
        formula = parsed(other)
        for part in formula.tasks if formula is not None else ():
            if part.name == old:
                places.add(tuple(ctx.part(other, "depends", part.start, part.start + len(old))[:2]))
    for read in reads_of(dag.template, ctx):
        if read.target is task:
            places.add(tuple(read.scalar.part(*read.use.parts[1])[:2]))
    text, (start, end) = ctx.source.text, dag.template.map.span
    written = [m.span() for m in re.finditer(rf"(?<![-\w]){re.escape(old)}(?![-\w])", text[start:end])]
    inside = {(start + a, start + b) for a, b in written}
    plain = {(a, b) if text[a:b] == old else (a + 1, b - 1) for a, b in places}
    if plain != inside or any(text[a:b] != old for a, b in plain):
        return []
    return [edit for a, b in sorted(plain) for edit in replace((a, b), name)]
