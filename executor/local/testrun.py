"""Running test cases: simulate, judge the expectations, compare the trace."""

from __future__ import annotations

import difflib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from argolint.errors import UserError
from executor import engine
from executor.engine import contract as c
from executor.engine.simulate import START, Outcome, automatic_for, simulate, template_of
from executor.local import prepare, settings
from executor.local.context import context_for
from executor.local.documents import (
    Manifest,
    Tree,
    name_of,
    objects_in,
    parse_reference,
    project_root,
    read_text,
)
from executor.local.masking import Masker
from executor.local.mocks import Mocks, meant, seconds, text
from executor.local.objects import ObjectStore
from executor.local.realsteps import RealSteps
from executor.local.secrets import known_values
from executor.local.testfile import Suite, Where
from executor.runtimes.images import image_map

Object = dict[str, Any]
SNAPSHOTS = "__snapshots__"
MAX_PASSES = 20_000
UID = "00000000-0000-4000-8000-000000000000"


class Verdict(NamedTuple):
    """What came of one case. `problems` empty: it passed."""

    file: Path
    name: str
    problems: tuple[str, ...]
    seconds: float
    state: Mapping[str, Any]
    trace: tuple[str, ...]
    used: frozenset[Where] = frozenset()

    @property
    def phase(self) -> str:
        """The workflow's phase."""
        return str((self.state.get("status") or {}).get("phase") or "")

    def node(self, name: str) -> Mapping[str, Any]:
        """The node with this display name or full name. Raises KeyError."""
        for node in ((self.state.get("status") or {}).get("nodes") or {}).values():
            if name in (node["displayName"], node["name"]):
                return node  # type: ignore[no-any-return]
        raise KeyError(name)

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.problems


class Subject(NamedTuple):
    """The workflow that a file tests, and what it may refer to."""

    workflow: Object
    context: c.Context
    label: str
    store: ObjectStore
    images: Mapping[str, Any]


def subject_of(file: Suite, trees: dict[Path, Tree]) -> Subject:
    """Find the workflow. `trees` keeps trees from one file to the next. Raises UserError with the place in the file."""
    word = str(file.content["workflow"])
    place = file.place(("workflow",))
    reference = parse_reference(word)
    folder = file.path.resolve().parent
    if reference is not None:
        root = project_root(file.path)
        tree = trees.setdefault(root, Tree(root, [file.path]))
        kind, name = reference
        found = [m for m in tree.objects((kind,)) if name_of(m.object) == name]
        if not found:
            known = ", ".join(sorted({name_of(m.object) for m in tree.objects((kind,))}))
            raise UserError(
                f"{place}: there is no {kind} {name!r} below {root}", f"there are: {known or 'none'}"
            )
        chosen = found[0]
    else:
        path = folder / word
        if not path.is_file():
            raise UserError(
                f"{place}: there is no file {path}", "give a path relative to the test file, or KIND/NAME"
            )
        from executor.local.session import _runnable

        given = [Manifest(str(path), obj) for obj in objects_in(str(path), read_text(path))]
        root = project_root(path)
        tree = trees.setdefault(root, Tree(root, [path]))
        several = _runnable(given)
        if len(several) != 1:
            raise UserError(f"{place}: {path} has {len(several)} workflows", "name one as KIND/NAME")
        chosen = several[0]
    made = prepare.workflow_of(chosen.object, chosen.path, START)
    named = engine.new_workflow(made, name="wf", uid=UID, now=START)
    named["metadata"].pop("generateName", None)
    store = ObjectStore()
    configured = settings.load(root).images
    context = context_for(tree, [named], store, image_map(configured))
    config_maps = {
        (m["metadata"].get("namespace", ""), m["metadata"]["name"]): m for m in store.list("ConfigMap")
    }
    commands = {**context.image_commands, "*": (("/bin/entrypoint",), ())}
    full = c.Context(
        workflow_templates=context.workflow_templates, cluster_workflow_templates=context.cluster_workflow_templates,
        config_maps=config_maps, artifact_repository=context.artifact_repository, image_commands=commands,
        plugins=frozenset("*"),
    )  # fmt: skip
    label = f"{chosen.object.get('kind')} {name_of(chosen.object) or chosen.path}"
    return Subject(named, full, label, store, configured)


def run_file(file: Suite, trees: dict[Path, Tree], *, update: bool = False, only: str = "") -> list[Verdict]:
    """Run the cases of a file (those whose name has `only` in it). Raises UserError for what no case can be run with."""
    subject = subject_of(file, trees)
    verdicts = []
    for index, case in enumerate(file.content["cases"]):
        if only in str(case["name"]):
            verdicts.append(run_case(file, subject, index, update=update))
    if not only:
        verdicts = _with_unused_shared(file, verdicts)
    return verdicts


