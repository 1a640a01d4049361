"""STY103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.rule import Finding, rule

ENVELOPE = ("apiVersion", "kind", "metadata", "spec")


@rule("STY103", "key-order", on="object", severity="info", default=False)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """`apiVersion, kind, metadata, spec` first and in this order, and `name` first in templates, steps and parameters."""
    if obj.map.merged:
        return
    there = [key for key in obj.map if key in ENVELOPE]
    wanted = [key for key in ENVELOPE if key in obj]
    if there != wanted:
        odd = next(key for key, right in zip(there, wanted, strict=True) if key != right)
        yield Finding(
            obj.key_span(odd),
            f"`{odd}` comes too early",
            help=f"the usual order is {', '.join(f'`{key}`' for key in wanted)}",
        )
    for spec in obj.workflow_specs:
        for template in spec.all_templates:
            named: list[View] = [template] if template.step is None else []
            named += [*template.children, *template.inputs.parameters, *template.outputs.parameters]
            for view in named:
                if "name" in view and not view.map.merged and next(iter(view.map)) != "name":
                    yield Finding(
                        view.key_span("name"),
                        "`name` is not the first key",
                        help="put it first, where readers look",
                    )
