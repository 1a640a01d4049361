"""The Pod of a node, as upstream's controller makes it (upstream: workflowpod.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine import limits, names, phases, podparts, volumes
from executor.engine.artifacts import archive_location
from executor.engine.clock import ZERO, format_time, parse_time
from executor.engine.contract import CreateObject
from executor.engine.faults import TemplateFault
from executor.engine.inputs import input_variables
from executor.engine.merge import POD_KEYS, merge
from executor.engine.retry import attempt_deadline
from executor.engine.run import Run
from executor.engine.substitute import substitute, to_json
from executor.engine.types import Call
from executor.engine.variables import with_globals

MAIN = "main"
TEMPLATE = "ARGO_TEMPLATE"
MAX_ENV_VALUE = 131072  # bytes; Linux takes no longer one
PREFIX = "workflows.argoproj.io/"


def build_pod(run: Run, call: Call, node: Mapping[str, Any]) -> dict[str, Any]:
    """The whole manifest. TemplateFault if the template cannot be made into a pod."""
    template, kind = call.template, call.resolved.kind
    pod_name = run.pod_name(call.name, template)
    mains = podparts.main_containers(run, template, kind)
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "volumes": podparts.volumes(run, template, mains, volumes.of_spec(run, call.boundary)),
        **podparts.scheduling(run, template, call.boundary),
    }
    _avoid_failed_hosts(run, call, spec)
    in_exit = call.in_exit
    seconds = _active_deadline(run, template, node, in_exit)
    if seconds is not None:
        spec["activeDeadlineSeconds"] = seconds
    env = _environment(run, call, node, in_exit)
    user = [*mains, *(dict(s) for s in template.get("sidecars") or ())]
    inits = [dict(c) for c in template.get("initContainers") or ()]
    containers = []
    if kind != "data" and (kind != "resource" or archive_location(run, template).get("archiveLogs")):
        containers.append(podparts.executor_container(run, "wait", ["wait"], mains))
    containers += [podparts.emissary(run, c) for c in user]
    spec["initContainers"] = [
        podparts.executor_container(run, "init", ["init"], mains),
        *(podparts.emissary(run, c) for c in inits),
    ]
    spec["containers"] = containers
    podparts.mount_shared(spec, template, {c["name"] for c in mains})
    podparts.executor_account(run, template, spec)
    if run.context.artifact_secrets:
        _mount_secrets(run, template, kind, spec)
    for container in (*spec["initContainers"], *containers):
        name = container["name"]
        container["env"] = [
            *_own_env(run, name),
            *(container.get("env") or []),
            {"name": "ARGO_CONTAINER_NAME", "value": name},
        ]
        container["env"] += env
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(run, call, pod_name, spec, in_exit),
        "spec": spec,
    }
    # The last substitution comes before ARGO_TEMPLATE is added: values inside that text would need escaping twice.
    variables = with_globals(run, input_variables(template.get("inputs") or {}), {"pod.name": pod_name})
    pod = substitute(pod, variables)
    _carry(run, pod, _carried_template(run, template, variables))
    _apply_patches(run, call, pod)
    return pod


def _carry(run: Run, pod: dict[str, Any], text: str) -> None:
    """Give the executor its template: in the environment, or by a ConfigMap if that is too small for it."""
    if len(text.encode()) <= MAX_ENV_VALUE:
        carried = {"name": TEMPLATE, "value": text}
        for container in pod["spec"]["initContainers"]:
            container["env"].append(carried)
        return
    metadata = pod["metadata"]
    kept = (f"{PREFIX}node-name", f"{PREFIX}node-id")
    run.command(
        CreateObject(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": metadata["name"],
                    "namespace": run.namespace,
                    "labels": {f"{PREFIX}workflow": run.name},
                    "annotations": {k: metadata["annotations"][k] for k in kept},
                    "ownerReferences": metadata["ownerReferences"],
                },
                "data": {TEMPLATE: text},
            }
        )
    )
    pod["spec"]["volumes"].append({"name": "argo-env-config", "configMap": {"name": metadata["name"]}})
    for container in pod["spec"]["initContainers"]:
        container["env"].append({"name": TEMPLATE, "value": "offloaded"})
        container["volumeMounts"].append({"name": "argo-env-config", "mountPath": "/argo/config"})


def _mount_secrets(run: Run, template: Mapping[str, Any], kind: str, spec: dict[str, Any]) -> None:
    """The secrets of artifact stores, where argoexec looks for them."""
    places = [archive_location(run, template)]
    for part in ("inputs", "outputs"):
        places += (template.get(part) or {}).get("artifacts") or []
    secrets, mounts = podparts.secret_volumes(places)
    spec["volumes"] += secrets
    users = ("init", "wait", MAIN) if kind == "data" else ("init", "wait")
    for container in (*spec["initContainers"], *spec["containers"]):
        if container["name"] in users:
            container["volumeMounts"] = [*container["volumeMounts"], *mounts]


def _avoid_failed_hosts(run: Run, call: Call, spec: dict[str, Any]) -> None:
    """`retryStrategy.affinity.nodeAntiAffinity`: not on the hosts where earlier attempts failed."""
    strategy = call.template.get("retryStrategy") or run.spec.get("retryStrategy") or {}
    parent = run.named(call.name.rsplit("(", 1)[0])
    if (strategy.get("affinity") or {}).get("nodeAntiAffinity") is None or parent is None:
        return
    hosts = [
        str(n["hostNodeName"]) for n in run.children(parent) if phases.failed(n) and n.get("hostNodeName")
    ]
    hosts = list(dict.fromkeys(reversed(hosts)))
    if not hosts:
        return
    rule = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": hosts}
    affinity = dict(spec.get("affinity") or {})
    node_affinity = dict(affinity.get("nodeAffinity") or {})
    required = dict(node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {})
    terms = required.get("nodeSelectorTerms") or [{}]
    required["nodeSelectorTerms"] = [
        {**term, "matchExpressions": [*(term.get("matchExpressions") or []), rule]} for term in terms
    ]
    node_affinity["requiredDuringSchedulingIgnoredDuringExecution"] = required
    affinity["nodeAffinity"] = node_affinity
    spec["affinity"] = affinity


def _own_env(run: Run, name: str) -> list[dict[str, Any]]:
    if name not in ("init", "wait"):
        return []
    return [
        {
            "name": "ARGO_POD_NAME",
            "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}},
        },
        {
            "name": "ARGO_POD_UID",
            "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.uid"}},
        },
        {"name": "ARGO_WORKFLOW_UID", "value": run.uid},
        {"name": "ARGO_INSTANCE_ID", "value": run.labels.get(f"{PREFIX}controller-instanceid", "")},
    ]


def _environment(run: Run, call: Call, node: Mapping[str, Any], in_exit: bool) -> list[dict[str, Any]]:
    deadline = ZERO if run.deadline is None or in_exit else format_time(run.deadline)
    strategy = call.template.get("retryStrategy", run.spec.get("retryStrategy"))
    if strategy is not None and "(" in call.name:
        parent = run.named(call.name.rsplit("(", 1)[0])
        if parent is not None and parent.get("type") == "Retry":
            own = attempt_deadline(run, parent, strategy)
            deadline = min((d for d in (deadline, own) if d != ZERO), default=ZERO)
    return [
        {"name": "ARGO_NODE_ID", "value": node["id"]},
        {"name": "ARGO_INCLUDE_SCRIPT_OUTPUT", "value": "true" if include_result(run, call) else "false"},
        {"name": "ARGO_DEADLINE", "value": deadline},
        {"name": "ARGO_WORKFLOW_NAME", "value": run.name},
        {"name": "ARGO_PROGRESS_FILE", "value": "/var/run/argo/progress"},
        {"name": "ARGO_PROGRESS_PATCH_TICK_DURATION", "value": "1m0s"},
        {"name": "ARGO_PROGRESS_FILE_TICK_DURATION", "value": "3s"},
    ]


def include_result(run: Run, call: Call) -> bool:
    """Whether anybody asks for `outputs.result`: only the text of the enclosing template decides (upstream's rule)."""
    if call.resolved.kind == "data":
        return True
    enclosing = run.nodes.get(call.boundary)
    if enclosing is None:
        return False
    task = names.task_of(call.name, enclosing["name"])
    for suffix in (".onExit",):
        task = task.removesuffix(suffix)
    task = task.split(".hooks.", 1)[0]
    return task in podparts.results_wanted(run, call.boundary)


def _carried_template(run: Run, template: Mapping[str, Any], env: Mapping[str, Any]) -> str:
    """ARGO_TEMPLATE: the template that the executor works by, without its input parameters."""
    carried = dict(template)
    resource = template.get("resource") or {}
    if resource.get("setOwnerReference") and resource.get("manifest"):
        carried["resource"] = {
            **resource,
            "manifest": podparts.owned_manifest(run, str(resource["manifest"])),
        }
    carried["inputs"] = {k: v for k, v in (template.get("inputs") or {}).items() if k != "parameters"}
    location = substitute(archive_location(run, template), env)
    if "{{" in to_json(location):
        raise TemplateFault(f"archiveLocation has tags that cannot be resolved: {to_json(location)}")
    if location:
        carried["archiveLocation"] = location
    return to_json(carried)


def _active_deadline(
    run: Run, template: Mapping[str, Any], node: Mapping[str, Any], in_exit: bool
) -> int | None:
    ends: list[int] = []
    own = template.get("activeDeadlineSeconds")
    if own not in (None, ""):
        try:
            ends.append(int(str(own)))
        except ValueError:
            raise TemplateFault(f"activeDeadlineSeconds must be a whole number, not {own!r}") from None
    if run.deadline is not None and not in_exit:
        remaining = int((run.deadline - run.now).total_seconds())
        if remaining <= 0:
            raise TemplateFault("Step exceeded its deadline")
        ends.append(remaining)
    started = parse_time(node.get("startedAt")) or run.now
    end = limits.timeout_deadline(run, template, started, pending=False)
    if end is not None:
        remaining = int((end - run.now).total_seconds())
        if remaining <= 1:
            raise TemplateFault(f"{node['name']} exceeded its deadline")
        ends.append(remaining)
    return min(ends) if ends else None


def _metadata(run: Run, call: Call, pod_name: str, spec: Mapping[str, Any], in_exit: bool) -> dict[str, Any]:
    containers = [c["name"] for c in spec["containers"]]
    labels = {f"{PREFIX}workflow": run.name, f"{PREFIX}completed": "false"}
    if in_exit:
        labels[f"{PREFIX}on-exit"] = "true"
    if f"{PREFIX}controller-instanceid" in run.labels:
        labels[f"{PREFIX}controller-instanceid"] = run.labels[f"{PREFIX}controller-instanceid"]
    annotations = {
        f"{PREFIX}node-name": call.name,
        f"{PREFIX}node-id": run.id_of(call.name),
        "kubectl.kubernetes.io/default-container": MAIN if MAIN in containers else containers[-1],
    }
    strategy = (run.spec.get("podGC") or {}).get("strategy")
    if strategy:
        delay = (run.spec.get("podGC") or {}).get("deleteDelayDuration") or "5s"
        annotations[f"{PREFIX}pod-gc-strategy"] = f"{strategy}/{delay}"
    for overlay in (run.spec.get("podMetadata") or {}, call.template.get("metadata") or {}):
        labels.update({k: str(v) for k, v in (overlay.get("labels") or {}).items()})
        annotations.update({k: str(v) for k, v in (overlay.get("annotations") or {}).items()})
    return {
        "name": pod_name,
        "namespace": run.namespace,
        "labels": labels,
        "annotations": annotations,
        "ownerReferences": [podparts.owner(run)],
    }


def _apply_patches(run: Run, call: Call, pod: dict[str, Any]) -> None:
    """podSpecPatch of the workflow, then of the template, each JSON or YAML."""
    for source in (run.spec.get("podSpecPatch"), call.template.get("podSpecPatch")):
        if not source:
            continue
        env = with_globals(
            run, input_variables(call.template.get("inputs") or {}), {"pod.name": pod["metadata"]["name"]}
        )
        text = substitute(str(source), env)
        try:
            pod["spec"] = merge(pod["spec"], podparts.read_patch(text), POD_KEYS)
        except TemplateFault as error:
            raise TemplateFault(f"Error applying PodSpecPatch: {error}") from None
