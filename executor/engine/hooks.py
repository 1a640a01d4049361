"""Exit handlers and lifecycle hooks (upstream: exit_handler.go, hooks.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine import names, phases
from executor.engine.execute import execute_template
from executor.engine.limits import may_execute
from executor.engine.resolve import Base
from executor.engine.run import Node, Run
from executor.engine.scope import Scope, add_outputs, drop_absent, last_attempt, resolve_artifacts
from executor.engine.substitute import evaluate_bool, substitute
from executor.engine.variables import with_globals

EXIT = "exit"


def exit_hook(holder: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The exit hook of a step or task; the old `onExit` counts if there is no `hooks.exit`."""
    hook = (holder.get("hooks") or {}).get(EXIT)
    if hook is not None:
        return hook  # type: ignore[no-any-return]
    return {"template": holder["onExit"]} if holder.get("onExit") else None


def other_hooks(holder: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The lifecycle hooks but `exit`, by name."""
    return sorted((n, h) for n, h in (holder.get("hooks") or {}).items() if n != EXIT)


def has_hooks(holder: Mapping[str, Any]) -> bool:
    """Whether a step or task has hooks of any kind."""
    return bool(holder.get("hooks")) or bool(holder.get("onExit"))


def run_exit_hook(
    run: Run, holder: Mapping[str, Any], node: Node, boundary: str, base: Base, prefix: str, scope: Scope
) -> bool:
    """Start or continue the exit handler of a completed node. True if there is none or it has ended."""
    hook = exit_hook(holder)
    if hook is None:
        return True
    name = names.exit_name(node["name"])
    present = run.named(name)
    if present is None and not may_execute(run, True):
        return True
    if present is None and hook.get("expression"):
        if not evaluate_bool(str(hook["expression"]), with_globals(run, scope.variables)):
            return True
    return _run_hook(run, name, hook, node, boundary, base, prefix, scope, in_exit=True)


def run_hooks(
    run: Run, holder: Mapping[str, Any], node: Node, boundary: str, base: Base, prefix: str, scope: Scope
) -> bool:
    """Start or continue the other hooks of a node. True if none of those that started still runs."""
    done = True
    for hook_name, hook in other_hooks(holder):
        name = names.hook_name(node["name"], hook_name)
        if run.named(name) is None:
            env = with_globals(run, scope.variables)
            if not evaluate_bool(str(hook.get("expression") or ""), env):
                continue
            if not may_execute(run, True):
                continue
        done = _run_hook(run, name, hook, node, boundary, base, prefix, scope, in_exit=False) and done
    return done


def hooks_done(run: Run, node: Mapping[str, Any]) -> bool:
    """Whether every hook node of a node has ended, exit handlers included."""
    return all(
        phases.fulfilled(child) for child in run.children(node) if (child.get("nodeFlag") or {}).get("hooked")
    )


def _run_hook(
    run: Run,
    name: str,
    hook: Mapping[str, Any],
    node: Node,
    boundary: str,
    base: Base,
    prefix: str,
    scope: Scope,
    *,
    in_exit: bool,
) -> bool:
    present = run.named(name)
    if present is not None and phases.fulfilled(present):
        return True
    arguments = _arguments(run, hook, node, prefix, scope)
    holder = {k: hook[k] for k in ("template", "templateRef") if hook.get(k)}
    hook_node = execute_template(run, name, holder, base, arguments, boundary, hooked=True, in_exit=in_exit)
    run.link(node["id"], hook_node["id"])
    return phases.fulfilled(hook_node)


def _arguments(run: Run, hook: Mapping[str, Any], node: Node, prefix: str, scope: Scope) -> Mapping[str, Any]:
    arguments = hook.get("arguments") or {}
    if not arguments:
        return arguments
    local = scope.copy()
    origin = last_attempt(run, node) or node if node.get("type") == "Retry" else node
    add_outputs(local, prefix, origin.get("outputs") or {})
    env = with_globals(run, local.variables)
    resolved: Mapping[str, Any] = substitute(drop_absent(arguments, local), env)
    return resolve_artifacts(run, resolved, local)
