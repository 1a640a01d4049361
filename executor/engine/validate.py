"""The least a spec must satisfy to be run; the linter checks the rest (upstream: workflow/validate)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from executor.engine import shapes
from executor.engine.clock import go_duration
from executor.engine.faults import WorkflowFault
from executor.engine.loops import LOOPS
from executor.engine.resolve import inner_holders, template_type
from executor.engine.run import Run
from executor.engine.spec import find_workflow_template

Home = tuple[str, bool] | None  # (name, cluster scope) of a template resource; None for the workflow itself

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
    templates = _by_name(spec)
    entrypoint, handler = spec.get("entrypoint"), spec.get("onExit")
    if not entrypoint:
        raise _invalid("spec.entrypoint is required")
    if entrypoint not in templates:
        raise _invalid(f"template name '{entrypoint}' undefined")
    if handler and handler not in templates:
        raise _invalid(f"spec.onExit template name '{handler}' undefined")
    _check_arguments(spec.get("arguments") or {})
    walk = _Walk(run)
    walk.follow(None, str(entrypoint), "")
    if handler:
        walk.follow(None, str(handler), "")
    for name, hook in (spec.get("hooks") or {}).items():
        _check_hook(f"hooks.{name}", str(name), hook)
        walk.called(None, hook, f"hooks.{name}")
    walk.finish()


def _by_name(spec: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    templates: dict[str, Mapping[str, Any]] = {}
    for index, template in enumerate(spec.get("templates") or ()):
        name = str(template.get("name") or "")
        if not name:
            raise _invalid(f"templates[{index}].name is required")
        if name in templates:
            raise _invalid(f"templates[{index}].name '{name}' is not unique")
        templates[name] = template
    return templates


def _check_arguments(arguments: Mapping[str, Any]) -> None:
    """The workflow's own parameters must be known when it starts (upstream: validateArgumentsValues)."""
    for parameter in arguments.get("parameters") or ():
        where = f"spec.arguments.{parameter.get('name')}"
        source, value = parameter.get("valueFrom"), parameter.get("value")
        if source is None and value is None:
            raise _invalid(f"{where}.value or {where}.valueFrom is required")
        if source is not None and not any(
            source.get(field) is not None for field in ("configMapKeyRef", "event", "supplied")
        ):
            raise _invalid(f"{where}.valueFrom only allows: default, configMapKeyRef and supplied")
        choices = parameter.get("enum")
        if choices is None:
            continue
        if not choices:
            raise _invalid(f"{where}.enum should contain at least one value")
        if value is None:
            raise _invalid(f"{where}.value is required")
        if str(value) not in [str(choice) for choice in choices]:
            raise _invalid(f"{where}.value should be present in {where}.enum list")


def _check_hook(where: str, name: str, hook: Mapping[str, Any]) -> None:
    if name != "exit" and not hook.get("expression"):
        raise _invalid(f"{where} Expression required")


class _Walk:
    """The templates that a workflow leads to, each checked once, those of template resources included."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.local = {str(t.get("name")): t for t in run.spec.get("templates") or ()}
        self.seen: set[tuple[Home, str]] = set()
        self.stack: list[tuple[Home, str]] = []

    def follow(self, home: Home, name: str, where: str) -> None:
        """Have a template looked at. WorkflowFault if there is none of that name."""
        if (home, name) in self.seen:
            return
        if self._find(home, name) is None:
            if home is None:
                raise _invalid(f"{where} template name '{name}' undefined")
            raise _invalid(f"{where} template reference {home[0]}.{name} not found")
        self.seen.add((home, name))
        self.stack.append((home, name))

    def called(self, home: Home, holder: Mapping[str, Any], where: str) -> None:
        """Have the template of a step, task or hook looked at, unless only the run can tell which it is."""
        reference = holder.get("templateRef")
        if reference:
            home = (str(reference.get("name") or ""), bool(reference.get("clusterScope")))
        name = str((reference or holder).get("template") or "")
        if not name or "{{" in name or (home is not None and "{{" in home[0]):
            return
        self.follow(home, name, where)

    def finish(self) -> None:
        """Look at everything that was asked for, and what it leads to."""
        while self.stack:
            home, name = self.stack.pop()
            template = self._find(home, name) or {}
            kind = template_type(template)
            if not kind:
                # The exit handler's own lack of a type shows when it is due.
                if (home, name) == (None, self.run.spec.get("onExit")):
                    continue
                raise _invalid(
                    f"templates.{name} template type unspecified. choose one of: container, containerSet, steps, script, resource, dag, suspend, data, http"
                )
            _check_timeout(name, template, kind)
            _check_holders(name, template, kind)
            for where, holder in _places(name, template):
                for hook_name, hook in (holder.get("hooks") or {}).items():
                    _check_hook(f"{where}.{hook_name}", str(hook_name), hook)
                    self.called(home, hook, f"{where}.{hook_name}")
                if holder.get("inline") is None:
                    self.called(home, holder, where)

    def _find(self, home: Home, name: str) -> Mapping[str, Any] | None:
        if home is None:
            return self.local.get(name)
        kind = "cluster" if home[1] else "namespaced"
        stored: Mapping[str, Any] | None = (self.run.status.get("storedTemplates") or {}).get(
            f"{kind}/{home[0]}/{name}"
        )
        if stored is not None:
            return stored
        try:
            owner = find_workflow_template(self.run, *home)
        except WorkflowFault:
            return None
        templates = (owner.get("spec") or {}).get("templates") or ()
        return next((t for t in templates if isinstance(t, Mapping) and t.get("name") == name), None)


def _places(name: str, template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where each step or task of a template stands, as upstream writes it, and the step or task."""
    for number, group in enumerate(template.get("steps") or ()):
        for step in group or ():
            if isinstance(step, Mapping):
                yield f"templates.{name}.steps[{number}].{step.get('name')}", step
    if not template.get("steps"):
        for task in inner_holders(template):
            yield f"templates.{name}.tasks.{task.get('name')}", task


def _check_timeout(name: str, template: Mapping[str, Any], kind: str) -> None:
    timeout = template.get("timeout")
    if timeout in (None, "") or "{{" in str(timeout):
        return
    if kind in ("steps", "dag"):
        raise _invalid(f"{name} template doesn't support timeout field.")
    try:
        go_duration(str(timeout))
    except ValueError:
        raise _invalid(f"{name} has invalid duration format in timeout.") from None


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
