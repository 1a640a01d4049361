"""REL129."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule

STORES = ("s3", "gcs", "oss", "azure", "artifactory", "hdfs")


@rule("REL129", "artifact-gc-of-fixed-key", on="spec", severity="warning", keys=("artifactGC",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Artifact garbage collection deletes an object that other runs share."""
    if not ctx.source.mentions("artifactGC"):
        return
    overall = spec.mapping("artifactGC").text("strategy")
    for template in spec.all_templates:
        for artifact in template.outputs.artifacts:
            strategy = artifact.mapping("artifactGC").text("strategy") or overall
            if strategy in ("", "Never"):
                continue
            found = fixed_key(artifact)
            if found is not None:
                yield Finding(
                    found.value_span("key"),
                    f"artifact `{artifact.name}` has the same key in every run and is deleted {WHEN.get(strategy, 'afterwards')}: "
                    "one run deletes what another has just written",
                    help="put `{{workflow.uid}}` into the key, or set `artifactGC: {strategy: Never}` on this artifact",
                )


WHEN = {"OnWorkflowCompletion": "when a run ends", "OnWorkflowDeletion": "when a run is deleted"}


def fixed_key(artifact: View) -> View | None:
    """The location whose `key` holds no tag."""
    for store in STORES:
        location = artifact.mapping(store)
        key = location.text("key")
        if key and "{{" not in key:
            return location
    return None
