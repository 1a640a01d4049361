"""RBA121."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import Need, covers, grants_of, pod_account
from argolint.analysis.rbac_grant import rule_added
from argolint.analysis.rbac_needs import account_of, calls_in, runs_alone, target_of
from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.view import Span
from argolint.model.workflow import Template
from argolint.project.facts import ObjectFact
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "RBA121",
    "missing-subresource",
    on="template",
    types=("container", "script", "resource"),
    severity="warning",
    fix="unsafe",
    cross_file=True,
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An account has a right on an object, and the template needs it on a part of the object, such as `pods/log`."""
    text = ctx.source.text
    if "kubectl" not in text and "subresource" not in text:
        return
    grants = grants_of(ctx.index)
    account = pod_account(template, account_of(template.spec, ctx.index, ctx.namespace))
    if not runs_alone(template.spec, ctx.index, ctx.namespace) or grants.is_open(ctx.namespace, account):
        return
    for at, resource, group, verb in _wanted(template, ctx):
        parent = resource.partition("/")[0]
        whole = Need(account, group, parent, verb, "", "", "", at)
        part = whole._replace(resource=resource)
        related = [
            g
            for g in grants.of(ctx.namespace, account)
            if covers(g, whole) or covers(g, whole._replace(verb="get"))
        ]
        if related and not grants.allows(ctx.namespace, account, part):
            yield Finding(
                at,
                f"service account `{account}` has rights on `{parent}`, but `{resource}` is granted apart, and is not",
                help=f"add `{resource}` to the resources, with the verb `{verb}`",
                fix=granted(related[0].role, group, resource, verb, ctx),
                related=[
                    (
                        Elsewhere(related[0].role.path, *related[0].role.span),
                        "this role names the object only",
                    )
                ],
            )


def granted(fact: ObjectFact, group: str, resource: str, verb: str, ctx: Context) -> list[Edit] | None:
    """A rule for the part, in the role that has the whole, when that stands in the file at hand."""
    role = ctx.index.load(fact) if fact.path == ctx.path else None
    return rule_added(ctx.source, role, group, resource, (verb,)) or None if role is not None else None


def _wanted(template: Template, ctx: Context) -> Iterator[tuple[Span, str, str, str]]:
    for at, call in calls_in(template, ctx):
        if "/" in call.resource:
            yield at, call.resource, call.group, call.verbs[-1]
    target = target_of(template)
    if target is None:
        return
    for i, flag in enumerate(template.body.sequence("flags")):
        if isinstance(flag, str) and flag.startswith("--subresource="):
            verb = "get" if template.body.text("action") == "get" else "patch"
            yield (
                template.body.item_span("flags", i),
                f"{target[1]}/{flag.partition('=')[2]}",
                target[0],
                verb,
            )
