"""JSON that becomes the value of a variable is spelled as Go spells it."""

from __future__ import annotations

from typing import Any

import pytest

from executor.engine import gojson
from executor.engine.loops import item_variables
from executor.engine.simulate import Answer


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1.0, "a": [1.5, True, None]}, '{"a":[1.5,true,null],"b":1}'),
        ("<a & b>", '"\\u003ca \\u0026 b\\u003e"'),
        (1e21, "1e+21"),
        (1.5e-7, "1.5e-07"),
        (123456789.0, "123456789"),
        ("é\u2028", '"é\\u2028"'),
    ],
)
def test_marshal_any(value: Any, expected: str) -> None:
    assert gojson.marshal_any(value) == expected


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{'a': 1}", "01", "1.", ""])
def test_what_go_does_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        gojson.decode(text)


def test_raw_items_keep_their_spelling() -> None:
    text = ' [ 1.0 , "x, [y]", {"b": {"z": 1, "a": 2}, "a": "<"}, [1, 2.50], true ] '
    assert gojson.elements(text) == [
        "1.0",
        '"x, [y]"',
        '{"b": {"z": 1, "a": 2}, "a": "<"}',
        "[1, 2.50]",
        "true",
    ]
    assert gojson.elements("null") is None
    assert gojson.members('{ "a" : 1.0, "b":{"c": []} }') == {"a": "1.0", "b": '{"c": []}'}


@pytest.mark.parametrize(
    ("raw", "item", "description"),
    [
        ("1.0", "1.0", "1.0"),
        ('"a(b)"', "a(b)", "a(b)"),
        ("[1, 2.50]", "[1,2.50]", "[1 2.50]"),
        ('{"b": {"z": 1, "a": 2}, "a": "x"}', '{"a":"x","b":{"z":1,"a":2}}', 'a:x,b:{"z":1,"a":2}'),
        ("true", "true", "true"),
    ],
)
def test_item_variables(raw: str, item: str, description: str) -> None:
    variables, found = item_variables(raw)
    assert (variables["item"], found) == (item, description)


LOOP = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: say, withParam: '[1.0, {"k": "a<b", "j": 2.0}]'}
  - - name: b
      template: take
      arguments: {parameters: [{name: r, value: "{{steps.a.outputs.result}}"}, {name: p, value: "{{steps.a.outputs.parameters}}"},
        {name: y, value: "{{steps.a.outputs.parameters.y}}"}]}
- {name: say, script: {image: a, command: [sh], source: x}, outputs: {parameters: [{name: y, valueFrom: {path: /y}}]}}
- {name: take, inputs: {parameters: [{name: r}, {name: p}, {name: y, default: 3}]}, container: {image: a, command: [c], args: ["{{inputs.parameters}}"]}}
"""


def test_aggregates_are_go_json(run: Any) -> None:
    answers = {
        "a(0:1.0)": Answer(result='{"b": 1.0,\n "a": "<"}', parameters={"y": '{"b": 1.0, "a": 2}'}),
        r"a(1:j:2.0,k:a\u003cb)": Answer(result="2.50", parameters={"y": "[1.0]"}),
    }
    outcome = run(LOOP, answers)
    values = {p["name"]: p["value"] for p in outcome.node("b")["inputs"]["parameters"]}
    assert values == {
        "r": '[{"b":1.0,"a":"\\u003c"},2.50]',
        "p": '[{"y":"{\\"b\\": 1.0, \\"a\\": 2}"},{"y":"[1.0]"}]',
        "y": '[{"a":2,"b":1},[1]]',
    }
