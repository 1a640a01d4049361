"""The spec that is executed: the Workflow's own, over its template's, over the controller's defaults.

Upstream: operator.go setExecWorkflow, workflow/util/merge.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from executor.engine.faults import TemplateFault, WorkflowFault
from executor.engine.merge import merge, merge_workflow_specs
from executor.engine.run import Run
from executor.engine.substitute import evaluate, substitute
from executor.engine.variables import refresh_globals, static_globals

_LABEL_VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")


def load_spec(run: Run) -> None:
    """Set `run.spec` and `run.globals`. WorkflowFault if the spec cannot be put together."""
    source = run.wf.get("spec")
    if not isinstance(source, Mapping):
        raise WorkflowFault("invalid spec: spec is required", "Failed")
    if run.context.template_referencing:
        _check_referencing(run, source)
    defaults = run.context.workflow_defaults
    stored = run.status.get("storedWorkflowTemplateSpec")
    memory = run.memory
    inputs = (source, stored, defaults)
    if memory.spec is None or not all(
        a is b or a == b for a, b in zip(memory.spec_inputs, inputs, strict=True)
    ):
        if source.get("workflowTemplateRef"):
            merged = _referenced_spec(run, source, defaults)
            stored = run.status.get("storedWorkflowTemplateSpec")
        else:
            merged = _with_defaults(run, source, defaults)
        memory.spec = dict(merged)
        memory.spec_inputs = (source, stored, defaults)
        memory.prepared.clear()
        memory.static_globals = None
    run.spec = memory.spec
    refresh_globals(run)


_OWN_FIELDS = frozenset(
    {
        "arguments", "entrypoint", "shutdown", "suspend", "activeDeadlineSeconds", "priority", "ttlStrategy", "podGC",
        "volumeClaimGC", "archiveLogs", "workflowMetadata", "workflowTemplateRef", "metrics", "artifactGC",
    }
)  # fmt: skip
_NOT_OWN_ARTIFACT_GC = ("podSpecPatch", "serviceAccountName", "podMetadata")


def _check_referencing(run: Run, source: Mapping[str, Any]) -> None:
    """`templateReferencing`: only workflows that refer to a template run, and they may not change what it says."""
    if not source.get("workflowTemplateRef"):
        raise WorkflowFault(
            "workflows must use workflowTemplateRef to be executed when the controller is in reference mode"
        )
    refused = sorted(
        k for k, v in source.items() if k not in _OWN_FIELDS and v not in (None, "", [], {}, False)
    )
    refused += [f"artifactGC.{k}" for k in _NOT_OWN_ARTIFACT_GC if (source.get("artifactGC") or {}).get(k)]
    if refused:
        raise WorkflowFault(
            f"the controller is in reference mode {run.context.template_referencing}: "
            f"a workflow may not set {', '.join(f'spec.{field}' for field in refused)}"
        )
    stored = run.status.get("storedWorkflowTemplateSpec")
    if run.context.template_referencing != "Secure" or not stored:
        return
    reference = source["workflowTemplateRef"]
    template = find_workflow_template(
        run, str(reference.get("name") or ""), bool(reference.get("clusterScope"))
    )
    under = merge_workflow_specs(run.context.workflow_defaults.get("spec") or {}, template.get("spec") or {})
    expected = merge_workflow_specs(under, source)
    passing = ("suspend", "shutdown")
    if {k: v for k, v in expected.items() if k not in passing} != {
        k: v for k, v in stored.items() if k not in passing
    }:
        raise WorkflowFault(
            "WorkflowSpec may not change during execution when the controller is set `templateReferencing: Secure`"
        )


def _with_defaults(run: Run, source: Mapping[str, Any], defaults: Mapping[str, Any]) -> Mapping[str, Any]:
    if not defaults:
        return source
    _merge_metadata(run, defaults)
    return merge_workflow_specs(defaults.get("spec") or {}, source)


def _merge_metadata(run: Run, defaults: Mapping[str, Any]) -> None:
    metadata = defaults.get("metadata") or {}
    for name, value in (metadata.get("labels") or {}).items():
        if name not in run.labels:
            run.set_label(name, str(value))
    for name, value in (metadata.get("annotations") or {}).items():
        if name not in run.annotations:
            run.set_annotation(name, str(value))


def _referenced_spec(run: Run, source: Mapping[str, Any], defaults: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = source["workflowTemplateRef"]
    name, clustered = str(reference.get("name") or ""), bool(reference.get("clusterScope"))
    run.set_label(f"workflows.argoproj.io/{'cluster-' if clustered else ''}workflow-template", name)
    stored = run.status.get("storedWorkflowTemplateSpec")
    if (stored and stored.get("entrypoint", "") != "") or (stored and not source.get("entrypoint")):
        if stored.get("suspend") == source.get("suspend") and stored.get("shutdown") == source.get(
            "shutdown"
        ):
            return stored  # type: ignore[no-any-return]
        fresh = {k: v for k, v in stored.items() if k not in ("suspend", "shutdown")}
        fresh.update({k: source[k] for k in ("suspend", "shutdown") if k in source})
        run.set_status("storedWorkflowTemplateSpec", fresh)
        return fresh
    _merge_metadata(run, defaults)
    template = find_workflow_template(run, name, clustered)
    base = merge_workflow_specs(defaults.get("spec") or {}, template.get("spec") or {})
    merged = merge_workflow_specs(base, source)
    run.set_status("storedWorkflowTemplateSpec", merged)
    return merged


def find_workflow_template(run: Run, name: str, clustered: bool) -> Mapping[str, Any]:
    """A WorkflowTemplate of the workflow's namespace, or a ClusterWorkflowTemplate."""
    if clustered:
        found = run.context.cluster_workflow_templates.get(name)
        kind = "clusterworkflowtemplates"
    else:
        found = run.context.workflow_templates.get((run.namespace, name))
        kind = "workflowtemplates"
    if found is None:
        raise WorkflowFault(f'{kind}.argoproj.io "{name}" not found')
    return found


