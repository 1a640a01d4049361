"""Checks of expressions, tags, `when` and `depends` against scopes: whole findings, positions and suggestions."""

from __future__ import annotations

import pytest

from argolint.language import types as ty
from argolint.language.check import check_source, is_constant
from argolint.language.check_text import check_depends, check_tags
from argolint.language.check_when import check_when
from argolint.language.expr import parse
from argolint.language.findings import KINDS, Finding
from argolint.language.scope import Instances, Producer, locations, scope_at

SCOPE = scope_at(
    "call-when",
    Instances(
        family="steps",
        parameters={"a": ty.STRING, "my-param": ty.STRING, "size": ty.NUMBER_STRING, "flag": ty.BOOL_STRING},
        previous=(
            Producer("gen-x", parameters={"p": ty.STRING}, artifacts=["art"]),
            Producer("maybe", parameters={"p": ty.STRING}, artifacts=[], absent=True),
            Producer("loop", parameters={"p": ty.STRING}, artifacts=[], loop=True),
            Producer("far"),
        ),
        retry=True,
    ),
)

EXPRESSIONS: list[tuple[str, str, list[tuple[str, int, int, str | None]]]] = [
    ("inputs.parameters.a", "string", []),
    ("inputs.parameters.a + 'x'", "string", []),
    ("asInt(inputs.parameters.a) > 1", "bool", []),
    ("asInt(inputs.parameters.a) / 2", "float", []),
    ("inputs.parameters['my-param']", "string", []),
    ("steps['gen-x'].outputs.result == 'a' ? 1 : 2", "int", []),
    ("steps.far.outputs.parameters.anything", "string", []),
    ("filter(split(inputs.parameters.a, ','), # != '')", "list", []),
    ("map(1..3, {# * 2})", "list", []),
    ("fromJSON(inputs.parameters.a).b.c", "any", []),
    ("let x = inputs.parameters.a; upper(x)", "string", []),
    ("steps.maybe.outputs.parameters.p ?? 'd'", "string", []),
    ("sprig.trim(inputs.parameters.a)", "any", []),
    ("now().Year() > 2000", "bool", []),
    ("sprig.trim(5)", "any", [("wrong-argument-type", 11, 12, None)]),
    ("sprig.repeat(sprig.add(1, 2), 'a')", "any", [("wrong-argument-type", 13, 28, "int(sprig.add(1, 2))")]),
    ("sprig.repeat(int(sprig.add(1, 2)), 'a')", "any", []),
    ("sprig.trunc(2.0, inputs.parameters.a)", "any", [("wrong-argument-type", 12, 15, None)]),
    ("let upper = 1; upper", "int", [("expression-syntax", 4, 9, None)]),
    ("keys(inputs.parameters)", "list", []),
    ("inputs.parameters.my-param", "string", [("hyphen-as-minus", 0, 26, "inputs.parameters['my-param']")]),
    ("steps.gen-x.outputs.result", "string", [("hyphen-as-minus", 0, 26, "steps['gen-x'].outputs.result")]),
    ("inputs.parameters.a > 1", "bool", [("string-number-comparison", 0, 19, "asInt(inputs.parameters.a)")]),
    (
        "1.5 < inputs.parameters.a",
        "bool",
        [("string-number-comparison", 6, 25, "asFloat(inputs.parameters.a)")],
    ),
    (
        "inputs.parameters.size == 5",
        "bool",
        [("string-number-comparison", 0, 22, "asInt(inputs.parameters.size)")],
    ),
    ("'5' == 5", "bool", [("string-number-comparison", 0, 8, None)]),
    ("inputs.parameters.flag == true", "bool", [("string-number-comparison", 26, 30, "'true'")]),
    ("inputs.parameters.sizes", "any", [("undefined-identifier", 18, 23, "size")]),
    ("inputs.parameter.a", "any", [("undefined-identifier", 7, 16, "parameters")]),
    ("input.parameters.a", "any", [("undefined-identifier", 0, 5, "inputs")]),
    ("heads", "any", [("undefined-identifier", 0, 5, None)]),
    ("workflow.failures", "any", [("undefined-identifier", 0, 17, None)]),
    ("workflow.name == null", "bool", [("null-keyword", 17, 21, "nil")]),
    ("workflow.name = 'x'", "any", [("single-equals", 14, 15, "==")]),
    ("1 +", "any", [("expression-syntax", 3, 3, None)]),
    ("nil ?? 1 + 2", "any", [("mixed-coalesce", 9, 10, None)]),
    ("{{workflow.name}} == 'x'", "any", [("tag-inside-expression", 0, 17, None)]),
    ("len(3)", "int", [("wrong-argument-type", 4, 5, None)]),
    ("join(inputs.parameters.a)", "string", [("wrong-argument-type", 5, 24, None)]),
    ("split('a')", "list", [("wrong-arity", 0, 10, None)]),
    ("upper('a', 'b')", "string", [("wrong-arity", 0, 15, None)]),
    ("b64enc('x')", "any", [("unknown-function", 0, 6, "sprig.b64enc")]),
    ("uper('x')", "any", [("unknown-function", 0, 4, "upper")]),
    ("sprig.trimm('x')", "any", [("unknown-function", 6, 11, "trim")]),
    ("sprig.env('HOME')", "any", [("unknown-function", 6, 9, None)]),
    ("sprig.trim()", "any", [("wrong-arity", 0, 12, None)]),
    ("sprig.int('x')", "any", [("sprig-swallows-errors", 0, 9, "asInt")]),
    ("inputs.parameters.a.b", "any", [("member-of-string", 0, 21, None)]),
    ("inputs.parameters.a.toUpperCase()", "any", [("unknown-function", 0, 31, None)]),
    ("inputs.parameters.a - 1", "any", [("wrong-operand-type", 0, 23, None)]),
    ("inputs.parameters.a + 1", "any", [("wrong-operand-type", 0, 23, None)]),
    ("not inputs.parameters.a", "bool", [("wrong-operand-type", 4, 23, "(inputs.parameters.a == 'true')")]),
    (
        "inputs.parameters.flag && true",
        "bool",
        [("wrong-operand-type", 0, 22, "inputs.parameters.flag == 'true'")],
    ),
    ("'b' in 'abc'", "bool", [("wrong-operand-type", 0, 12, None)]),
    ("5.5 % 2", "float", [("wrong-operand-type", 0, 7, None)]),
    ("'a' matches '('", "bool", [("invalid-regex", 12, 15, None)]),
    (
        "fromJSON(workflow.parameters)",
        "any",
        [("json-parameters-in-expression", 9, 28, "workflow.parameters.json")],
    ),
    ("filter([1, 2], # == 'a')", "list", [("string-number-comparison", 15, 23, None)]),
    ("filter([1, 2], #)", "list", [("wrong-operand-type", 15, 16, None)]),
    ("retries > 1", "bool", [("undefined-identifier", 0, 7, None)]),
]


