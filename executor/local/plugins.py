"""plugin templates by the executor plugins that `local.plugins` names: NAME -> the address of its server.

Upstream: docs/executor_plugins.md, `template.execute`: the template is posted, the answer is the node's phase, message and
outputs; `requeue` says when to ask again; an empty answer means that the template is not for this plugin.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from executor.engine.contract import PluginObserved

TIMEOUT = 30.0  # seconds for one request, as upstream's agent
SHORTEST_WAIT = 0.2  # seconds between two requests, whatever a plugin asks for
BODY_LIMIT = 4 * 1024 * 1024
Object = dict[str, Any]


def run_plugin(
    node_id: str,
    template: Mapping[str, Any],
    workflow: Mapping[str, Any],
    plugins: Mapping[str, str],
    tell: Callable[[PluginObserved], None],
    over: threading.Event,
) -> None:
    """Ask the plugins that a template names until one has carried it out. The last call of `tell` has a phase, unless `over` is set."""
    names = [name for name in sorted(template.get("plugin") or {}) if name in plugins]
    meta = workflow.get("metadata") or {}
    asked = {
        "workflow": {"metadata": {key: meta.get(key, "") for key in ("name", "namespace", "uid")}},
        "template": dict(template),
    }
    for name in names:
        while not over.is_set():
            try:
                answer = _post(f"{plugins[name].rstrip('/')}/api/v1/template.execute", asked)
            except (OSError, ValueError) as error:
                reason = getattr(error, "reason", error)
                tell(PluginObserved(node_id, "Error", f"plugin {name} at {plugins[name]}: {reason}"))
                return
            node = answer.get("node")
            if not isinstance(node, Mapping):
                break
            outputs = node.get("outputs")
            phase, message = str(node.get("phase") or ""), str(node.get("message") or "")
            seen = PluginObserved(
                node_id, phase if phase in ("Succeeded", "Failed", "Error") else "", message,
                dict(outputs) if isinstance(outputs, Mapping) else {}, str(node.get("progress") or ""),
            )  # fmt: skip
            wait = _seconds(answer.get("requeue"))
            if not seen.phase and wait is None:
                seen = PluginObserved(
                    node_id, "Error", f"plugin {name} answered {phase!r} and does not want to be asked again"
                )
            tell(seen)
            if seen.phase:
                return
            over.wait(max(SHORTEST_WAIT, wait or 0.0))
    if not over.is_set():
        tell(PluginObserved(node_id, "Error", f"no plugin carried the template out ({', '.join(names)})"))


def _post(url: str, body: Object) -> Object:
    """One request; what a plugin does not implement (404) is an empty answer. Raises OSError or ValueError."""
    from urllib import error, request

    if not url.startswith(("http://", "https://")):
        raise ValueError("not an http address")
    asked = request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with request.urlopen(asked, timeout=TIMEOUT) as response:
            found = json.loads(response.read(BODY_LIMIT) or b"{}")
    except error.HTTPError as problem:
        if problem.code == 404:
            return {}
        raise
    return found if isinstance(found, dict) else {}


def _seconds(value: Any) -> float | None:
    from executor.runtimes.containers import seconds_of

    return None if value in (None, "", 0) else seconds_of(str(value))