def apply_workflow_metadata(run: Run) -> None:
    """First pass only: `spec.workflowMetadata` becomes labels and annotations of the Workflow."""
    wanted = run.spec.get("workflowMetadata") or {}
    if not wanted:
        return
    try:
        substituted = substitute({k: wanted.get(k) for k in ("labels", "annotations")}, run.globals)
    except TemplateFault as error:
        raise WorkflowFault(f"failed to substitute workflow metadata: {error}", "Failed") from None
    for name, value in (substituted.get("annotations") or {}).items():
        run.set_annotation(str(name), str(value))
    for name, value in (substituted.get("labels") or {}).items():
        _set_label(run, str(name), str(value))
    for name, origin in (wanted.get("labelsFrom") or {}).items():
        try:
            value = evaluate(str((origin or {}).get("expression") or ""), run.globals)
        except TemplateFault as error:
            raise WorkflowFault(f"failed to evaluate label {name} expression: {error}", "Failed") from None
        if not isinstance(value, str):
            raise WorkflowFault(
                f"failed to evaluate label {name} expression: result must be a string", "Failed"
            )
        _set_label(run, str(name), value)
    refresh_globals(run)


def _set_label(run: Run, name: str, value: str) -> None:
    if len(value) > 63 or not _LABEL_VALUE.match(value):
        raise WorkflowFault(f'invalid label value "{value}" for label "{name}"', "Failed")
    run.set_label(name, value)


def substitute_spec(run: Run) -> None:
    """Replace tags in everything of the spec but its templates; what is unknown stays."""
    key = ("spec", run.memory.globals_version)
    done = run.memory.resolved.get("substituted-spec")
    if done is not None and done[0] == key and done[1] is run.spec:
        run.spec = done[2]
        return
    rest = {k: v for k, v in run.spec.items() if k not in ("templates", "workflowTemplateRef")}
    hooks = {k: rest.pop(k) for k in ("hooks", "metrics", "retryStrategy", "templateDefaults") if k in rest}
    try:
        substituted = substitute(rest, static_globals(run))
    except TemplateFault as error:
        raise WorkflowFault(f"unable to substitute the workflow's spec: {error}", "Failed") from None
    whole = {**run.spec, **substituted, **hooks}
    run.memory.resolved["substituted-spec"] = (key, run.spec, whole)
    run.spec = whole


def template_defaults(run: Run, template: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """`templateDefaults` under a template; defaults for other types of template do not apply."""
    defaults = run.spec.get("templateDefaults")
    if not defaults:
        return template
    from executor.engine.resolve import TYPES

    usable = {k: v for k, v in defaults.items() if k not in TYPES or k == kind}
    usable.pop("name", None)
    return merge(usable, template)  # type: ignore[no-any-return]
