"""RBA201."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import DEFAULT_ACCOUNT, grants_of, pod_account, spec_account
from argolint.analysis.rbac_lack import instead
from argolint.analysis.rbac_needs import runs_alone
from argolint.analysis.resolved import resolved
from argolint.context import Context
from argolint.model.workflow import POD_TYPES, WorkflowSpec
from argolint.rule import Finding, rule


@rule("RBA201", "default-service-account", on="spec", severity="warning", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A workflow names no account, in a tree that has accounts for workflows, so its pods run as `default`."""
    if grants_of(ctx.index).blank:
        return
    given = spec.text("serviceAccountName")
    alone = given in ("", DEFAULT_ACCOUNT) and spec.owner.parent is None
    merged = resolved(spec, ctx) if alone else None
    if merged is None or spec_account(spec, ctx.index, ctx.namespace) not in ("", DEFAULT_ACCOUNT):
        return
    pods = [template for template in merged.running.all_templates if template.type in POD_TYPES]
    if not pods or not runs_alone(spec, ctx.index, ctx.namespace):
        return
    if all(pod_account(template, "") != DEFAULT_ACCOUNT for template in pods):
        return
    known = [name for name in ctx.index.names("ServiceAccount", ctx.namespace) if name != DEFAULT_ACCOUNT]
    if not known or instead(ctx.index, ctx.namespace, "") is not None:
        return  # RBA123 says more
    yield Finding(
        spec.value_span("serviceAccountName")
        if given
        else spec.key_span("entrypoint" if spec.workflow_template_ref is None else "workflowTemplateRef"),
        "the pods run as the account `default`, which every pod of the namespace is that names no other",
        help="set `serviceAccountName` to an account with just the rights that this needs: `argolint rbac` prints them",
    )
