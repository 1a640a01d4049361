"""SEC144."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule("SEC144", "secret-in-manifest", on="template", severity="warning", types=("resource",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A resource template creates a Secret whose data is written in it."""
    for scalar, root in security.manifests(template, ctx):
        if root.get("kind") != "Secret":
            continue
        for field in ("data", "stringData"):
            view = View(root).mapping(field)
            for key, value in view.map.items():
                if isinstance(value, str) and value and "{{" not in value and is_literal(value):
                    span = view.value_span(key)
                    yield Finding(
                        scalar.part(span.start, span.end),
                        f"the value of `{key}` is written in the template, which everybody who may read workflows reads",
                        help="create the Secret beside the workflow, encrypted in Git",
                        secrets=[scalar.part(span.start, span.end)],
                    )
