"""What `argosync run` serves and tells: webhooks, metrics, events, notifications, the audit log, reloading."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argolint.kube import ApiError
from reconciler.audit import Audit, Verdict, teeing, verify
from reconciler.context import Outcome
from reconciler.forge import ForgeError
from reconciler.health import Problem
from reconciler.kubevents import Poster
from reconciler.metrics import Metrics
from reconciler.metrics import serve as serve_metrics
from reconciler.model import Finding
from reconciler.notify import Announcer, Message, Sender, slack
from reconciler.opsconfig import CommitStatus, Notifier, Receiver
from reconciler.secret import Secret
from reconciler.webhooks import MAX_BODY, RATE, Desk, refusal, serve
from tests.reconciler.forgestand import Stand, forge_stand
from tests.reconciler.world import World, template

NOW = 1_780_000_000.0
BODY = b'{"ref": "refs/heads/main"}'
KEY = "canary-hook-secret"


def eventually(look: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether `look` comes true within some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if look():
            return True
        time.sleep(0.01)
    return False


def signature(key: bytes = KEY.encode(), body: bytes = BODY) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def signed_by_gitlab(secret: str, when: int, body: bytes = BODY) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mark = base64.b64encode(hmac.new(key, f"id-1.{when}.".encode() + body, hashlib.sha256).digest())
    return {
        "webhook-id": "id-1",
        "webhook-timestamp": str(when),
        "webhook-signature": f"v1,bogus v1,{mark.decode()}",
    }


GITLAB_KEY = "whsec_" + base64.b64encode(b"0123456789").decode()


@pytest.mark.parametrize(
    ("kind", "secret", "headers", "expected"),
    [
        ("github", KEY, {"x-hub-signature-256": "sha256=" + signature()}, ""),
        ("github", KEY, {"x-hub-signature-256": "sha256=" + signature(b"other")}, "wrong signature"),
        ("github", KEY, {"x-hub-signature-256": "ünïcode"}, "wrong signature"),
        ("github", KEY, {}, "no x-hub-signature-256"),
        ("github", KEY, {"x-hub-signature": "sha1=" + "0" * 40}, "no x-hub-signature-256"),
        ("gitea", KEY, {"x-gitea-signature": signature()}, ""),
        ("bitbucket", KEY, {"x-hub-signature": "sha256=" + signature()}, ""),
        ("generic", KEY, {"x-signature": signature()}, ""),
        ("generic", KEY, {"x-signature": ""}, "no x-signature"),
        ("gitlab", KEY, {"x-gitlab-token": KEY}, ""),
        ("gitlab", KEY, {"x-gitlab-token": KEY + "x"}, "wrong token"),
        ("gitlab", KEY, {}, "no x-gitlab-token"),
        ("gitlab", GITLAB_KEY, signed_by_gitlab(GITLAB_KEY, int(NOW)), ""),
        ("gitlab", GITLAB_KEY, signed_by_gitlab(GITLAB_KEY, int(NOW) - 301), "old timestamp"),
        (
            "gitlab",
            GITLAB_KEY,
            {**signed_by_gitlab(GITLAB_KEY, int(NOW)), "webhook-id": "other"},
            "wrong signature",
        ),
    ],
)
def test_proofs_of_each_sender(kind: str, secret: str, headers: dict[str, str], expected: str) -> None:
    assert refusal(kind, secret, headers, BODY, NOW) == expected


class Hooks:
    """A server of receivers, and what it woke and logged."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOOK_SECRET", KEY)
        self.woken: list[tuple[str, ...]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.counted: list[tuple[str, str]] = []
        self.desk = Desk(
            (
                Receiver("gh", "github", Secret(env="HOOK_SECRET"), ("platform",)),
                Receiver("lost", "github", Secret(env="NOT_SET")),
            ),
            self.woken.append,
            lambda event, **f: self.events.append((event, f)),
            lambda *c: self.counted.append(c),
            lambda: NOW,
        )
        self.server = serve("127.0.0.1:0", self.desk)
        self.port = self.server.server_address[1]

    def post(self, path: str, body: bytes, headers: dict[str, str], method: str = "POST") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request(method, path, body, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def raw(self, data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as peer:
            peer.sendall(data)
            return peer.recv(100)


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooks]:
    found = Hooks(monkeypatch)
    yield found
    found.server.shutdown()
    found.server.server_close()


GOOD = {"X-Hub-Signature-256": "sha256=" + signature()}


def test_a_proven_request_wakes_once_per_delivery(hooks: Hooks) -> None:
    assert hooks.post("/hook/gh", BODY, {**GOOD, "X-GitHub-Delivery": "d1"}) == 202
    assert hooks.post("/hook/gh", BODY, {**GOOD, "X-GitHub-Delivery": "d1"}) == 202
    assert hooks.post("/hook/gh", BODY, {**GOOD, "X-GitHub-Delivery": "d2"}) == 202
    assert hooks.woken == [("platform",), ("platform",)]
    assert hooks.counted == [("gh", "accepted"), ("gh", "duplicate"), ("gh", "accepted")]


def test_hostile_requests_do_no_work(hooks: Hooks) -> None:
    assert hooks.post("/hook/gh", BODY, {"X-Hub-Signature-256": "sha256=bad"}) == 401
    assert hooks.post("/hook/none", BODY, GOOD) == 404
    assert hooks.post("/../etc/passwd", BODY, GOOD) == 404
    assert hooks.post("/", b"", {}, "GET") == 404
    assert hooks.post("/healthz", b"", {}, "GET") == 200
    assert hooks.post("/hook/lost", BODY, GOOD) == 503
    big = f"POST /hook/gh HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n".encode()
    assert b" 413 " in hooks.raw(big)
    assert b" 411 " in hooks.raw(b"POST /hook/gh HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert hooks.woken == []
    assert KEY not in json.dumps(hooks.events)


def test_slow_and_cut_bodies_are_given_up(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.webhooks.READ_TIMEOUT", 0.1)
    head = b"POST /hook/gh HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"
    assert b" 408 " in hooks.raw(head)


def test_one_peer_cannot_flood(hooks: Hooks) -> None:
    found = [hooks.desk.limited("1.2.3.4") for _ in range(RATE + 2)]
    assert found == [False] * RATE + [True, True]
    assert hooks.desk.limited("1.2.3.5") is False


def metrics_text(metrics: Metrics) -> str:
    server = serve_metrics("127.0.0.1:0", metrics)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=5) as reply:
            return reply.read().decode()
    finally:
        server.shutdown()
        server.server_close()


def test_metrics_of_rounds(world: World) -> None:
    metrics = Metrics()
    context = world.context()
    outcome = world.sync()
    metrics.round(outcome, world.context().store.inventory, 0.5, world.now, False)
    broken = replace(
        outcome,
        ok=False,
        reason="Refused",
        writes=0,
        problems=(Problem("CronNotFiring", "CronWorkflow argo/nightly", "late"),),
        findings=(Finding("r", "error", "m"),),
    )
    metrics.round(broken, world.context().store.inventory, 0.5, world.now, True)
    text = metrics_text(metrics)
    for line in (
        'argosync_reconcile_total{reason="Applied",result="ok",target="prod"} 1.0',
        'argosync_reconcile_total{reason="Refused",result="failed",target="prod"} 1.0',
        'argosync_writes_total{kind="CronWorkflow",op="create",target="prod"} 1.0',
        'argosync_ready{target="prod"} 0.0',
        'argosync_objects{kind="WorkflowTemplate",target="prod"} 1.0',
        'argosync_gate_findings{severity="error",target="prod"} 1.0',
        'argosync_problems{reason="CronNotFiring",target="prod"} 1.0',
        'argosync_cron_valid{cron="argo/nightly",target="prod"} 0.0',
        'argosync_journal_pending{target="prod"} 1.0',
        f'argosync_last_success_timestamp_seconds{{target="prod"}} {world.now.timestamp():.6g}'[:-5],
    ):
        assert line in text, line
    metrics.round(outcome, {}, 0.1, world.now, False)
    assert "argosync_cron_valid{" not in metrics_text(metrics)
    assert context.target.name == "prod"


def test_events_about_objects_are_posted_once_while_they_last(world: World) -> None:
    outcome = world.sync()
    poster = Poster(world.cluster, "argo")
    poster.outcome(outcome)
    held = replace(
        outcome, writes=0, problems=(Problem("BrokenReference", "CronWorkflow argo/nightly", "gone"),)
    )
    poster.outcome(held)
    poster.outcome(held)
    events = [o for k, o in world.cluster.objects().items() if k.startswith("Event/")]
    told = sorted((e["involvedObject"]["name"], e["type"], e["reason"], e["message"]) for e in events)
    assert told == [
        ("hello", "Normal", "Created", f"by revision {outcome.commit[:12]}"),
        ("nightly", "Normal", "Created", f"by revision {outcome.commit[:12]}"),
        ("nightly", "Warning", "BrokenReference", "gone"),
    ]


def test_a_server_that_refuses_events_is_asked_no_more(world: World) -> None:
    outcome = world.sync()
    world.cluster.forbidden.add(("create", "Event"))
    poster = Poster(world.cluster, "argo")
    poster.outcome(outcome)
    number = len(world.cluster.calls)
    poster.outcome(outcome)
    assert len(world.cluster.calls) == number


@pytest.fixture
def stand() -> Iterator[Stand]:
    with forge_stand() as found:
        yield found


class Told:
    """A sender whose waits and log are kept."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.drops = 0
        self.sender = Sender(lambda e, **f: self.events.append((e, f)), self._drop, self.slept.append)

    def _drop(self) -> None:
        self.drops += 1


def outcomes() -> dict[str, Outcome]:
    finding = Finding("x", "error", "<!channel> bad & worse", "a.yaml", 3)
    return {
        "good": Outcome("prod", True, "Applied", commit="a" * 40, writes=2),
        "same": Outcome("prod", True, "UpToDate", commit="a" * 40),
        "bad": Outcome("prod", False, "Refused", "1 finding", commit="b" * 40, findings=(finding,)),
        "down": Outcome("prod", False, "SourceUnavailable", "no answer", transient=True),
    }


def test_changes_of_state_are_told_once(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_URL", stand.url + "/hook/slack")
    monkeypatch.setenv("JSON_URL", stand.url + "/hook/json")
    monkeypatch.setenv("FORGE_TOKEN", stand.token)
    told = Told()
    announcer = Announcer(
        told.sender,
        (
            Notifier("chat", "slack", Secret(env="SLACK_URL")),
            Notifier("machine", "json", Secret(env="JSON_URL"), ("failed", "recovered", "applied")),
        ),
        CommitStatus("github", "team/repo", stand.url, Secret(env="FORGE_TOKEN")),
    )
    some = outcomes()
    for name in ("good", "same", "down", "bad", "bad", "down", "bad", "same", "same"):
        announcer.outcome(some[name])
    told.sender.close()
    assert [(where, body.get("event") or body["text"].split(": ", 1)[1]) for where, body in stand.posted] == [
        ("/hook/json", "applied"),
        (
            "/hook/slack",
            "failed at bbbbbbbbbbbb: Refused: 1 finding\n• a.yaml:3 &lt;!channel&gt; bad &amp; worse",
        ),
        ("/hook/json", "failed"),
        ("/hook/slack", "recovered at aaaaaaaaaaaa: in step"),
        ("/hook/json", "recovered"),
    ]
    assert [(commit[0], body["state"]) for commit, body in stand.statuses] == [
        ("a", "success"),
        ("b", "failure"),
        ("a", "success"),
    ]
    assert told.drops == 0


def test_notifications_wait_as_told_and_give_up_without_blocking(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_URL", stand.url + "/hook/canary-path")
    told = Told()
    announcer = Announcer(told.sender, (Notifier("chat", "slack", Secret(env="SLACK_URL")),), None)
    stand.faults = [429, 503]
    announcer.outcome(outcomes()["bad"])
    assert eventually(lambda: len(stand.posted) == 1)
    assert told.slept == [3.0, 3.0]
    stand.faults = [404]
    announcer.outcome(outcomes()["same"])
    told.sender.close()
    assert told.drops == 1
    assert told.events[0][0] == "notify-failed"
    assert "canary-path" not in json.dumps(told.events)


def test_a_full_queue_drops_the_oldest() -> None:
    told, gate, sent = Told(), threading.Event(), []
    told.sender.put(Message("first", lambda: gate.wait(5) and None))
    time.sleep(0.05)
    for number in range(210):
        told.sender.put(Message("m", lambda n=number: sent.append(n)))
    gate.set()
    told.sender.close()
    assert (told.drops, sent[0], sent[-1], len(sent)) == (10, 10, 209, 200)


def test_slack_text_holds_no_control_characters() -> None:
    text = slack(replace(outcomes()["bad"], message="x\x1b[31m<@U1>"), "failed")["text"]
    assert "\x1b" not in text
    assert "<@" not in text


def test_forge_errors_that_last_are_not_tried_again() -> None:
    told, calls = Told(), []

    def send() -> None:
        calls.append(1)
        raise ForgeError("no", "", 403)

    told.sender.put(Message("status", send))
    told.sender.close()
    assert (calls, told.slept) == ([1], [])


# --- the audit log ---------------------------------------------------------------------------------------------------


def audited(world: World) -> Any:
    """A synchronisation whose writes are audited, as `writing` sets it up."""
    from reconciler.cycle import synchronise

    context = world.context()
    context.store.lock()
    context.log = teeing(context.log, context.store.audit, context.now)
    try:
        return synchronise(context)
    finally:
        context.store.unlock()


def chain(world: World) -> tuple[Path, tuple[int, str]]:
    path = world.root / "state/targets/prod/audit.jsonl"
    known = world.state()["audit"]
    return path, (known[0], known[1])


def test_every_write_is_in_the_chain_with_uid_and_versions(world: World) -> None:
    audited(world)
    world.repo.commit({"templates/hello.yaml": template(word="ciao")})
    audited(world)
    path, known = chain(world)
    records = [json.loads(line) for line in path.read_text().splitlines()]
    live = world.cluster.objects()["WorkflowTemplate/hello"]["metadata"]
    assert [(r["number"], r["event"], r.get("object", "")) for r in records] == [
        (1, "applying", ""),
        (2, "created", "WorkflowTemplate argo/hello"),
        (3, "created", "CronWorkflow argo/nightly"),
        (4, "applying", ""),
        (5, "updated", "WorkflowTemplate argo/hello"),
    ]
    assert (records[4]["uid"], records[4]["after"]) == (live["uid"], live["resourceVersion"])
    assert records[4]["before"] == records[1]["after"]
    assert verify(path, known) == Verdict(5, "", False)
    assert known[0] == 5


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (lambda lines: [lines[0].replace("applying", "created"), *lines[1:]], (0, "line 1 was changed")),
        (lambda lines: [lines[0], *lines[2:]], (1, "line 2 does not follow the line before it")),
        (lambda lines: [lines[1], lines[0], lines[2]], (0, "line 1 does not follow the line before it")),
        (lambda lines: lines[:-1], (2, "record 3, which the state knows, is missing")),
        (lambda lines: [*lines[:2], "{}"], (2, "line 3 is no record")),
        (lambda lines: [], (0, "record 3, which the state knows, is missing")),
    ],
)
def test_harm_to_the_chain_is_found(world: World, harm: Any, expected: tuple[int, str]) -> None:
    audited(world)
    path, known = chain(world)
    lines = harm(path.read_text().splitlines())
    path.write_text("".join(line + "\n" for line in lines))
    assert verify(path, known)[:2] == expected


def test_a_torn_last_line_is_a_crash_and_the_chain_goes_on(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    audit.append("created", {"object": "x"}, "t")
    with open(audit.path, "a") as file:
        file.write('{"number": 2, "ev')
    assert verify(audit.path) == Verdict(1, "", True)
    again = Audit(tmp_path)
    again.append("updated", {"object": "y"}, "t")
    assert verify(audit.path, again.last) == Verdict(2, "", False)


def test_removed_log_is_noticed(world: World) -> None:
    audited(world)
    path, known = chain(world)
    path.unlink()
    assert verify(path, known).problem == "the log is gone"


def test_an_unwritable_audit_log_stops_the_writes(world: World) -> None:
    folder = world.root / "state/targets/prod/audit.jsonl"
    folder.mkdir(parents=True)
    outcome = audited(world)
    assert (outcome.ok, world.cluster.writes) == (False, [])
    assert "nothing more is written to the cluster" in outcome.message


def test_api_errors_do_not_reach_the_announcer_as_news_before_they_last(world: World) -> None:
    world.cluster.before = lambda *_: ApiError(503, "ServiceUnavailable", "down")
    told = Told()
    Announcer(told.sender, (Notifier("n", "json", Secret(env="NONE")),), None).outcome(world.sync())
    told.sender.close()
    assert told.events == []
