"""Prometheus metrics of `argosync run`. Names of objects are labels of CronWorkflow gauges alone, and at most `MAX_CRONS`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from argolint import __version__
from argolint.errors import UserError
from reconciler.context import Outcome
from reconciler.opsconfig import address

MAX_CRONS = 500


class Metrics:
    """All metrics, in a registry of their own. Raises UserError when prometheus-client is not installed."""

    def __init__(self) -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
        except ImportError as error:
            raise UserError("metrics need prometheus-client", "pip install 'argolint[sync]'") from error
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Any:
            return Counter(f"argosync_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Any:
            return Gauge(f"argosync_{name}", text, labels, registry=self.registry)

        self.reconciles = counter("reconcile", "Rounds by their result", "target", "result", "reason")
        self.duration = Histogram(
            "argosync_reconcile_duration_seconds", "Time of a round", ["target"], registry=self.registry
        )
        self.writes = counter("writes", "Objects written or deleted", "target", "kind", "op")
        self.drift = counter("drift", "Objects that were changed in the cluster", "target", "kind")
        self.webhooks = counter("webhook", "Webhook requests", "receiver", "result")
        self.dropped = counter("notifications_dropped", "Notifications that could not be sent")
        self.ready = gauge("ready", "1 when the target is in step", "target")
        self.objects = gauge("objects", "Managed objects", "target", "kind")
        self.findings = gauge("gate_findings", "Findings of the revision", "target", "severity")
        self.blocked = gauge("prune_blocked", "Objects that must not be deleted yet", "target")
        self.problems = gauge("problems", "Objects that are applied and do not work", "target", "reason")
        self.cron_valid = gauge("cron_valid", "0 when a CronWorkflow does not work", "target", "cron")
        self.success = gauge("last_success_timestamp_seconds", "When the target was last in step", "target")
        self.suspended = gauge("suspended", "1 while the target is suspended or frozen", "target")
        self.holds = gauge("override_active", "Holds on objects", "target")
        self.leader = gauge("leader", "1 while this process holds the lease", "target")
        self.pending = gauge("journal_pending", "1 while a write is unfinished", "target")
        info = gauge("build_info", "The version", "version")
        info.labels(__version__).set(1)
        self._crons: set[tuple[str, str]] = set()

    def round(self, outcome: Outcome, inventory: Any, seconds: float, now: datetime, pending: bool) -> None:
        """A round has ended."""
        target = outcome.target
        self.reconciles.labels(target, "ok" if outcome.ok else "failed", outcome.reason).inc()
        self.duration.labels(target).observe(seconds)
        self.ready.labels(target).set(int(outcome.ok))
        self.suspended.labels(target).set(0)
        self.pending.labels(target).set(int(pending))
        if outcome.ok:
            self.success.labels(target).set(now.timestamp())
        items = outcome.plan.items if outcome.plan else ()
        if outcome.writes:
            for item in items:
                if item.writes or item.op == "prune":
                    self.writes.labels(target, item.key.kind, item.op).inc()
                if item.drift:
                    self.drift.labels(target, item.key.kind).inc()
        for severity in ("error", "warning", "info"):
            number = sum(1 for f in outcome.findings if f.severity == severity)
            self.findings.labels(target, severity).set(number)
        for kind in ("WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"):
            self.objects.labels(target, kind).set(sum(1 for key in inventory if key.kind == kind))
        waiting = len(outcome.waiting) + sum(1 for i in items if i.op == "keep")
        self.blocked.labels(target).set(waiting)
        reasons = ("BrokenReference", "SpecError", "SubmissionError", "CronNotFiring", "RunsFail")
        for reason in reasons:
            self.problems.labels(target, reason).set(sum(1 for p in outcome.problems if p.reason == reason))
        self._cron_gauges(outcome, inventory)

    def _cron_gauges(self, outcome: Outcome, inventory: Any) -> None:
        target = outcome.target
        broken = {p.object for p in outcome.problems}
        crons = sorted(key for key in inventory if key.kind == "CronWorkflow")[:MAX_CRONS]
        now = {(target, f"{key.namespace}/{key.name}") for key in crons}
        for old in {c for c in self._crons if c[0] == target} - now:
            self.cron_valid.remove(*old)
        self._crons = {c for c in self._crons if c[0] != target} | now
        for key in crons:
            self.cron_valid.labels(target, f"{key.namespace}/{key.name}").set(int(str(key) not in broken))


def serve(listen: str, metrics: Metrics) -> Any:
    """Serve /metrics in a thread of its own; a server with `shutdown`. Raises UserError."""
    from prometheus_client import start_http_server

    host, port = address(listen)
    try:
        server, _ = start_http_server(port, host, registry=metrics.registry)
    except OSError as error:
        raise UserError(
            f"metrics: {listen}: {error.strerror}", "choose another address", exit_code=1
        ) from error
    return server