def _with_unused_shared(file: Suite, verdicts: list[Verdict]) -> list[Verdict]:
    """A mock of all cases that no case asked for is the last case's problem."""
    used = frozenset().union(*(v.used for v in verdicts))
    unused = tuple(
        f"{file.place(('mocks', index))}: unused mock"
        for index, mock in enumerate(file.content.get("mocks") or [])
        if ("mocks", index) not in used and not mock.get("optional")
    )
    if unused and verdicts:
        verdicts[-1] = verdicts[-1]._replace(problems=(*verdicts[-1].problems, *unused))
    return verdicts


def run_case(file: Suite, subject: Subject, index: int, *, update: bool = False) -> Verdict:
    """Simulate one case and judge it."""
    case = file.content["cases"][index]
    began = time.perf_counter()
    name = str(case["name"])
    where: Where = ("cases", index)
    parameters = {
        k: text(v)
        for k, v in {**(file.content.get("parameters") or {}), **(case.get("parameters") or {})}.items()
    }
    try:
        start = clock(case.get("clock"))
    except ValueError:
        problem = f"{file.place((*where, 'clock'))}: {case['clock']!r} is not an RFC 3339 time"
        return Verdict(file.path, name, (problem,), 0.0, {}, ())
    workflow = prepare.begun_at(subject.workflow, start)
    workflow = prepare.with_options(workflow, parameters, case.get("entrypoint"))
    shared = [
        ({**mock, "optional": True}, ("mocks", i)) for i, mock in enumerate(file.content.get("mocks") or [])
    ]
    own = [(mock, (*where, "mocks", i)) for i, mock in enumerate(case.get("mocks") or [])]
    seen: list[Mapping[str, Any]] = [workflow]

    def remember(state: Mapping[str, Any]) -> Mapping[str, Any]:
        seen[0] = state
        return state

    real = RealSteps(file.path.parent, subject.images, subject.store)
    mocks = Mocks(
        file,
        [*own, *shared],
        str(case.get("unmocked") or "fail"),
        lambda: (seen[0].get("status") or {}).get("nodes") or {},
        real,
    )
    others = [
        *subject.context.workflow_templates.values(),
        *subject.context.cluster_workflow_templates.values(),
    ]
    mocks.otherwise = automatic_for(workflow, *others)
    with real:
        outcome = simulate(
            workflow, mocks, context=subject.context, start=start, max_passes=MAX_PASSES, between=remember,
            shut_down={seconds(k): v for k, v in (case.get("shutDown") or {}).items()},
        )  # fmt: skip
    # Steps that really run may print secrets of the tree: those must not get into reports and snapshots.
    mask = Masker(known_values(subject.store) if real.ran else {})
    problems = [*mocks.errors, *mocks.unused()]
    problems += judge(file, (*where, "expect"), case.get("expect") or {}, outcome, start)
    problems = [mask(problem) for problem in problems]
    trace = tuple(map(mask, trace_lines(outcome, start)))
    if case.get("snapshot"):
        problems += _snapshot(file, where, name, trace, update)
    return Verdict(
        file.path,
        name,
        tuple(problems),
        time.perf_counter() - began,
        outcome.state,
        trace,
        frozenset(mocks.wheres_used()),
    )


def clock(value: Any) -> datetime:
    """A case's start. Raises ValueError."""
    if value is None:
        return START
    moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


# --- expectations -----------------------------------------------------------------------------------------


def judge(
    file: Suite, where: Where, expect: Mapping[str, Any], outcome: Outcome, start: datetime
) -> Iterator[str]:
    """Every expectation that does not hold, with its place in the test file."""
    status = outcome.state.get("status") or {}
    nodes = list((status.get("nodes") or {}).values())

    def wrong(what: str, *path: str | int) -> str:
        return f"{file.place((*where, *path))}: {what}"

    if "phase" in expect and expect["phase"] != (outcome.phase or "Pending"):
        message = f" ({status.get('message')})" if status.get("message") else ""
        waits = f"; waits: {'; '.join(outcome.waiting)}" if outcome.waiting else ""
        yield wrong(
            f"the workflow is {outcome.phase or 'Pending'}, not {expect['phase']}{message}{waits}", "phase"
        )
    if "message" in expect and expect["message"] not in str(status.get("message") or ""):
        yield wrong(f"the workflow's message is {str(status.get('message') or '')!r}", "message")
    if "duration" in expect and (outcome.now - start).total_seconds() > seconds(expect["duration"]):
        yield wrong(f"it took {(outcome.now - start).total_seconds():g}s of virtual time", "duration")
    globals_ = {p.get("name"): p.get("value") for p in (status.get("outputs") or {}).get("parameters") or []}
    for name, value in (expect.get("outputs") or {}).items():
        if globals_.get(name) != text(value):
            yield wrong(f"the output parameter {name} is {globals_.get(name)!r}", "outputs", name)
    for pattern, wanted in (expect.get("nodes") or {}).items():
        found = _nodes_meant(nodes, pattern)
        if not found:
            known = ", ".join(sorted({str(n["displayName"]) for n in nodes}))
            yield wrong(f"there is no node {pattern!r} (there are: {known})", "nodes", pattern)
        for node in found:
            for problem, path in _node_problems(node, wanted, status.get("nodes") or {}):
                yield wrong(f"{node['name']}: {problem}", "nodes", pattern, *path)
    for index, pattern in enumerate(expect.get("never") or []):
        for node in _nodes_meant(nodes, pattern):
            if node.get("phase") not in ("Skipped", "Omitted"):
                yield wrong(f"{node['name']} ran ({node.get('phase')})", "never", index)
    yield from _order_problems(wrong, expect, nodes)
    if "waiting" in expect and not any(expect["waiting"] in line for line in outcome.waiting):
        yield wrong(f"it waits for {'; '.join(outcome.waiting) or 'nothing'}", "waiting")
    rendered = expect.get("rendered") or []
    for index, one in enumerate(rendered if isinstance(rendered, list) else [rendered]):
        place: Where = ("rendered", index) if isinstance(rendered, list) else ("rendered",)
        for problem in _rendered_problems(one, outcome, status.get("nodes") or {}):
            yield wrong(problem, *place)


def _nodes_meant(nodes: Sequence[Mapping[str, Any]], pattern: str) -> list[Mapping[str, Any]]:
    """The nodes that a pattern means; word for word before globs."""
    exact = [n for n in nodes if pattern in (n["name"], n["displayName"])]
    return exact or [n for n in nodes if meant(pattern, n["name"], n["displayName"])]


