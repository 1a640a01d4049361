"""A workflow's whole life in virtual time, its pods answered by a function instead of containers.

    outcome = simulate(workflow, answers, start=datetime(2026, 1, 1, tzinfo=UTC))

`answers(ask) -> Answer | None` says what a pod, an http request or a suspension comes to; None leaves a suspension waiting
and lets anything else succeed. Nothing is random: equal inputs give equal outcomes, traces included.
"""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from executor.engine import contract as c
from executor.engine import locks, operations, phases
from executor.engine.clock import format_time
from executor.engine.operate import advance

START = datetime(2026, 1, 1, tzinfo=UTC)
COMPLETE = "workflows.argoproj.io/report-outputs-completed"


@dataclass(frozen=True, slots=True)
class Ask:
    """Who wants to know: a node about to run. `attempt` counts from 0; `template` has its inputs in place."""

    node_id: str
    name: str
    display_name: str
    template_name: str
    kind: str
    attempt: int
    template: Mapping[str, Any]


Performer = Callable[[str, Mapping[str, Any]], "list[c.Observation]"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes of it. `after` and `pending` are seconds of virtual time.

    `phase` (Failed or Error) and `message` override what follows from `exit_code`; outputs are reported whatever the
    exit code. For http: `result` is the body, `status_code` the status. For suspend: `parameters` are supplied.
    `perform(node_id, what)` does it for real when its time has come: `what` is the Pod, or the template of an http request,
    and the observations that it returns are all that counts.
    """

    exit_code: int = 0
    phase: str = ""
    message: str = ""
    result: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    progress: str = ""
    after: float = 1.0
    pending: float = 0.0
    status_code: int = 200
    exit_codes: Mapping[str, int] = field(default_factory=dict)
    perform: Performer | None = None


Answers = Callable[[Ask], Answer | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The last state, how long it took in virtual time, every command in order, and what it still waits for."""

    state: Mapping[str, Any]
    now: datetime
    trace: tuple[tuple[datetime, c.Command], ...]
    waiting: tuple[str, ...]
    passes: int

    @property
    def phase(self) -> str:
        """The workflow's phase."""
        return str((self.state.get("status") or {}).get("phase") or "")

    def node(self, display_name: str) -> Mapping[str, Any]:
        """The node with this display name (or full name); KeyError if there is none."""
        for node in ((self.state.get("status") or {}).get("nodes") or {}).values():
            if display_name in (node["displayName"], node["name"]):
                return node  # type: ignore[no-any-return]
        raise KeyError(display_name)


def scripted(table: Mapping[str, Answer | Iterable[Answer]], default: Answers | None = None) -> Answers:
    """Answers by node name, display name or template name (in this order); a list is one for each attempt, the last repeats."""

    def answer(ask: Ask) -> Answer | None:
        base = ask.display_name.split("(", 1)[0] if ask.attempt else ask.display_name
        for key in (ask.name, ask.display_name, base, ask.display_name.rsplit("(", 1)[0], ask.template_name):
            if key in table:
                found = table[key]
                if isinstance(found, Answer):
                    return found
                several = list(found)
                return several[min(ask.attempt, len(several) - 1)]
        return default(ask) if default is not None else automatic(ask)

    return answer


def automatic(ask: Ask) -> Answer | None:
    """Success, with made-up values for every declared output; suspensions are left waiting."""
    if ask.kind == "suspend":
        return None
    outputs = ask.template.get("outputs") or {}
    parameters = {}
    for parameter in outputs.get("parameters") or ():
        source = parameter.get("valueFrom") or {}
        default = source.get("default")
        parameters[str(parameter.get("name"))] = str(default) if default is not None else "1"
    artifacts = {
        str(a.get("name")): {"s3": {"key": f"{ask.name}/{a.get('name')}.tgz"}}
        for a in outputs.get("artifacts") or ()
    }
    return Answer(result="[1]" if ask.kind == "data" else "1", parameters=parameters, artifacts=artifacts)


_FEEDS_LOOP = re.compile(r"outputs\.(?:(result)|parameters(?:\.([-\w]+)|\[\\*['\"]([-\w]+)))")


def automatic_for(*objects: Mapping[str, Any]) -> Answers:
    """`automatic`, with a JSON list for what feeds a withParam in these objects, and every suspension lifted."""
    loops: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, Mapping):
            for found in _FEEDS_LOOP.finditer(str(value.get("withParam") or "")):
                loops.add(found.group(1) or found.group(2) or found.group(3))
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    for item in objects:
        look(item)

    def answer(ask: Ask) -> Answer | None:
        if ask.kind == "suspend":
            declared = (ask.template.get("outputs") or {}).get("parameters") or ()
            return Answer(
                parameters={
                    str(p["name"]): "YES" for p in declared if "supplied" in (p.get("valueFrom") or {})
                }
            )
        found = automatic(ask) or Answer()
        lists = {name: '["1"]' for name in found.parameters if name in loops}
        result = '["1"]' if "result" in loops else found.result
        return replace(found, parameters={**found.parameters, **lists}, result=result)

    return answer


class _World:
    """Pods, timers and stored objects of one simulation."""

    def __init__(
        self, workflow: Mapping[str, Any], answers: Answers, context: c.Context, now: datetime
    ) -> None:
        self.state, self.answers, self.context, self.now = workflow, answers, context, now
        self.events: list[tuple[datetime, int, Any]] = []
        self.ticket = 0
        self.inbox: list[c.Observation] = []
        self.pods: dict[str, tuple[str, dict[str, Any]]] = {}
        self.ended: set[str] = set()
        self.started: dict[str, datetime] = {}
        self.trace: list[tuple[datetime, c.Command]] = []
        self.config_maps = dict(context.config_maps)
        self.asked_to_resume: set[str] = set()
        self.suspensions: list[str] = []
        self.looked_at = 0

    def at(self, seconds: float, what: Any) -> None:
        """Something happens in so many seconds."""
        self.ticket += 1
        heapq.heappush(self.events, (self.now + timedelta(seconds=max(0.0, seconds)), self.ticket, what))

    def wake(self, moment: datetime) -> None:
        """The engine wants to be called at a moment."""
        self.ticket += 1
        heapq.heappush(self.events, (max(moment, self.now), self.ticket, None))

    def carry_out(self, command: c.Command) -> None:
        """What a driver would do."""
        self.trace.append((self.now, command))
        match command:
            case c.CreatePod(node_id, pod):
                self._create(node_id, dict(pod))
            case c.TerminatePod(name) | c.DeletePod(name):
                self._kill(name, deleted=isinstance(command, c.DeletePod))
            case c.RunHttp(node_id, template):
                self._request(node_id, template)
            case c.RunPlugin(node_id, template):
                self._ask_plugin(node_id, template)
            case c.WakeAt(moment):
                self.wake(moment)
            case c.PutConfigMapKey(namespace, name, key, value, labels):
                present = self.config_maps.get((namespace, name)) or {
                    "metadata": {"name": name, "labels": dict(labels)}
                }
                data = {**(present.get("data") or {}), key: value}
                self.config_maps[namespace, name] = {**present, "data": data}
            case _:
                pass

    def _ask(self, node_id: str, template: Mapping[str, Any], kind: str) -> Answer:
        found = self.answers(self._asking(node_id, template, kind))
        return found if found is not None else Answer()

    def _asking(self, node_id: str, template: Mapping[str, Any], kind: str) -> Ask:
        node = self.state["status"]["nodes"][node_id]
        retried = (node.get("nodeFlag") or {}).get("retried")
        attempt = int(node["name"].rsplit("(", 1)[1].rstrip(")")) if retried else 0
        return Ask(
            node_id,
            node["name"],
            node["displayName"],
            str(template.get("name") or ""),
            kind,
            attempt,
            template,
        )

    def _create(self, node_id: str, pod: dict[str, Any]) -> None:
        name = pod["metadata"]["name"]
        if name in self.pods:
            return
        self.pods[name] = (node_id, pod)
        template = template_of(pod)
        kind = next(
            (k for k in ("script", "resource", "data", "containerSet") if template.get(k) is not None),
            "container",
        )
        answer = self._ask(node_id, template, kind)
        limit = pod["spec"].get("activeDeadlineSeconds")
        if answer.perform is not None and template.get("daemon"):
            self.at(answer.pending, ("started", name, answer.perform))
            return
        self.at(answer.pending, ("running", name))
        if answer.perform is not None:
            self.at(answer.pending + answer.after, ("ended", name, answer))
            return
        if template.get("daemon") and not answer.exit_code and not answer.phase:
            return
        if limit is not None and answer.after > limit:
            late = replace(
                answer,
                exit_code=137,
                phase="Failed",
                message="Pod was active on the node longer than the specified deadline",
            )
            self.at(answer.pending + float(limit), ("ended", name, late))
        else:
            self.at(answer.pending + answer.after, ("ended", name, answer))

    def _kill(self, name: str, *, deleted: bool) -> None:
        if name not in self.pods or name in self.ended:
            return
        self.ended.add(name)
        if deleted:
            self.inbox.append(c.PodDeleted(name))
        else:
            self.inbox.append(c.PodObserved(with_status(self.pods[name][1], "Failed", self.now, {}, 143)))

    def _request(self, node_id: str, template: Mapping[str, Any]) -> None:
        answer = self._ask(node_id, template, "http")
        if answer.perform is not None:
            self.at(answer.after, ("performed", node_id, template, answer.perform))
            return
        response = {"statusCode": answer.status_code, "headers": {}, "body": answer.result or ""}
        seen = (
            c.HttpObserved(node_id, error=answer.message)
            if answer.phase
            else c.HttpObserved(node_id, response)
        )
        self.at(answer.after, ("seen", seen))

    def _ask_plugin(self, node_id: str, template: Mapping[str, Any]) -> None:
        answer = self._ask(node_id, template, "plugin")
        phase = answer.phase or (phases.FAILED if answer.exit_code else phases.SUCCEEDED)
        outputs = _reported(template, answer)
        seen = c.PluginObserved(node_id, phase, answer.message, outputs, answer.progress)
        self.at(answer.pending, ("seen", c.PluginObserved(node_id, "")))
        self.at(answer.pending + answer.after, ("seen", seen))

    def happen(self, what: Any) -> None:
        """An event's time has come."""
        if what is None:
            return
        if what[0] == "performed":
            self.inbox += what[3](what[1], what[2])
            return
        if what[0] == "seen":
            self.inbox.append(what[1])
            return
        if what[0] == "shutdown":
            self._shut_down(what[1])
            return
        if what[0] == "resume":
            self._resume(what[1], what[2])
            return
        name = what[1]
        if name in self.ended:
            return
        node_id, pod = self.pods[name]
        if what[0] == "running":
            self.started[name] = self.now
            self.inbox.append(c.PodObserved(with_status(pod, "Running", self.now, {}, None)))
            return
        if what[0] == "started":  # a daemon that really runs, and goes on
            seen = what[2](node_id, pod)
            self.inbox += seen
            if any(isinstance(s, c.PodObserved) and s.pod["status"]["phase"] != "Running" for s in seen):
                self.ended.add(name)
            return
        answer: Answer = what[2]
        self.ended.add(name)
        if answer.perform is not None:
            self.inbox += answer.perform(node_id, pod)
            return
        self.inbox.append(c.TaskResultObserved(task_result(node_id, pod, answer)))
        failed = bool(answer.exit_code or answer.phase or any(answer.exit_codes.values()))
        status = with_status(
            pod,
            "Failed" if failed else "Succeeded",
            self.now,
            answer.exit_codes,
            answer.exit_code,
            self.started.get(name),
        )
        if answer.phase == "Failed" or (failed and answer.message):
            status["status"]["message"] = answer.message
        self.inbox.append(c.PodObserved(status))

    def _shut_down(self, how: str) -> None:
        if not phases.workflow_completed(self.state):
            stopped = (
                operations.terminate(self.state)
                if how == "Terminate"
                else operations.stop(self.state, now=self.now)
            )
            self.state = stopped

    def _resume(self, node_id: str, answer: Answer) -> None:
        selector = f"id={node_id}"
        state = self.state
        if answer.parameters:
            state = operations.set_outputs(state, selector, now=self.now, parameters=answer.parameters)
        if answer.phase in phases.FAILURES:
            self.state = operations.stop(state, now=self.now, selector=selector, message=answer.message)
        else:
            self.state = operations.resume(state, now=self.now, selector=selector)

    def look_for_suspensions(self) -> None:
        """Ask what becomes of suspend nodes that have not been asked about."""
        nodes = (self.state.get("status") or {}).get("nodes") or {}
        # Nodes are only ever added, at the end.
        self.suspensions += [
            i for i in islice(nodes, self.looked_at, None) if nodes[i].get("type") == "Suspend"
        ]
        self.looked_at = len(nodes)
        for identity in self.suspensions:
            node = nodes[identity]
            if node.get("phase") != phases.RUNNING or identity in self.asked_to_resume:
                continue
            self.asked_to_resume.add(identity)
            template = {"name": node.get("templateName"), "outputs": node.get("outputs") or {}, "suspend": {}}
            answer = self.answers(self._asking(identity, template, "suspend"))
            if answer is not None:
                self.at(answer.pending + answer.after, ("resume", identity, answer))


def simulate(
    workflow: Mapping[str, Any],
    answers: Answers = automatic,
    *,
    context: c.Context | None = None,
    start: datetime = START,
    max_passes: int = 100_000,
    between: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    shut_down: Mapping[float, str] | None = None,
) -> Outcome:
    """Run a Workflow (named, see `engine.new_workflow`) until it ends or nothing is left that could move it.

    `between` may replace the state between passes (a restart from JSON, say); `shut_down` maps seconds since the start to
    Stop or Terminate. `max_passes` guards against workflows that never end.
    """
    world = _World(
        workflow, answers, context or c.Context(image_commands={"*": (("/bin/entrypoint",), ())}), start
    )
    for seconds, how in sorted((shut_down or {}).items()):
        world.at(seconds, ("shutdown", how))
    passes = 0
    while passes < max_passes:
        passes += 1
        observations, world.inbox = tuple(world.inbox), []
        table = locks.table([world.state])
        now_context = replace(
            world.context, config_maps=world.config_maps, locks=world.context.locks or table
        )
        step = advance(world.state, observations, world.now, now_context)
        world.state = between(step.state) if between is not None else step.state
        for command in step.commands:
            world.carry_out(command)
        world.look_for_suspensions()
        if phases.workflow_completed(world.state):
            break
        if world.inbox:
            continue
        if not world.events:
            break
        world.now = max(world.now, world.events[0][0])
        while world.events and world.events[0][0] <= world.now:
            world.happen(heapq.heappop(world.events)[2])
    return Outcome(world.state, world.now, tuple(world.trace), waiting_for(world.state), passes)


