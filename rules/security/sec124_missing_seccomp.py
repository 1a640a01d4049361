"""SEC124."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("SEC124", "missing-seccomp", on="spec", severity="info", default=False)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A spec chooses no seccomp profile."""
    views = [spec, *spec.all_templates]
    if spec.templates and not any(view.mapping("securityContext").get("seccompProfile") for view in views):
        if not any(
            view.mapping("securityContext").get("seccompProfile")
            for t in spec.all_templates
            for _, view in t.containers
        ):
            yield Finding(
                spec.key_span("entrypoint"),
                "no seccomp profile is set",
                help="set `securityContext: {seccompProfile: {type: RuntimeDefault}}`",
            )
