"""What is asked of the other languages: conditions, patterns, templates, schedules, selectors, paths, `depends`."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from argolint.analysis.cron import schedule as cron
from argolint.language import depends, gjson, goregex, gotemplate, govaluate, jsonpath, selectors
from argolint.language.errors import LanguageError
from argolint.language.values import from_json, sprint, to_json
from tools.language_oracle import generate
from tools.language_oracle.oracle import Question

_WHEN_ATOMS = (
    "a", "foo", "5", "5.0", "-1", "0x10", "'5'", '"a b"', "true", "false", "''", "'2024-01-02'", "[x y]", "a.b", "Foo.Bar", "é",
    "Succeeded", "1e3", "'it\\'s'", "foo-bar", "my_var", "3.14", "!true", "!a", "-5", "~3", "('a', 'b')", "(1,2)", "f(1)", "1.2.3",
)  # fmt: skip
_WHEN_OPS = (
    "==", "!=", ">", "<", ">=", "<=", "=~", "!~", "in", "&&", "||", "+", "-", "*", "/", "%", "**", "&", "|", "^", ">>", "<<", "?",
    ":", "??", "==", "&&", "==", "!=", ",",
)  # fmt: skip


def _condition(rng: random.Random, depth: int) -> str:
    if depth <= 0:
        return rng.choice(_WHEN_ATOMS)
    kind = rng.randrange(8)
    if kind < 5:
        space = rng.choice((" ", " ", " ", ""))
        return (
            f"{_condition(rng, depth - 1)}{space}{rng.choice(_WHEN_OPS)}{space}{_condition(rng, depth - 1)}"
        )
    if kind == 5:
        return f"({_condition(rng, depth - 1)})"
    if kind == 6:
        return f"{rng.choice(('!', '-', '! ', '~'))}{_condition(rng, depth - 1)}"
    return rng.choice(_WHEN_ATOMS)


def conditions(seed: int, count: int) -> Iterator[Question]:
    """`when`, grown from its grammar and mutated."""
    rng = random.Random(seed)
    for _ in range(count):
        source = _condition(rng, rng.randint(1, 3))
        if rng.random() < 0.3:
            source = generate.mutation(rng, source, _WHEN_ATOMS)
        yield _when(source)
        variables = {"a": "x", "foo": 5.0, "my_var": True}
        yield Question(
            "govaluate",
            {"op": "govaluate", "source": source, "env": variables},
            lambda source=source, variables=variables: govaluate.evaluate(
                govaluate.parse(source, bare_words=False), variables
            ),
        )


def _when(source: str) -> Question:
    return Question("when", {"op": "when", "source": source}, lambda: govaluate.evaluate_when(source))


_PIECES = (
    "a", "b", ".", "^", "$", "a*", "b+?", "[a-c]", "[^a]", r"\d", r"\w+", r"\s", r"\b", r"\B", "(a|b)", "(?:ab)+", "a{2}", "a{1,3}",
    "a{2,}?", "(?i)A", "(?P<n>a)", "(?<m>b)", r"\.", "[[:alpha:]]", "[[:^digit:]]", r"\pL", r"\p{Greek}", r"\PN", "x|y", "()", r"\z",
    r"\A", r"\x41", r"\x{e9}", "é", "[é-ü]", r"\Qa.b\E", "(?s).", "(?m)^a$", "(?U)a+", r"[\d-]", "[]a]", "(?=a)", r"\1", "a**", "(",
    ")", "[", "a{1001}", "(?i:A)b", r"\C", r"\Z", "(?x)a b", "{", "}", "a{,2}", r"\-", r"\_", "[a-\\d]", "(?i)É", "+", "?", "[z-a]",
)  # fmt: skip
_TEXTS = (
    "",
    "a",
    "ab",
    "aab abc",
    "x1 y2\nz3",
    "éa ÉA",
    "Hello World",
    "a.b",
    "αβγ",
    "aaa\nbbb\n",
    "A-1_b",
    "b a",
    "\na",
)


def patterns(seed: int, count: int) -> Iterator[Question]:
    """Patterns of Go's regexp package."""
    rng = random.Random(seed)
    for _ in range(count):
        source = "".join(rng.choice(_PIECES) for _ in range(rng.randint(1, 4)))
        text, new = rng.choice(_TEXTS), rng.choice(("-", "$1", "${n}x", "$$", "<$0>", ""))
        yield Question(
            "regexp",
            {"op": "regexp", "source": source, "text": text, "replace": new},
            lambda source=source, text=text, new=new: _matched(source, text, new),
        )


def _matched(source: str, text: str, new: str) -> dict[str, Any]:
    from argolint.language.sprig.general import _split

    try:
        return {
            "match": goregex.search(source, text),
            "all": [match.group() or "" for match in goregex.finditer(source, text)],
            "replaced": goregex.replace(source, text, new),
            "split": _split(source, text, -1),
        }
    except ValueError as error:
        raise LanguageError(str(error)) from None