@pytest.mark.parametrize(("source", "kind", "expected"), EXPRESSIONS, ids=[row[0] for row in EXPRESSIONS])
def test_expressions(source: str, kind: str, expected: list[tuple[str, int, int, str | None]]) -> None:
    type_, findings = check_source(source, SCOPE)
    assert [(one.kind, one.start, one.end, one.suggestion) for one in findings] == expected
    assert type_.kind == kind
    assert all(one.kind in KINDS and one.message for one in findings)


def test_suggestions_put_in_place_leave_nothing_to_find() -> None:
    for source, _, _ in EXPRESSIONS:
        _, findings = check_source(source, SCOPE)
        for one in findings:
            if one.suggestion is not None and len(findings) == 1 and one.kind != "sprig-swallows-errors":
                fixed = source[: one.start] + one.suggestion + source[one.end :]
                assert check_source(fixed, SCOPE)[1] == [], fixed


def test_messages_name_the_thing_its_type_and_the_repair() -> None:
    _, findings = check_source("lastRetry.exitCode > 1", scope_at("retry-expression", Instances(retry=True)))
    assert findings == [
        Finding(
            "string-number-comparison",
            0,
            18,
            "lastRetry.exitCode is a string and is compared with a number, so > fails at run time; use asInt(lastRetry.exitCode)",
            "asInt(lastRetry.exitCode)",
        )
    ]


def test_where_argo_has_no_functions() -> None:
    scope = scope_at("http-success")
    _, findings = check_source("asInt(response.body) > 1 && sprig.trim(response.body) == ''", scope)
    assert [(one.kind, one.start, one.end, one.suggestion) for one in findings] == [
        ("function-not-available-here", 0, 5, "int"),
        ("function-not-available-here", 28, 33, None),
    ]
    assert check_source("response.statusCode == 200 && response.body contains 'ok'", scope) == (ty.BOOL, [])


