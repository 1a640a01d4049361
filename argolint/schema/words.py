"""Values and definitions in words, for messages."""

from __future__ import annotations

from typing import Any

_CODES = {
    "s": "a string",
    "b": "a boolean",
    "i": "an integer",
    "j": "an integer",
    "n": "a number",
    "t": "a time (RFC 3339)",
    "q": "a quantity",
    "x": "an integer or a string",
    "y": "an integer or a string",
    "a": "a string",
    "m": "a number",
    "o": "a mapping",
    "p": "a mapping with exactly one key",
    "*": "any value",
    "+": "a list of steps",
}


def expected(code: str) -> str:
    """What a type code of the schema admits, in words."""
    if code[0] == "[":
        return "a list of lists" if code == "[+" else f"a list of {_plural(code[1:])}"
    if code[0] in "{=":
        return "a mapping"
    return _CODES[code[0]]


def found(value: Any) -> str:
    """What `value` is, in words, with the value itself when it is short."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f'the string "{value}"' if len(value) <= 40 and "\n" not in value else "a string"
    if isinstance(value, dict):
        return "a mapping"
    return "a list"


def owner(definition: str) -> str:
    """A definition as a user would call it: `core.Container` → `a container`."""
    bare = definition.rpartition(".")[2]
    known = _OWNERS.get(bare)
    if known:
        return known
    article = "an" if bare[:1] in "AEIO" or bare.startswith(_SPELT_OUT) else "a"
    return f"{article} {bare}"


def _plural(code: str) -> str:
    if code[0] in "={":
        return "mappings"
    return {"s": "strings", "a": "strings", "i": "integers", "j": "integers", "m": "numbers"}.get(
        code[0], "values"
    )


# Abbreviations that begin with a vowel's sound.
_SPELT_OUT = ("HTTP", "HDFS", "MQTT", "NATS", "NSQ", "SASL", "SFTP", "SNS", "SQS", "S3")

_OWNERS = {
    "Template": "a template",
    "WorkflowSpec": "a workflow's spec",
    "CronWorkflowSpec": "a CronWorkflow's spec",
    "WorkflowStep": "a step",
    "DAGTask": "a DAG task",
    "DAGTemplate": "dag",
    "Container": "a container",
    "UserContainer": "a container",
    "ContainerNode": "a container of a containerSet",
    "ScriptTemplate": "script",
    "ResourceTemplate": "resource",
    "SuspendTemplate": "suspend",
    "ContainerSetTemplate": "containerSet",
    "HTTP": "http",
    "Parameter": "a parameter",
    "Artifact": "an artifact",
    "Inputs": "inputs",
    "Outputs": "outputs",
    "Arguments": "arguments",
    "ObjectMeta": "metadata",
    "Metadata": "metadata",
    "RetryStrategy": "retryStrategy",
    "Backoff": "backoff",
    "ValueFrom": "valueFrom",
    "TemplateRef": "templateRef",
    "WorkflowTemplateRef": "workflowTemplateRef",
    "Synchronization": "synchronization",
    "EnvVar": "an environment variable",
    "Volume": "a volume",
    "VolumeMount": "a volume mount",
    "ResourceRequirements": "resources",
    "PolicyRule": "a rule",
    "Subject": "a subject",
    "RoleRef": "roleRef",
    "Trigger": "a trigger",
    "TriggerTemplate": "a trigger's template",
    "EventDependency": "a dependency",
}
