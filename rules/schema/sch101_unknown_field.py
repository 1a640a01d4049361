"""SCH101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import STEP_FIELDS, keeps_unknown_fields, of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import Span
from argolint.model.workflow import TEMPLATE_TYPES
from argolint.rule import Finding, rule
from argolint.schema import Problem
from argolint.schema.foreign import OBSOLETE


@rule("SCH101", "unknown-field", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field that the kind does not have."""
    for problem, span in of_kind(obj, ctx.argo_version, "unknown-field"):
        if is_said_better(problem):
            continue
        if "obsolete" in problem.args:
            yield from obsolete(problem, span)
            continue
        near, instead = problem.suggestion, problem.args.get("instead")
        # what a program writes that knows more fields than it fills
        is_left_out = problem.container[problem.key] is None and ctx.path.endswith(".json")
        yield Finding(
            span,
            f"{problem.args['owner']} has no field `{problem.key}`",
            help=help_of(near, instead),
            severity="warning" if keeps_unknown_fields(obj) or is_left_out else None,
        )


def obsolete(problem: Problem, span: Span) -> Iterator[Finding]:
    """The finding about fields of older releases, at the first of those that stand together."""
    once, holder = OBSOLETE[problem.args["definition"]], problem.container
    names = [f"`{key}`" for key in holder if key in once]
    if names[0] == f"`{problem.key}`":
        fields = f"field {names[0]}" if len(names) == 1 else f"fields {', '.join(names[:-1])} and {names[-1]}"
        yield Finding(
            span,
            f"{problem.args['owner']} has no {fields}",
            help=f"delete {'it' if len(names) == 1 else 'them'}: {problem.args['obsolete']}",
            severity="info",
        )


def help_of(near: str, instead: str | None) -> str:
    """What to do: Argo's way to say what a field of another kind says, or the name that is nearest."""
    if instead:
        return f"write {instead}"
    return f"did you mean `{near}`?" if near else "delete it: nothing reads it"


# Kubernetes' docs: notes on the strategic merge patch, directives
DIRECTIVES = ("$patch", "$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/")


def is_said_better(problem: Problem) -> bool:
    """Whether another rule says what is meant: a task's field in a step (STP107), a step among the templates (STR102)."""
    owner, holder = problem.args["owner"], problem.container
    if str(problem.key).startswith(DIRECTIVES):
        return True  # what a strategic merge patch is to do; nothing of it is left in the object
    if owner == "a step":
        return problem.key in ("depends", "dependencies")
    return (
        owner == "a template"
        and problem.key in STEP_FIELDS
        and not any(key in TEMPLATE_TYPES for key in holder)
    )