_TEMPLATES = (
    "{{.Input.body.x}}", "{{ .Input.body.n | printf \"%v\" }}", "{{if .Input.flag}}yes{{else}}no{{end}}", "{{range .Input.list}}{{.}},{{end}}",
    "{{range $i, $e := .Input.list}}{{$i}}={{$e}};{{else}}none{{end}}", "{{with .Input.body}}{{.x}}{{end}}", "{{len .Input.list}}",
    "{{index .Input.list 1}}", "{{index .Input.body \"x\"}}", "{{eq .Input.body.x \"v\"}}", "{{lt 1 2}}", "{{and true .Input.flag}}",
    "{{or \"\" \"x\"}}", "{{not .Input.flag}}", "{{print 1 2 \"a\" 3}}", "{{println \"a\" 1}}", "{{html \"<a>\"}}", "{{js \"it's\"}}",
    "{{urlquery \"a b&c\"}}", "{{slice .Input.text 1 3}}", "{{upper .Input.text}}", "{{.Input.text | upper | trunc 3}}", "{{- \"x\" -}} y",
    "{{/* c */}}z", "{{$v := 1}}{{$v = 2}}{{$v}}", "{{define \"t\"}}T{{.}}{{end}}{{template \"t\" 1}}", "{{.Missing}}", "{{.Input.missing.deep}}",
    "{{toJson .Input.body}}", "{{.Input.list | join \"-\"}}", "{{default \"d\" .Input.none}}", "{{ternary \"a\" \"b\" .Input.flag}}", "{{1.5}}",
    "{{'a'}}", "{{`raw`}}", "{{\"q\\n\"}}", "{{nil}}", "{{true}}", "{{0x1F}}", "{{1_000}}", "{{.Input.num}}", "{{.Input.big}}", "{{.Input.body}}",
    "{{.Input.list}}", "{{break}}", "{{range .Input.list}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "{{range .Input.list}}{{continue}}{{end}}",
    "{{block \"b\" .}}B{{end}}", "{{if}}x{{end}}", "{{end}}", "{{", "}}", "{{.}}x{{", "{{unknown 1}}", "{{.Input.body.x.y}}", "{{add 1 2}}",
    "{{range 3}}{{.}}{{end}}", "{{eq 1 1.0}}", "{{eq \"a\" 1}}", "{{gt .Input.num 2.0}}", "{{(index .Input.list 0)}}", "{{.Input.list | len}}",
    "{{with $x := .Input.text}}{{$x}}{{else}}no{{end}}", "{{if eq .Input.text \"hello\" \"text\"}}in{{end}}", "{{ne 1 2}}", "{{call .x}}",
    "{{if false}}a{{else if true}}b{{end}}", "{{with .Input.none}}a{{else with .Input.text}}{{.}}{{end}}", "{{trim \" a \"}}", "{{add1 .Input.num}}",
    "{{.Input.text}}{{.Input.flag}}", "{{ .Input.nested.a.b }}", "{{$.Input.text}}", "{{index .Input.nested \"a\" \"b\"}}", "{{ .Input.none }}",
    "{{dict \"a\" 1}}", "{{list 1 2}}", "{{range $k, $v := .Input.body}}{{$k}}:{{$v}} {{end}}", "{{printf \"%d\" .Input.num}}", "{{repeat 2 \"x\"}}",
)  # fmt: skip
_DATA = {
    "Input": {
        "body": {"x": "v", "n": 3, "f": 1.5}, "flag": True, "list": ["a", "b", "c"], "text": "text", "num": 7, "big": 12345678,
        "none": None, "nested": {"a": {"b": "deep"}}, "ratio": 0.25,
    }
}  # fmt: skip


def templates(seed: int, count: int) -> Iterator[Question]:
    """Go templates: the parts above alone, joined, and mutated."""
    rng = random.Random(seed)
    sources = list(_TEMPLATES)
    for _ in range(count):
        source = rng.choice(_TEMPLATES) + rng.choice(("", " and ", "\n")) + rng.choice(_TEMPLATES)
        sources.append(generate.mutation(rng, source, _TEMPLATES) if rng.random() < 0.5 else source)
    for source in sources:
        yield Question(
            "template",
            {"op": "template", "source": source, "env": _DATA},
            lambda source=source: gotemplate.render(source, json.loads(json.dumps(_DATA), parse_int=float)),
        )


_ZONES = (
    "UTC", "America/New_York", "Europe/Zurich", "Asia/Beirut", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata",
    "Pacific/Apia", "Africa/Cairo", "America/St_Johns", "Asia/Tehran", "Pacific/Chatham",
)  # fmt: skip
_START, _END = 1_262_304_000, 1_893_456_000


