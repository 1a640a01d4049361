"""Where the `from` of an input artifact goes when it is moved to the callers."""

from __future__ import annotations

from argolint.analysis.artifact_moves import moved_to_callers
from argolint.context import Context, File
from argolint.settings import Settings
from argolint.text import SourceText
from argolint.yaml.edit import apply_edits
from argolint.yaml.loader import parse

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n"
USE = """\
  - name: use
    inputs:
      artifacts:
      - name: rows
        from: "{{steps.make.outputs.artifacts.out}}"
        path: /rows
    container: {image: a}
  - name: make
    container: {image: a}
"""


def moved(callers: str, use: str = USE) -> str | None:
    """The text behind the moved edits, without what no edit touches; None when nothing can be moved."""
    text = HEAD + callers + use
    file = File("a.yaml", SourceText(text), parse(text))
    (spec,) = file.objects[0][0].workflow_specs
    template = spec.template_named("use")
    assert template is not None
    ctx = Context(file, Settings(), None)
    edits = moved_to_callers(template, template.inputs.artifacts[0], ctx)
    return apply_edits(text, edits)[len(HEAD) :] if edits is not None else None


GONE = USE.replace('        from: "{{steps.make.outputs.artifacts.out}}"\n', "")


def test_to_a_step_by_the_name_of_its_sibling() -> None:
    callers = "  - name: main\n    steps:\n    - - {name: make, template: make}\n    - - name: b\n        template: use\n"
    assert (
        moved(callers)
        == (
            "  - name: main\n    steps:\n    - - {name: make, template: make}\n    - - name: b\n        template: use\n"
            "        arguments:\n          artifacts:\n          - name: rows\n"
            '            from: "{{steps.make.outputs.artifacts.out}}"\n'
        )
        + GONE
    )


def test_to_a_task_by_the_template_that_its_sibling_runs() -> None:
    callers = (
        "  - name: main\n    dag:\n      tasks:\n      - {name: first, template: make}\n"
        "      - {name: b, template: use, depends: first, arguments: {parameters: [{name: p, value: x}]}}\n"
    )
    assert (
        moved(callers)
        == (
            "  - name: main\n    dag:\n      tasks:\n      - {name: first, template: make}\n"
            "      - {name: b, template: use, depends: first, arguments: {parameters: [{name: p, value: x}], "
            'artifacts: [{name: rows, from: "{{tasks.first.outputs.artifacts.out}}"}]}}\n'
        )
        + GONE
    )


def test_not_when_it_is_unclear() -> None:
    nobody = "  - name: main\n    steps:\n    - - {name: make, template: make}\n"
    assert moved(nobody) is None
    two = (
        "  - name: main\n    steps:\n    - - {name: x, template: make}\n      - {name: y, template: make}\n"
        "    - - {name: b, template: use}\n"
    )
    assert moved(two) is None
    has = (
        "  - name: main\n    steps:\n    - - {name: make, template: make}\n"
        "    - - {name: b, template: use, arguments: {artifacts: [{name: rows, raw: {data: x}}]}}\n"
    )
    assert moved(has) is None
    plain = (
        "  - name: main\n    steps:\n    - - {name: make, template: make}\n    - - {name: b, template: use}\n"
    )
    assert moved(plain, USE.replace("{{steps.make.outputs.artifacts.out}}", "{{inputs.artifacts.x}}")) is None
