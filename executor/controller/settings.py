"""What configures a controller: its command line, and the ConfigMap `workflow-controller-configmap`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

Object = Mapping[str, Any]

CONFIG_MAP = "workflow-controller-configmap"
DEFAULT_EXECUTOR_IMAGE = "quay.io/argoproj/argoexec:v4.1.2"


@dataclass(frozen=True, slots=True)
class Options:
    """The command line. `namespace` "" means every namespace; `requeue_seconds` is how long events are collected.

    `local_images`: pods run on this machine, so images without a registry are known by the toolchain that stands for them.
    """

    namespace: str = ""
    controller_namespace: str = "argo"
    workers: int = 4
    executor_image: str = DEFAULT_EXECUTOR_IMAGE
    instance_id: str = ""
    rules_version: str = "4.1"
    requeue_seconds: float = 0.05
    local_images: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """What the controller's ConfigMap says. `problem` is why (a part of) it was not understood."""

    workflow_defaults: Object = field(default_factory=dict)
    artifact_repository: Object = field(default_factory=dict)
    images: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    parallelism: int = 0
    namespace_parallelism: int = 0
    retention_policy: Object = field(default_factory=dict)
    instance_id: str = ""
    problem: str = ""


def read_config(config_map: Object | None) -> Config:
    """The settings in a ConfigMap: one key a setting, or all of them as YAML under the key `config`."""
    data = (config_map or {}).get("data")
    if not isinstance(data, Mapping):
        return Config()
    problems: list[str] = []
    values: dict[str, Any] = {}
    if isinstance(data.get("config"), str):
        whole = _yaml("config", data["config"], problems)
        if isinstance(whole, Mapping):
            values.update(whole)
    for key, text in data.items():
        if key != "config" and isinstance(text, str):
            values[key] = _yaml(key, text, problems)

    def table(key: str) -> Object:
        value = values.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            problems.append(f"{key} must be a mapping")
            return {}
        return value

    def number(key: str) -> int:
        value = values.get(key)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            problems.append(f"{key} must be zero or a positive whole number")
            return 0
        return value

    return Config(
        workflow_defaults=table("workflowDefaults"),
        artifact_repository=table("artifactRepository"),
        images=_images(table("images")),
        parallelism=number("parallelism"),
        namespace_parallelism=number("namespaceParallelism"),
        retention_policy=table("retentionPolicy"),
        instance_id=str(values.get("instanceID") or ""),
        problem="; ".join(problems),
    )


def _yaml(key: str, text: str, problems: list[str]) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        problems.append(f"{key}: {' '.join(str(error).split())}")
        return None


def _images(table: Object) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    out = {}
    for image, entry in table.items():
        if isinstance(entry, Mapping):
            out[str(image)] = (_words(entry.get("entrypoint")), _words(entry.get("cmd")))
    return out


def _words(value: Any) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()
