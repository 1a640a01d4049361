"""Prometheus metrics of the controller: its own, and those that workflows define.

Everything is computed when it is read, so a realtime gauge has the seconds of that moment. What workflows emit is
untrusted: names and labels that Prometheus does not allow, a name that changes its kind, and more than MAX_SERIES series are
dropped and said once.
"""

from __future__ import annotations

import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from argolint.errors import UserError
from executor.controller.view import utc_now
from executor.engine.contract import EmitMetric

Object = Mapping[str, Any]
Key = tuple[str, str]
Labels = tuple[tuple[str, str], ...]

MAX_SERIES = 10_000
PHASES = ("Pending", "Running", "Succeeded", "Failed", "Error")
DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OWN = (
    "argo_workflows_gauge",
    "argo_workflows_pods_gauge",
    "argo_workflows_queue_depth_gauge",
    "argo_workflows_is_leader",
)
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(slots=True)
class Series:
    """One series: its value, or since when it counts seconds; for a histogram, how many values fell into each bucket."""

    changed: datetime
    value: float = 0.0
    since: datetime | None = None
    owner: Key | None = None
    counts: list[int] = field(default_factory=list)
    observed: int = 0


@dataclass(slots=True)
class Family:
    """All series of one name."""

    kind: str
    help: str
    buckets: tuple[float, ...]
    series: dict[Labels, Series] = field(default_factory=dict)


class WorkflowMetrics:
    """The metrics that workflows define. `ttl()` is how many seconds a series stays without a new sample; 0 is for ever."""

    def __init__(
        self, *, ttl: Callable[[], float] = lambda: 0.0, log: Callable[[str], None] = lambda line: None
    ) -> None:
        self._ttl = ttl
        self._log = log
        self._lock = threading.Lock()
        self._families: dict[str, Family] = {}
        self._said: set[str] = set()

    def record(self, sample: EmitMetric, owner: Key | None = None, now: datetime | None = None) -> None:
        """Take over a sample of the workflow `owner`."""
        with self._lock:
            problem = self._record(sample, owner, now or utc_now())
            if problem in self._said or len(self._said) > 1000:
                problem = ""
            if problem:
                self._said.add(problem)
        if problem:
            self._log(f"metric {sample.name}: {problem}")

    def _record(self, sample: EmitMetric, owner: Key | None, now: datetime) -> str:
        """Why a sample was dropped; "" when it was taken."""
        if not _NAME.fullmatch(sample.name) or sample.name in OWN:
            return f"{sample.name!r} cannot be the name of a metric"
        if not all(_LABEL.fullmatch(key) for key, _ in sample.labels) or len(dict(sample.labels)) != len(
            sample.labels
        ):
            return f"its labels {', '.join(key for key, _ in sample.labels)!r} are not allowed"
        buckets = tuple(sorted({b for b in sample.buckets or DEFAULT_BUCKETS if math.isfinite(b)}))
        family = self._families.get(sample.name)
        if family is None or not family.series:
            family = self._families[sample.name] = Family(sample.kind, sample.help, buckets)
        elif family.kind != sample.kind:
            return f"it is a {family.kind} already and cannot be a {sample.kind} too"
        labels = tuple(sorted(sample.labels))
        series = family.series.get(labels)
        if series is None:
            if sum(len(one.series) for one in self._families.values()) >= MAX_SERIES:
                return f"there are {MAX_SERIES} series already"
            series = family.series[labels] = Series(now, counts=[0] * len(family.buckets))
        series.changed, series.since, series.owner = now, sample.since, owner
        if sample.since is not None:
            return ""
        if sample.kind == "histogram":
            series.observed += 1
            series.value += sample.value
            for number, bound in enumerate(family.buckets):
                series.counts[number] += sample.value <= bound
        elif sample.kind == "counter":
            if sample.value < 0:
                return "a counter cannot go down"
            series.value += sample.value
        else:
            change = {"Add": sample.value, "Sub": -sample.value}.get(sample.operation)
            series.value = sample.value if change is None else series.value + change
        return ""

    def forget(self, owner: Key) -> None:
        """A workflow is gone: its realtime gauges end."""
        with self._lock:
            for family in self._families.values():
                ended = [
                    k for k, one in family.series.items() if one.since is not None and one.owner == owner
                ]
                for labels in ended:
                    del family.series[labels]

    def families(self, now: datetime) -> list[Any]:
        """Every family as prometheus_client's Metric."""
        from prometheus_client.core import Metric

        out = []
        with self._lock:
            ttl = self._ttl()
            for name, family in sorted(self._families.items()):
                for labels in [k for k, one in family.series.items() if _expired(one, ttl, now)]:
                    del family.series[labels]
                metric = Metric(
                    name.removesuffix("_total") if family.kind == "counter" else name,
                    family.help,
                    family.kind,
                )
                for labels, series in sorted(family.series.items()):
                    for suffix, extra, value in _samples(family, series, now):
                        metric.add_sample(metric.name + suffix, {**dict(labels), **extra}, value)
                if metric.samples:
                    out.append(metric)
        return out


