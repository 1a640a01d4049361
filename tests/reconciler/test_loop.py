"""Waiting, telling and stopping."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from reconciler.context import Outcome
from reconciler.events import logger
from reconciler.loop import Delays, Teller
from reconciler.model import Finding
from tests.reconciler.world import World, cron, template


def test_delays_keep_the_interval_with_jitter_and_back_off_while_waiting_may_help() -> None:
    low, high = Delays(60, lambda a, b: a), Delays(60, lambda a, b: b)
    assert (low.after(ok=True, transient=False), high.after(ok=True, transient=False)) == (54.0, 66.0)
    assert [high.after(ok=False, transient=True) for _ in range(7)] == [
        3.0,
        9.0,
        27.0,
        81.0,
        243.0,
        300.0,
        300.0,
    ]
    assert high.after(ok=False, transient=False) == 66.0
    assert high.after(ok=False, transient=True) == 3.0


def test_each_change_of_state_is_told_once(world: World) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    teller = Teller(lambda event, **fields: told.append((event, fields)), world.context())
    refused = Outcome(
        "prod",
        False,
        "Refused",
        "1 finding refuses",
        commit="c" * 40,
        findings=(Finding("R", "error", "no", "a.yaml", 3),),
    )
    fine = Outcome("prod", True, "UpToDate", commit="d" * 40)
    for outcome in (fine, fine, refused, refused, fine):
        teller.outcome(outcome)
    assert [event for event, _ in told] == ["up-to-date", "refused", "finding", "up-to-date"]
    assert told[2][1] == {"rule": "R", "file": "a.yaml:3", "message": "no", "remedy": None}


def test_log_lines_as_text_and_json() -> None:
    import io
    import json

    out = io.StringIO()
    logger("prod", "text", out, lambda: ["hunter22"])(
        "synced", ref="refs/heads/main", message="it is hunter22", none=None
    )
    assert out.getvalue().split(" ", 1)[1] == 'prod synced ref=refs/heads/main message="it is [redacted]"\n'
    out = io.StringIO()
    logger("prod", "json", out)("synced", writes=2)
    line = json.loads(out.getvalue())
    assert {k: line[k] for k in ("target", "event", "writes")} == {
        "target": "prod",
        "event": "synced",
        "writes": 2,
    }


def test_two_targets_one_failing_do_not_disturb_each_other(
    world: World, tmp_path: Any, monkeypatch: Any
) -> None:
    from reconciler import loop, session
    from reconciler.config import Config

    monkeypatch.setattr(session, "connect", lambda target: world.cluster)
    good = replace(world.target, settle=0.0, events=False)
    bad = replace(good, name="bad", source="gone")
    gone = replace(world.source, name="gone", url=str(tmp_path / "nowhere"), type="git")
    config = Config(tmp_path / "state", (replace(world.source, interval=1.0), gone), (good, bad))
    told: dict[str, list[str]] = {"prod": [], "bad": []}
    stop = threading.Event()
    threads = []
    services = loop.Services(config, lambda *_, **__: None)
    for target in config.targets:

        def log(event: str, name: str = target.name, **fields: Any) -> None:
            told[name].append(f"{event} {fields.get('reason', '')}".strip())

        threads.append(
            threading.Thread(
                target=loop.follow, args=(config, target, log, stop, threading.Event(), services)
            )
        )
        threads[-1].start()
    for _ in range(400):
        if len(world.cluster.objects()) == 2 and told["bad"] and "synced" in told["prod"]:
            break
        stop.wait(0.05)
    stop.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert told["bad"][0] == "failed SourceUnavailable"
    assert "synced" in told["prod"]


def test_suspension_holds_everything_until_it_is_over(world: World) -> None:
    from reconciler.requests import ask, suspension, take, with_pending

    store = world.context().store
    ask(store, "suspended", {"reason": "freeze", "by": "ann", "until": "2026-03-01T13:00:00+00:00"})
    assert with_pending(store)["suspended"]["reason"] == "freeze"
    take(store)
    data = world.state()
    assert suspension(data, world.now) is not None
    world.later(hours=2)
    assert suspension(data, world.now) is None


def test_markdown_plan_for_a_pull_request(world: World) -> None:
    from reconciler.render import to_markdown

    world.sync()
    world.repo.commit(
        {"templates/hello.yaml": template(word="ciao"), "cron/nightly.yaml": cron().replace("0 2", "30 4")}
    )
    text = to_markdown([world.plan()])
    assert (
        "| update | `WorkflowTemplate argo/hello` | `templates/hello.yaml:1` | CronWorkflow argo/nightly |  |"
        in text
    )
    assert (
        "| update | `CronWorkflow argo/nightly` | `cron/nightly.yaml:1` |  | 2026-03-02T04:30:00Z<br>2026-03-03T04:30:00Z<br>2026-03-04T04:30:00Z |"
        in text
    )
    assert '@@ template main @@\n- container.command[1]: "hi"\n+ container.command[1]: "ciao"' in text