def _field(rng: random.Random, low: int, high: int, names: str = "") -> str:
    def one() -> str:
        if names and rng.random() < 0.2:
            return rng.choice(names.split())
        return str(rng.randint(low, high))

    kind = rng.randrange(12)
    if kind < 4:
        return rng.choice("****?")
    if kind < 7:
        return one()
    if kind == 7:
        return f"*/{rng.choice((1, 2, 3, 5, 7, 15, 30, 100))}"
    if kind == 8:
        a, b = sorted((rng.randint(low, high), rng.randint(low, high)))
        return f"{a}-{b}" + rng.choice(("", "/2", "/3", "/7"))
    if kind == 9:
        return ",".join(one() for _ in range(rng.randint(2, 4)))
    if kind == 10:
        return f"{one()}/{rng.randint(1, 9)}"
    return rng.choice(
        ("", "61", "-1", "L", "*-5", "1-", "0", "7", "JAN", "5-1", "a", "*/0", "1/0", "1,,2", "32", "?/2")
    )


def crontab(rng: random.Random) -> str:
    """A schedule, mostly one that parses."""
    if rng.random() < 0.04:
        return rng.choice(
            (
                "@hourly",
                "@daily",
                "@weekly",
                "@every 90m",
                "@every 1h30m10s",
                "@yearly",
                "@nope",
                "@every x",
                "@every 0.5s",
            )
        )
    fields = (
        _field(rng, 0, 59), _field(rng, 0, 23), _field(rng, 1, 31), _field(rng, 1, 12, "jan FEB Mar dec"),
        _field(rng, 0, 6, "sun MON Tue sat"),
    )  # fmt: skip
    prefix = f"{rng.choice(('CRON_TZ', 'TZ'))}={rng.choice(_ZONES)} " if rng.random() < 0.3 else ""
    return prefix + rng.choice((" ", "  ")).join(fields)


def schedules(seed: int, count: int) -> Iterator[Question]:
    """Schedules in many zones: whether they parse, and their next ten times."""
    rng = random.Random(seed)
    for _ in range(count):
        source, zone, start = crontab(rng), rng.choice(_ZONES), rng.randint(_START, _END)
        yield Question(
            "cron",
            {"op": "cron", "source": source, "zone": zone, "from": start, "count": 10},
            lambda source=source, zone=zone, start=start: _times(source, zone, start, 10),
        )


def _times(source: str, zone: str, start: int, count: int) -> list[int]:
    try:
        parsed = cron.parse(source)
    except cron.ScheduleError as error:
        raise LanguageError(error.message, error.start, error.end) from None
    at: datetime | None = datetime.fromtimestamp(start, ZoneInfo(zone))
    found: list[int] = []
    while len(found) < count and at is not None:
        at = parsed.next(at)
        if at is not None:
            found.append(int(at.timestamp()))
    return found


_LABELS = {"a": "x", "b": "5", "example.com/c": "y", "d": "", "phase": "Succeeded"}
_SELECTORS = (
    "a", "!a", "a=x", "a==x", "a!=x", "a in (x, y)", "a notin (x)", "b > 3", "b<7", "example.com/c=y", "d=", "d", "missing", "!missing",
    "missing!=x", "phase in (Succeeded,Failed)", "a in ()", "a = x", "b>a", "b > -1", "a in (x", "=x", "a x", "a,", ",a", "a=x,b>1",
    "A/b/c=1", "a in (x,,y)", "a=x y", "-a", "a-=1", "b=5.0", "!a=x", "a!", "! a", "a notin ()", "b > 5", "b < 5", "b>=5", "a in x",
)  # fmt: skip


def label_selectors(seed: int, count: int) -> Iterator[Question]:
    """Label selectors: the rows above, pairs of them, and mutations."""
    rng = random.Random(seed)
    sources = list(_SELECTORS)
    for _ in range(count):
        source = rng.choice(_SELECTORS)
        if rng.random() < 0.4:
            source += "," + rng.choice(_SELECTORS)
        sources.append(generate.mutation(rng, source, _SELECTORS) if rng.random() < 0.6 else source)
    for source in sources:
        yield Question(
            "selector",
            {"op": "selector", "source": source, "env": _LABELS},
            lambda source=source: selectors.matches(selectors.parse(source), _LABELS),
        )


_RESULTS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed")
_TASKS = ("a", "b-1", "c_d", "e")


def _formula(rng: random.Random, depth: int) -> str:
    if depth <= 0 or rng.random() < 0.2:
        return f"{rng.choice(_TASKS)}.{rng.choice(_RESULTS)}"
    kind = rng.randrange(5)
    if kind < 3:
        return f"{_formula(rng, depth - 1)} {rng.choice(('&&', '||'))} {_formula(rng, depth - 1)}"
    return f"({_formula(rng, depth - 1)})" if kind == 3 else f"!{_formula(rng, depth - 1)}"


