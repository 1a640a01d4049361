"""Prometheus samples of workflows and templates (upstream: workflow/controller computeMetrics)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from executor.engine.clock import parse_time, seconds_between
from executor.engine.contract import EmitMetric
from executor.engine.faults import TemplateFault
from executor.engine.inputs import input_variables
from executor.engine.run import Run
from executor.engine.substitute import should_execute, substitute
from executor.engine.variables import scalar_text, with_globals

PREFIX = "argo_workflows_"


def of_node(run: Run, node: Mapping[str, Any], template: Mapping[str, Any]) -> None:
    """The samples of a template's node that has ended."""
    wanted = (template.get("metrics") or {}).get("prometheus")
    if wanted:
        _emit(run, wanted, _node_variables(run, node, template))


def node_started(run: Run, node: Mapping[str, Any], template: Mapping[str, Any]) -> None:
    """The realtime gauges of a template whose node was just made."""
    wanted = (template.get("metrics") or {}).get("prometheus")
    if wanted:
        _start(run, wanted, "{{duration}}", node.get("startedAt"), _node_variables(run, node, template))


def workflow_started(run: Run) -> None:
    """The realtime gauges of a workflow that begins."""
    wanted = (run.spec.get("metrics") or {}).get("prometheus")
    if wanted:
        _start(run, wanted, "{{workflow.duration}}", run.status.get("startedAt"), run.globals)


def _is_realtime(metric: Any) -> bool:
    return isinstance(metric, Mapping) and bool((metric.get("gauge") or {}).get("realtime"))


def _start(run: Run, wanted: Any, duration: str, started: Any, env: Mapping[str, Any]) -> None:
    since = parse_time(started) or run.now
    for metric in filter(_is_realtime, wanted):
        value = str(metric["gauge"].get("value"))
        if value.replace(" ", "") not in (duration, "{{workflow.duration}}"):
            problem = "'{{duration}}' and '{{workflow.duration}}' are the only values of a realtime gauge"
            run.set_condition(
                "MetricsError",
                "True",
                f"real time metric '{_name(metric)}' has the value '{value}': {problem}",
            )
            continue
        if value.replace(" ", "") == "{{workflow.duration}}":
            since = parse_time(run.status.get("startedAt")) or since
        fixed = {**metric, "gauge": {**metric["gauge"], "value": "0"}, "when": None}
        try:
            sample = _sample(fixed, env)
        except (TemplateFault, ValueError, TypeError, AttributeError) as error:
            run.set_condition("MetricsError", "True", f"unable to compute metric '{_name(metric)}': {error}")
            continue
        if sample is not None:
            run.command(replace(sample, since=since))


def of_workflow(run: Run) -> None:
    """The samples of a workflow that has ended."""
    wanted = (run.spec.get("metrics") or {}).get("prometheus")
    if not wanted:
        return
    started = parse_time(run.status.get("startedAt"))
    seconds = (run.now - started).total_seconds() if started else 0.0
    env = {
        "workflow.duration": f"{seconds:.6f}",
        "duration": f"{seconds:.6f}",
        "workflow.status": run.phase,
        "status": run.phase,
    }
    for name, amount in (run.status.get("resourcesDuration") or {}).items():
        env[f"workflow.resourcesDuration.{name}"] = str(amount)
    _emit(run, wanted, with_globals(run, env))


def _node_variables(run: Run, node: Mapping[str, Any], template: Mapping[str, Any]) -> dict[str, Any]:
    seconds = seconds_between(node.get("startedAt"), node.get("finishedAt"), run.now)
    outputs = node.get("outputs") or {}
    env: dict[str, Any] = {
        "duration": f"{seconds:.6f}",
        "status": str(node.get("phase")),
        "node.name": node["name"],
    }
    if outputs.get("exitCode") is not None:
        env["exitCode"] = str(outputs["exitCode"])
    if outputs.get("result") is not None:
        env["outputs.result"] = scalar_text(outputs["result"])
    for name in ("cpu", "memory"):
        env[f"resourcesDuration.{name}"] = str((node.get("resourcesDuration") or {}).get(name, 0))
    if node.get("type") == "Retry":
        env["retries"] = str(max(0, len(node.get("children") or ()) - 1))
    for parameter in outputs.get("parameters") or ():
        env[f"outputs.parameters.{parameter['name']}"] = scalar_text(parameter.get("value"))
    return with_globals(run, env, input_variables(template.get("inputs") or {}))


def _emit(run: Run, wanted: Any, env: Mapping[str, Any]) -> None:
    for metric in wanted:
        try:
            sample = _sample(metric, env)
        except (TemplateFault, ValueError, TypeError, AttributeError) as error:
            # A metric never fails a workflow.
            run.set_condition("MetricsError", "True", f"unable to compute metric '{_name(metric)}': {error}")
            continue
        if sample is not None:
            run.command(sample)


def _name(metric: Any) -> str:
    return str(metric.get("name") or "") if isinstance(metric, Mapping) else ""


def _sample(metric: Mapping[str, Any], env: Mapping[str, Any]) -> EmitMetric | None:
    name = str(metric.get("name") or "")
    if not metric.get("help"):
        raise TemplateFault(f"metric '{name}' must contain a help string under 'help: ' field")
    metric = substitute(metric, env)
    if not should_execute(metric.get("when")):
        return None
    labels = tuple((str(x.get("key")), str(x.get("value"))) for x in metric.get("labels") or ())
    for kind, default in (("gauge", "Set"), ("counter", "Add"), ("histogram", "Observe")):
        source = metric.get(kind)
        if source is None:
            continue
        text = str(source.get("value"))
        try:
            value = float(text)
        except ValueError:
            raise TemplateFault(f"value {text!r} is not a number") from None
        buckets = tuple(float(b) for b in source.get("buckets") or ())
        operation = str(source.get("operation") or default) if kind == "gauge" else default
        return EmitMetric(f"{PREFIX}{name}", str(metric["help"]), kind, labels, operation, value, buckets)
    raise TemplateFault(f"metric '{name}' has no gauge, counter or histogram")