def waiting_for(state: Mapping[str, Any]) -> tuple[str, ...]:
    """What keeps a workflow that has not ended: one line a leaf node that is not fulfilled."""
    status = state.get("status") or {}
    if status.get("phase") in phases.COMPLETED:
        return ()
    if (state.get("spec") or {}).get("suspend") is True:
        return ("the workflow is suspended",)
    found = []
    for node in (status.get("nodes") or {}).values():
        if phases.fulfilled(node):
            continue
        waits = (node.get("synchronizationStatus") or {}).get("waiting")
        if waits:
            found.append(f"{node['name']}: waits for the lock {waits}")
        elif node.get("type") in ("Suspend", "Pod", "HTTP", "Plugin"):
            found.append(f"{node['name']}: {node['type']} is {node.get('phase')}")
    if not found:
        groups = [n["name"] for n in (status.get("nodes") or {}).values() if not phases.fulfilled(n)]
        found = [
            f"{name}: a step or task of it refers to an output that does not exist" for name in groups[-1:]
        ]
    return tuple(found) or (str(status.get("message") or "nothing was started"),)


def template_of(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The template that argoexec finds in a pod's ARGO_TEMPLATE."""
    for entry in pod["spec"]["initContainers"][0]["env"]:
        if entry["name"] == "ARGO_TEMPLATE":
            found: dict[str, Any] = json.loads(entry["value"])
            return found
    return {}


def _reported(template: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    """The outputs of an answer as a node has them: what the template declares, with values."""
    outputs: dict[str, Any] = {}
    if answer.result is not None:
        outputs["result"] = answer.result
    declared = template.get("outputs") or {}
    if answer.parameters:
        by_name = {p.get("name"): p for p in declared.get("parameters") or ()}
        outputs["parameters"] = [
            {**by_name.get(n, {}), "name": n, "value": v} for n, v in answer.parameters.items()
        ]
    if answer.artifacts:
        by_name = {a.get("name"): a for a in declared.get("artifacts") or ()}
        outputs["artifacts"] = [{**by_name.get(n, {}), "name": n, **a} for n, a in answer.artifacts.items()]
    return outputs


def task_result(node_id: str, pod: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    """What argoexec would report of a pod."""
    outputs = _reported(template_of(pod), answer)
    found: dict[str, Any] = {"metadata": {"name": node_id, "labels": {COMPLETE: "true"}}, "outputs": outputs}
    if answer.progress:
        found["progress"] = answer.progress
    return found


def with_status(
    pod: Mapping[str, Any],
    phase: str,
    now: datetime,
    exit_codes: Mapping[str, int],
    exit_code: int | None,
    started: datetime | None = None,
) -> dict[str, Any]:
    """A pod as the kubelet would report it. `exit_code` is that of the main containers."""
    stamp, began = format_time(now), format_time(started or now)
    statuses = []
    for container in pod["spec"]["containers"]:
        name = container["name"]
        if phase == "Running":
            statuses.append({"name": name, "ready": True, "state": {"running": {"startedAt": stamp}}})
            continue
        code = exit_codes.get(name, 0 if name == "wait" else exit_code or 0)
        reason = "Completed" if code == 0 else "Error"
        ended = {"exitCode": code, "reason": reason, "startedAt": began, "finishedAt": stamp}
        statuses.append({"name": name, "ready": False, "state": {"terminated": ended}})
    status = {"phase": phase, "podIP": "10.0.0.1", "containerStatuses": statuses}
    return {**pod, "status": status}


__all__ = [
    "Answer",
    "Answers",
    "Ask",
    "Outcome",
    "automatic",
    "automatic_for",
    "scripted",
    "simulate",
    "waiting_for",
]
