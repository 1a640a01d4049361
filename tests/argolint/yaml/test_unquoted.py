"""Where an unquoted value that starts with a tag ends."""

from __future__ import annotations

import pytest

from argolint.text import SourceText
from argolint.yaml.unquoted import unquoted_tag


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("value: {{a.b}}", "{{a.b}}"),
        ("value: {{a.b}}/{{c}}  # why", "{{a.b}}/{{c}}"),
        ("- {{a}}", "{{a}}"),
        ("arguments: {parameters: [{name: a, value: {{a.b}}}]}", "{{a.b}}"),
        ("x: [a, {value: {{a}}-{{b}}}]", "{{a}}-{{b}}"),
        ('x: {a: "{[", value: {{a}} }', "{{a}}"),
        ("x: {a: 1, value: {{a}}, c: d}", "{{a}}"),
        ("x: {a: 1}", None),
    ],
)
def test_the_span_of_the_value(line: str, value: str | None) -> None:
    span = unquoted_tag(SourceText(line), 1)
    assert (line[slice(*span)] if span else None) == value
