"""The controller's Prometheus metrics, as a scraper reads them."""

from __future__ import annotations

import socket
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from argolint.errors import UserError
from executor.controller import metrics
from executor.controller.metrics import WorkflowMetrics
from executor.engine.contract import EmitMetric

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def sample(name: str, value: float, kind: str = "gauge", operation: str = "Set", **rest: Any) -> EmitMetric:
    return EmitMetric(name, "help", kind, rest.pop("labels", ()), operation, value, **rest)


def values(found: list[Any]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in found for s in family.samples}


def test_gauges_counters_and_histograms() -> None:
    kept = WorkflowMetrics()
    kept.record(sample("g", 5.0))
    kept.record(sample("g", 2.0, operation="Add"))
    kept.record(sample("g", 1.0, operation="Sub"))
    for _ in range(2):
        kept.record(sample("c", 1.5, "counter", "Add", labels=(("b", "2"), ("a", "1"))))
    for value in (0.5, 3.0, 30.0):
        kept.record(sample("h", value, "histogram", "Observe", buckets=(10.0, 1.0)))
    assert values(kept.families(NOW)) == {
        ("g", ()): 6.0,
        ("c_total", (("a", "1"), ("b", "2"))): 3.0,
        ("h_bucket", (("le", "1.0"),)): 1.0,
        ("h_bucket", (("le", "10.0"),)): 2.0,
        ("h_bucket", (("le", "+Inf"),)): 3.0,
        ("h_count", ()): 3.0,
        ("h_sum", ()): 33.5,
    }


def test_a_realtime_gauge_counts_until_its_last_sample_or_its_workflow_is_gone() -> None:
    kept = WorkflowMetrics()
    for name in ("a", "b"):
        kept.record(sample(name, 0.0, since=NOW), ("ns", name))
    later = NOW + timedelta(seconds=7)
    assert values(kept.families(later)) == {("a", ()): 7.0, ("b", ()): 7.0}
    kept.record(sample("a", 8.0), ("ns", "a"))
    kept.forget(("ns", "a"))
    kept.forget(("ns", "b"))
    assert values(kept.families(later + timedelta(hours=1))) == {("a", ()): 8.0}


def test_what_prometheus_does_not_allow_is_dropped_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    kept = WorkflowMetrics(log=said.append)
    kept.record(sample("ok", 1.0))
    for _ in range(2):
        kept.record(sample("not ok", 1.0))
        kept.record(sample("ok", 1.0, "counter", "Add"))
        kept.record(sample("labels", 1.0, labels=(("__x", "1"),)))
        kept.record(sample("argo_workflows_gauge", 1.0))
    monkeypatch.setattr(metrics, "MAX_SERIES", 1)
    kept.record(sample("more", 1.0))
    assert values(kept.families(NOW)) == {("ok", ()): 1.0}
    assert said == [
        "metric not ok: 'not ok' cannot be the name of a metric",
        "metric ok: it is a gauge already and cannot be a counter too",
        "metric labels: its labels '__x' are not allowed",
        "metric argo_workflows_gauge: 'argo_workflows_gauge' cannot be the name of a metric",
        "metric more: there are 1 series already",
    ]


def test_series_end_after_their_time_to_live() -> None:
    kept = WorkflowMetrics(ttl=lambda: 60.0)
    kept.record(sample("old", 1.0), now=NOW)
    kept.record(sample("new", 1.0), now=NOW + timedelta(seconds=50))
    assert values(kept.families(NOW + timedelta(seconds=61))) == {("new", ()): 1.0}


def scrape(port: int) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        return values(list(text_string_to_metric_families(reply.read().decode())))


@pytest.fixture
def port(controller: Any) -> Any:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    stop = metrics.serve(number, "127.0.0.1", controller.collect_metrics)
    yield number
    stop()


@pytest.mark.sandbox
def test_a_scraper_sees_phases_queue_and_the_metrics_of_workflows(cluster: Any, port: int) -> None:
    cluster.create("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: measured}
spec:
  entrypoint: main
  metrics:
    prometheus:
    - {name: runs, help: runs, labels: [{key: status, value: "{{workflow.status}}"}], counter: {value: "1"}}
    - {name: age, help: age, gauge: {realtime: true, value: "{{workflow.duration}}"}}
  templates:
  - name: main
    container: {image: alpine, command: [sh, -c, "sleep 2"]}
""")
    cluster.until("measured", lambda wf: (wf.get("status") or {}).get("phase") == "Running")
    age = ("argo_workflows_age", ())
    end = time.monotonic() + 10
    while age not in (first := scrape(port)):
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(0.05)
    assert scrape(port)[age] > first[age]
    assert first[("argo_workflows_gauge", (("phase", "Running"),))] >= 1.0
    assert first[("argo_workflows_is_leader", ())] == 1.0
    assert ("argo_workflows_queue_depth_gauge", (("queue_name", "workflow_queue"),)) in first
    cluster.until("measured", lambda wf: (wf.get("status") or {}).get("phase") == "Succeeded")
    runs = ("argo_workflows_runs_total", (("status", "Succeeded"),))
    while runs not in (last := scrape(port)):
        assert time.monotonic() < end + 10
        time.sleep(0.02)
    assert last[runs] == 1.0
    assert scrape(port)[age] == last[age]


def test_a_port_that_is_taken_is_a_plain_error(port: int) -> None:
    with pytest.raises(UserError, match=f"--metrics-port {port}"):
        metrics.serve(port, "127.0.0.1", list)
