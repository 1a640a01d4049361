"""Whatever is written, the languages answer with a value or a LanguageError whose place lies in the text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argolint.language import depends, gotemplate, govaluate, jsonpath, selectors, template
from argolint.language.check import check_source
from argolint.language.check_text import check_depends, check_tags
from argolint.language.check_when import check_when
from argolint.language.expr import evaluate, fixed
from argolint.language.expr.names import BUILTINS
from argolint.language.scope import Instances, Producer, scope_at
from tests.argolint.language.tables import failure, is_inside

HOOKS = fixed(1_700_000_000_000_000_000, "fuzz")
ENV: dict[str, Any] = {
    "a": 1,
    "s": "text",
    "n": None,
    "l": [1, "b", None],
    "m": {"k": 1.5, "x-y": "z"},
    "t": True,
}
SCOPE = scope_at(
    "call-when", Instances(family="steps", parameters=None, previous=(Producer("a-b"),), retry=True)
)

_WORDS = [
    *"+-*/%()[]{}.,:;?!#=<>|&^~'\"`$@\\ ", "**", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "..", "=~", "!~", ">>", "<<",
    "not", "in", "and", "or", "matches", "contains", "let", "if", "else", "true", "false", "nil", "#acc", "#index",
    "a", "s", "n", "l", "m", "t", "x-y", "0", "1", "2.5", "1e9", "'q'", '"z"', "0x", "é", "\n", "{{", "}}", "{{=", "item", "steps.a-b.id",
    "Failed", ".Succeeded", "sprig.", "workflow.name", "inputs.parameters.p",
]  # fmt: skip
_CALLS = [f"{name}(" for name in sorted(BUILTINS)] + [
    "sprig.trunc(",
    "sprig.dict(",
    "sprig.date(",
    "asInt(",
    "toJson(",
    "jsonpath(",
]
SOUP = st.lists(st.sampled_from(_WORDS + _CALLS), max_size=14).map(lambda parts: " ".join(parts)) | st.lists(
    st.sampled_from(_WORDS), max_size=14
).map("".join)
ANY_TEXT = SOUP | st.text(max_size=30)
MANY = settings(max_examples=300, deadline=None)

_leaf = st.sampled_from(
    [
        "a",
        "s",
        "n",
        "l",
        "m",
        "t",
        "1",
        "0",
        "2.5",
        "'x'",
        "'5'",
        "nil",
        "true",
        "[]",
        "{}",
        "l[0]",
        "m.k",
        "m.q",
        "1..3",
    ]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(
        [
            "+",
            "-",
            "*",
            "/",
            "%",
            "**",
            "==",
            "<",
            ">=",
            "in",
            "matches",
            "contains",
            "and",
            "or",
            "??",
            "..",
            "not in",
        ]
    )
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"),
        st.tuples(st.sampled_from(sorted(BUILTINS)), st.lists(inner, max_size=3)).map(
            lambda parts: f"{parts[0]}({', '.join(parts[1])})"
        ),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]} : {parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]})[{parts[1]}]"),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]})[:{parts[1]}]"),
        inner.map(lambda one: f"not ({one})"),
        inner.map(lambda one: f"-({one})"),
        inner.map(lambda one: f"({one})?.k.z"),
        inner.map(lambda one: f"let q = {one}; q"),
    )


TREES = st.recursive(_leaf, _grown, max_leaves=8)


@MANY
@given(ANY_TEXT)
def test_expressions_of_any_text(text: str) -> None:
    assert is_inside(failure(lambda: evaluate(text, ENV, hooks=HOOKS)), text)


@MANY
@given(TREES)
def test_expressions_of_the_grammar(text: str) -> None:
    assert is_inside(failure(lambda: evaluate(text, ENV, hooks=HOOKS)), text)


@MANY
@given(
    st.sampled_from(
        sorted(
            gotemplate.known_functions()
            - gotemplate.BUILTIN_FUNCTIONS
            - {"genPrivateKey", "genCA", "genSelfSignedCert", "bcrypt", "htpasswd", "derivePassword"}
        )
    ),
    st.lists(_leaf, max_size=5),
)
def test_sprig_with_any_arguments(name: str, args: list[str]) -> None:
    text = f"sprig.{name}({', '.join(args)})"
    assert is_inside(failure(lambda: evaluate(text, ENV, hooks=HOOKS)), text)


@MANY
@given(TREES | ANY_TEXT)
def test_checks_of_expressions(text: str) -> None:
    _, findings = check_source(text, SCOPE)
    assert all(0 <= one.start <= one.end <= len(text) for one in findings)


@MANY
@given(ANY_TEXT)
def test_conditions(text: str) -> None:
    assert is_inside(failure(lambda: govaluate.evaluate_when(text)), text)
    assert is_inside(failure(lambda: govaluate.evaluate_condition(text, ENV)), text)


@MANY
@given(ANY_TEXT)
def test_checks_of_texts(text: str) -> None:
    for findings in (check_tags(text, SCOPE), check_when(text, SCOPE), check_depends(text, ["a", "b-c"])):
        assert all(0 <= one.start <= one.end for one in findings)
        assert all(one.end <= max(len(text), 1) for one in findings)


@MANY
@given(ANY_TEXT)
def test_substitution(text: str) -> None:
    flat = {"item": text, "workflow.name": "w", "a": "1", "gone": None}
    for allowed in (True, False):
        failure(
            lambda allowed=allowed: template.substitute_object(
                {"k": [text]}, flat, allow_unresolved=allowed, hooks=HOOKS
            )
        )
    assert template.substitute_object({"k": "{{item}}"}, flat, allow_unresolved=False) == {"k": text}


@MANY
@given(ANY_TEXT)
@pytest.mark.parametrize(
    "read",
    [depends.parse, selectors.parse, selectors.parse_fields, jsonpath.parse],
    ids=lambda read: read.__module__.rsplit(".", 1)[-1] + "." + read.__name__,
)
def test_the_small_grammars(read: Any, text: str) -> None:
    assert is_inside(failure(lambda: read(text)), text)


@MANY
@given(
    st.lists(
        st.sampled_from(
            [
                "{{",
                "}}",
                "{{- ",
                " -}}",
                "if ",
                "range ",
                "with ",
                "end",
                "else ",
                ".a",
                "$x",
                ":=",
                "=",
                "|",
                "(",
                ")",
                "`s`",
                "1",
                "upper ",
                "printf ",
                "index ",
                "x",
                " ",
                '"q"',
                "define ",
                "template ",
                ",",
            ]
        ),
        max_size=14,
    ).map("".join)
)
def test_templates(text: str) -> None:
    assert is_inside(failure(lambda: gotemplate.render(text, {"a": {"b": [1]}}, hooks=HOOKS)), text)
