"""REL140."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template, WorkflowSpec
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

_GATE = lazy(r"approv|confirm|sign-?off|manual|permission|go-?no-?go", 2)


@rule("REL140", "approval-opens-itself", on="spec", severity="warning", fix="unsafe")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A suspend that is called an approval goes on by itself after a while."""
    for template in spec.all_templates:
        body = template.mapping("suspend")
        if template.type != "suspend" or body.get("duration") is None:
            continue
        gate = next((name for name in names(template, spec) if _GATE.search(name)), "")
        if gate:
            alone = len(body.map) == 1 and not template.is_alias("suspend")
            yield Finding(
                body.value_span("duration"),
                f"nobody needs to answer `{gate}`: after {body.get('duration')} the workflow goes on as if it had been approved",
                help="leave `duration` out, and end what waits too long with `activeDeadlineSeconds`",
                fix=replace(template.value_span("suspend"), "{}") if alone else None,
            )


def names(template: Template, spec: WorkflowSpec) -> Iterator[str]:
    """What a template is called: its own name and those of the steps that call it."""
    yield template.name
    if template.step is not None:
        yield template.step.name
    for caller in spec.all_templates:
        for step in caller.children:
            if template.name and step.target is not None and step.target.local == template.name:
                yield step.name
