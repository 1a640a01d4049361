"""The least a spec must satisfy to be run; the linter checks the rest (upstream: workflow/validate)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine.faults import WorkflowFault
from executor.engine.run import Run


def _invalid(message: str) -> WorkflowFault:
    return WorkflowFault(f"invalid spec: {message}", "Failed")


def check_shape(workflow: Mapping[str, Any]) -> None:
    """WorkflowFault if the object cannot be read as a Workflow at all."""
    spec = workflow.get("spec")
    if not isinstance(spec, Mapping):
        raise _invalid("spec is required")


def check_spec(run: Run) -> None:
    """WorkflowFault if the spec that is to be executed cannot be."""
    spec = run.spec
    entrypoint = spec.get("entrypoint")
    if not entrypoint:
        raise _invalid("spec.entrypoint is required")
    templates = spec.get("templates") or []
    names_ = {t.get("name") for t in templates if isinstance(t, Mapping)}
    if entrypoint not in names_:
        raise _invalid(f"template name '{entrypoint}' undefined")
