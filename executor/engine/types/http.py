"""http templates: the driver makes the request, upstream's agent pod and task set are not needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine import phases
from executor.engine.contract import HttpObserved, RunHttp
from executor.engine.faults import TemplateFault
from executor.engine.inputs import process_inputs
from executor.engine.outputs import add_globals
from executor.engine.resolve import node_template
from executor.engine.run import Node, Run
from executor.engine.substitute import evaluate_bool
from executor.engine.types import Call, asked_node


def execute(run: Run, call: Call) -> Node:
    """Ask the driver for the request."""
    node = asked_node(run, call, "HTTP", RunHttp)
    if not phases.fulfilled(node):
        run.memory.resolved[("http", node["id"])] = call.template
    return node


def observe(run: Run, seen: HttpObserved) -> None:
    """The outcome of a request: the body is `outputs.result`; 2xx or `successCondition` decides."""
    node = run.nodes.get(seen.node_id)
    if node is None or node.get("type") != "HTTP" or phases.fulfilled(node):
        return
    if seen.response is None:
        run.mark(seen.node_id, phases.FAILED, seen.error)
        return
    template = run.memory.resolved.get(("http", seen.node_id)) or _found_again(run, node)
    body = str(seen.response.get("body") or "")
    outputs = {**(node.get("outputs") or {}), "result": body}
    run.put(seen.node_id, outputs=outputs)
    try:
        good, message = judge(template.get("http") or {}, seen.response)
    except TemplateFault as error:
        run.mark(seen.node_id, phases.ERROR, str(error))
        return
    run.mark(seen.node_id, phases.SUCCEEDED if good else phases.FAILED, message)
    if good:
        add_globals(run, outputs)


def _found_again(run: Run, node: Node) -> Mapping[str, Any]:
    """The template of a node whose request was made before a restart."""
    resolved = node_template(run, node)
    if resolved is None:
        return {}
    try:
        return process_inputs(run, resolved.template, node.get("inputs") or {}, {"node.name": node["name"]})
    except TemplateFault:
        return resolved.template


def judge(http: Mapping[str, Any], response: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether a response counts as a success, and the message if not. Raises TemplateFault for a condition that fails."""
    code = int(response.get("statusCode") or 0)
    condition = http.get("successCondition")
    if not condition:
        return (True, "") if 200 <= code < 300 else (False, f"received non-2xx response code: {code}")
    request = {
        "method": http.get("method") or "GET",
        "url": http.get("url"),
        "body": http.get("body") or "",
        "headers": {h.get("name"): [h.get("value")] for h in http.get("headers") or ()},
    }
    answer = {
        "statusCode": code,
        "body": response.get("body") or "",
        "headers": response.get("headers") or {},
    }
    if evaluate_bool(str(condition), {"request": request, "response": answer}):
        return True, ""
    return False, f"successCondition '{condition}' evaluated false"
