"""Steps and tasks with what they refer to put in (upstream: steps.go resolveReferences, dag.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine import phases, rules
from executor.engine.faults import Missing, TemplateFault
from executor.engine.loops import is_loop
from executor.engine.run import Run
from executor.engine.scope import Scope, drop_absent, resolve_artifacts
from executor.engine.substitute import should_execute, substitute, substitute_references
from executor.engine.variables import with_globals

# Parts of a step that have a scope of their own, resolved when they are run.
_LATER = ("hooks", "inline", "onExit")


def resolve_references(run: Run, holder: Mapping[str, Any], scope: Scope) -> Mapping[str, Any]:
    """A step or task with parameters and artifacts of earlier ones put in.

    Held if something it refers to is not there yet; TemplateFault if it never will be.
    """
    later = {k: holder[k] for k in _LATER if k in holder}
    body = {k: v for k, v in holder.items() if k not in _LATER}
    if body.get("arguments"):
        body["arguments"] = drop_absent(body["arguments"], scope)
    env = with_globals(run, scope.variables)
    if rules.references_are_strict(run):
        try:
            resolved: dict[str, Any] = dict(substitute_references(body, env))
        except Missing as missing:
            if _never_comes(run, scope, missing.name):
                raise TemplateFault(str(missing)) from None
            raise
    else:
        resolved = dict(substitute(body, env))
    resolved.update(later)
    try:
        proceed = should_execute(resolved.get("when"))
    except TemplateFault:
        if not is_loop(resolved):
            raise
        proceed = True
    if proceed and resolved.get("arguments"):
        resolved["arguments"] = resolve_artifacts(run, resolved["arguments"], scope)
    return resolved


def _never_comes(run: Run, scope: Scope, name: str) -> bool:
    """Whether a variable is of a step or task that has ended and reported all that it will ever report.

    Releases up to 4.1 wait for it for ever, past every deadline and shutdown; as upstream mends that, it is an error.
    """
    producer = run.nodes.get(scope.variables.get(".".join(name.split(".", 2)[:2]) + ".id") or "")
    if producer is None or producer.get("taskResultSynced") is False:
        return False
    return phases.completed(producer)


def continues_on(holder: Mapping[str, Any], phase: str) -> bool:
    """Whether a step or task's continueOn forgives a phase."""
    allowed = holder.get("continueOn") or {}
    return (phase == phases.FAILED and bool(allowed.get("failed"))) or (
        phase == phases.ERROR and bool(allowed.get("error"))
    )
