"""SCH118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule

LOCATIONS = ("s3", "git", "http", "artifactory", "hdfs", "raw", "oss", "gcs", "azure", "plugin")


@rule(
    "SCH118",
    "multiple-artifact-locations",
    on="spec",
    severity="error",
    keys=("artifacts", "archiveLocation"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An artifact that is said to be in two places."""
    views: list[View] = spec.mapping("arguments").items("artifacts")
    for template in spec.all_templates:
        views.append(template.mapping("archiveLocation"))
        for port in (template.mapping("inputs"), template.mapping("outputs")):
            views += port.items("artifacts")
        for step in template.children:
            views += step.mapping("arguments").items("artifacts")
    for view in views:
        found = [name for name in LOCATIONS if view.get(name) is not None]
        if len(found) > 1:
            yield Finding(
                view.key_span(found[1]),
                f"an artifact has one location, this has {' and '.join(f'`{name}`' for name in found)}",
                help="keep one",
                related=[(view.key_span(found[0]), "the first")],
            )
