"""Writes the language's data files: `schemas/variables.json` and `schemas/functions.json`.

Run `python -m tools.gen_language` after a change; a test compares the files with what this would write. The variables are
those of the Argo docs ("Workflow Variables"); the signatures of functions come from their implementation here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from argolint.language import sprig
from argolint.language.expr.names import ARITY, PREDICATES
from argolint.language.sprig.signatures import SIGNATURES

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"

# name: [type, group, what it is]. A name that ends in `.*` stands for one variable per instance.
VARIABLES: dict[str, tuple[str, str, str]] = {
    "workflow.name": ("string", "global", "name of the workflow"),
    "workflow.namespace": ("string", "global", "namespace of the workflow"),
    "workflow.uid": ("string", "global", "UID of the workflow"),
    "workflow.mainEntrypoint": ("string", "global", "the entrypoint of the workflow"),
    "workflow.serviceAccountName": ("string", "global", "service account of the workflow"),
    "workflow.creationTimestamp": ("string", "global", "when the workflow was created"),
    "workflow.creationTimestamp.s": ("number-string", "global", "the same in seconds since 1970"),
    "workflow.creationTimestamp.RFC3339": ("string", "global", "the same in RFC 3339"),
    "workflow.parameters": ("json-string", "global", "all parameters of the workflow as JSON"),
    "workflow.parameters.json": ("json-string", "global", "all parameters of the workflow as JSON"),
    "workflow.parameters.*": ("string", "workflow-parameter", "a parameter of the workflow"),
    "workflow.labels": ("json-string", "global", "all labels of the workflow as JSON"),
    "workflow.labels.json": ("json-string", "global", "all labels of the workflow as JSON"),
    "workflow.labels.*": ("string", "global-open", "a label of the workflow"),
    "workflow.annotations": ("json-string", "global", "all annotations of the workflow as JSON"),
    "workflow.annotations.json": ("json-string", "global", "all annotations of the workflow as JSON"),
    "workflow.annotations.*": ("string", "global-open", "an annotation of the workflow"),
    "workflow.priority": ("number-string", "priority", "priority of the workflow, where it has one"),
    "workflow.scheduledTime": ("string", "global", "when a CronWorkflow meant to start this workflow"),
    "workflow.status": ("phase", "progress", "phase of the workflow"),
    "workflow.duration": ("number-string", "progress", "how long the workflow has run, in seconds"),
    "workflow.failures": ("json-string", "exit", "what failed, as JSON"),
    "workflow.outputs.parameters.*": ("string", "global-output", "an output parameter with a globalName"),
    "workflow.outputs.artifacts.*": ("artifact", "global-output", "an output artifact with a globalName"),
    "inputs.parameters": ("json-string", "input", "all input parameters as JSON"),
    "inputs.parameters.*": ("string", "input-parameter", "an input parameter of the template"),
    "inputs.artifacts.*": ("artifact", "input-artifact", "an input artifact of the template"),
    "inputs.artifacts.*.path": ("string", "input-path", "where an input artifact lies"),
    "outputs.artifacts.*.path": ("string", "output-path", "where an output artifact is read from"),
    "outputs.parameters.*.path": ("string", "output-path", "where an output parameter is read from"),
    "pod.name": ("string", "pod", "name of the pod"),
    "node.name": ("string", "node", "name of the node"),
    "steps.name": ("string", "node", "name of the step"),
    "tasks.name": ("string", "node", "name of the task"),
    "retries": ("number-string", "retry", "number of the attempt, from 0"),
    "lastRetry.exitCode": ("number-string", "retry", "exit code of the attempt before"),
    "lastRetry.status": ("phase", "retry", "phase of the attempt before"),
    "lastRetry.duration": ("number-string", "retry", "duration of the attempt before, in seconds"),
    "lastRetry.message": ("string", "retry", "message of the attempt before"),
    "item": ("string", "item", "the item of a loop"),
    "item.*": ("string", "item-key", "a value of the item of a loop, the item being a map"),
    "status": ("phase", "metric", "phase of the node"),
    "duration": ("number-string", "metric", "how long the node has run, in seconds"),
    "exitCode": ("number-string", "metric", "exit code of the node"),
    "resourcesDuration.cpu": ("number-string", "metric", "CPU seconds of the node"),
    "resourcesDuration.memory": ("number-string", "metric", "memory seconds of the node"),
    "outputs.result": ("string", "metric-output", "standard output of the node"),
    "outputs.parameters.*": ("string", "metric-parameter", "an output parameter of the node"),
    "cronworkflow.name": ("string", "cron", "name of the CronWorkflow"),
    "cronworkflow.namespace": ("string", "cron", "namespace of the CronWorkflow"),
    "cronworkflow.labels": ("string-map", "cron", "labels of the CronWorkflow"),
    "cronworkflow.labels.json": ("json-string", "cron", "labels of the CronWorkflow as JSON"),
    "cronworkflow.annotations": ("string-map", "cron", "annotations of the CronWorkflow"),
    "cronworkflow.annotations.json": ("json-string", "cron", "annotations of the CronWorkflow as JSON"),
    "cronworkflow.failed": ("int", "cron", "how many of its workflows have failed"),
    "cronworkflow.succeeded": ("int", "cron", "how many of its workflows have succeeded"),
    "cronworkflow.lastScheduledTime": ("any", "cron", "when it last started one, nil before the first"),
    "payload": ("any", "event", "body of the event"),
    "metadata": ("any", "event", "headers of the event"),
    "namespace": ("string", "event", "namespace of the event"),
    "discriminator": ("string", "event", "discriminator of the event"),
    "data": ("list", "data", "what the step before gave"),
    "request.method": ("string", "http", "method of the request"),
    "request.url": ("string", "http", "URL of the request"),
    "request.body": ("string", "http", "body of the request"),
    "request.bodyBytes": ("list", "http", "body of the request as bytes"),
    "request.headers": ("map", "http", "headers of the request"),
    "response.statusCode": ("int", "http", "status of the response"),
    "response.body": ("string", "http", "body of the response"),
    "response.headers": ("map", "http", "headers of the response, a list each"),
    **{
        f"workflow.creationTimestamp.{letter}": ("string", "global", f"the same by strftime %{letter}")
        for letter in "BbmAadHIMSYypZzL"
    },
}

# What a step or task offers to others, by `steps.NAME.` or `tasks.NAME.`.
PRODUCER: dict[str, tuple[str, str, str]] = {
    "id": ("string", "always", "node id"),
    "status": ("phase", "always", "phase"),
    "startedAt": ("string", "always", "when it started"),
    "finishedAt": ("string", "always", "when it finished"),
    "hostNodeName": ("string", "always", "the machine that it ran on"),
    "ip": ("string", "daemon", "address of the pod"),
    "exitCode": ("number-string", "exit-code", "exit code"),
    "outputs.result": ("string", "result", "standard output"),
    "outputs.parameters": ("json-string", "loop", "the output parameters of all items as JSON"),
    "outputs.parameters.*": ("string", "parameter", "an output parameter"),
    "outputs.artifacts.*": ("artifact", "artifact", "an output artifact"),
}

_G = ["global", "global-open", "workflow-parameter", "priority"]
_IN = ["input", "input-parameter", "input-artifact"]
_RT = ["progress"]
_BODY = [*_G, *_RT, *_IN, "input-path", "output-path", "pod", "node", "retry"]
_CALL = [*_G, *_RT, *_IN, "previous", "global-output"]
_LOOP = ["item", "item-key"]

# location: the groups of variables there, whether Argo's functions are there, and what becomes of an unknown simple tag.
LOCATIONS: dict[str, tuple[list[str], bool, str]] = {
    "anywhere": (
        [*_BODY, "previous", "global-output", *_LOOP, "own", "exit", "metric", "metric-output"],
        True,
        "kept",
    ),
    "workflow-spec": (_G, True, "kept"),
    "workflow-metadata": (_G, True, "kept"),
    "workflow-metrics": (
        [*_G, *_RT, "metric", "metric-output", "metric-parameter", "input-parameter"],
        True,
        "error",
    ),
    "workflow-hook-expression": ([*_G, *_RT, "exit"], True, "error"),
    "workflow-hook-arguments": ([*_G, *_RT, "exit"], True, "kept"),
    "template-body": (_BODY, True, "kept"),
    "template-input": ([*_G, *_RT, "node", "pod"], True, "kept"),
    "template-input-artifact": ([*_G, *_IN, "pod", "node", "retry"], True, "kept"),
    "template-field": ([*_G, *_IN], True, "kept"),
    "template-metrics": (
        [*_G, *_RT, *_IN, "metric", "metric-output", "metric-parameter", "retry"],
        True,
        "error",
    ),
    "retry-expression": (["retry"], True, "error"),
    "call-arguments": ([*_CALL, *_LOOP], True, "requeue"),
    "call-when": ([*_CALL, *_LOOP], True, "requeue"),
    "call-with": (_CALL, True, "requeue"),
    "call-template-ref": ([*_G, *_IN, "previous", *_LOOP], True, "requeue"),
    "call-hook-arguments": ([*_CALL, *_LOOP, "own"], True, "kept"),
    "call-hook-expression": ([*_CALL, "own"], True, "error"),
    "output-path": ([*_G, *_IN], True, "kept"),
    "output-artifact-key": ([*_G, *_IN, "pod", "node", "retry"], True, "error"),
    "output-parameter": ([*_IN, "previous", "global-output", *_G], True, "kept"),
    "output-expression": ([*_IN, "previous", "global-output"], True, "error"),
    "cron-when": (["cron"], True, "error"),
    "cron-stop": (["cron"], False, "error"),
    "event-expression": (["event"], False, "error"),
    "http-success": (["http"], False, "error"),
    "data-transformation": (["data"], False, "error"),
}

# result type and argument types of functions, where they are the same for all arguments. `?` in front: nil is possible.
_RESULTS: dict[str, tuple[str, list[str]]] = {
    "all": ("bool", ["list"]), "none": ("bool", ["list"]), "any": ("bool", ["list"]), "one": ("bool", ["list"]),
    "filter": ("list", ["list"]), "map": ("list", ["list"]), "find": ("?any", ["list"]), "findIndex": ("int", ["list"]),
    "findLast": ("?any", ["list"]), "findLastIndex": ("int", ["list"]), "count": ("int", ["list"]), "sum": ("number", ["list"]),
    "groupBy": ("map", ["list"]), "sortBy": ("list", ["list", "any", "string"]), "reduce": ("any", ["list"]),
    "len": ("int", ["sized"]), "type": ("string", ["any"]), "abs": ("number", ["number"]), "ceil": ("float", ["number"]),
    "floor": ("float", ["number"]), "round": ("float", ["number"]), "int": ("int", ["scalar"]), "float": ("float", ["scalar"]),
    "string": ("string", ["any"]), "trim": ("string", ["string", "string"]), "trimPrefix": ("string", ["string", "string"]),
    "trimSuffix": ("string", ["string", "string"]), "upper": ("string", ["string"]), "lower": ("string", ["string"]),
    "split": ("strings", ["string", "string", "int"]), "splitAfter": ("strings", ["string", "string", "int"]),
    "replace": ("string", ["string", "string", "string", "int"]), "repeat": ("string", ["string", "int"]),
    "join": ("string", ["list", "string"]), "indexOf": ("int", ["string", "string"]), "lastIndexOf": ("int", ["string", "string"]),
    "hasPrefix": ("bool", ["string", "string"]), "hasSuffix": ("bool", ["string", "string"]), "max": ("number", []),
    "min": ("number", []), "mean": ("float", []), "median": ("float", []), "toJSON": ("json-string", ["any"]),
    "fromJSON": ("any", ["string"]), "toBase64": ("string", ["string"]), "fromBase64": ("string", ["string"]), "now": ("time", []),
    "duration": ("duration", ["string"]), "date": ("time", []), "timezone": ("any", ["string"]), "first": ("?any", ["list"]),
    "last": ("?any", ["list"]), "get": ("?any", ["any", "any"]), "take": ("list", ["list", "int"]), "keys": ("list", ["map"]),
    "values": ("list", ["map"]), "toPairs": ("list", ["map"]), "fromPairs": ("map", ["list"]), "reverse": ("list", ["list"]),
    "uniq": ("list", ["list"]), "concat": ("list", []), "flatten": ("list", ["list"]), "sort": ("list", ["list", "string"]),
    "asInt": ("int", ["scalar"]), "asFloat": ("float", ["scalar"]), "toJson": ("json-string", ["any"]),
    "jsonpath": ("any", ["string", "string"]),
}  # fmt: skip


def variables() -> dict[str, Any]:
    """The content of `variables.json`."""
    return {
        "variables": {name: list(row) for name, row in VARIABLES.items()},
        "producer": {name: list(row) for name, row in PRODUCER.items()},
        "locations": {
            name: {"groups": groups, "functions": functions, "unknown": unknown}
            for name, (groups, functions, unknown) in LOCATIONS.items()
        },
    }


def functions() -> dict[str, Any]:
    """The content of `functions.json`: name to [fewest arguments, most (null: any number), result, argument types]."""
    language: dict[str, Any] = {}
    for name, shape in PREDICATES.items():
        language[name] = [sum(not kind.endswith("?") for kind in shape), len(shape), *_shape(name)]
    for name, (low, high) in ARITY.items():
        language[name] = [low, high, *_shape(name)]
    argo = {
        name: [count, count, *_shape(name)]
        for name, count in (("asInt", 1), ("asFloat", 1), ("toJson", 1), ("jsonpath", 2))
    }
    table = {name: list(_arity(name)) for name in sprig.names()}
    return {"language": dict(sorted(language.items())), "argo": argo, "sprig": dict(sorted(table.items()))}


def _shape(name: str) -> tuple[str, list[str]]:
    if name.startswith("bit"):
        return "int", ["int", "int"]
    return _RESULTS[name]


def _arity(name: str) -> tuple[int, int | None]:
    fixed, star, _ = SIGNATURES[name].partition("*")
    return len(fixed), None if star else len(fixed)


def render() -> dict[str, str]:
    """File name to text."""
    made = {"variables.json": variables(), "functions.json": functions()}
    return {name: _laid_out(content) for name, content in made.items()}


def _laid_out(content: dict[str, Any]) -> str:
    """JSON with one row a line."""
    sections = []
    for section, rows in content.items():
        lines = (f"  {json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}" for name, row in rows.items())
        sections.append(f" {json.dumps(section)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def main() -> None:
    """Writes the files."""
    for name, text in render().items():
        (SCHEMAS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
