"""plugin templates are refused by name: they need a plugin sidecar that this engine does not speak to."""

from __future__ import annotations

from executor.engine.faults import TemplateFault
from executor.engine.run import Node, Run
from executor.engine.types import Call


def execute(run: Run, call: Call) -> Node:
    """Always a TemplateFault that says which plugin was asked for."""
    plugin = call.template.get("plugin") or {}
    kind = ", ".join(sorted(plugin)) if isinstance(plugin, dict) and plugin else "unknown"
    raise TemplateFault(
        f'template "{call.template.get("name", "")}" is a plugin template ({kind}): executor plugins are not supported'
    )
