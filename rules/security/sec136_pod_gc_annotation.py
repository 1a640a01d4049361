"""SEC136."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule

_NAME = "workflows.argoproj.io/pod-gc-strategy"


@rule("SEC136", "pod-gc-annotation", on="spec", severity="error", keys=("annotations",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An annotation that crashes controllers is set by hand."""
    views = [spec.mapping("podMetadata").mapping("annotations")]
    views += [template.mapping("metadata").mapping("annotations") for template in spec.all_templates]
    for view in views:
        value = view.get(_NAME)
        if value is None:
            continue
        yield Finding(
            view.key_span(_NAME),
            f"`{_NAME}` belongs to the controller"
            + ("" if "/" in str(value) else ": this value stops some releases of it"),
            help="remove it, and set `podGC.strategy`",
            severity="error" if "/" not in str(value) else "warning",
        )
