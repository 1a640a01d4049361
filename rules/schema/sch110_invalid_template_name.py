"""SCH110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.patterns import lazy
from argolint.rule import Finding, rule

NAME = lazy(r"[a-zA-Z0-9][-a-zA-Z0-9]*")
TAG = lazy(r"\{\{.*?\}\}")


@rule("SCH110", "invalid-template-name", on="spec", severity="error")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A name of a template, step, task or container that Argo does not take."""
    for template in spec.all_templates:
        yield from named(template, "template")
        for step in template.children:
            yield from named(step, step.kind)
        if template.type == "containerSet":
            for container in template.body.items("containers"):
                yield from named(container, "container")


def named(view: View, what: str) -> Iterator[Finding]:
    """The finding about `name` of a view, if there is one."""
    name = view.text("name")
    # A tag in a name is replaced before the run; what it becomes is not known here.
    tested = TAG.sub("x", name) if what != "template" else name
    if not name:
        return
    if not NAME.fullmatch(tested):
        yield Finding(
            view.value_span("name"),
            f"`{name}` is not a name for a {what}",
            help="letters, digits and `-`, beginning with a letter or digit",
        )
    elif len(name) > 128:
        yield Finding(
            view.value_span("name"),
            f"the name has {len(name)} characters; a {what} may have 128",
            help="shorten it",
        )
