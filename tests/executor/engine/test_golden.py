"""Whole runs against files: names, ids, messages, times, sums, the graph, and every command in order.

`ENGINE_GOLDEN=bless pytest tests/executor/engine/test_golden.py` writes the files; read the difference before committing it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from executor.engine import contract as c
from executor.engine import new_workflow, rerun, size
from executor.engine.simulate import START, Answer, Outcome, automatic, scripted, simulate

FOLDER = Path(__file__).parent / "golden"
RUNS: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "runs.yaml").read_text(encoding="utf-8"))
BLESS = os.environ.get("ENGINE_GOLDEN") == "bless"


def answer(value: Any) -> Any:
    return [answer(v) for v in value] if isinstance(value, list) else Answer(**value)


def outcome_of(case: Mapping[str, Any]) -> Outcome:
    manifest = {"metadata": {"namespace": "argo", **(case.get("metadata") or {})}, "spec": case["spec"]}
    templates = {
        ("argo", name): {"metadata": {"name": name, "namespace": "argo"}, "spec": spec}
        for name, spec in (case.get("templates") or {}).items()
    }
    maps = {
        ("argo", name): {"metadata": {"name": name}, "data": data}
        for name, data in (case.get("config_maps") or {}).items()
    }
    context = c.Context(workflow_templates=templates, config_maps=maps, image_commands={"*": (("/e",), ())})
    table = {name: answer(value) for name, value in (case.get("answers") or {}).items()}
    workflow = new_workflow(manifest, name="wf", uid="uid", now=START)
    shut_down = {float(at): how for at, how in (case.get("requests") or {}).items()}
    return simulate(workflow, scripted(table, automatic), context=context, shut_down=shut_down)


def shown(command: c.Command) -> Any:
    """A command, pods cut down to what varies; whole pods are tested in test_pods."""
    if isinstance(command, c.CreatePod):
        metadata, spec = command.pod["metadata"], command.pod["spec"]
        main = spec["containers"][-1]
        extra = {k: spec[k] for k in ("activeDeadlineSeconds",) if k in spec}
        env = {
            e["name"]: e["value"]
            for e in main["env"]
            if e["name"] in ("ARGO_DEADLINE", "ARGO_INCLUDE_SCRIPT_OUTPUT")
        }
        return {
            "CreatePod": metadata["name"],
            "node": command.node_id,
            "args": main.get("args"),
            **env,
            **extra,
        }
    body = {f.name: getattr(command, f.name) for f in fields(command)}
    return {type(command).__name__: {k: v for k, v in body.items() if v not in ("", None, ())}}


def record(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = {
        "seconds": (outcome.now - START) / timedelta(seconds=1),
        "waiting": list(outcome.waiting),
        "workflow": {k: v for k, v in outcome.state.items() if k != "spec"},
        "commands": [[(at - START) / timedelta(seconds=1), shown(command)] for at, command in outcome.trace],
    }
    return json.loads(json.dumps(found, default=str))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", list(RUNS))
def test_run(name: str) -> None:
    case = RUNS[name]
    outcome = outcome_of(case)
    found = record(outcome)
    if case.get("again"):
        retried = rerun.retry(outcome.state, now=outcome.now)
        found["retry"] = {"pods": list(retried.pods), "workflow": retried.workflow}
        found["retried"] = record(simulate(retried.workflow, start=outcome.now))["workflow"]
        found["resubmit"] = rerun.resubmit(outcome.state, memoized=True, suffix="abcde")
        found = json.loads(json.dumps(found, default=str))
    path = FOLDER / f"{name}.json"
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if BLESS:
        path.write_text(text, encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == found
    assert path.read_text(encoding="utf-8") == text


def test_every_file_has_its_run() -> None:
    assert {p.stem for p in FOLDER.glob("*.json")} == set(RUNS)


@pytest.mark.parametrize("name", list(RUNS))
def test_a_restart_at_every_pass_and_packing_change_nothing(name: str) -> None:
    """Persisting: the object alone carries a run on, packed or not."""
    case = RUNS[name]
    whole = outcome_of(case)

    def stored(state: Mapping[str, Any]) -> Mapping[str, Any]:
        return json.loads(json.dumps(size.pack(state, 60_000)))  # type: ignore[no-any-return]

    manifest = {"metadata": {"namespace": "argo", **(case.get("metadata") or {})}, "spec": case["spec"]}
    if case.get("templates") or case.get("config_maps"):
        return
    table = {n: answer(v) for n, v in (case.get("answers") or {}).items()}
    again = simulate(
        new_workflow(manifest, name="wf", uid="uid", now=START),
        scripted(table, automatic),
        context=c.Context(image_commands={"*": (("/e",), ())}),
        shut_down={float(at): how for at, how in (case.get("requests") or {}).items()},
        between=stored,
    )
    assert size.hydrate(again.state)["status"] == whole.state["status"]
