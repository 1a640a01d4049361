"""Problems of a real document, with the text that each points at."""

from __future__ import annotations

from argolint.analysis.structure import is_written_here, of_kind, place, problems_of
from argolint.model.k8s import Object, objects_of
from argolint.yaml.loader import parse

TEXT = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: a-
spec:
  entrypoint: main
  parallelism: "2"
  templates:
  - name: main
    container: &shared
      image: alpine
      comand: [echo]
      args: [1, b]
  - name: other
    container: *shared
  - name: third
    container:
      <<: *shared
      env:
      - value: x
"""


def workflow() -> Object:
    document = parse(TEXT).documents[0]
    return next(iter(objects_of(document.root, 0)))


def test_each_problem_points_at_its_text() -> None:
    obj = workflow()
    seen = []
    for problem in problems_of(obj, (4, 1)):
        span = place(problem)
        seen.append((problem.kind, problem.where, TEXT[span.start : span.end]))
    assert seen == [
        ("wrong-type", "spec.parallelism", '"2"'),
        ("unknown-field", "spec.templates[0].container.comand", "comand"),
        ("wrong-type", "spec.templates[0].container.args[0]", "1"),
        ("unknown-field", "spec.templates[1].container.comand", "comand"),
        ("wrong-type", "spec.templates[1].container.args[0]", "1"),
        ("unknown-field", "spec.templates[2].container.comand", "comand"),
        ("wrong-type", "spec.templates[2].container.args[0]", "1"),
        ("missing-field", "spec.templates[2].container.env[0].name", "value"),
    ]


def test_what_a_merge_brought_is_not_edited_there() -> None:
    obj = workflow()
    written = [is_written_here(problem) for problem, _ in of_kind(obj, (4, 1), "unknown-field")]
    assert written == [True, True, False]


def test_the_walk_is_shared_between_rules_and_not_between_releases_or_objects() -> None:
    obj = workflow()
    first = problems_of(obj, (4, 1))
    assert problems_of(obj, (4, 1)) is first
    assert problems_of(obj, (3, 7)) is not first
    assert problems_of(workflow(), (4, 1)) is not first


def test_releases_before_the_oldest_known_are_read_as_the_oldest() -> None:
    assert next(problem.kind for problem in problems_of(workflow(), (3, 1))) == "wrong-type"


def test_a_kind_of_another_group_is_left_alone() -> None:
    document = parse("apiVersion: example.com/v1\nkind: Workflow\nspec: {x: 1}\n").documents[0]
    assert problems_of(next(iter(objects_of(document.root, 0))), (4, 1)) == []
