"""`POST /api/v1/workflows/{namespace}/submit`: a Workflow from a template or a CronWorkflow, as `argo submit --from` makes it. Pure.

Upstream: workflow/util/util.go (ApplySubmitOpts), workflow/common/convert.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from executor.cluster import argoactions
from executor.cluster.status import bad_request

Obj = dict[str, Any]


class Source(NamedTuple):
    """What a workflow may be made of."""

    plural: str
    label: str
    by_reference: bool
    """Whether the workflow refers to it (templates) or gets a copy of its spec (crons)."""


_TEMPLATE: Final = Source("workflowtemplates", "workflow-template", True)
_CLUSTER: Final = Source("clusterworkflowtemplates", "cluster-workflow-template", True)
_CRON: Final = Source("cronworkflows", "cron-workflow", False)
SOURCES: Final[Mapping[str, Source]] = {
    **dict.fromkeys(("workflowtemplate", "workflowtemplates", "wftmpl"), _TEMPLATE),
    **dict.fromkeys(
        ("clusterworkflowtemplate", "clusterworkflowtemplates", "clusterwftmpl", "cwft"), _CLUSTER
    ),
    **dict.fromkeys(("cronworkflow", "cronworkflows", "cronwf", "cwf"), _CRON),
}
"""By kind, plural and short names, in small letters."""


def source_of(kind: str) -> Source:
    """What a `resourceKind` means. ApiStatus 400 when it is none."""
    found = SOURCES.get(kind.lower())
    if found is None:
        raise bad_request(f"Resource kind '{kind}' is not supported for submitting")
    return found


def part(body: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """A field of a body that is an object; empty when absent. ApiStatus 400 for anything else."""
    found = body.get(field)
    if not isinstance(found, dict | None):
        raise bad_request(f"{field}: must be an object")
    return found or {}


def is_dry_run(body: Mapping[str, Any]) -> bool:
    """Whether nothing is to be kept: the command line says it in one of three places."""
    options = part(body, "submitOptions")
    return bool(
        body.get("serverDryRun")
        or part(body, "createOptions").get("dryRun")
        or options.get("dryRun")
        or options.get("serverDryRun")
    )


def submitted(found: Obj, source: Source, options: Mapping[str, Any]) -> Obj:
    """The workflow that comes of `found` with the options of `argo submit`. ApiStatus 400 for options that cannot be read."""
    name = str(found["metadata"]["name"])
    metadata = found["spec"].get("workflowMetadata") or {}
    if source.by_reference:
        spec: Obj = {"workflowTemplateRef": {"name": name}}
        if source is _CLUSTER:
            spec["workflowTemplateRef"]["clusterScope"] = True
    else:
        spec = found["spec"].get("workflowSpec") or {}
    data: Obj = {"labels": {f"workflows.argoproj.io/{source.label}": name, **(metadata.get("labels") or {})}}
    if metadata.get("annotations"):
        data["annotations"] = dict(metadata["annotations"])
    if options.get("name"):
        data["name"] = options["name"]
    else:
        data["generateName"] = options.get("generateName") or f"{name}-"
    for field in ("labels", "annotations"):
        for pair in filter(None, str(options.get(field) or "").split(",")):
            key, equals, value = pair.partition("=")
            if not equals:
                raise bad_request(f"{field}: expected key=value, found {pair}")
            data.setdefault(field, {})[key] = value
    if options.get("ownerReference"):
        data["ownerReferences"] = [options["ownerReference"]]
    for option, field in (
        ("entryPoint", "entrypoint"),
        ("serviceAccount", "serviceAccountName"),
        ("priority", "priority"),
        ("podPriorityClassName", "podPriorityClassName"),
    ):
        if options.get(option) not in (None, ""):
            spec[field] = options[option]
    given = argoactions.parameters(options)
    if given:
        arguments = spec.setdefault("arguments", {})
        kept = [item for item in arguments.get("parameters") or () if item.get("name") not in given]
        arguments["parameters"] = kept + [{"name": key, "value": value} for key, value in given.items()]
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": data, "spec": spec}
