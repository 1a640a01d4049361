"""STR127."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule

# what a plugin's container must say, in the order in which Argo asks for it
NEEDED = (("ports",), ("resources", "requests"), ("resources", "limits"), ("securityContext",))


@rule("STR127", "incomplete-executor-plugin", on="spec", severity="error", keys=("executorPlugins",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An executor plugin lacks what Argo insists on."""
    for plugin in spec.items("executorPlugins"):
        name = plugin.mapping("metadata").text("name")
        if not name:
            yield Finding(plugin.head, "this executor plugin has no `metadata.name`", help="add it")
        container = plugin.mapping("spec").mapping("sidecar").mapping("container")
        for path in NEEDED:
            if container.dig(*path) is None or container.dig(*path) == []:
                yield Finding(
                    container.head if container.map else plugin.head,
                    f"the container of executor plugin `{name}` has no `{'.'.join(path)}`",
                    help="add it: Argo refuses the plugin without",
                )
