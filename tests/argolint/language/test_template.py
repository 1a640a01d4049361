"""Substitution of tags, as upstream does it on JSON text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argolint.language import template
from argolint.language.errors import AbsentOptional, LanguageError, Unresolved
from argolint.language.expr.hooks import fixed

ENV: dict[str, Any] = {
    "inputs.parameters.a": "x",
    "inputs.parameters.n": "5",
    "inputs.parameters.quoted": 'he said "hi"\n\\ <&>\t',
    "inputs.parameters.my-p": "dash",
    "inputs.parameters": '[{"name":"a"}]',
    "steps.s.outputs.result": "1",
    "steps.s.outputs.parameters.gone": None,
    "steps.s.status": "Succeeded",
    "workflow.name": "wf",
    "key": "name",
}


def kept(obj: Any) -> Any:
    return template.substitute_object(obj, ENV, allow_unresolved=True)


def strict(obj: Any) -> Any:
    return template.substitute_object(obj, ENV, allow_unresolved=False)


def held(obj: Any) -> Any:
    return template.substitute_object(obj, ENV, allow_unresolved=True, strict_prefixes=("steps.", "tasks."))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{inputs.parameters.a}}", "x"),
        ("{{ inputs.parameters.a }}", "x"),
        ("{{\tinputs.parameters.a}}", "{{\tinputs.parameters.a}}".replace("\t", "\t")),
        ("a{{inputs.parameters.a}}b{{workflow.name}}c", "axbwfc"),
        ("{{inputs.parameters.quoted}}", 'he said "hi"\n\\ <&>\t'),
        ("{{inputs.parameters.missing}}", "{{inputs.parameters.missing}}"),
        ("{{steps.other.outputs.result}}", "{{steps.other.outputs.result}}"),
        ("{{ =1 + 1}}", "{{ =1 + 1}}"),
        ("{{=1 + 1}}", "2"),
        ("{{=inputs.parameters.a + 'y'}}", "xy"),
        ('{{=inputs.parameters.a + "y"}}', "xy"),
        ("{{=inputs.parameters['my-p']}}", "dash"),
        ("{{=asInt(inputs.parameters.n) + 1}}", "6"),
        ("{{=asInt(inputs.parameters.n) / 2}}", "2.5"),
        ("{{=4 / 2}}", "2"),
        ("{{=[1, 'a<b']}}", '[1,"a<b"]'),
        ("{{={'k': inputs.parameters.quoted} }}", '{"k":"he said \\"hi\\"\\n\\\\ <&>\\t"}'),
        ("{{=inputs.parameters.n == '5'}}", "true"),
        ("{{=1 < 2 && 2 > 1}}", "true"),
        ("{{=nil}}", "{{=nil}}"),
        ("{{=1 +}}", "{{=1 +}}"),
        ("{{=nope}}", "{{=nope}}"),
        ("{{=nope ?? 'd'}}", "{{=nope ?? 'd'}}"),
        ("{{=item}}", "{{=item}}"),
        ("{{=item ?? 'd'}}", "{{=item ?? 'd'}}"),
        ("{{=retries == '0' ? 'a' : 'b'}}", "{{=retries == '0' ? 'a' : 'b'}}"),
        ("{{=lastRetry.exitCode ?? '1'}}", "{{=lastRetry.exitCode ?? '1'}}"),
        ("{{=workflow.status ?? 'x'}}", "{{=workflow.status ?? 'x'}}"),
        ("{{=workflow.failures ?? 'x'}}", "{{=workflow.failures ?? 'x'}}"),
        ("{{=let item = 'own'; item}}", "own"),
        ("{{=steps.s.outputs.parameters.gone ?? 'default'}}", "default"),
        ("{{=steps['s'].status}}", "Succeeded"),
        ("{{workflow.{{key}}}}", "{{workflow.name}}"),
        ("{{workflow.{{nope}}}}", "{{workflow.{{nope}}}}"),
        ("{{open", "{{open"),
        ("{{}}", "{{}}"),
        ("}}{{workflow.name}}{{", "}}wf{{"),
    ],
)
def test_a_string(text: str, expected: str) -> None:
    assert kept({"value": text}) == {"value": expected}


def test_whitespace_around_a_name_is_trimmed_though_escaped_whitespace_is_not() -> None:
    assert kept("{{  workflow.name  }}") == "wf"
    assert kept("{{\tworkflow.name}}") == "{{\tworkflow.name}}"


def test_a_nested_tag_is_resolved_by_the_next_pass() -> None:
    once = kept("{{workflow.{{key}}}}")
    assert once == "{{workflow.name}}"
    assert kept(once) == "wf"


def test_keys_of_maps_are_substituted_too() -> None:
    assert kept({"{{workflow.name}}": {"{{key}}": ["{{key}}"]}}) == {"wf": {"name": ["name"]}}


def test_an_object_without_tags_is_returned_as_it_is() -> None:
    obj = {"a": [1, 2.5, None, True, "x"]}
    assert kept(obj) is obj


def test_other_values_survive_the_way_through_json() -> None:
    obj = {"t": "{{workflow.name}}", "i": 1, "f": 2.5, "n": None, "b": True, "u": "é\u2028", "l": [[], {}]}
    assert kept(obj) == {**obj, "t": "wf"}


def test_a_prefix_is_dropped_from_expressions_but_not_from_simple_tags() -> None:
    assert kept("{{inputs.parameters}}") == '[{"name":"a"}]'
    assert kept("{{=len(inputs.parameters)}}") == "4"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{{nope}}", "nope"),
        ("a {{inputs.parameters.missing}}", "inputs.parameters.missing"),
        ("{{steps.other.outputs.artifacts.x}}", "steps.other.outputs.artifacts.x"),
    ],
)
def test_strict_substitution_names_what_is_missing(text: str, name: str) -> None:
    with pytest.raises(Unresolved) as caught:
        strict(text)
    assert caught.value.name == name
    assert caught.value.message == "failed to resolve {{" + name + "}}"
    assert json.dumps(text)[caught.value.start : caught.value.end] == "{{" + name + "}}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{{steps.other.outputs.result}}", "steps.other.outputs.result"),
        ("{{tasks.t.status}}", "tasks.t.status"),
        ("{{=steps.other.outputs.result}}", "steps.other.outputs.result"),
        ("{{=steps['other'].outputs.result + 'x'}}", "steps.other.outputs.result"),
        ("{{=upper(tasks.t.status)}}", "tasks.t.status"),
    ],
)
def test_missing_steps_and_tasks_are_held(text: str, name: str) -> None:
    with pytest.raises(Unresolved) as caught:
        held(text)
    assert caught.value.name == name


@pytest.mark.parametrize(
    "text",
    [
        "{{inputs.parameters.missing}}",
        "{{steps.other.outputs.artifacts.x}}",
        "{{=steps.other.outputs.result ?? 'd'}}",
        "{{=steps?.other?.outputs}}",
    ],
)
def test_what_is_not_held(text: str) -> None:
    assert isinstance(held(text), str)


def test_an_absent_output_is_an_error_of_its_own() -> None:
    for substitute in (kept, held, strict):
        with pytest.raises(AbsentOptional) as caught:
            substitute("x{{steps.s.outputs.parameters.gone}}")
        assert caught.value.name == "steps.s.outputs.parameters.gone"
        assert caught.value.message.startswith(
            "unable to substitute {{steps.s.outputs.parameters.gone}}: output is an absent optional"
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{=nope}}", "failed to evaluate expression: unknown name nope"),
        ("{{=1 +}}", "failed to evaluate expression: unexpected end of expression"),
        ("{{=nil}}", 'failed to evaluate expression: expression "nil" has no value (nil)'),
        ("{{=item}}", "failed to evaluate expression: unknown name item"),
        ("{{=inputs.parameters.n > 1}}", "failed to evaluate expression: invalid operation: string > int"),
    ],
)
def test_strict_expressions_fail(text: str, message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        strict(text)
    assert caught.value.message == message


def test_a_value_that_is_no_text_cannot_be_inserted_by_a_simple_tag() -> None:
    with pytest.raises(LanguageError, match="to string"):
        template.substitute_object("{{labels}}", {"labels": {"a": "b"}}, allow_unresolved=True)


def test_escaped_comparisons_are_understood() -> None:
    assert (
        template.substitute('"{{=1 \\u003c 2 \\u0026\\u0026 3 \\u003e 2}}"', {}, allow_unresolved=False)
        == '"true"'
    )


def test_prepared_objects_give_the_same() -> None:
    obj = {"name": "{{item}}", "args": ["{{=item + '!'}}"]}
    prepared = template.Prepared(obj)
    for item in ("a", 'b"', "c\n"):
        env = {"item": item}
        found = prepared.substitute(env, allow_unresolved=False)
        assert found == {"name": item, "args": [item + "!"]}
        assert found == template.substitute_object(obj, env, allow_unresolved=False)


def test_time_comes_from_the_hooks() -> None:
    found = template.substitute_string(
        "{{=now().Unix()}}", {}, allow_unresolved=False, hooks=fixed(5_000_000_000, "")
    )
    assert found == "5"


def test_variables_of_an_expression() -> None:
    assert template.variables("a.b['c'] + (d ?? e) + f?.g + sprig.trim(h) + (let i = 1; i)") == (
        ("a.b.c", False, 0, 8),
        ("d", True, 12, 13),
        ("e", False, 17, 18),
        ("f.g", True, 22, 26),
        ("h", False, 40, 41),
    )
