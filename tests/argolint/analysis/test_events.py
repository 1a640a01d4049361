"""Conditions, paths and endpoints of Argo Events."""

from __future__ import annotations

from typing import Any

import pytest

from argolint.analysis.events import (
    condition_names,
    endpoints,
    feeds,
    filled,
    gap,
    overwritten,
    segments,
    unbalanced,
)
from argolint.language.errors import LanguageError
from argolint.model.k8s import Object, objects_of
from argolint.yaml.loader import parse


def objects(text: str) -> list[Object]:
    return list(objects_of(parse(text).documents[0].root))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a", ["a"]),
        ("a && b-1 || (c)", ["a", "b-1", "c"]),
        ("and || or", ["and", "or"]),  # where a name stands, any word is one
        ("((a))", ["a"]),
    ],
)
def test_conditions_name_dependencies(text: str, names: list[str]) -> None:
    found = condition_names(text)
    assert [name.text for name in found] == names
    assert [text[name.start : name.end] for name in found] == names


@pytest.mark.parametrize(
    ("text", "message", "part"),
    [
        ("a and b", "`and` is no operator of conditions; write `&&`", "and"),
        ("a & b", "`&` is no operator of conditions; write `&&`", "&"),
        ("a b", "found `b`, expected an operator", "b"),
        ("a &&", "the condition ends where a name is expected", "&"),
        ("(a", "the condition ends where `)` is expected", "a"),
        ("a)", "this `)` closes nothing", ")"),
        ("", "the condition ends where a name is expected", ""),
    ],
)
def test_conditions_that_are_none_say_where(text: str, message: str, part: str) -> None:
    with pytest.raises(LanguageError) as caught:
        condition_names(text)
    assert (caught.value.message, text[caught.value.start : caught.value.end]) == (message, part)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b", None),
        ("l.0.x", None),
        ("l.-1", None),
        ("a.c", (1, "key")),
        ("l.1.x", (1, "index")),
        ("a.b.c", (2, "scalar")),
        ("n.x", (1, "key")),
        ("d\\.e", None),
    ],
)
def test_gaps_are_where_a_path_leaves_the_object(path: str, expected: tuple[int, str] | None) -> None:
    root: dict[str, Any] = {"a": {"b": 1}, "l": [{"x": 1}], "n": None, "d.e": 1}
    found = gap(root, segments(path))
    assert (None if found is None else (found.at, found.why)) == expected


SENSOR = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: s}
spec:
  triggers:
  - template:
      name: t
      k8s:
        source:
          resource:
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {generateName: a-}
            spec: {arguments: {parameters: [{name: p, value: x}]}}
        parameters:
        - {src: {dependencyName: d, dataKey: body.x}, dest: spec.arguments.parameters.0.value}
        - {src: {dependencyName: d, value: fixed}, dest: metadata.name}
        - {src: {dependencyName: d, dataKey: body.y}, dest: metadata.generateName, operation: append}
    parameters:
    - {src: {dependencyName: d}, dest: k8s.source.resource.metadata.namespace}
    - {src: {dependencyName: d}, dest: k8s.operation}
"""


def test_feeds_know_their_level_and_whether_the_event_decides() -> None:
    sensor, _ = objects(SENSOR)
    assert [(feed.level, feed.dest, feed.from_event) for feed in feeds(sensor)] == [
        ("template", "k8s.source.resource.metadata.namespace", True),
        ("template", "k8s.operation", True),
        ("body", "spec.arguments.parameters.0.value", True),
        ("body", "metadata.name", False),
        ("body", "metadata.generateName", True),
    ]


def test_what_parameters_write_in_a_resource_is_known() -> None:
    _, embedded = objects(SENSOR)
    assert sorted(filled(embedded)) == [
        "metadata.generateName",
        "metadata.name",
        "metadata.namespace",
        "spec.arguments.parameters.0.value",
    ]
    head = "spec.triggers[0].template.k8s.source.resource"
    # what is appended to stays
    assert sorted(overwritten(embedded)) == [
        f"{head}.metadata.name",
        f"{head}.metadata.namespace",
        f"{head}.spec.arguments.parameters[0].value",
    ]


def test_endpoints_of_webhooks_and_of_providers_are_found() -> None:
    (source,) = objects(
        "apiVersion: argoproj.io/v1alpha1\nkind: EventSource\nmetadata: {name: s}\nspec:\n"
        "  service: {ports: []}\n  webhook: {a: {port: '1', endpoint: /a, method: POST}}\n"
        "  github: {b: {webhook: {port: 2, endpoint: /b}}}\n  calendar: {c: {interval: 1s}}\n"
    )
    assert [tuple(one[:5]) for one in endpoints(source)] == [
        ("webhook", "a", "1", "/a", "POST"),
        ("github", "b", "2", "/b", ""),
    ]


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (".a | [.b[] | {c: .d}]", ""),
        ('.a | test("(")', ""),
        ('"x \\(.a | f("y")) z"', ""),
        (".a | (.b", "`(` is not closed"),
        (".a]", "this `]` closes nothing"),
        ('"abc', '`"` is not closed'),
        (".a # (", ""),
    ],
)
def test_brackets_of_jq_programs(program: str, words: str) -> None:
    assert unbalanced(program) == words
