"""What a step or task may read of its siblings, and what it does read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from argolint.analysis.variables import Use, uses_in, uses_in_expression
from argolint.context import Scalar
from argolint.model.workflow import Step, Template

# `steps.name` and `tasks.name` are variables of their own: the name of the step that runs a template.
_OWN_VARIABLES = frozenset({"name"})


class SiblingUse(NamedTuple):
    """A use of `steps.NAME…` or `tasks.NAME…` where it means something.

    `template` is the steps or dag template whose children are meant, `reader` the child that reads (None for the template's own
    outputs), `target` the child of that name (None when there is none). `own_hook`: the use stands in a hook or exit handler of the reader.
    """

    use: Use
    template: Template
    reader: Step | None
    target: Step | None
    own_hook: bool

    @property
    def name(self) -> str:
        """The name that is looked up."""
        return self.use.path[1]


def sibling_uses(scalar: Scalar) -> Iterator[SiblingUse]:
    """The uses of siblings in a string; () for a template without children (its caller's steps are out of its sight)."""
    for use in uses_in(scalar.value):
        found = _sibling(scalar, use)
        if found is not None:
            yield found


def hook_expression_uses(step: Step) -> Iterator[tuple[SiblingUse, str, str]]:
    """The uses of siblings in the bare expressions of a step's hooks: (use, hook name, expression)."""
    for hook in step.hooks:
        source = hook.text("expression")
        for use in uses_in_expression(source):
            if use.root == root_of(step.template) and len(use.path) > 1:
                yield (
                    SiblingUse(use, step.template, step, child(step.template, use.path[1]), True),
                    hook.name,
                    source,
                )


def _sibling(scalar: Scalar, use: Use) -> SiblingUse | None:
    if use.root not in ("steps", "tasks") or len(use.path) < 2:
        return None
    owner = owner_of(scalar)
    if owner is None or root_of(owner) != use.root or (len(use.path) == 2 and use.path[1] in _OWN_VARIABLES):
        return None
    reader = scalar.step if scalar.step is not None and scalar.step.template is owner else None
    own_hook = reader is not None and _in_hook(scalar.where, reader.where)
    return SiblingUse(use, owner, reader, child(owner, use.path[1]), own_hook)


def owner_of(scalar: Scalar) -> Template | None:
    """The steps or dag template whose children a string may refer to.

    A string inside a step sees the step's siblings, also inside an inline template, since the step is substituted as a whole.
    """
    template, step = scalar.template, scalar.step
    if template is None:
        return None
    if template.type in ("steps", "dag"):
        return template
    if step is not None and template.step is step:
        return step.template
    return None


def root_of(template: Template) -> str:
    """The variable root under which a template's children are found."""
    return "steps" if template.type == "steps" else "tasks" if template.type == "dag" else ""


def child(template: Template, name: str) -> Step | None:
    """The step or task of that name."""
    return next((step for step in template.children if step.name == name), None)


def _in_hook(where: str, step: str) -> bool:
    rest = where[len(step) :]
    return rest.startswith((".hooks.", ".onExit"))


def ancestors(template: Template) -> dict[str, set[str]]:
    """Task name -> every task that it waits for, directly or not. Unknown names and cycles are walked past."""
    direct = {task.name: dependencies(task) for task in template.dag.tasks if task.name}
    found: dict[str, set[str]] = {}
    for name in direct:
        seen: set[str] = set()
        todo = list(direct[name])
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo.extend(direct.get(one, ()))
        found[name] = seen
    return found


def dependencies(task: Step) -> list[str]:
    """The tasks that a task names in `depends` or `dependencies`; [] when `depends` does not parse."""
    from argolint.language import depends
    from argolint.language.errors import LanguageError

    if task.depends:
        try:
            return [reference.name for reference in depends.parse(task.depends).tasks]
        except LanguageError:
            return []
    return task.dependencies
