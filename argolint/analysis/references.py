"""Variables that do not exist where they are used: walked once per object, worded once, told apart by kind.

A use that may be right is right: names with tags, callees in other trees, guarded members (`??`, `?.`) are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from argolint.analysis import references_workflow as globals_
from argolint.analysis.flow import Callee, callee_of
from argolint.analysis.steps import root_of
from argolint.analysis.variables import ROOTS, Use, uses_in, uses_in_expression
from argolint.context import Context, Scalar, scalars_of
from argolint.language.suggest import nearest
from argolint.language.tags import SimpleTag, split
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.model.workflow import POD_TYPES, Step, Template, WorkflowSpec
from argolint.project.index import Index, did_you_mean, is_literal, suggest


class Problem(NamedTuple):
    """`kind` is that of a rule; `replacement`, if any, is text to put in place of `span`."""

    kind: str
    span: Span
    message: str
    help: str = ""
    replacement: str | None = None
    severity: str | None = None
    related: tuple[tuple[Span, str], ...] = ()


_FIELDS = ("id", "startedAt", "finishedAt", "hostNodeName", "status", "ip", "exitCode", "outputs")
_ALWAYS = frozenset({"id", "startedAt", "finishedAt", "hostNodeName", "status"})
# The objects asked last: (object, index or None, findings by kind).
_last: list[tuple[Object, Index | None, dict[str, list[Problem]]]] = []


def problems(obj: Object, ctx: Context, index: Index | None, *kinds: str) -> list[Problem]:
    """What is wrong with the variables of a workflow object, of the kinds asked for.

    Without an index everything about other objects counts as unknown.
    """
    if not obj.is_workflow_kind:
        return []
    found = next((known for seen, used, known in _last if seen is obj and used is index), None)
    if found is None and index is not None and not _leaves(obj):
        index = None
        found = next((known for seen, used, known in _last if seen is obj and used is None), None)
    if found is None:
        found = {}
        for problem in _all(obj, ctx, index):
            found.setdefault(problem.kind, []).append(problem)
        for kind in _ONCE & found.keys():
            found[kind] = _once(found[kind])
        if _last and _last[0][0] is not obj:
            _last.clear()
        del _last[:-1]
        _last.append((obj, index, found))
    return [problem for kind in kinds for problem in found.get(kind, ())]


# What is missing is missing for all its uses: one finding, with the other places beside it.
_ONCE = frozenset({"undefined-workflow-parameter"})


def _once(found: list[Problem]) -> list[Problem]:
    """One problem for each message, the first, with the places of the next ones; those that can be corrected stay apart."""
    first: dict[str, Problem] = {}
    kept: list[Problem] = []
    for problem in found:
        if problem.replacement is not None:
            kept.append(problem)
        elif problem.message not in first:
            first[problem.message] = problem
        elif len(first[problem.message].related) < 3:
            known = first[problem.message]
            first[problem.message] = known._replace(related=(*known.related, (problem.span, "used here too")))
    return sorted([*kept, *first.values()], key=lambda problem: problem.span.start)


def _leaves(obj: Object) -> bool:
    """Whether an object refers to others, or others may pass it something."""
    return obj.kind not in ("Workflow", "CronWorkflow") or any(
        ref.object_name for spec in obj.workflow_specs for ref in spec.references()
    )


def _all(obj: Object, ctx: Context, index: Index | None) -> Iterator[Problem]:
    for spec in obj.workflow_specs:
        world = globals_.World(spec, index, ctx.namespace, ctx.path)
        for scalar in scalars_of(obj, ctx.source, {}):
            if scalar.spec is None:
                continue
            for use in uses_in(scalar.value):
                yield from judge(scalar, use, world)
            yield from _nested(scalar)
        for scalar in _bare(spec, ctx):
            expression = scalar.key in ("expression", "fromExpression")
            uses = uses_in_expression(scalar.value) if expression else (_plain(scalar.value),)
            for use in uses:
                yield from judge(scalar, use, world)


def _bare(spec: WorkflowSpec, ctx: Context) -> Iterator[Scalar]:
    """The fields that name variables without braces."""
    for template in spec.all_templates:
        for parameter in template.outputs.parameters:
            source = parameter.mapping("valueFrom")
            for key in ("parameter", "expression"):
                yield from _scalar(ctx, source, key, template, None)
        for artifact in template.outputs.artifacts:
            for key in ("from", "fromExpression"):
                yield from _scalar(ctx, artifact, key, template, None)
        for step in template.children:
            for artifact in step.arguments.artifacts:
                for key in ("from", "fromExpression"):
                    yield from _scalar(ctx, artifact, key, template, step)
            for hook in step.hooks:
                yield from _scalar(ctx, hook, "expression", template, step)
    for hook in spec.hooks:
        found = ctx.scalar(hook, "expression")
        if found is not None and found.value and "{{" not in found.value:
            found.spec = spec
            yield found


def _scalar(ctx: Context, view: View, key: str, template: Template, step: Step | None) -> Iterator[Scalar]:
    found = ctx.scalar(view, key)
    if found is not None and found.value.strip() and "{{" not in found.value:
        found.spec, found.template, found.step = template.spec, template, step
        yield found


def _plain(text: str) -> Use:
    name = text.strip()
    start = text.find(name)
    parts: list[tuple[int, int]] = []
    at = start
    for part in name.split("."):
        parts.append((at, at + len(part)))
        at += len(part) + 1
    return Use(tuple(name.split(".")), start, start + len(name), tuple(parts), False, False)


def _nested(scalar: Scalar) -> Iterator[Problem]:
    """Blanks in the inner tag of `{{a.{{ b }}}}`, which is looked up as it is written."""
    if scalar.value.count("{{") < 2:
        return
    for piece in split(scalar.value):
        if isinstance(piece, SimpleTag) and piece.nested is not None:
            outer, inner = piece.nested
            if inner != inner.strip() and inner.strip():
                start = piece.start + 2 + len(outer)
                yield Problem(
                    "blank-in-nested",
                    scalar.part(start, start + 2 + len(inner)),
                    f"the blanks belong to the name that is looked up: `{inner}` does not exist",
                    f"write `{{{{{inner.strip()}`",
                    "{{" + inner.strip(),
                )


def judge(at: Scalar, use: Use, world: globals_.World) -> Iterator[Problem]:
    """What is wrong with one use."""
    if use.guarded or (at.template is not None and at.template.is_default):
        return
    root = use.root
    if root in ("steps", "tasks"):
        yield from _sibling(at, use, world)
    elif root == "inputs":
        yield from _inputs(at, use)
    elif root == "outputs":
        yield from _outputs(at, use)
    elif root == "workflow":
        for kind, message, help_, severity, replacement in globals_.judge(at, use, world):
            yield Problem(kind, at.part(use.start, use.end), message, help_, replacement, severity)
    elif root == "item":
        yield from _item(at, use)
    elif root == "pod":
        yield from _pod(at, use)
    elif root in ("retries", "lastRetry"):
        yield from _retry(at, use)
    elif root not in ROOTS and not use.in_expr:
        yield from _foreign(at, use)


# -- siblings ------------------------------------------------------------------------------------------


def owners(at: Scalar) -> list[Template]:
    """The composite templates whose children a string sees, innermost first: a step is substituted with all that is in it."""
    template = at.template
    found: list[Template] = []
    while template is not None:
        if template.type in ("steps", "dag"):
            found.append(template)
        template = template.step.template if template.step is not None else None
    return found


def _sibling(at: Scalar, use: Use, world: globals_.World) -> Iterator[Problem]:
    if len(use.path) < 2 or (len(use.path) == 2 and use.path[1] == "name"):
        return
    inside = owners(at)
    if not inside:
        yield from _caller_scope(at, use)
        return
    seen = [owner for owner in inside if root_of(owner) == use.root]
    if not seen:
        right = root_of(inside[0])
        exists = any(step.name == use.path[1] for step in inside[0].children)
        yield Problem(
            "steps-tasks-swap",
            at.part(*use.parts[0]),
            f"`{use.root}` does not exist in a {inside[0].type} template, whose children are `{right}`",
            f"write `{right}.{use.path[1]}`",
            right if exists else None,
        )
        return
    name = use.path[1]
    children = [step for owner in seen for step in owner.children]
    target = next((step for step in children if step.name == name), None)
    if target is not None:
        yield from _member(at, use, target, world)
    elif not any("{{" in step.name for step in children) and is_literal(name):
        names = [step.name for step in children if step.name]
        near = suggest(name, names)
        what = "step" if use.root == "steps" else "task"
        span = at.part(*use.parts[1])
        yield Problem(
            f"undefined-{what}",
            span,
            f"there is no {what} `{name}` in {seen[0].label}",
            did_you_mean(name, names),
            near if near and not use.in_expr else None,
        )


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
        yield Problem(
            "caller-scope",
            at.part(use.start, use.end),
            f"{template.label} cannot see the {use.root} of its caller: `{use.text}` stays as text",
            "declare an input for it, and pass it with `arguments` where this template is called",
        )


def _member(at: Scalar, use: Use, target: Step, world: globals_.World) -> Iterator[Problem]:
    """The part of `steps.NAME.…` behind the name."""
    rest = use.path[2:]
    callee = callee_of(target, world.index, world.namespace)
    whole = at.part(use.start, use.end)
    label = target.label
    if not rest:
        if not use.in_expr:
            yield _unknown(
                whole, f"`{use.text}` is no variable: it goes on, as in `{use.text}.outputs.result`"
            )
        return
    field = rest[0]
    if field not in _FIELDS:
        near = nearest(field, _FIELDS) or ""
        yield _unknown(
            at.part(*use.parts[2]),
            f"{label} has no `{field}`",
            f"did you mean `{near}`?" if near else f"there are {', '.join(_FIELDS)}",
            near if not use.in_expr else "",
        )
        return
    if field != "outputs":
        if field not in _ALWAYS and callee is not None and callee.type:
            yield from _optional(at, use, field, callee, label)
        elif len(rest) > 1 and not use.in_expr:
            yield _unknown(whole, f"`{'.'.join(use.path[:3])}` is a text: nothing comes behind it")
        return
    yield from _output(at, use, rest, callee, target, world)


def _optional(at: Scalar, use: Use, field: str, callee: Callee, label: str) -> Iterator[Problem]:
    whole = at.part(use.start, use.end)
    if field == "ip" and not callee.daemon:
        yield _unknown(
            whole, f"{label} has no `ip`: {callee.label} is not a daemon", "set `daemon: true` on it"
        )
    elif field == "exitCode" and not callee.has_result:
        yield _unknown(whole, f"{label} has no `exitCode`: {callee.label} is a `{callee.type}` template")


def _output(
    at: Scalar, use: Use, rest: tuple[str, ...], callee: Callee | None, target: Step, world: globals_.World
) -> Iterator[Problem]:
    whole = at.part(use.start, use.end)
    kinds = ("result", "parameters", "artifacts")
    if len(rest) == 1:
        if not use.in_expr:
            yield _unknown(whole, f"`{use.text}` is no variable", "name one of the outputs")
        return
    kind = rest[1]
    if kind not in kinds:
        near = nearest(kind, kinds) or ""
        yield _unknown(
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
            yield _unknown(
                whole,
                "`outputs.result` is a text: nothing comes behind it",
                "use an expression to take it apart",
            )
        return
    if len(rest) == 2:
        if not use.in_expr and (kind == "artifacts" or not target.loops):
            yield _unknown(
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
    near = suggest(name, known)
    where = "" if not callee.path or callee.path == world.path else f" in {callee.path}"
    related = (
        ((callee.template.outputs.key_span(kind), "the outputs there are"),)
        if callee.template is not None and known
        else ()
    )
    yield Problem(
        f"undefined-output-{what}",
        at.part(use.parts[4][0], use.parts[-1][1] if not use.in_expr else use.parts[4][1]),
        f"{callee.label}{where}, which {target.label} runs, has no output {what} `{name}`",
        did_you_mean(name, known) or f"declare it under `outputs.{kind}`",
        near if near and not use.in_expr else None,
        related=related,
    )


def _unknown(span: Span, message: str, help_: str = "", replacement: str = "") -> Problem:
    return Problem("unknown", span, message, help_, replacement or None)


# -- inputs and outputs of the template itself -----------------------------------------------------------


def _inputs(at: Scalar, use: Use) -> Iterator[Problem]:
    template = at.template
    if template is None or len(use.path) < 2:
        return
    if use.path[1] not in ("parameters", "artifacts"):
        near = nearest(use.path[1], ("parameters", "artifacts")) or ""
        yield _unknown(
            at.part(*use.parts[1]),
            f"`inputs` has no `{use.path[1]}`",
            f"did you mean `{near}`?" if near else "there are parameters and artifacts",
            near if not use.in_expr else "",
        )
        return
    if use.path[1] != "artifacts" or len(use.path) < 3:
        return
    name, rest = use.path[2], use.path[3:]
    names = input_artifacts(template)
    if name not in names:
        near = suggest(name, names)
        yield Problem(
            "undefined-input-artifact",
            at.part(*use.parts[2]),
            f"{template.label} has no input artifact `{name}`",
            did_you_mean(name, names) or "declare it under `inputs.artifacts`",
            near if near and not use.in_expr else None,
        )
    elif rest == ("path",) and template.type in ("steps", "dag", "suspend") and not use.in_expr:
        yield Problem(
            "undefined-input-artifact",
            at.part(use.start, use.end),
            f"{template.label} has no files: its input artifact `{name}` has no path",
            "hand the artifact on with `from`",
        )
    elif rest and rest != ("path",) and not use.in_expr:
        yield _unknown(
            at.part(use.start, use.end), f"an input artifact has no `{'.'.join(rest)}`", "there is `path`"
        )
    elif (
        not rest
        and not use.in_expr
        and template.type in POD_TYPES
        and at.key not in ("from", "fromExpression")
    ):
        yield Problem(
            "undefined-input-artifact",
            at.part(use.start, use.end),
            f"`{use.text}` stays as text: an artifact is no text, its place is",
            f"write `{use.text}.path`",
            f"{use.text}.path",
            "warning",
        )


def input_artifacts(template: Template) -> list[str]:
    """The input artifacts in sight: the template's own, the defaults', and those of the templates that an inline one stands in."""
    found = [item.name for item in template.inputs.artifacts]
    defaults = template.spec.template_defaults
    if defaults is not None:
        found += [item.name for item in defaults.inputs.artifacts]
    return found + input_artifacts(template.step.template) if template.step is not None else found


def _outputs(at: Scalar, use: Use) -> Iterator[Problem]:
    """Of its own outputs a template sees the paths; a metric sees the values."""
    template = at.template
    if (
        template is None
        or use.in_expr
        or ".metrics" in at.where[len(template.where) :]
        or ".hooks" in at.where
    ):
        return
    path = use.path
    right = len(path) >= 4 and path[-1] == "path" and path[1] in ("parameters", "artifacts")
    if right:
        name = ".".join(path[2:-1])
        ports = template.outputs.parameters if path[1] == "parameters" else template.outputs.artifacts
        names = [port.name for port in ports]
        if name in names or template.spec.template_defaults is not None or template.step is not None:
            return
        near = suggest(name, names)
        yield Problem(
            "unchecked",
            at.part(use.parts[2][0], use.parts[-2][1]),
            f"{template.label} has no output {path[1][:-1]} `{name}`: the tag stays as text",
            did_you_mean(name, names) or f"declare it under `outputs.{path[1]}`",
            near or None,
        )
    else:
        yield Problem(
            "unchecked",
            at.part(use.start, use.end),
            f"`{use.text}` does not exist in {template.label}: the tag stays as text",
            "a template sees the paths of its outputs only, as `outputs.artifacts.NAME.path`",
        )


# -- loops, pods, retries ---------------------------------------------------------------------------------


def loop_of(at: Scalar) -> Step | None:
    """The step with a loop in whose text a string stands, the innermost one."""
    step, template = at.step, at.template
    while step is not None:
        if step.loops:
            return step
        template = step.template
        step = template.step
    return None


def _item(at: Scalar, use: Use) -> Iterator[Problem]:
    template = at.template
    if template is None:
        return
    loop = loop_of(at)
    whole = at.part(use.start, use.end)
    if loop is None:
        if use.in_expr and len(use.path) == 1:
            return
        if template.type == "steps" and any(step.loops for step in template.children):
            return  # the loop of a neighbour: that has a rule of its own
        inside = template.type not in ("steps", "dag")
        yield Problem(
            "item-outside-loop",
            whole,
            f"`{use.text}` does not exist here: "
            + (
                f"{template.label} does not see the loop of its caller"
                if inside
                else "there is no loop around it"
            ),
            "pass it as an argument of the step that has the loop"
            if inside
            else "add `withItems` or `withParam` to the step",
        )
        return
    if at.where.startswith(
        (f"{loop.where}.withItems", f"{loop.where}.withParam", f"{loop.where}.withSequence")
    ):
        yield Problem(
            "item-outside-loop",
            whole,
            f"`{use.text}` does not exist yet where the loop is defined",
            "use what the loop is over",
        )
        return
    yield from _item_key(at, use, loop)


def _item_key(at: Scalar, use: Use, loop: Step) -> Iterator[Problem]:
    """The key of `item.KEY` against what the loop is over."""
    if len(use.path) < 2:
        return
    key = use.path[1] if use.in_expr else ".".join(use.path[1:])
    shape = globals_.items_of(loop)
    if shape is None:
        return
    keys, common, lists = shape
    span = at.part(use.parts[1][0], use.parts[-1][1] if not use.in_expr else use.parts[1][1])
    if lists and key.startswith("[") and not use.in_expr:
        yield Problem(
            "list-item-index",
            at.part(use.start, use.end),
            f"`{use.text}` does not exist: of an item that is a list there is only `item`, as JSON",
            f"write `{{{{=fromJSON(item){key}}}}}`",
        )
    elif key not in keys:
        near = suggest(key, keys)
        text = (
            f"the items of {loop.label} have no key `{key}`"
            if keys
            else f"the items of {loop.label} have no keys"
        )
        yield Problem(
            "undefined-item-key",
            span,
            text,
            did_you_mean(key, keys) if keys else "use `item`",
            near if near and not use.in_expr else None,
        )
    elif key not in common:
        yield Problem(
            "undefined-item-key", span, f"not every item of {loop.label} has the key `{key}`: the loop fails at the first without it",
            "give it to all items",
        )  # fmt: skip


def _pod(at: Scalar, use: Use) -> Iterator[Problem]:
    template = at.template
    whole = at.part(use.start, use.end)
    if use.path != ("pod", "name"):
        if not use.in_expr or len(use.path) > 1:
            yield _unknown(whole, f"`{use.text}` does not exist", "there is `pod.name`")
        return
    if template is None or not template.type or template.type in POD_TYPES or use.in_expr:
        return
    if at.where.startswith(f"{template.where}.inputs"):
        return
    yield Problem(
        "out-of-phase",
        whole,
        f"`pod.name` does not exist in {template.label}: a `{template.type}` template has no pod",
        "use it in the template that runs the pod; `node.name` exists everywhere",
    )


def _retry(at: Scalar, use: Use) -> Iterator[Problem]:
    template = at.template
    if template is None or use.in_expr:
        return
    spec = template.spec
    holders: list[View] = [template, spec, spec.mapping("templateDefaults")]
    outer = template.step
    while outer is not None:
        holders.append(outer.template)
        outer = outer.template.step
    if any(holder.get("retryStrategy") is not None for holder in holders):
        return
    yield Problem(
        "out-of-phase",
        at.part(use.start, use.end),
        f"`{use.text}` does not exist: {template.label} has no `retryStrategy`",
        "add one, or remove the tag",
        severity="warning",
    )


# -- names that are nobody's -----------------------------------------------------------------------------

_MEANT = {
    "inputs": ("parameters", "artifacts"),
    "outputs": ("parameters", "artifacts", "result"),
    "workflow": (
        "parameters", "name", "namespace", "uid", "status", "labels", "annotations", "outputs", "failures",
        "creationTimestamp", "duration", "serviceAccountName", "mainEntrypoint", "priority", "scheduledTime",
    ),
    "pod": ("name",),
    "node": ("name",),
    "lastRetry": ("exitCode", "status", "duration", "message"),
}  # fmt: skip


def _foreign(at: Scalar, use: Use) -> Iterator[Problem]:
    root = use.root
    if not root.isidentifier() or (at.template is None and at.spec is None):
        return
    meant = nearest(root, sorted(ROOTS))
    second = use.path[1] if len(use.path) > 1 else ""
    third = use.path[2] if len(use.path) > 2 else ""
    sure = bool(meant) and (
        second in _MEANT.get(meant or "", ())
        or (meant in ("steps", "tasks") and third in _FIELDS)
        or (meant == "item" and root in ("items", "Item") and not second and loop_of(at) is not None)
    )
    if sure and meant is not None:
        yield Problem(
            "misspelt-root",
            at.part(*use.parts[0]),
            f"`{root}` is not a variable of Argo: the tag stays as text",
            f"did you mean `{meant}`?",
            meant,
        )
        return
    loop = at.step if at.step is not None and at.template is at.step.template and at.step.loops else None
    if loop is not None and ".inline." not in at.where:
        yield Problem(
            "unknown",
            at.part(use.start, use.end),
            f"`{use.text}` is not a variable of Argo, and {loop.label} has a loop, in which an unknown tag is an error",
            "braces that are meant for another program go into the template, not into the arguments of a loop",
        )