def _expired(series: Series, ttl: float, now: datetime) -> bool:
    return ttl > 0 and series.since is None and (now - series.changed).total_seconds() > ttl


def _samples(family: Family, series: Series, now: datetime) -> Iterator[tuple[str, dict[str, str], float]]:
    if series.since is not None:
        yield "", {}, max(0.0, (now - series.since).total_seconds())
    elif family.kind == "histogram":
        for bound, count in zip(family.buckets, series.counts, strict=True):
            yield "_bucket", {"le": repr(bound)}, float(count)
        yield "_bucket", {"le": "+Inf"}, float(series.observed)
        yield "_count", {}, float(series.observed)
        yield "_sum", {}, series.value
    else:
        yield "_total" if family.kind == "counter" else "", {}, series.value


def own_families(
    workflows: Iterable[Object], pods: Iterable[Object], queue_depth: int, leading: bool
) -> list[Any]:
    """What the controller says of itself: workflows and pods by phase, the depth of its queue, whether it leads."""
    from prometheus_client.core import GaugeMetricFamily

    phases = Counter(str((wf.get("status") or {}).get("phase") or "Pending") for wf in workflows)
    by_phase = GaugeMetricFamily(
        OWN[0], "number of Workflows currently accessible by the controller by status", labels=["phase"]
    )
    for phase in PHASES:
        by_phase.add_metric([phase], phases[phase])
    pod_phases = Counter(str((pod.get("status") or {}).get("phase") or "Pending") for pod in pods)
    of_pods = GaugeMetricFamily(
        OWN[1],
        "number of Pods from Workflows currently accessible by the controller by status",
        labels=["phase"],
    )
    for phase in ("Pending", "Running"):
        of_pods.add_metric([phase], pod_phases[phase])
    depth = GaugeMetricFamily(OWN[2], "depth of the queue", labels=["queue_name"])
    depth.add_metric(["workflow_queue"], queue_depth)
    leader = GaugeMetricFamily(OWN[3], "whether this controller is the leader", value=float(leading))
    return [by_phase, of_pods, depth, leader]


def serve(port: int, address: str, collect: Callable[[], Iterable[Any]]) -> Callable[[], None]:
    """Serve `collect()` at http://address:port/metrics on a thread; what stops it. UserError when the port cannot be had."""
    from prometheus_client import CollectorRegistry, start_http_server

    class Collector:
        def collect(self) -> Iterable[Any]:
            return collect()

        def describe(self) -> Iterable[Any]:
            return ()

    registry = CollectorRegistry()
    registry.register(Collector())
    try:
        server, _ = start_http_server(port, address, registry=registry)
    except (OSError, OverflowError) as error:
        raise UserError(f"--metrics-port {port}: {error}", "choose another port", exit_code=1) from error

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop
