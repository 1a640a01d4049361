"""A cluster that moves at random: pods, requests, clocks and restarts, with the engine's promises checked at every step."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from argolint.errors import UserError
from executor.engine import advance, locks, operations, phases, rerun
from executor.engine import contract as c
from executor.engine.clock import parse_time
from executor.engine.progress import own_share
from executor.engine.simulate import START, Answer, task_result, template_of, with_status
from tests.executor.engine.generate import CONTEXT

EXECUTED = ("Pod", "HTTP", "Container", "Suspend")
MAX_STEPS = 3000


class Stuck(AssertionError):
    """Nothing is left that could move the workflow."""


class World:
    """One workflow under random events. `restarts`: the state goes through JSON and the engine forgets, after every pass."""

    def __init__(
        self, workflow: Mapping[str, Any], seed: int, *, restarts: bool, requests: tuple[str, ...]
    ) -> None:
        self.state, self.now, self.restarts = workflow, START, restarts
        self.random = random.Random(seed)
        self.seed = seed
        self.requests = list(requests)
        self.pods: dict[str, dict[str, Any]] = {}  # name -> pod with status
        self.made: dict[str, list[Any]] = {}  # name -> the node's startedAt each time that it was asked for
        self.nodes_of: dict[str, str] = {}
        self.http: dict[str, Any] = {}
        self.wakes: set[datetime] = set()
        self.inbox: list[Any] = []
        self.maps = dict(CONTEXT.config_maps)

    # --- the engine's side ---

    def step(self) -> None:
        """One pass, its promises checked, its commands carried out."""
        context = replace(CONTEXT, locks=locks.table([self.state]), config_maps=self.maps)
        seen = self.inbox
        if self.restarts:
            self.state = json.loads(json.dumps(self.state))
            seen = [*(c.PodObserved(pod) for pod in self.pods.values()), *seen]
        self.inbox = []
        before = json.dumps(self.state, sort_keys=True)
        step = advance(self.state, seen, self.now, context)
        assert json.dumps(self.state, sort_keys=True) == before, "the state that was passed in was changed"
        if not step.changed:
            assert json.dumps(step.state, sort_keys=True) == before
        check_moves(self.state, step.state)
        self.state = step.state
        self.wakes = {at for at in self.wakes if at > self.now}
        for command in step.commands:
            self.carry_out(command)

    def carry_out(self, command: c.Command) -> None:
        """What a driver does."""
        match command:
            case c.CreatePod(node_id, pod):
                self.create(node_id, dict(pod))
            case c.DeletePod(name):
                if self.pods.pop(name, None) is not None:
                    self.inbox.append(c.PodDeleted(name))
            case c.TerminatePod(name):
                if name in self.pods and not ended(self.pods[name]):
                    self.end(name, Answer(exit_code=143))
            case c.RunHttp(node_id, _):
                self.http[node_id] = command
            case c.WakeAt(at):
                self.wakes.add(at)
            case c.PutConfigMapKey(namespace, name, key, value, labels):
                known = self.maps.get((namespace, name)) or {
                    "metadata": {"name": name, "labels": dict(labels)}
                }
                self.maps[namespace, name] = {**known, "data": {**(known.get("data") or {}), key: value}}
            case _:
                pass

    def create(self, node_id: str, pod: dict[str, Any]) -> None:
        """A pod is made once for each life of its node; asking again is harmless after a restart only."""
        name = pod["metadata"]["name"]
        life = self.state["status"]["nodes"][node_id]["startedAt"]
        if name in self.pods:
            assert self.restarts, f"pod {name} was asked for twice"
            return
        assert life not in self.made.get(name, []) or name not in self.made, f"pod {name} was made twice"
        self.made.setdefault(name, []).append(life)
        self.nodes_of[name] = node_id
        self.pods[name] = {**pod, "status": {"phase": "Pending"}}

    # --- the cluster's side ---

    def fate(self, name: str) -> Answer:
        """What becomes of a pod depends on its node and the seed alone, never on the order of events."""
        draw = random.Random(f"{self.nodes_of[name]}{self.seed}").random()
        if draw < 0.15:
            return Answer(exit_code=1)
        if draw < 0.22:
            return Answer(exit_codes={"wait": 1})
        return Answer(result="1", parameters={"y": "v"})

    def end(self, name: str, answer: Answer) -> None:
        """A pod ends; its executor reports before, or did not come to it."""
        pod, failed = self.pods[name], bool(answer.exit_code or answer.exit_codes)
        if not answer.exit_codes:
            self.inbox.append(c.TaskResultObserved(task_result(self.nodes_of[name], pod, answer)))
        status = with_status(
            pod, "Failed" if failed else "Succeeded", self.now, dict(answer.exit_codes), answer.exit_code
        )
        self.pods[name] = status
        self.inbox.append(c.PodObserved(status))

    def move_pod(self, name: str) -> None:
        """One move of one pod."""
        pod = self.pods[name]
        phase = pod["status"]["phase"]
        if phase == "Pending":
            self.pods[name] = with_status(pod, "Running", self.now, {}, None)
            self.inbox.append(c.PodObserved(self.pods[name]))
        elif phase == "Running" and not (template_of(pod).get("daemon") and self.random.random() < 0.97):
            self.end(name, self.fate(name))

    def act(self) -> None:
        """Something happens: pods move, a request comes, time passes."""
        lively = [n for n, p in self.pods.items() if not ended(p)]
        self.now += timedelta(seconds=self.random.choice((0, 0, 1, 1, 2)))
        if self.requests and self.random.random() < 0.2:
            self.request(self.requests.pop(0))
        for name in self.random.sample(sorted(lively), self.random.randint(0, len(lively))):
            if name in self.pods and not ended(self.pods[name]):
                self.move_pod(name)
        for node_id in sorted(self.http):
            if self.random.random() < 0.6:
                code = 200 if random.Random(f"{node_id}{self.seed}").random() > 0.2 else 500
                self.inbox.append(c.HttpObserved(node_id, {"statusCode": code, "headers": {}, "body": "1"}))
                del self.http[node_id]
        if self.inbox:
            return
        only_daemons = all(
            template_of(self.pods[n]).get("daemon") and self.pods[n]["status"]["phase"] == "Running"
            for n in lively
        )
        if self.wakes and (not lively or only_daemons or self.random.random() < 0.1):
            self.now = max(self.now, min(self.wakes))
        elif not lively or only_daemons:
            self.unblock(lively)

    def unblock(self, lively: list[str]) -> None:
        """Nothing moves by itself: resume what is suspended."""
        if self.http:
            return
        if (self.state.get("spec") or {}).get("suspend") or suspended(self.state):
            self.request("resume")
        elif self.requests:
            self.request(self.requests.pop(0))
        elif lively:
            for name in lively:
                self.end(name, Answer(exit_code=1))
        else:
            raise Stuck(
                "\n".join(
                    f"{n['name']} {n['type']} {n['phase']} {n.get('message', '')}"
                    for n in self.state["status"]["nodes"].values()
                )
            )

    def request(self, what: str) -> None:
        """A user's request, as the command line would write it; refused ones change nothing."""
        try:
            match what:
                case "stop":
                    self.state = operations.stop(self.state, now=self.now)
                case "terminate":
                    self.state = operations.terminate(self.state)
                case "suspend":
                    self.state = operations.suspend(self.state)
                case "resume":
                    self.state = operations.resume(self.state, now=self.now)
                case "jump":
                    self.now += timedelta(seconds=45)
                case "retry":
                    self.retry()
        except UserError:
            pass

    def retry(self) -> None:
        """`argo retry`: pods of what runs again are deleted first."""
        retried = rerun.retry(self.state, now=self.now)
        for name in retried.pods:
            self.pods.pop(name, None)
            self.made.pop(name, None)
        self.state = retried.workflow
        self.inbox += [c.PodObserved(pod) for pod in self.pods.values()]

    def run(self) -> Mapping[str, Any]:
        """Until the workflow has ended. Stuck if it cannot."""
        for _ in range(MAX_STEPS):
            self.step()
            if phases.workflow_completed(self.state):
                check_end(self.state)
                self.check_still()
                if "retry" in self.requests and self.state["status"]["phase"] != "Succeeded":
                    self.requests.remove("retry")
                    self.request("retry")
                    continue
                return self.state
            if not self.inbox:
                self.act()
        raise Stuck("too many steps")

    def check_still(self) -> None:
        """A completed workflow never moves, whatever is observed or however late it is."""
        late = self.now + timedelta(days=1)
        step = advance(self.state, [c.PodObserved(p) for p in self.pods.values()], late, CONTEXT)
        assert not step.changed
        assert not [x for x in step.commands if isinstance(x, c.CreatePod | c.RunHttp)]


def ended(pod: Mapping[str, Any]) -> bool:
    """Whether a pod has its last phase."""
    return pod["status"]["phase"] in ("Succeeded", "Failed")


def suspended(state: Mapping[str, Any]) -> bool:
    """Whether a suspend node waits for somebody."""
    nodes = (state.get("status") or {}).get("nodes") or {}
    return any(n["type"] == "Suspend" and n["phase"] == "Running" for n in nodes.values())


def check_moves(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """What may change in a pass: fulfilled nodes stay as they are, apart from what is hung below them."""
    old, new = before.get("status") or {}, after["status"]
    nodes = new.get("nodes") or {}
    for identity, node in (old.get("nodes") or {}).items():
        assert identity in nodes, f"{identity} is gone"
        if not phases.phase_fulfilled(node):
            continue
        now = nodes[identity]
        for field in (
            "type",
            "name",
            "phase",
            "startedAt",
            "finishedAt",
            "message",
            "boundaryID",
            "templateName",
        ):
            assert now.get(field) == node.get(field), f"{identity}: {field} of a fulfilled node changed"
        kept = node.get("children") or []
        assert (now.get("children") or [])[: len(kept)] == kept
    for node in nodes.values():
        assert node["phase"] in phases.PHASES
        if node.get("boundaryID"):
            assert node["boundaryID"] in nodes


def check_end(state: Mapping[str, Any]) -> None:
    """Every node that was begun has ended, and the sums are right."""
    status = state["status"]
    done = total = 0
    for node in (status.get("nodes") or {}).values():
        assert phases.phase_fulfilled(node), (
            f"{node['name']} is {node['phase']} in a workflow that is {status['phase']}"
        )
        assert not node.get("daemoned"), f"{node['name']} is still a daemon"
        assert parse_time(node["finishedAt"]) >= parse_time(node["startedAt"]), node["name"]  # type: ignore[operator]
        if node["type"] in EXECUTED:
            share = own_share(node)
            done, total = done + share[0], total + share[1]
    assert status.get("progress", "0/0") == f"{done}/{total}"
    assert "synchronization" not in status
    assert status["finishedAt"] >= status["startedAt"]
