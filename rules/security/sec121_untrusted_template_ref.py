"""SEC121."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security, taint
from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template, WorkflowSpec
from argolint.rule import Finding, rule

_KEYS = ("serviceAccountName", "priorityClassName", "schedulerName")


def _places(spec: WorkflowSpec) -> Iterator[tuple[View, str, Template | None, str]]:
    yield spec, "serviceAccountName", None, "account"
    yield spec.mapping("workflowTemplateRef"), "name", None, "template"
    yield from ((view, key, None, what) for view, key, what in _volumes(spec))
    for template in spec.all_templates:
        yield template, "serviceAccountName", template, "account"
        yield from ((view, key, template, what) for view, key, what in _volumes(template))
        for _, container in template.containers:
            for env in container.items("env"):
                yield env.mapping("valueFrom").mapping("secretKeyRef"), "name", template, "secret"
        for step in template.children:
            yield step.mapping("templateRef"), "name", template, "template"
            yield step.mapping("templateRef"), "template", template, "template"
            yield step, "template", template, "template"


def _volumes(view: View) -> Iterator[tuple[View, str, str]]:
    for volume in view.items("volumes"):
        yield volume.mapping("hostPath"), "path", "host path"
        yield volume.mapping("secret"), "secretName", "secret"


@rule("SEC121", "untrusted-template-ref", on="spec", severity="error", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Somebody else decides which template, account, secret or host path is used."""
    for view, key, template, what in _places(spec):
        value = view.get(key)
        if not isinstance(value, str) or "{{" not in value:
            continue
        scalar = ctx.scalar(view, key)
        if scalar is None:
            continue
        for danger in security.dangers(scalar, spec, template, ctx)[:1]:
            yield Finding(
                scalar.part(danger.use.start, danger.use.end),
                f"`{danger.use.text}` decides which {what} is used: {danger.who()} chooses it",
                help="choose among values that are written down, with `when` or with an expression over a map",
                related=danger.taint.path,
                severity="error" if danger.taint.level == taint.EVENT else "warning",
            )