def formulas(seed: int, count: int) -> Iterator[Question]:
    """`depends` over random results: upstream evaluates it as an expression, with `_` for `-`."""
    rng = random.Random(seed)
    for _ in range(count):
        source = _formula(rng, rng.randint(1, 4))
        results = {task: {one: True for one in _RESULTS if rng.random() < 0.3} for task in _TASKS}
        known = {task.replace("-", "_"): true for task, true in results.items()}
        yield Question(
            "depends",
            {"op": "depends", "source": source.replace("-", "_"), "env": known},
            lambda source=source, results=results: depends.evaluate(depends.parse(source), results),
        )


_DOCUMENT = {
    "a": {"b": [1, 2, {"c": "d"}], "e": None, "x.y": 5}, "store": [{"price": 8.95, "title": "A"}, {"price": 12, "title": "B", "isbn": 1}],
    "n": 3, "t": True, "s": "text", "": 0,
}  # fmt: skip
_JSONPATHS = (
    "$", "$.a", "$.a.b", "$.a.b[0]", "$.a.b[-1]", "$.a.b[*]", "$.a['b']", "$['a']['x.y']", "$..c", "$..price", "$.store[*].title", "$.n",
    "$.store[?(@.price < 10)]", "$.store[?(@.price < 10)].title", "$.store[?(@.isbn)]", "$.store[0,1].title", "$.a.b[0:2]", "$.a.b[1:]", "$.s",
    "$.a.b[:2]", "$.missing", "$.a.b[9]", "$.store.*", "$.*", "a", "$.", "$[", "$.store[?(@.title == 'A')].price", "$.a.b[::2]", "$.store[-1:]",
    "$.a.e", "$.store.length", "$.a.b[2].c", "$.t", "$['n','t']", "$.store[?(@.price > 8 && @.price < 13)].title", "$..*", "$.a[*]", "$.s[0]",
)  # fmt: skip


def json_paths(seed: int, count: int) -> Iterator[Question]:
    """The paths of `jsonpath(…)`."""
    for source in _JSONPATHS:
        yield Question(
            "jsonpath",
            {"op": "jsonpath", "source": source, "env": _DOCUMENT},
            lambda source=source: _search(source),
            "*" in source or ".." in source,
        )


def _search(source: str) -> Any:
    try:
        return jsonpath.search(source, from_json(json.dumps(_DOCUMENT)))
    except ValueError as error:
        raise LanguageError(str(error)) from None


_GJSON = (
    "a", "a.b", "a.b.0", "a.b.2.c", "a.b.#", "n", "t", "s", "missing", "a.missing", "store.0.price", "store.#.title", "a.x\\.y", "store.#", "a.e",
    "a.b.9", "s.x", "st*e.0.title", "n.x", "a|b|0", "store.1.isbn", "t.x", "a.b.-1",
)  # fmt: skip


def gjson_paths(seed: int, count: int) -> Iterator[Question]:
    """The paths that conditions on resources may have."""
    for source in _GJSON:
        yield Question(
            "gjson",
            {"op": "gjson", "source": source, "env": _DOCUMENT},
            lambda source=source: [
                gjson.get(_DOCUMENT, source) is not None,
                gjson.get(_DOCUMENT, source) or "",
            ],
        )


def json_texts(seed: int, count: int) -> Iterator[Question]:
    """Numbers and texts through encoding/json, and how `%v` prints them."""
    rng = random.Random(seed)
    texts = [
        "1e400",
        "-0",
        "1E5",
        "01",
        "1.",
        ".5",
        '"\\ud800"',
        '"\\u2028<>&"',
        "nul",
        "[1,]",
        '{"a":1,"a":2}',
        " 1 ",
        "",
        '"\t"',
        "NaN",
    ]
    for _ in range(count):
        number = rng.choice(
            (
                rng.uniform(-10, 10),
                rng.uniform(0, 1) * 10 ** rng.randint(-30, 30),
                rng.randint(-(10**19), 10**19),
            )
        )
        texts.append(repr(number))
    for text in texts:
        yield Question("json", {"op": "json", "source": text}, lambda text=text: _round_trip(text))


def _round_trip(text: str) -> list[str]:
    try:
        value = from_json(text)
        return [to_json(value), sprint(value)]
    except ValueError as error:
        raise LanguageError(str(error)) from None


AREAS: dict[str, Callable[[int, int], Iterator[Question]]] = {
    "when": conditions,
    "regexp": patterns,
    "template": templates,
    "cron": schedules,
    "selector": label_selectors,
    "depends": formulas,
    "jsonpath": json_paths,
    "gjson": gjson_paths,
    "json": json_texts,
}
