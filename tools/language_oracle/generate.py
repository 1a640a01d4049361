"""Random sources: expressions grown from the grammar, calls with arguments of every kind, mutations of given sources."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from argolint.language.expr.names import BUILTINS, PREDICATES

NUMBERS = (
    "0", "1", "2", "-1", "3", "7", "1.5", "0.1", "-2.5", "1e3", "1e21", "1e-7", "0x1F", "0b11", "0o17", "1_000", "2.0",
    "9223372036854775807", "123456789.125", "1000000", "0.000001", ".5",
)  # fmt: skip
STRINGS = (
    '""', '"a"', "'b'", '"hello world"', '"a,b,,c"', '"5"', '"1.5"', "'é€'", '"A-b_C"', "`raw`", '"true"', '" x "',
    '"2024-02-29"', '"1h30m"', '"YWJj"', '"[1,2]"', '\'{"a": 1}\'', '"日本"', '"x.y"', '"-3"', '"1e3"', r'"\u00e9\n"',
)  # fmt: skip
LISTS = (
    "[]", "[1, 2, 3]", "[3, 1, 2]", '["a", "b"]', "[1.5, 2]", "[1, 'a', nil]", "[[1, 2], [3]]", "[true, false]", "list",
    "objects", "1..4", "[nil]", "['b', 'a', 'b']", "m.numbers", "m.words", "[1, 1.0]",
)  # fmt: skip
MAPS = ("{}", "{a: 1}", "{a: 1, b: 'x'}", "m", "m.nested", '{"k": [1, 2]}', "{a: nil}")
OTHERS = (
    "nil", "true", "false", "n", "x", "f", "s", "a", "m.a", "m.s", "m.missing", "m.nested.b", 'm["my-key"]', "m.yes", "m.none",
    'date("2024-01-15")', 'duration("90m")', 'timezone("Europe/Zurich")', 'date("2024-07-01T12:30:45.5Z")', "m.ratio", "b'ab'",
)  # fmt: skip
BINARY = (
    "+", "-", "*", "/", "%", "**", "^", "==", "!=", "<", "<=", ">", ">=", "and", "or", "&&", "||", "??", "in", "not in",
    "contains", "startsWith", "endsWith", "matches", "not contains", "..", "+", "==", "and",
)  # fmt: skip
PREDICATE_BODIES = (
    "#", "# > 1", "# != nil", "true", "# == #index", "len(#) > 0", ".size", ".name", "# + 1", "string(#)", "# in [1, 2]", "#index",
    "{let v = #; v == v}", "not true", ".name == 'b'", "# > 0 and # < 3", "nil", "#acc", "#acc + #", "# ?? 1", "[#]", "# * 2.5",
)  # fmt: skip
ENV = {
    "x": 5, "n": None, "f": 2.5, "s": "text", "a": 1, "b": 2, "list": [1, 2, 3],
    "objects": [{"name": "a", "size": 1}, {"name": "b", "size": 2}, {"name": "c", "size": 3}],
    "m": {
        "a": 1, "my-key": "dashed", "nested": {"b": "deep"}, "s": "word", "numbers": [3, 1, 2], "words": ["x", "y"],
        "yes": True, "none": None, "ratio": 0.25,
    },
}  # fmt: skip


def atom(rng: random.Random) -> str:
    """A literal or a variable."""
    return rng.choice(rng.choice((NUMBERS, STRINGS, LISTS, MAPS, OTHERS)))


SPRIG_TEXTS = (
    '"hello world"', '"FooBar_baz-qux"', '"a,b,c"', '"abc123def"', '"[a-z]+"', '"$1"', '"(a)(b)?"', '"%s-%d"', '"%v"', '"1.2.3"',
    '">=1.0.0"', '"^1.2"', '"2006-01-02"', '"UTC"', '"http://u:p@host:80/p?q=1#f"', '"YWJj"', '"\\u00e9t\\u00e9"', '"<b>&</b>"',
    '"1h2m"', '"0x1f"', '"12"', '"-3.7"', '"  pad  "', '"MFRGG==="', '"one\\ntwo"', '"a.b"', '"key"', '"", "x"', '"true"',
    '"2024-03-01T10:00:00Z"', '"1.2.3-beta.1+5"', '"The quick brown fox"', '"ALLCAPS"', '"x"', '"%05.2f|%x|%q"',
)  # fmt: skip


def sprig_argument(rng: random.Random, name: str) -> str:
    """An argument as people give to functions of sprig: mostly text, small numbers, lists."""
    kind = rng.randrange(10)
    if kind < 5:
        return rng.choice(SPRIG_TEXTS)
    if kind < 7:
        return rng.choice(("0", "1", "2", "3", "5", "-1", "-2", "10", "2.5", "1e6", "0.1", "42", "7.0"))
    if kind == 7:
        return rng.choice(
            (*LISTS, "sprig.list(1, 2, 3)", 'sprig.list("b", "a", "", nil)', "[1, 2, 2, 3]", '["x", 1]')
        )
    if kind == 8:
        return rng.choice(
            (*MAPS, 'sprig.dict("a", 1, "b", "x")', '{a: {b: {c: "deep"}}}', '{a: "x", b: [1, 2]}')
        )
    return rng.choice((*OTHERS, atom(rng)))


def call(rng: random.Random, argument: Callable[[], str], names: Sequence[str]) -> str:
    """A call of one of the functions, mostly with a number of arguments that fits."""
    name = rng.choice(names)
    shape = PREDICATES.get(name)
    if shape is not None:
        parts = [argument()]
        if not shape[1].endswith("?") or rng.random() < 0.6:
            parts.append(rng.choice(PREDICATE_BODIES))
        if len(shape) > 2 and rng.random() < 0.5:
            parts.append(rng.choice(('"desc"', "0", '""', argument())))
    else:
        parts = [argument() for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 2, 3, 4)))]
    if parts and rng.random() < 0.15:
        return f"{parts[0]} | {name}({', '.join(parts[1:])})"
    return f"{name}({', '.join(parts)})"


def expression(rng: random.Random, depth: int) -> str:
    """An expression of the grammar; its types fit by chance only."""
    if depth <= 0 or rng.random() < 0.15:
        return atom(rng)

    def part() -> str:
        return expression(rng, depth - 1)

    kind = rng.randrange(14)
    if kind < 4:
        return f"{part()} {rng.choice(BINARY)} {part()}"
    if kind < 7:
        return call(rng, part, sorted(BUILTINS))
    if kind == 7:
        return f"({part()})"
    if kind == 8:
        return f"{rng.choice(('-', 'not ', '!', '+'))}{part()}"
    if kind == 9:
        return rng.choice(
            (f"{part()} ? {part()} : {part()}", f"if {part()} {{ {part()} }} else {{ {part()} }}")
        )
    if kind == 10:
        return rng.choice(
            (f"[{part()}, {part()}]", f"{{k: {part()}, {atom(rng)}: 1}}", f"let v = {part()}; v")
        )
    if kind == 11:
        low, high = rng.choice(("", "0", "1", "-1")), rng.choice(("", "2", "-1", "9"))
        return f"{part()}[{low}:{high}]"
    if kind == 12:
        return f"{part()}[{rng.choice((atom(rng), '0', '-1', '1'))}]"
    return f"{part()}{rng.choice(('.', '?.'))}{rng.choice(('a', 'b', 'name', 'missing', 'Year()', 'nested'))}"


_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\w+|\s+|[^\w\s]")
_SPICE = (
    "(", ")", "[", "]", "{", "}", ",", ";", ":", "?", "?.", "??", ".", "..", "#", "+", "-", "*", "/", "%", "!", "not", "in", "|",
    "==", "=", "<", "and", "or", "'", '"', "nil", "1", "0x", "1e", "a", "let", "if", "else", "\\", "//", "/*", "é", "$", "&", "b'",
)  # fmt: skip


def mutation(rng: random.Random, source: str, others: Sequence[str]) -> str:
    """A source with one to three of its tokens dropped, doubled, swapped, or replaced."""
    tokens = _TOKEN.findall(source) or [""]
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(tokens)) if tokens else 0
        kind = rng.randrange(6)
        if kind == 0 and tokens:
            del tokens[at]
        elif kind == 1 and tokens:
            tokens.insert(at, tokens[at])
        elif kind == 2 and tokens:
            other = rng.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif kind == 3:
            tokens.insert(at, rng.choice(_SPICE))
        elif kind == 4 and tokens:
            tokens[at] = rng.choice((rng.choice(_SPICE), atom(rng)))
        else:
            tokens[at : at + 1] = _TOKEN.findall(rng.choice(others))[:4]
    return "".join(tokens)