@pytest.mark.parametrize(
    ("source", "expected"),
    [("1 + 1 == 2", True), ("x", False), ("now() == now()", False), ("len('a') > 0", True)],
)
def test_constants(source: str, expected: bool) -> None:
    assert is_constant(parse(source)) is expected


TAGS: list[tuple[str, list[tuple[str, int, int, str | None]]]] = [
    ("plain", []),
    ("{{inputs.parameters.a}}", []),
    ("{{ workflow.labels.any }}", []),
    ("{{workflow.parameters.any}}", []),
    ("{{steps.far.outputs.parameters.any}}", []),
    ("{{steps.loop.outputs.parameters}}", []),
    ("{{user.name}}", []),
    ("{{workflow.{{inputs.parameters.a}}}}", []),
    ("{{inputs.parameters.b}}", [("unknown-variable", 2, 21, None)]),
    ("{{ inputs.parameters.sise }}", [("unknown-variable", 3, 25, "inputs.parameters.size")]),
    ("{{input.parameters.a}}", [("unknown-variable", 2, 20, "inputs.parameters.a")]),
    ("{{workflow.nme}}", [("unknown-variable", 2, 14, "workflow.name")]),
    ("{{steps.genx.outputs.result}}", [("unknown-variable", 2, 27, "steps.gen-x.outputs.result")]),
    ("{{item}}", [("unknown-variable", 2, 6, None)]),
    ("{{item.key}}", [("unknown-variable", 2, 10, None)]),
    ("{{tasks.a.outputs.result}}", [("unknown-variable", 2, 24, None)]),
    ("{{steps.maybe.outputs.parameters.p}}", [("absent-output", 0, 36, None)]),
    ("{{=steps.maybe.outputs.parameters.p}}", [("nil-result", 0, 37, None)]),
    ("{{=nil}}", [("nil-result", 0, 8, None)]),
    ("{{workflow.name}", [("unclosed-tag", 0, 2, None)]),
    ("a {{ =1}}", [("space-before-equals", 4, 6, "=")]),
    ("{{=toJson({'a': {'b': 1}})}}", [("tag-ends-early", 23, 25, None)]),
    ("x {{=inputs.parameters.nope}} y", [("undefined-identifier", 23, 27, None)]),
    ("{{=1 +}}", [("expression-syntax", 6, 6, None)]),
]


@pytest.mark.parametrize(("text", "expected"), TAGS, ids=[row[0] for row in TAGS])
def test_tags(text: str, expected: list[tuple[str, int, int, str | None]]) -> None:
    assert [(one.kind, one.start, one.end, one.suggestion) for one in check_tags(text, SCOPE)] == expected


def test_what_becomes_of_an_unknown_tag_is_said() -> None:
    assert (
        check_tags("{{steps.nope.id}}", SCOPE)[0].message
        == "steps.nope.id does not exist here: the tag waits forever"
    )
    assert (
        check_tags("{{inputs.parameters.zz}}", SCOPE)[0].message
        == "inputs.parameters.zz does not exist here: the tag stays as text"
    )
    body = scope_at("template-metrics")
    assert check_tags("{{outputs.zz}}", body)[0].message == "outputs.zz does not exist here: the tag fails"


