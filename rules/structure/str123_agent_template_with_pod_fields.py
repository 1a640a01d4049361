"""STR123."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule

FIELDS = ("serviceAccountName", "volumes", "nodeSelector", "tolerations", "affinity", "sidecars", "initContainers",
          "podSpecPatch", "hostAliases", "securityContext", "schedulerName", "priorityClassName", "daemon")  # fmt: skip


@rule("STR123", "agent-template-with-pod-fields", on="template", severity="warning", types=("http", "plugin"))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A field about the pod, on a template that has none."""
    for field in FIELDS:
        if template.get(field) is not None:
            yield Finding(
                template.key_span(field),
                f"`{field}` has no effect: `{template.type}` templates run in the agent's pod",
                help="remove it; the agent's pod takes its settings from the spec",
            )
