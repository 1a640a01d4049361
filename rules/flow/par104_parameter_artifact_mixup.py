"""PAR104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.variables import uses_in
from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Step
from argolint.rule import Finding, rule


@rule("PAR104", "parameter-artifact-mixup", on="step", severity="error")
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """A parameter is fed by an artifact, or an artifact by a parameter; or an artifact decides a condition or a loop."""
    yield from in_text(step, ctx)
    if "arguments" not in step:
        return
    for items, key, wrong in (
        (step.arguments.parameters, "value", "artifacts"),
        (step.arguments.artifacts, "from", "parameters"),
    ):
        for item in items:
            text = item.text(key)
            for use in uses_in(text):
                if use.path[0] == "inputs" and wrong == "artifacts" and use.path[-1] == "path":
                    continue
                at = 1 if use.path[0] == "inputs" else 3
                outputs = use.path[0] == "inputs" or use.path[2:3] == ("outputs",)
                if not use.in_expr and outputs and len(use.path) > at + 1 and use.path[at] == wrong:
                    what = "parameter" if key == "value" else "artifact"
                    yield Finding(
                        ctx.part(item, key, use.start, use.end),
                        f"{what} `{item.name}` is fed by {'an artifact' if what == 'parameter' else 'a parameter'}",
                        help="move it to `arguments.artifacts` and write `from`"
                        if what == "parameter"
                        else "move it to `arguments.parameters` and write `value`",
                    )


def in_text(step: Step, ctx: Context) -> Iterator[Finding]:
    """The artifacts in a condition or in what a loop is over: there is no text of them."""
    sequence = step.mapping("withSequence")
    places: list[tuple[View, str]] = [(step, "when"), (step, "withParam")]
    places += [(sequence, key) for key in ("count", "start", "end")] if sequence.map else []
    for view, key in places:
        text = view.text(key)
        if "artifacts" not in text:
            continue
        for use in uses_in(text):
            at = 1 if use.root == "inputs" else 3 if use.root in ("steps", "tasks") else 2
            if (
                not use.in_expr
                and len(use.path) > at
                and use.path[at] == "artifacts"
                and use.path[-1] != "path"
            ):
                yield Finding(
                    ctx.part(view, key, use.start, use.end),
                    f"`{key}` of {step.label} is read as text, and `{use.text}` is an artifact: it is never filled in",
                    help="give the file out as an output parameter too, with `valueFrom: {path: …}`, or print it and read `outputs.result`",
                )