WHENS: list[tuple[str, list[tuple[str, int, int, str | None]]]] = [
    ("", []),
    ("'{{inputs.parameters.a}}' == 'x'", []),
    ("{{inputs.parameters.size}} > 5", []),
    ("{{steps.gen-x.status}} == Succeeded", []),
    ("{{inputs.parameters.flag}}", []),
    ("{{inputs.parameters.a}}", []),
    ("{{= inputs.parameters.a == 'x' }}", []),
    ("{{=inputs.parameters.a in ['x', 'y']}}", []),
    ("'{{inputs.parameters.a}}' in ('x', 'y') && !('{{inputs.parameters.a}}' =~ '^z')", []),
    ("{{inputs.parameters.a}} == x", [("when-unquoted-operand", 0, 23, "'{{inputs.parameters.a}}'")]),
    ("'{{inputs.parameters.a}}' == my-env", [("when-unquoted-operand", 29, 35, "'my-env'")]),
    ("{{inputs.parameters.a}}-x == 'y'", [("when-unquoted-operand", 0, 25, "'{{inputs.parameters.a}}-x'")]),
    (
        "pre{{inputs.parameters.size}} == 'y'",
        [("when-unquoted-operand", 0, 29, "'pre{{inputs.parameters.size}}'")],
    ),
    ("'{{inputs.parameters.a}}' == 5", [("when-type-mismatch", 29, 30, "'5'")]),
    # A date in quotes is a number, and so is what may come of a tag in quotes.
    ("'{{inputs.parameters.a}}' == '2024-01-31'", []),
    ("'2024-01-31' <= '{{inputs.parameters.a}}T00:00:00Z'", []),
    ("'x' == '2024-01-31'", [("when-type-mismatch", 7, 19, "''2024-01-31''")]),
    ("'{{inputs.parameters.a}}' == true", [("when-type-mismatch", 29, 33, "'true'")]),
    ("'{{inputs.parameters.a}}' > 5", [("when-type-mismatch", 0, 29, None)]),
    ("'{{inputs.parameters.a}}' && true", [("when-type-mismatch", 0, 25, None)]),
    ("'{{inputs.parameters.a}}' in 'x'", [("when-type-mismatch", 29, 32, None)]),
    ("!{{inputs.parameters.size}}", [("when-type-mismatch", 0, 27, None)]),
    ("'{{inputs.parameters.a}}' =~ '('", [("when-regex-invalid", 29, 32, None)]),
    (
        "'{{inputs.parameters.a}}' == 'x' & {{inputs.parameters.size}} > 1",
        [("when-single-logic-operator", 33, 34, "&&")],
    ),
    ("'{{inputs.parameters.a}}' = 'x'", [("when-syntax", 26, 27, "==")]),
    ("'{{inputs.parameters.a}}' == 'x' and true", [("when-syntax", 33, 36, None)]),
    ("{{inputs.parameters.size}} ==", [("when-syntax", 27, 29, None)]),
    ("'{{inputs.parameters.a}}'", [("non-boolean-condition", 0, 25, None)]),
    ("{{=1 + 1}}", [("non-boolean-condition", 0, 10, None)]),
    ("1 == 1", [("when-constant", 0, 6, None)]),
    ("{{workflow.name}", [("unclosed-tag", 0, 2, None)]),
    ("{{inputs.parameters.zz}} == 1", [("unknown-variable", 2, 22, None)]),
]


@pytest.mark.parametrize(("text", "expected"), WHENS, ids=[row[0] or "(empty)" for row in WHENS])
def test_when(text: str, expected: list[tuple[str, int, int, str | None]]) -> None:
    assert [(one.kind, one.start, one.end, one.suggestion) for one in check_when(text, SCOPE)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.Succeeded && b-c", []),
        ("a.Success", [("depends-syntax", 2, 9, "Succeeded")]),
        ("a & b-c", [("depends-syntax", 2, 3, "&&")]),
        ("a || bb-c", [("unknown-task", 5, 9, "b-c")]),
        ("x_y", [("names-collide", 0, 3, None)]),
    ],
)
def test_depends(text: str, expected: list[tuple[str, int, int, str | None]]) -> None:
    tasks = ["a", "b-c", "x-y", "x_y"]
    assert [(one.kind, one.start, one.end, one.suggestion) for one in check_depends(text, tasks)] == expected


def test_scopes_of_loops() -> None:
    plain = scope_at("call-arguments", Instances(item=ty.STRING))
    assert plain.lookup("item") == ty.STRING._replace(origin="item")
    assert plain.lookup("item.key") is None
    shaped = scope_at("call-arguments", Instances(item=ty.record({"key": ty.INT})))
    assert shaped.lookup("item") is not None
    assert shaped.lookup("item.key") == ty.INT._replace(origin="item.key")
    assert shaped.lookup("item.other") is None
    unknown = scope_at("call-arguments", Instances(item=ty.ANY))
    assert unknown.lookup("item.anything") is not None
    assert check_source("item.anything + item", unknown)[1] == []


def test_every_location_has_a_scope() -> None:
    for location in locations():
        scope = scope_at(location, Instances(family="tasks", previous=(Producer("a"),)))
        assert scope.names() == sorted(scope.variables)


def test_exit_handlers_see_failures() -> None:
    assert scope_at("template-body").lookup("workflow.failures") is None
    assert scope_at("template-body", Instances(exit_handler=True)).lookup("workflow.failures") is not None


def test_an_artifact_of_unknown_name_has_a_path() -> None:
    scope = scope_at("template-body", Instances(parameters=None, artifacts=None))
    assert check_source("inputs.artifacts.any.path + '/x'", scope)[1] == []
    assert check_tags("{{inputs.artifacts.any.path}}", scope) == []
