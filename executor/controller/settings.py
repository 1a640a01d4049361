"""What configures a controller: its command line, and the ConfigMap `workflow-controller-configmap`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from executor.engine.clock import parse_duration

Object = Mapping[str, Any]

CONFIG_MAP = "workflow-controller-configmap"
REFERENCE_MODES = ("Strict", "Secure")
DEFAULT_EXECUTOR_IMAGE = "quay.io/argoproj/argoexec:v4.1.2"


@dataclass(frozen=True, slots=True)
class Options:
    """The command line. `namespace` "" means every namespace; `requeue_seconds` is how long events are collected.

    `local_images`: pods run on this machine, so images without a registry are known by the toolchain that stands for them;
    `image_settings` is `local.images` of the project's configuration.
    """

    namespace: str = ""
    controller_namespace: str = "argo"
    workers: int = 4
    executor_image: str = DEFAULT_EXECUTOR_IMAGE
    instance_id: str = ""
    rules_version: str = "4.1"
    requeue_seconds: float = 0.05
    local_images: bool = False
    image_settings: Object = field(default_factory=dict)


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
    main_container: Object = field(default_factory=dict)
    executor_container: Object = field(default_factory=dict)
    failed_pod_restart: Object = field(default_factory=dict)
    template_referencing: str = ""
    creation_limit: float | None = None
    creation_burst: int = 1
    initial_delay: float = 0.0
    metrics_ttl: float = 0.0
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

    referencing = table("workflowRestrictions").get("templateReferencing") or ""
    if referencing not in ("", *REFERENCE_MODES):
        problems.append(f"workflowRestrictions.templateReferencing must be {' or '.join(REFERENCE_MODES)}")
    unread = any(problem.startswith(("workflowRestrictions", "config:")) for problem in problems)
    if unread and "workflowRestrictions" in str(data):
        # There is a restriction, and it cannot be read: nothing may slip through.
        referencing = REFERENCE_MODES[-1]
    limit, burst = _rate(table("resourceRateLimit"), problems)
    return Config(
        workflow_defaults=table("workflowDefaults"),
        artifact_repository=table("artifactRepository"),
        images=_images(table("images")),
        parallelism=number("parallelism"),
        namespace_parallelism=number("namespaceParallelism"),
        retention_policy=table("retentionPolicy"),
        instance_id=str(values.get("instanceID") or ""),
        main_container=table("mainContainer"),
        executor_container=table("executor"),
        failed_pod_restart=_restart(table("failedPodRestart"), problems),
        template_referencing=referencing,
        creation_limit=limit,
        creation_burst=burst,
        initial_delay=_duration("initialDelay", values.get("initialDelay"), problems),
        metrics_ttl=_duration("metricsConfig.metricsTTL", table("metricsConfig").get("metricsTTL"), problems),
        problem="; ".join(problems),
    )


def _rate(table: Object, problems: list[str]) -> tuple[float | None, int]:
    """(pods a second, how many at once) of `resourceRateLimit`; None when it is not set."""
    if not table:
        return None, 1
    limit, burst = table.get("limit", 0), table.get("burst", 1)
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit < float("inf"):
        problems.append("resourceRateLimit.limit must be a number of pods a second")
        return None, 1
    if isinstance(burst, bool) or not isinstance(burst, int) or burst < 0:
        problems.append("resourceRateLimit.burst must be a whole number")
        return None, 1
    return float(limit), burst


def _restart(table: Object, problems: list[str]) -> Object:
    """`failedPodRestart` as the engine takes it."""
    enabled, maximum = table.get("enabled", False), table.get("maxRestarts")
    if not isinstance(enabled, bool):
        problems.append("failedPodRestart.enabled must be true or false")
        return {}
    if maximum is not None and (isinstance(maximum, bool) or not isinstance(maximum, int) or maximum < 0):
        problems.append("failedPodRestart.maxRestarts must be zero or a positive whole number")
        return {}
    return {"enabled": enabled, **({"maxRestarts": maximum} if maximum is not None else {})} if table else {}


def _duration(key: str, value: Any, problems: list[str]) -> float:
    """Seconds of a Go duration ("5s"); 0 when there is none."""
    if value in (None, ""):
        return 0.0
    try:
        seconds = float(parse_duration(str(value)))
    except ValueError:
        seconds = -1.0
    if seconds < 0:
        problems.append(f"{key} must be a duration such as 5s")
        return 0.0
    return seconds


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
