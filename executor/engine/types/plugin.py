"""plugin templates: the driver talks to the executor plugin; plugins that it does not know are refused by name.

Upstream: docs/executor_plugins.md; a plugin's `template.execute` answers with the node's phase, message and outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine import phases
from executor.engine.contract import PluginObserved, RunPlugin
from executor.engine.faults import TemplateFault
from executor.engine.outputs import add_globals
from executor.engine.run import Node, Run
from executor.engine.types import Call, asked_node


def plugin_names(template: Mapping[str, Any]) -> list[str]:
    """The plugins that a template names, sorted; upstream takes the one that answers."""
    plugin = template.get("plugin")
    return sorted(plugin) if isinstance(plugin, dict) else []


def execute(run: Run, call: Call) -> Node:
    """Ask the driver for the plugin's answer."""
    names, known = plugin_names(call.template), run.context.plugins
    if "*" not in known and not known.intersection(names):
        kind = ", ".join(names) or "unknown"
        raise TemplateFault(
            f'template "{call.template.get("name", "")}" is a plugin template ({kind}): executor plugins are not supported'
        )
    return asked_node(run, call, "Plugin", RunPlugin)


def observe(run: Run, seen: PluginObserved) -> None:
    """A plugin's answer becomes the node's phase, message, outputs and progress."""
    node = run.nodes.get(seen.node_id)
    if node is None or node.get("type") != "Plugin" or phases.fulfilled(node):
        return
    if seen.progress:
        run.put(seen.node_id, progress=seen.progress)
    if seen.outputs:
        run.put(seen.node_id, outputs=dict(seen.outputs))
    if not seen.phase:
        run.mark(seen.node_id, phases.RUNNING, seen.message or None)
        return
    if seen.phase not in phases.COMPLETED:
        run.mark(seen.node_id, phases.ERROR, f"the plugin answered with the phase {seen.phase!r}")
        return
    run.mark(seen.node_id, seen.phase, seen.message)
    if seen.phase == phases.SUCCEEDED:
        add_globals(run, seen.outputs)
