"""Variables of steps and tasks: `steps.NAME.outputs.parameters.x` where it is seen, and whether it exists."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references_workflow as globals_
from argolint.analysis.flow import Callee, callee_of
from argolint.analysis.references_problem import FIELDS, Problem, missing, unknown
from argolint.analysis.steps import child, children_of, root_of
from argolint.analysis.variables import Use
from argolint.context import Scalar
from argolint.model.workflow import Step, Template
from argolint.project.index import is_literal
from argolint.suggest import nearest
from argolint.yaml.nodes import Map

_ALWAYS = frozenset({"id", "startedAt", "finishedAt", "hostNodeName", "status"})


def owners(at: Scalar) -> list[Template]:
    """The composite templates whose children a string sees, innermost first: a step is substituted with all that is in it."""
    template = at.template
    found: list[Template] = []
    while template is not None:
        if template.type in ("steps", "dag"):
            found.append(template)
        template = template.step.template if template.step is not None else None
    return found


def judge_sibling(at: Scalar, use: Use, world: globals_.World) -> Iterator[Problem]:
    if len(use.path) < 2 or (len(use.path) == 2 and use.path[1] == "name"):
        return
    inside = owners(at)
    if not inside:
        yield from _caller_scope(at, use)
        return
    seen = [owner for owner in inside if root_of(owner) == use.root]
    if not seen:
        right = root_of(inside[0])
        exists = use.path[1] in children_of(inside[0])
        yield Problem(
            "steps-tasks-swap",
            at.part(*use.parts[0]),
            f"`{use.root}` does not exist in a {inside[0].type} template, whose children are `{right}`",
            f"write `{right}.{use.path[1]}`",
            right if exists else None,
        )
        return
    name = use.path[1]
    target = next(filter(None, (child(owner, name) for owner in seen)), None)
    if target is not None:
        yield from _member(at, use, target, world)
    elif is_literal(name):
        names = [known for owner in seen for known in children_of(owner) if known]
        if any("{{" in known for known in names):
            return
        what = "step" if use.root == "steps" else "task"
        message = f"there is no {what} `{name}` in {seen[0].label}"
        yield missing(f"undefined-{what}", at.part(*use.parts[1]), message, use, name, names)


def _caller_scope(at: Scalar, use: Use) -> Iterator[Problem]:
    template = at.template
    if template is None:
        if ".hooks." not in at.where and ".arguments." not in at.where:
            return  # volumes and the like are filled in when a step is processed
        yield Problem(
            "caller-scope",
            at.part(use.start, use.end),
            f"`{use.text}` does not exist at the level of the workflow: only the template with these {use.root} sees it",
            "export it with `globalName` and read `workflow.outputs`",
            severity="warning",
        )
        return
    if template.type:
        unneeded = _default_is_never_needed(at, template)
        yield Problem(
            "caller-scope",
            at.part(use.start, use.end),
            f"{template.label} cannot see the {use.root} of its caller: `{use.text}` stays as text",
            "drop this value: callers pass one, and without theirs it is only text"
            if unneeded
            else "declare an input for it, and pass it with `arguments` where this template is called",
            severity="warning" if unneeded else None,
        )


def _default_is_never_needed(at: Scalar, template: Template) -> bool:
    """Whether a string is the value of an input that every call in the same spec passes.

    Upstream puts the argument in its place before anything is resolved, and a placeholder when a template of a
    WorkflowTemplate is validated by itself.
    """
    if at.key not in ("value", "default") or ".inputs.parameters[" not in at.where or template.spec is None:
        return False
    name = at.parent.get("name") if isinstance(at.parent, Map) else None
    calls = [ref for ref in template.spec.references() if ref.local and ref.local == template.name]
    if not calls and template.spec.kind == "Workflow":
        return False
    return all(
        any(argument.text("name") == name for argument in ref.arguments.items("parameters")) for ref in calls
    )


def _member(at: Scalar, use: Use, target: Step, world: globals_.World) -> Iterator[Problem]:
    """The part of `steps.NAME.…` behind the name."""
    rest = use.path[2:]
    callee = callee_of(target, world.index, world.namespace)
    whole = at.part(use.start, use.end)
    label = target.label
    if not rest:
        if not use.in_expr:
            yield unknown(
                whole, f"`{use.text}` is no variable: it goes on, as in `{use.text}.outputs.result`"
            )
        return
    field = rest[0]
    if field not in FIELDS:
        near = nearest(field, FIELDS)
        yield unknown(
            at.part(*use.parts[2]),
            f"{label} has no `{field}`",
            f"did you mean `{near}`?" if near else f"there are {', '.join(FIELDS)}",
            near if not use.in_expr else "",
        )
        return
    if field != "outputs":
        if field not in _ALWAYS and callee is not None and callee.type:
            yield from _optional(at, use, field, callee, label)
        elif len(rest) > 1 and not use.in_expr:
            yield unknown(whole, f"`{'.'.join(use.path[:3])}` is a text: nothing comes behind it")
        return
    yield from _output(at, use, rest, callee, target, world)


def _optional(at: Scalar, use: Use, field: str, callee: Callee, label: str) -> Iterator[Problem]:
    whole = at.part(use.start, use.end)
    if field == "ip" and not callee.daemon:
        yield unknown(
            whole, f"{label} has no `ip`: {callee.label} is not a daemon", "set `daemon: true` on it"
        )
    elif field == "exitCode" and not callee.has_result:
        yield unknown(whole, f"{label} has no `exitCode`: {callee.label} is a `{callee.type}` template")


def _output(
    at: Scalar, use: Use, rest: tuple[str, ...], callee: Callee | None, target: Step, world: globals_.World
) -> Iterator[Problem]:
    whole = at.part(use.start, use.end)
    kinds = ("result", "parameters", "artifacts")
    if len(rest) == 1:
        if not use.in_expr:
            yield unknown(whole, f"`{use.text}` is no variable", "name one of the outputs")
        return
    kind = rest[1]
    if kind not in kinds:
        near = nearest(kind, kinds)
        yield unknown(
            at.part(*use.parts[3]),
            f"`outputs` of {target.label} has no `{kind}`",
            f"did you mean `{near}`?" if near else "there are result, parameters and artifacts",
            near if not use.in_expr else "",
        )
        return
    if kind == "result":
        if callee is not None and callee.type and not callee.has_result:
            yield Problem(
                "no-result",
                whole,
                f"{target.label} has no `outputs.result`: {callee.label} is a `{callee.type}` template",
                "only containers, scripts, http, data and plugin templates have a result; give it an output parameter",
            )
        elif len(rest) > 2 and not use.in_expr:
            yield unknown(
                whole,
                "`outputs.result` is a text: nothing comes behind it",
                "use an expression to take it apart",
            )
        return
    if len(rest) == 2:
        if not use.in_expr and (kind == "artifacts" or not target.loops):
            yield unknown(
                whole, f"`{use.text}` is no variable: {target.label} has no loop", "name one of the outputs"
            )
        return
    if callee is None or not callee.type:
        return
    name = rest[2] if use.in_expr else ".".join(rest[2:])
    known = callee.outputs if kind == "parameters" else callee.output_artifacts
    if name in known or not is_literal(name):
        return
    what = "parameter" if kind == "parameters" else "artifact"
    where = "" if not callee.path or callee.path == world.path else f" in {callee.path}"
    related = (
        ((callee.template.outputs.key_span(kind), "the outputs there are"),)
        if callee.template is not None and known
        else ()
    )
    span = at.part(use.parts[4][0], use.parts[-1][1] if not use.in_expr else use.parts[4][1])
    message = f"{callee.label}{where}, which {target.label} runs, has no output {what} `{name}`"
    otherwise = f"declare it under `outputs.{kind}`"
    found = missing(f"undefined-output-{what}", span, message, use, name, known, otherwise)
    yield found._replace(related=related)
