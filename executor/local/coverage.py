"""Which parts of a workflow its test cases reach: templates, both ways of `when`, loops, retries, exit handlers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from executor.engine.contract import Context
from executor.local.secrets import reachable

Object = Mapping[str, Any]


class Coverage(NamedTuple):
    """All that can be reached, and what of it was."""

    everything: frozenset[str]
    reached: frozenset[str]

    @property
    def percent(self) -> float:
        """0 to 100."""
        return 100.0 * len(self.reached) / len(self.everything) if self.everything else 100.0

    @property
    def missing(self) -> list[str]:
        """What no case reached."""
        return sorted(self.everything - self.reached)


def calls(template: Object) -> Iterator[Object]:
    """The steps and tasks of a template."""
    for group in [(template.get("dag") or {}).get("tasks") or [], *(template.get("steps") or [])]:
        for call in group if isinstance(group, list) else [group]:
            if isinstance(call, Mapping):
                yield call


def _loops(call: Object) -> bool:
    return any(call.get(k) is not None for k in ("withItems", "withParam", "withSequence"))


def items(workflow: Object, context: Context) -> Iterator[str]:
    """Everything that a test can reach."""
    for place, part in reachable(workflow, context):
        if place.endswith(": spec"):
            if part.get("onExit"):
                yield "exit handler after success"
                yield "exit handler after failure"
            continue
        template = place.rsplit(": ", 1)[1]
        yield f"template {template}"
        if part.get("retryStrategy") is not None:
            yield f"template {template} retried"
        for call in calls(part):
            name = f"{template}.{call.get('name')}"
            if call.get("when"):
                yield f"{name} when true"
                yield f"{name} when false"
            if call.get("depends") and _conditional(str(call["depends"])):
                yield f"{name} depends met"
                yield f"{name} depends not met"
            if _loops(call):
                several = ("0", "1", "n") if call.get("withParam") is not None else ("n",)
                for count in several:
                    yield f"{name} loop of {count}"


def _conditional(depends: str) -> bool:
    """Whether a depends expression asks for more than the default of its tasks."""
    return any(sign in depends for sign in (".", "||", "!"))


def observed(state: Object) -> Iterator[str]:
    """What one case's final state shows."""
    status = state.get("status") or {}
    nodes: Mapping[str, Object] = status.get("nodes") or {}
    name = str((state.get("metadata") or {}).get("name"))
    for node in nodes.values():
        template = str(node.get("templateName") or (node.get("templateRef") or {}).get("template") or "")
        if node.get("phase") not in ("Skipped", "Omitted"):
            yield f"template {template}"
        if str(node.get("name")) == f"{name}.onExit":
            failed = any(
                n.get("phase") in ("Failed", "Error") for n in nodes.values() if n.get("name") == name
            )
            yield f"exit handler after {'failure' if failed else 'success'}"
        if node.get("type") == "Retry" and len(node.get("children") or []) > 1:
            yield f"template {template} retried"
        boundary = nodes.get(str(node.get("boundaryID")))
        if boundary is not None and not (node.get("nodeFlag") or {}).get("retried"):
            yield from _of_call(node, boundary, nodes)


def _of_call(node: Object, boundary: Object, nodes: Mapping[str, Object]) -> Iterator[str]:
    template = str(boundary.get("templateName") or (boundary.get("templateRef") or {}).get("template") or "")
    name = f"{template}.{str(node.get('displayName') or '').split('(', 1)[0]}"
    phase = node.get("phase")
    skipped_by_when = phase == "Skipped" and "when" in str(node.get("message") or "")
    yield (
        f"{name} when {'false' if skipped_by_when else 'true'}"
        if phase != "Omitted"
        else f"{name} depends not met"
    )
    if phase != "Omitted":
        yield f"{name} depends met"
    if node.get("type") == "TaskGroup":
        count = len(
            [
                i
                for i in node.get("children") or []
                if str(nodes.get(i, {}).get("name", "")).startswith(f"{node.get('name')}(")
            ]
        )
        yield f"{name} loop of {count if count < 2 else 'n'}"
    elif "(" in str(node.get("displayName") or "") and node.get("type") != "Retry":
        siblings = [
            n
            for n in nodes.values()
            if n.get("boundaryID") == node.get("boundaryID")
            and str(n.get("displayName")).split("(", 1)[0] == str(node.get("displayName")).split("(", 1)[0]
            and "(" in str(n.get("displayName"))
            and not (n.get("nodeFlag") or {}).get("retried")
        ]
        yield f"{name} loop of {len(siblings) if len(siblings) < 2 else 'n'}"
    elif phase == "Skipped" and not skipped_by_when:
        yield f"{name} loop of 0"


def measure(workflow: Object, context: Context, states: Iterable[Object]) -> Coverage:
    """The coverage of one workflow by the final states of its cases."""
    everything = frozenset(items(workflow, context))
    reached = frozenset(item for state in states for item in observed(state))
    return Coverage(everything, everything & reached)


def lines(label: str, coverage: Coverage) -> Sequence[str]:
    """A line, and what is missing below it."""
    head = (
        f"coverage {label}: {coverage.percent:.0f}% ({len(coverage.reached)} of {len(coverage.everything)})"
    )
    return [head, *(f"  not reached: {item}" for item in coverage.missing)]
