"""Who reads whom among steps and tasks, and the edits that put a reader into the right place."""

from __future__ import annotations

import pytest

from argolint.analysis.steps import (
    block_steps,
    callee,
    fixed_writes,
    flattened_tasks,
    in_a_loop,
    move_behind,
    reads_of,
    regrouped,
    split_group,
    steps_from_mapping,
)
from argolint.context import Context, File
from argolint.model.workflow import Template
from argolint.settings import Settings
from argolint.text import SourceText
from argolint.yaml.edit import apply_edits
from argolint.yaml.loader import parse

HEAD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - name: main
"""


def loaded(body: str) -> tuple[Template, Context, str]:
    text = HEAD + body
    file = File("f.yaml", SourceText(text), parse(text))
    context = Context(file, Settings(), None)
    context.object = file.objects[0][0]
    return context.object.workflow_specs[0].templates[0], context, text


def test_reads_are_found_in_every_field_of_a_step() -> None:
    template, ctx, text = loaded("""\
    steps:
    - - name: a
        template: job
      - name: b
        templateRef: {name: "{{steps.a.outputs.result}}", template: x}
        arguments:
          parameters: [{name: p, value: "x {{ steps.a.outputs.parameters.q }}"}]
          artifacts: [{name: f, fromExpression: "steps['a'].outputs.artifacts.f"}]
        when: '{{=steps["a"].status == "Failed"}}'
        withParam: "{{steps.a.outputs.result}}"
        hooks:
          exit: {template: job, expression: "steps.b.status == 'Failed'"}
        inline:
          container: {image: "{{steps.a.id}}"}
""")
    found = [(r.reader.name, r.key, r.use.text, r.own_hook) for r in reads_of(template, ctx)]
    assert found == [
        ("b", "templateRef", "steps.a.outputs.result", False),
        ("b", "arguments", "steps.a.outputs.parameters.q", False),
        ("b", "arguments", "steps.a.outputs.artifacts.f", False),
        ("b", "when", "steps.a.status", False),
        ("b", "withParam", "steps.a.outputs.result", False),
        ("b", "hooks", "steps.b.status", True),
        ("b", "inline", "steps.a.id", False),
    ]
    parameter = reads_of(template, ctx)[1].span
    assert text[parameter.start : parameter.end] == "steps.a.outputs.parameters.q"


def test_steps_of_an_inline_template_mean_their_own_siblings() -> None:
    template, ctx, _ = loaded("""\
    steps:
    - - name: a
        template: job
      - name: b
        inline:
          steps:
          - - {name: a, template: job}
          - - {name: c, template: job, when: "{{steps.a.outputs.result}} == 1"}
""")
    assert reads_of(template, ctx) == []
    inner = template.children[1].inline
    assert inner is not None
    assert [(r.reader.name, r.target.group if r.target else None) for r in reads_of(inner, ctx)] == [("c", 0)]


GROUP = """\
    steps:
    - - name: a
        template: job
      # about b
      - name: b
        template: job
      - name: c
        template: job
    - - name: d
        template: job
"""


def test_splitting_a_group_takes_the_steps_below_along() -> None:
    template, ctx, text = loaded(GROUP)
    assert split_group(ctx.source, template.children[0]) == []
    fixed = apply_edits(text, split_group(ctx.source, template.children[1]))
    assert fixed == HEAD + GROUP.replace("      - name: b", "    - - name: b")


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (0, "b:0 c:0 a:1 d:2"),
        (1, "a:0 c:0 b:1 d:2"),
        (2, "a:0 b:0 c:1 d:2"),
        (3, "a:0 b:0 c:0 d:1"),
    ],
)
def test_moving_a_step_behind_its_group(index: int, expected: str) -> None:
    template, ctx, text = loaded(GROUP)
    fixed = apply_edits(text, move_behind(ctx.source, template.children[index]))
    (spec,) = File("f.yaml", SourceText(fixed), parse(fixed)).objects[0][0].workflow_specs
    assert " ".join(f"{step.name}:{step.group}" for step in spec.templates[0].steps) == expected
    assert all(step.text("template") == "job" for step in spec.templates[0].steps)


def test_a_group_in_brackets_is_not_edited() -> None:
    template, ctx, _ = loaded("    steps: [[{name: a, template: job}, {name: b, template: job}]]\n")
    assert split_group(ctx.source, template.children[1]) == []
    assert move_behind(ctx.source, template.children[0]) == []


def test_brackets_become_lines() -> None:
    template, ctx, text = loaded("    steps: [[{name: a, template: job}, {name: b, template: job}]]\n")
    assert apply_edits(text, block_steps(ctx.source, template.steps)) == HEAD + (
        "    steps:\n      - - name: a\n          template: job\n        - name: b\n          template: job\n"
    )


def test_a_mapping_of_steps_becomes_groups() -> None:
    template, ctx, text = loaded(
        "    steps:\n      a:\n        template: job\n      b:\n        template: job\n"
    )
    assert apply_edits(text, steps_from_mapping(ctx.source, template.get("steps"))) == HEAD + (
        "    steps:\n      - - name: a\n          template: job\n      - - name: b\n          template: job\n"
    )


def test_two_dashes_of_tasks_become_one() -> None:
    template, ctx, text = loaded("    dag:\n      tasks:\n      - - name: a\n          template: job\n")
    edits = flattened_tasks(ctx.source, template.dag.raw, 0)
    assert (
        apply_edits(text, edits) == HEAD + "    dag:\n      tasks:\n      - name: a\n        template: job\n"
    )


def test_what_a_step_runs_and_writes() -> None:
    template, _, _ = loaded("""\
    steps: [[{name: a, template: job}, {name: b, template: other}]]
  - name: job
    container: {image: x}
    outputs:
      parameters: [{name: p, globalName: all, valueFrom: {path: /p}}]
      artifacts:
      - {name: fixed, path: /a, s3: {key: "{{workflow.uid}}/out"}}
      - {name: own, path: /b, s3: {key: "{{pod.name}}/out"}}
""")
    job = callee(template.children[0])
    assert job is not None
    assert callee(template.children[1]) is None
    assert [(w.kind, w.name) for w in fixed_writes(job)] == [
        ("global output", "all"),
        ("artifact key", "{{workflow.uid}}/out"),
    ]


def test_the_loop_around_an_inline_template() -> None:
    template, _, _ = loaded("""\
    steps:
    - - name: a
        withItems: [1]
        inline:
          steps:
          - - {name: b, template: job}
""")
    inner = template.children[0].inline
    assert inner is not None
    assert in_a_loop(inner)
    assert not in_a_loop(template)


def test_readers_of_a_group_move_together() -> None:
    body = """\
    steps:
    - - name: a
        template: job
      - name: b
        template: job
        when: "{{steps.a.outputs.result}} == 1"
      - name: c
        template: job
        when: "{{steps.a.outputs.result}} == 2"
      - name: d
        template: job
        when: "{{steps.b.outputs.result}} == 3"
"""
    template, ctx, text = loaded(body)
    reads = reads_of(template, ctx)
    first, second, third = (regrouped(ctx.source, read, reads) for read in reads)
    assert first == second
    assert apply_edits(text, first) == HEAD + body.replace("      - name: b", "    - - name: b")
    assert apply_edits(text, third) == HEAD + body.replace("      - name: c", "    - - name: c")
