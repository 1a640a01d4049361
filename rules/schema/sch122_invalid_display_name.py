"""SCH122."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

KEY = "workflows.argoproj.io/display-name"
# Upstream: operator.go, the display name of a node.
_NAME = lazy(r"[a-zA-Z0-9][a-zA-Z0-9.-]{0,61}[a-zA-Z0-9]")
_TAG = lazy(r"\{\{.*?\}\}")
_AROUND_TAGS = lazy(r"[a-zA-Z0-9.-]*")


@rule("SCH122", "invalid-display-name", on="template", severity="error")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A node cannot be shown by the name that its template gives it."""
    if ctx.argo_version < (3, 7):
        return
    view = template.mapping("annotations")
    name = view.text(KEY)
    sound = _AROUND_TAGS.fullmatch(_TAG.sub("x", name)) if "{{" in name else _NAME.fullmatch(name)
    if name and not sound:
        yield Finding(
            view.value_span(KEY),
            f"`{name}` is not a display name: the node ends in an error",
            help="2 to 63 letters, digits, `-` and `.`, with a letter or digit at both ends",
        )
    of_pod = template.mapping("metadata").mapping("annotations")
    if KEY in of_pod and KEY not in view:
        yield Finding(
            of_pod.key_span(KEY),
            "the annotation goes to the pod, where it names nothing",
            help="move it to `annotations` of the template, beside its `name`",
            severity="warning",
        )