def _node_problems(
    node: Mapping[str, Any], wanted: Mapping[str, Any], nodes: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    if "phase" in wanted and node.get("phase") != wanted["phase"]:
        message = f" ({node.get('message')})" if node.get("message") else ""
        yield f"is {node.get('phase')}, not {wanted['phase']}{message}", ("phase",)
    if "message" in wanted and wanted["message"] not in str(node.get("message") or ""):
        yield f"its message is {str(node.get('message') or '')!r}", ("message",)
    if "attempts" in wanted:
        tried = len(
            [i for i in node.get("children") or [] if (nodes.get(i, {}).get("nodeFlag") or {}).get("retried")]
        )
        tried = tried if node.get("type") == "Retry" else 1
        if tried != wanted["attempts"]:
            yield f"was tried {tried} times", ("attempts",)
    if "children" in wanted and len(node.get("children") or []) != wanted["children"]:
        yield f"has {len(node.get('children') or [])} items", ("children",)
    for side in ("inputs", "outputs"):
        values = {p.get("name"): p.get("value") for p in (node.get(side) or {}).get("parameters") or []}
        for name, value in ((wanted.get(side) or {}).get("parameters") or {}).items():
            if values.get(name) != text(value):
                yield f"its {side[:-1]} parameter {name} is {values.get(name)!r}", (side, "parameters", name)
    if "result" in (wanted.get("outputs") or {}):
        result = (node.get("outputs") or {}).get("result")
        if result != text(wanted["outputs"]["result"]):
            yield f"its result is {result!r}", ("outputs", "result")


def _order_problems(
    wrong: Any, expect: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    # Nodes are inserted as they are made, which is the order of their starts within one second too.
    last = -1
    for index, pattern in enumerate(expect.get("order") or []):
        places = [
            i
            for i, n in enumerate(nodes)
            if n in _nodes_meant(nodes, pattern) and n.get("phase") not in ("Skipped", "Omitted")
        ]
        if not places:
            yield wrong(f"{pattern} did not run", "order", index)
        elif places[0] < last:
            yield wrong(f"{pattern} started before {expect['order'][index - 1]}", "order", index)
        else:
            last = places[0]


def rendered_text(command: c.Command) -> tuple[str, str] | None:
    """(node id, everything that a node's template says after substitution) of a command that starts one."""
    match command:
        case c.CreatePod(node_id, pod):
            template = template_of(pod)
            main = [x for x in pod["spec"]["containers"] if x.get("name") != "wait"]
            parts = [
                str((template.get("script") or {}).get("source") or ""),
                str((template.get("resource") or {}).get("manifest") or ""),
            ]
            for container in main:
                words = [str(w) for w in [*(container.get("command") or []), *(container.get("args") or [])]]
                if "--" in words and words[0].endswith("argoexec"):
                    words = words[words.index("--") + 1 :]
                env = [
                    f"{e.get('name')}={e.get('value')}"
                    for e in container.get("env") or []
                    if not str(e.get("name")).startswith("ARGO_")
                ]
                parts += [" ".join(words), *env]
            return node_id, "\n".join(p for p in parts if p)
        case c.RunHttp(node_id, template):
            return node_id, json.dumps(template.get("http") or {}, sort_keys=True)
    return None


def _rendered_problems(
    wanted: Mapping[str, Any], outcome: Outcome, nodes: Mapping[str, Any]
) -> Iterator[str]:
    texts = []
    for _, command in outcome.trace:
        found = rendered_text(command)
        if found is None or found[0] not in nodes:
            continue
        node = nodes[found[0]]
        base = re.sub(r"\(\d+\)$", "", str(node["displayName"]))
        if meant(str(wanted["node"]), node["name"], node["displayName"]) or base == wanted["node"]:
            texts.append(found[1])
    if not texts:
        yield f"{wanted['node']} was never started"
        return
    if "contains" in wanted and not any(wanted["contains"] in t for t in texts):
        yield f"{wanted['node']} does not have {wanted['contains']!r} in:\n{_indented(texts[0])}"
    if "lacks" in wanted and any(wanted["lacks"] in t for t in texts):
        yield f"{wanted['node']} has {wanted['lacks']!r} in:\n{_indented(texts[0])}"
    if "matches" in wanted:
        try:
            if not any(re.search(wanted["matches"], t) for t in texts):
                yield f"{wanted['node']} does not match {wanted['matches']!r}:\n{_indented(texts[0])}"
        except re.error as error:
            yield f"{wanted['matches']!r} is not a regular expression: {error}"


def _indented(value: str) -> str:
    return "\n".join(f"      {line}" for line in value.splitlines()[:20])


# --- traces -----------------------------------------------------------------------------------------------


def trace_lines(outcome: Outcome, start: datetime) -> Iterator[str]:
    """What happened, line by line: every start with what was rendered, then every node's end. Equal runs give equal lines."""
    nodes = (outcome.state.get("status") or {}).get("nodes") or {}
    for moment, command in outcome.trace:
        at = f"+{(moment - start).total_seconds():g}s"
        found = rendered_text(command)
        if found is not None:
            node = nodes.get(found[0]) or {}
            yield f"{at} start {node.get('name', found[0])}"
            for line in found[1].splitlines():
                yield f"    {line}"
        elif isinstance(command, c.RecordEvent) and command.reason != "WorkflowNodeRunning":
            yield f"{at} event {command.type} {command.reason}: {command.message}"
        elif isinstance(command, c.EmitMetric):
            labels = ",".join(f"{k}={v}" for k, v in command.labels)
            yield f"{at} metric {command.name}{{{labels}}} {command.operation} {command.value:g}"
    for node in sorted(nodes.values(), key=lambda n: str(n["name"])):
        message = f": {node['message']}" if node.get("message") else ""
        yield f"node {node['name']} {node.get('type')} {node.get('phase')}{message}"
    last = (outcome.state.get("status") or {}).get("message")
    yield f"workflow {outcome.phase or 'Pending'}{': ' + str(last) if last else ''}"


def snapshot_path(file: Path, name: str) -> Path:
    """Where a case's snapshot is kept."""
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")[:100] or "case"
    return file.parent / SNAPSHOTS / f"{file.name.removesuffix('.yaml').removesuffix('.yml')}.{words}.txt"


def _snapshot(file: Suite, where: Where, name: str, trace: Sequence[str], update: bool) -> list[str]:
    path = snapshot_path(file.path, name)
    now = "".join(f"{line}\n" for line in trace)
    place = file.place((*where, "snapshot"))
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
        return []
    if not path.is_file():
        return [f"{place}: there is no snapshot {path}; write it with --update-snapshots"]
    before = path.read_text(encoding="utf-8")
    if before == now:
        return []
    diff = list(
        difflib.unified_diff(before.splitlines(), now.splitlines(), "snapshot", "now", lineterm="", n=2)
    )
    return [
        f"{place}: the trace is not the snapshot (--update-snapshots accepts it):\n"
        + "\n".join(f"      {x}" for x in diff[:40])
    ]
