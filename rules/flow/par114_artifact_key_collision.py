"""PAR114."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow_uses
from argolint.analysis.variables import uses_in
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("PAR114", "artifact-key-collision", on="spec", severity="warning", keys=("artifacts",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """All items of a loop store their artifact under one key."""
    looped = flow_uses.looped_calls(spec)
    for template in spec.templates:
        if template.name not in looped:
            continue
        for artifact in template.outputs.artifacts:
            found = flow_uses.key_of(artifact)
            if found is None:
                continue
            location, key = found
            text = location.text(key)
            if (
                not any(
                    use.root in ("inputs", "pod", "node", "item", "retries") or use.in_expr
                    for use in uses_in(text)
                )
                and "{{=" not in text
            ):
                yield Finding(
                    location.value_span(key),
                    f"every item of the loop that calls {template.label} stores `{artifact.name}` under this key, and the last one wins",
                    help="put `{{pod.name}}` or an input that differs into the key",
                )
