"""Variables that a template sees of itself: inputs, outputs, the item of its loop, its pod, its retries; and names that are nobody's."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references_workflow as globals_
from argolint.analysis.references_problem import FIELDS, Problem, missing, unknown
from argolint.analysis.variables import ROOTS, Use
from argolint.context import Scalar
from argolint.model.view import View
from argolint.model.workflow import POD_TYPES, Step, Template
from argolint.suggest import nearest


def judge_inputs(at: Scalar, use: Use) -> Iterator[Problem]:
    template = at.template
    if template is None or len(use.path) < 2:
        return
    if use.path[1] not in ("parameters", "artifacts"):
        near = nearest(use.path[1], ("parameters", "artifacts"))
        yield unknown(
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
        span = at.part(*use.parts[2])
        message = f"{template.label} has no input artifact `{name}`"
        otherwise = "declare it under `inputs.artifacts`"
        yield missing("undefined-input-artifact", span, message, use, name, names, otherwise)
    elif rest == ("path",) and template.type in ("steps", "dag", "suspend") and not use.in_expr:
        yield Problem(
            "undefined-input-artifact",
            at.part(use.start, use.end),
            f"{template.label} has no files: its input artifact `{name}` has no path",
            "hand the artifact on with `from`",
        )
    elif rest and rest != ("path",) and not use.in_expr:
        yield unknown(
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


def judge_outputs(at: Scalar, use: Use) -> Iterator[Problem]:
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
        span = at.part(use.parts[2][0], use.parts[-2][1])
        message = f"{template.label} has no output {path[1][:-1]} `{name}`: the tag stays as text"
        yield missing("unchecked", span, message, use, name, names, f"declare it under `outputs.{path[1]}`")
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


def judge_item(at: Scalar, use: Use) -> Iterator[Problem]:
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
        if at.step is not None and any(str(key).startswith("with") for key in at.step.map):
            return  # a loop of a kind that we do not know
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
        text = (
            f"the items of {loop.label} have no key `{key}`"
            if keys
            else f"the items of {loop.label} have no keys"
        )
        yield missing("undefined-item-key", span, text, use, key, keys, "" if keys else "use `item`")
    elif key not in common:
        yield Problem(
            "undefined-item-key", span, f"not every item of {loop.label} has the key `{key}`: the loop fails at the first without it",
            "give it to all items",
        )  # fmt: skip


def judge_pod(at: Scalar, use: Use) -> Iterator[Problem]:
    template = at.template
    whole = at.part(use.start, use.end)
    if use.path != ("pod", "name"):
        if not use.in_expr or len(use.path) > 1:
            yield unknown(whole, f"`{use.text}` does not exist", "there is `pod.name`")
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


def judge_retry(at: Scalar, use: Use) -> Iterator[Problem]:
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


def judge_foreign(at: Scalar, use: Use) -> Iterator[Problem]:
    root = use.root
    if not root.isidentifier() or (at.template is None and at.spec is None):
        return
    meant = nearest(root, sorted(ROOTS))
    second = use.path[1] if len(use.path) > 1 else ""
    third = use.path[2] if len(use.path) > 2 else ""
    sure = bool(meant) and (
        second in _MEANT.get(meant or "", ())
        or (meant in ("steps", "tasks") and third in FIELDS)
        or (meant == "item" and root in ("items", "Item") and not second and loop_of(at) is not None)
    )
    own_step = at.step if at.step is not None and at.template is at.step.template else None
    if sure and meant is not None:
        # Only where every tag must be filled in does it fail; elsewhere the braces go where the value should.
        fails = own_step is not None and (own_step.loops or at.key == "when")
        yield Problem(
            "misspelt-root",
            at.part(*use.parts[0]),
            f"`{root}` is not a variable of Argo: {'here every tag must be one' if fails else 'the tag stays as text'}",
            f"did you mean `{meant}`?",
            meant,
            "error" if fails else None,
        )
        return
    if own_step is not None and at.key == "when" and at.parent is own_step.map:
        # no other program reads a condition; that a file is rendered before Argo sees it is all that speaks for the tag
        inputs = at.template.inputs.parameters if at.template is not None else []
        right = f"inputs.parameters.{use.text}" if any(one.name == use.text for one in inputs) else ""
        yield Problem(
            "unknown",
            at.part(use.start, use.end),
            f"`{use.text}` is not a variable of Argo: the condition is read with the braces",
            f"did you mean `{right}`?" if right else "name a variable, such as `workflow.parameters.NAME`",
            right or None,
            severity="warning",
        )
        return
    loop = own_step if own_step is not None and own_step.loops else None
    if loop is not None and ".inline." not in at.where:
        yield Problem(
            "unknown",
            at.part(use.start, use.end),
            f"`{use.text}` is not a variable of Argo, and {loop.label} has a loop, in which an unknown tag is an error",
            "braces that are meant for another program go into the template, not into the arguments of a loop",
        )
