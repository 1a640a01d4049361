"""`argorun run --dry-run`: what would run, as far as it can be known before anything has run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from executor.engine.simulate import Answer, Ask, automatic_for, simulate
from executor.local import session, tree
from executor.local.settings import LocalSettings

MARK = "⟨{}⟩"  # what stands for an output in rendered values


def show_plan(options: session.Options, settings: LocalSettings, inputs: session.Input, out: IO[str]) -> int:
    """Print every workflow's plan. Exit code 0; what cannot be prepared raises UserError."""
    workflows = session.prepared(options, inputs)
    made_up = options._replace(secrets=options.secrets._replace(dummy=True))
    world = session.world_for(made_up, settings, inputs, workflows)
    for workflow in workflows:
        answers = automatic_for(workflow, *world.context.workflow_templates.values())
        marked: dict[str, str] = {}

        def answer(ask: Ask, answers: Any = answers, marked: dict[str, str] = marked) -> Answer | None:
            found: Answer | None = answers(ask)
            for name, value in (found.parameters if found else {}).items():
                marked[MARK.format(f"{ask.display_name}.{name}")] = value
            return found

        outcome = simulate(workflow, answer, context=world.context, max_passes=5000)
        if options.output == "json":
            out.write(json.dumps(outcome.state, indent=2) + "\n")
            continue
        out.write(f"{workflow['metadata']['name']}: nothing was started; outputs are made up\n")
        nodes = (outcome.state.get("status") or {}).get("nodes") or {}
        planned = {
            i: {**_planned(n, depends(n, workflow, nodes)), "startedAt": None} for i, n in nodes.items()
        }
        state = {**outcome.state, "status": {**(outcome.state.get("status") or {}), "nodes": planned}}
        out.writelines(f"{line}\n" for line in tree.lines(state))
        for line in outcome.waiting:
            out.write(f"would wait: {line}\n")
        message = (outcome.state.get("status") or {}).get("message")
        if outcome.phase in ("Failed", "Error") and message:
            out.write(f"would end in {outcome.phase}: {tree.one_line(str(message))}\n")
    return 0


def _planned(node: Mapping[str, Any], uncertain: bool) -> dict[str, Any]:
    """A node as the plan shows it: parameters in the place of a message."""
    notes = []
    parameters = (node.get("inputs") or {}).get("parameters") or []
    if parameters:
        shown = ", ".join(f"{p.get('name')}={_short(str(p.get('value')))}" for p in parameters)
        notes.append(f"({shown})")
    if node.get("phase") in ("Skipped", "Omitted", "Failed", "Error"):
        notes.append(f"{node['phase']}: {node.get('message') or ''}".rstrip(": "))
    if uncertain:
        notes.append("depends on run")
    phase = node.get("phase") if node.get("phase") in ("Skipped", "Omitted", "Failed", "Error") else ""
    return {**node, "phase": phase, "message": "  ".join(notes)}


def depends(node: Mapping[str, Any], workflow: Mapping[str, Any], nodes: Mapping[str, Any]) -> bool:
    """Whether a node's step or task refers to outputs: what it gets, or whether it runs at all, is not known yet."""
    boundary = nodes.get(str(node.get("boundaryID")))
    if boundary is None:
        return False
    status = workflow.get("status") or {}
    spec = status.get("storedWorkflowTemplateSpec") or workflow.get("spec") or {}
    name = str(node.get("displayName") or "").split("(", 1)[0]
    for template in spec.get("templates") or []:
        if not isinstance(template, Mapping) or template.get("name") != boundary.get("templateName"):
            continue
        groups = [(template.get("dag") or {}).get("tasks") or [], *(template.get("steps") or [])]
        for group in groups:
            for step in group if isinstance(group, list) else [group]:
                if isinstance(step, Mapping) and step.get("name") == name:
                    text = json.dumps(step)
                    return ".outputs." in text or ".status" in text or ".exitCode" in text
    return False


def _short(text: str, limit: int = 40) -> str:
    line = tree.one_line(text)
    return line if len(line) <= limit else line[: limit - 1] + "…"
