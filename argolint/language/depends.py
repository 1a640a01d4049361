"""`depends` of DAG tasks: a boolean formula over the results of other tasks.

Source of behaviour: Argo docs (enhanced depends logic) and upstream's expansion of bare task names. Names may begin with a
digit and contain `-`; upstream evaluates with `_` in its place, so two names that differ only so collide (`collisions`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from argolint.language.errors import LanguageError
from argolint.patterns import lazy

RESULTS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed")
BARE = ("Succeeded", "Skipped", "Daemoned")
MAX_DEPTH = 100

_TOKEN = lazy(r"\s*(?:(&&|\|\||!|\(|\))|([A-Za-z0-9][-_A-Za-z0-9]*)(?:\.([A-Za-z0-9_]*))?)")


class Task(NamedTuple):
    """`name` or `name.result`; `result` is empty for a bare name. Offsets span both."""

    name: str
    result: str
    start: int
    end: int


class Not(NamedTuple):
    """`!operand`."""

    operand: Formula
    start: int
    end: int


class Join(NamedTuple):
    """Operands joined by one operator, `&&` or `||`."""

    op: str
    operands: tuple[Formula, ...]
    start: int
    end: int


Formula = Task | Not | Join


class Depends(NamedTuple):
    """A parsed `depends`: the formula and all tasks that it names, in order of appearance, repeats included."""

    source: str
    formula: Formula
    tasks: tuple[Task, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The distinct task names, in order of appearance."""
        return tuple(dict.fromkeys(task.name for task in self.tasks))


class _Token(NamedTuple):
    kind: str
    name: str
    result: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def parse(text: str) -> Depends:
    """The formula of a `depends`. Raises LanguageError with the place of the mistake. Memoised by text."""
    tokens = _tokenize(text)
    parser = _Parser(tokens)
    formula = parser.any_of()
    if parser.token.kind != "end":
        raise LanguageError(
            f"unexpected {_shown(parser.token)}, expected && or ||", parser.token.start, parser.token.end
        )
    tasks = tuple(Task(t.name, t.result, t.start, t.end) for t in tokens if t.kind == "task")
    return Depends(text, formula, tasks)


def from_dependencies(names: Iterable[str]) -> Depends:
    """`dependencies: [a, b]` as the `depends` that upstream makes of it: `a && b`."""
    return parse(" && ".join(names))


def _tokenize(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, size = 0, len(text.rstrip())
    while at < size:
        match = _TOKEN.match(text, at)
        if match is None:
            while text[at].isspace():
                at += 1
            hint = {"&": " (write &&)", "|": " (write ||)", ",": " (join tasks by && or ||)"}.get(
                text[at], ""
            )
            raise LanguageError(f"unexpected character {text[at]!r}{hint}", at, at + 1)
        symbol, name, result = match.groups()
        start = match.start(1) if symbol else match.start(2)
        if symbol:
            tokens.append(_Token(symbol, "", "", start, match.end()))
        else:
            if result is not None and result not in RESULTS:
                raise LanguageError(_bad_result(name, result), match.start(3), match.end(3) or match.end())
            tokens.append(_Token("task", name, result or "", start, match.end()))
        at = match.end()
    tokens.append(_Token("end", "", "", size, size))
    return tokens


def _bad_result(name: str, result: str) -> str:
    lowered = {known.lower(): known for known in RESULTS}
    near = lowered.get(result.lower()) or {
        "success": "Succeeded",
        "failure": "Failed",
        "error": "Errored",
    }.get(result.lower())
    suggestion = f"; did you mean {name}.{near}?" if near else f"; there are {', '.join(RESULTS)}"
    return f"task result {result!r} for task {name!r} is invalid{suggestion}"


def _shown(token: _Token) -> str:
    if token.kind == "end":
        return "end"
    return f"task {token.name!r}" if token.kind == "task" else repr(token.kind)


class _Parser:
    __slots__ = ("depth", "index", "token", "tokens")

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.index = 0
        self.token = tokens[0]
        self.depth = 0

    def next(self) -> _Token:
        token = self.token
        if token.kind != "end":
            self.index += 1
            self.token = self.tokens[self.index]
        return token

    def any_of(self) -> Formula:
        operands = [self.all_of()]
        while self.token.kind == "||":
            self.next()
            operands.append(self.all_of())
        return _joined("||", operands)

    def all_of(self) -> Formula:
        operands = [self.negation()]
        while self.token.kind == "&&":
            self.next()
            operands.append(self.negation())
        return _joined("&&", operands)

    def negation(self) -> Formula:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise LanguageError("depends is nested too deeply", self.token.start, self.token.end)
        try:
            token = self.next()
            if token.kind == "!":
                operand = self.negation()
                return Not(operand, token.start, operand.end)
            if token.kind == "(":
                inner = self.any_of()
                if self.token.kind != ")":
                    raise LanguageError(
                        f"unexpected {_shown(self.token)}, expected )", self.token.start, self.token.end
                    )
                return inner._replace(start=token.start, end=self.next().end)
            if token.kind == "task":
                return Task(token.name, token.result, token.start, token.end)
            raise LanguageError(f"unexpected {_shown(token)}, expected a task", token.start, token.end)
        finally:
            self.depth -= 1


def _joined(op: str, operands: list[Formula]) -> Formula:
    if len(operands) == 1:
        return operands[0]
    return Join(op, tuple(operands), operands[0].start, operands[-1].end)


ContinueOn = Mapping[str, Collection[str]]


def expanded(name: str, continue_on: ContinueOn | None = None) -> tuple[str, ...]:
    """The results any of which satisfies a bare `name`.

    `continue_on` gives, for a task, `Failed` and/or `Errored` according to its continueOn.failed and .error.
    """
    extra = (continue_on or {}).get(name, ())
    return (*BARE, *(result for result in ("Errored", "Failed") if result in extra))


def expand(depends: Depends, continue_on: ContinueOn | None = None) -> str:
    """The text of the formula with every bare name written out, as upstream evaluates it."""
    parts: list[str] = []
    at = 0
    for task in depends.tasks:
        if not task.result:
            alternatives = " || ".join(f"{task.name}.{result}" for result in expanded(task.name, continue_on))
            parts += [depends.source[at : task.start], f"({alternatives})"]
            at = task.end
    return "".join((*parts, depends.source[at:]))


def evaluate(
    depends: Depends, results: Mapping[str, Collection[str]], continue_on: ContinueOn | None = None
) -> bool:
    """Whether the formula holds. `results` has, for every task named, the results that are true of it now.

    Raises LanguageError for a task that `results` lacks.
    """
    return _holds(depends.formula, results, continue_on)


def _holds(formula: Formula, results: Mapping[str, Collection[str]], continue_on: ContinueOn | None) -> bool:
    if isinstance(formula, Task):
        if formula.name not in results:
            raise LanguageError(f"task {formula.name!r} is not defined", formula.start, formula.end)
        true = results[formula.name]
        wanted = (formula.result,) if formula.result else expanded(formula.name, continue_on)
        if isinstance(true, Mapping):
            return any(true.get(result) for result in wanted)
        return any(result in true for result in wanted)
    if isinstance(formula, Not):
        return not _holds(formula.operand, results, continue_on)
    holds = (_holds(operand, results, continue_on) for operand in formula.operands)
    return all(holds) if formula.op == "&&" else any(holds)


def collisions(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of task names that are one variable once `-` is `_`: (first, later)."""
    seen: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for name in names:
        key = name.replace("-", "_")
        if key in seen and seen[key] != name:
            pairs.append((seen[key], name))
        seen.setdefault(key, name)
    return pairs
