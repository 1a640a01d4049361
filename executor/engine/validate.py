"""The least a spec must satisfy to be run; the linter checks the rest (upstream: workflow/validate)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from executor.engine import shapes
from executor.engine.faults import WorkflowFault
from executor.engine.loops import LOOPS
from executor.engine.resolve import inner_holders, template_type
from executor.engine.run import Run

_NAME = re.compile(r"^[a-zA-Z0-9]([-a-zA-Z0-9]{0,126}[a-zA-Z0-9])?$")


def _invalid(message: str) -> WorkflowFault:
    return WorkflowFault(f"invalid spec: {message}", "Failed")


def check_shape(workflow: Mapping[str, Any]) -> None:
    """WorkflowFault if the object cannot be read as a Workflow at all."""
    if not isinstance(workflow.get("spec"), Mapping):
        raise _invalid("spec is required")
    shapes.check(workflow["spec"])


def check_spec(run: Run) -> None:
    """WorkflowFault if the spec that is to be executed cannot be."""
    spec = run.spec
    shapes.check(spec)
    templates: dict[str, Mapping[str, Any]] = {}
    for index, template in enumerate(spec.get("templates") or ()):
        name = str(template.get("name") or "")
        if not name:
            raise _invalid(f"templates[{index}].name is required")
        if name in templates:
            raise _invalid(f"templates[{index}].name '{name}' is not unique")
        templates[name] = template
    entrypoint = spec.get("entrypoint")
    if not entrypoint:
        raise _invalid("spec.entrypoint is required")
    if entrypoint not in templates:
        raise _invalid(f"template name '{entrypoint}' undefined")
    if spec.get("onExit") and spec["onExit"] not in templates:
        raise _invalid(f"spec.onExit template name '{spec['onExit']}' undefined")
    _reachable(templates, str(entrypoint))


def _reachable(templates: Mapping[str, Mapping[str, Any]], entrypoint: str) -> None:
    """Check the templates that the entrypoint leads to within this workflow."""
    seen: set[str] = set()
    stack = [entrypoint]
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        template = templates[name]
        kind = template_type(template)
        if not kind:
            raise _invalid(
                f"templates.{name} template type unspecified. choose one of: container, containerSet, steps, script, resource, dag, suspend, data, http"
            )
        _check_holders(name, template, kind)
        for holder in inner_holders(template):
            target = holder.get("template")
            if (
                not target
                or holder.get("templateRef")
                or holder.get("inline") is not None
                or "{{" in str(target)
            ):
                continue
            if target not in templates:
                raise _invalid(
                    f"templates.{name}.{'tasks' if kind == 'dag' else 'steps'}.{holder.get('name')} template name '{target}' undefined"
                )
            stack.append(str(target))


def _check_holders(name: str, template: Mapping[str, Any], kind: str) -> None:
    word = "tasks" if kind == "dag" else "steps"
    seen: set[str] = set()
    for index, holder in enumerate(inner_holders(template)):
        inner = str(holder.get("name") or "")
        where = f"templates.{name}.{word}"
        if not inner:
            raise _invalid(f"{where}[{index}].name is required")
        if inner in seen:
            raise _invalid(f"{where}[{index}].name '{inner}' is not unique")
        if not _NAME.match(inner):
            raise _invalid(
                f"{where}[{index}].name: '{inner}' is invalid: name must consist of alpha-numeric characters or '-', and must start with an alpha-numeric character"
            )
        seen.add(inner)
        if not (holder.get("template") or holder.get("templateRef") or holder.get("inline") is not None):
            raise _invalid(f"{where}.{inner} template name or templateRef is required")
        if sum(1 for field in LOOPS if holder.get(field)) > 1:
            raise _invalid(f"{where}.{inner} only one of withItems, withParam, withSequence may be given")
        if holder.get("depends") and holder.get("dependencies"):
            raise _invalid(
                f"templates.{name} cannot use both 'depends' and 'dependencies' in the same DAG template"
            )
    if kind != "dag":
        return
    for task in inner_holders(template):
        for dependency in task.get("dependencies") or ():
            if dependency not in seen:
                raise _invalid(
                    f"templates.{name}.tasks.{task.get('name')} dependency '{dependency}' not defined"
                )
