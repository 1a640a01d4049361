"""Parts of a Pod: containers, volumes, scheduling (upstream: workflowpod.go, workflow/util/pod)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from executor.engine import rules
from executor.engine.faults import TemplateFault
from executor.engine.inputs import has_location
from executor.engine.merge import POD_KEYS, merge
from executor.engine.names import claim_name
from executor.engine.run import Run

_RESULT = re.compile(r"(?:steps|tasks)(?:\.([-\w]+)|\['([^']+)'\])\.outputs\.result")
ARGOEXEC = "/var/run/argo/argoexec"
_MIRROR = "/mainctrfs"  # where argoexec finds the main container's volumes
_LOGGING = ["--loglevel", "info", "--log-format", "text", "--gloglevel", "0"]
_SHARED = {"name": "var-run-argo", "mountPath": "/var/run/argo"}
_STAGING = {"name": "argo-staging", "mountPath": "/argo/staging"}
_SERVICE_ACCOUNT_MOUNT = {
    "name": "exec-sa-token",
    "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    "readOnly": True,
}
_TOKEN_NAME = "workflows.argoproj.io/service-account-token.name"


def main_containers(run: Run, template: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """The user's containers, in order, with the names that the executor expects, over the controller's mainContainer."""
    found = _declared_containers(run, template, kind)
    defaults = {k: v for k, v in run.context.main_container.items() if k != "name"}
    return [merge(defaults, c, POD_KEYS) for c in found] if defaults else found


def _declared_containers(run: Run, template: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    if kind == "container":
        return [{**template["container"], "name": "main"}]
    if kind == "script":
        script = template["script"]
        container = {k: v for k, v in script.items() if k not in ("source",)}
        if script.get("source"):
            container["args"] = [*(script.get("args") or []), "/argo/staging/script"]
        return [{**container, "name": "main"}]
    if kind == "containerSet":
        group = template["containerSet"]
        mounts = group.get("volumeMounts") or []
        containers = []
        for item in group.get("containers") or ():
            container = {k: v for k, v in item.items() if k != "dependencies"}
            container["name"] = item.get("name") or "main"
            if mounts:
                container["volumeMounts"] = [*(item.get("volumeMounts") or []), *mounts]
            containers.append(container)
        return containers
    command = ["resource", str((template.get("resource") or {}).get("action") or "")]
    if kind == "data":
        command = ["data", json.dumps(template.get("data") or {}, ensure_ascii=False, separators=(",", ":"))]
    return [{"name": "main", "image": run.context.executor_image, "command": ["argoexec"], "args": command}]


def emissary(run: Run, container: dict[str, Any]) -> dict[str, Any]:
    """A user's container that starts under argoexec, which captures its outputs and relays signals."""
    command = container.get("command")
    args = container.get("args")
    if not command:
        found = run.context.image_commands.get(str(container.get("image") or ""))
        if found is None:
            found = run.context.image_commands.get("*")
        if found is None:
            raise TemplateFault(
                f'failed to look-up entrypoint/cmd for image "{container.get("image", "")}", you must either explicitly specify the command, or list the image\'s command in the index: https://argo-workflows.readthedocs.io/en/latest/workflow-executors/#emissary-emissary'
            )
        command = list(found[0])
        if args is None:
            args = list(found[1])
    result = dict(container)
    result["command"] = [ARGOEXEC, "emissary", *_LOGGING, "--", *[str(c) for c in command]]
    if args is not None:
        result["args"] = [a if isinstance(a, str) else json.dumps(a) for a in args]
    return result


def executor_container(run: Run, name: str, args: list[str], mains: list[dict[str, Any]]) -> dict[str, Any]:
    """argoexec's own container `init` or `wait`."""
    mounts: list[dict[str, Any]] = [
        dict(_SHARED),
        {"name": "tmp-dir-argo", "mountPath": "/tmp", "subPath": "0"},
    ]
    if name == "wait":
        for main in mains:
            for mount in main.get("volumeMounts") or ():
                mirrored = {**mount, "mountPath": _MIRROR + str(mount.get("mountPath", ""))}
                if mirrored not in mounts:
                    mounts.append(mirrored)
    container = {
        "name": name,
        "image": run.context.executor_image,
        "command": ["argoexec"],
        "args": [*args, *_LOGGING],
        "resources": {},
        "volumeMounts": mounts,
    }
    defaults = {k: v for k, v in run.context.executor_container.items() if k not in ("name", "command")}
    args_wanted = defaults.pop("args", None)
    if args_wanted:
        container["args"] = [*args, *args_wanted]
    return {**container, **defaults} if defaults else container


def mount_shared(spec: dict[str, Any], template: Mapping[str, Any], mains: set[str]) -> None:
    """The volumes through which argoexec and the user's containers meet."""
    artifacts = (template.get("inputs") or {}).get("artifacts") or []
    init = spec["initContainers"][0]
    if artifacts:
        init["volumeMounts"].append({"name": "input-artifacts", "mountPath": "/argo/inputs/artifacts"})
    if template.get("script"):
        init["volumeMounts"].append(dict(_STAGING))
    for container in (*spec["initContainers"][1:], *spec["containers"]):
        if container["name"] == "wait":
            continue
        mounts = list(container.get("volumeMounts") or [])
        mounts.append(dict(_SHARED))
        if container["name"] in mains:
            if template.get("script"):
                mounts.append(dict(_STAGING))
            # An optional artifact that nobody gave has no place (upstream: addInputArtifactsVolumes).
            given = [a for a in artifacts if has_location(a) or not a.get("optional")]
            ours = _artifact_mounts(init, given, mounts)
            mounts += ours
            if container["name"] == "main":
                _mirror(spec, ours)
        container["volumeMounts"] = mounts


def _mirror(spec: dict[str, Any], mounts: list[dict[str, Any]]) -> None:
    """An output artifact at the place of an input artifact is read from its volume, not from the main container."""
    for container in spec["containers"]:
        if container["name"] == "wait":
            container["volumeMounts"] += [{**m, "mountPath": _MIRROR + m["mountPath"]} for m in mounts]


def _artifact_mounts(init: dict[str, Any], artifacts: list[Any], mounts: list[Any]) -> list[dict[str, Any]]:
    """Mounts of input artifacts; one that lies within a user's volume is written there by init instead."""
    found = []
    for artifact in artifacts:
        path = str(artifact.get("path") or "")
        if not path:
            continue
        over = next(
            (
                m
                for m in mounts
                if _within(path, str(m.get("mountPath") or ""))
                and m["name"] not in ("var-run-argo", "argo-staging")
            ),
            None,
        )
        if over is None:
            found.append({"name": "input-artifacts", "mountPath": path, "subPath": artifact["name"]})
        else:
            mirrored = {**over, "mountPath": _MIRROR + over["mountPath"]}
            if mirrored not in init["volumeMounts"]:
                init["volumeMounts"].append(mirrored)
    return found


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def volumes(
    run: Run, template: Mapping[str, Any], mains: list[dict[str, Any]], declared: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The pod's volumes: argoexec's, and those of the user that some container mounts. `declared` are the spec's."""
    found: list[dict[str, Any]] = [
        {"name": "var-run-argo", "emptyDir": {}},
        {"name": "tmp-dir-argo", "emptyDir": {}},
    ]
    if template.get("script"):
        found.append({"name": "argo-staging", "emptyDir": {}})
    if (template.get("inputs") or {}).get("artifacts"):
        found.append({"name": "input-artifacts", "emptyDir": {}})
    known: dict[str, Mapping[str, Any]] = {}
    for volume in declared:
        known[str(volume.get("name"))] = volume
    for volume in run.spec.get("volumeClaimTemplates") or ():
        name = str((volume.get("metadata") or {}).get("name") or "")
        known[name] = {"name": name, "persistentVolumeClaim": {"claimName": claim_name(run.name, name)}}
    for volume in template.get("volumes") or ():
        known[str(volume.get("name"))] = volume
    users = [*mains, *(template.get("sidecars") or ()), *(template.get("initContainers") or ())]
    present = {v["name"] for v in found}
    for container in users:
        for mount in container.get("volumeMounts") or ():
            name = str(mount.get("name"))
            if name in present:
                continue
            if name not in known:
                raise TemplateFault(f"volume '{name}' not found in workflow spec")
            present.add(name)
            found.append(dict(known[name]))
    for volume in template.get("volumes") or ():
        if volume.get("name") not in present:
            present.add(volume.get("name"))
            found.append(dict(volume))
    return found


def scheduling(run: Run, template: Mapping[str, Any], boundary: str) -> dict[str, Any]:
    """Where and as whom the pod runs: the template's word, else its boundary's, else the workflow's."""
    spec: dict[str, Any] = {}
    enclosing = run.memory.prepared.get(boundary)
    outer: Mapping[str, Any] = enclosing[-1] if enclosing else {}
    for field in ("nodeSelector", "affinity", "tolerations"):
        value = template.get(field) or outer.get(field) or run.spec.get(field)
        if value:
            spec[field] = value
    for field in ("schedulerName", "securityContext", "automountServiceAccountToken"):
        value = template.get(field)
        value = run.spec.get(field) if value is None else value
        if value is not None:
            spec[field] = value
    for field in ("imagePullSecrets", "hostNetwork", "dnsPolicy", "dnsConfig"):
        if run.spec.get(field) is not None:
            spec[field] = run.spec[field]
    aliases = [*(run.spec.get("hostAliases") or []), *(template.get("hostAliases") or [])]
    if aliases:
        spec["hostAliases"] = aliases
    account = template.get("serviceAccountName") or run.spec.get("serviceAccountName")
    if account:
        spec["serviceAccountName"] = account
    priority_class = template.get("priorityClassName") or run.spec.get("podPriorityClassName")
    if priority_class:
        spec["priorityClassName"] = priority_class
    if not rules.pods_have_resources(run):
        priority = (
            template.get("priority") if template.get("priority") is not None else run.spec.get("podPriority")
        )
        if priority is not None and rules.pods_have_priority(run):
            spec["priority"] = int(priority)
        return spec
    for field, source in (("resources", "podResources"), ("resourceClaims", "resourceClaims")):
        value = template.get(source) or run.spec.get(source)
        if value:
            spec[field] = value
    return spec


def executor_account(run: Run, template: Mapping[str, Any], spec: dict[str, Any]) -> None:
    """argoexec's containers under an account of their own: its token is mounted into them (executor.serviceAccountName).

    TemplateFault if the pod has no token at all.
    """
    name = str(
        (template.get("executor") or {}).get("serviceAccountName")
        or (run.spec.get("executor") or {}).get("serviceAccountName")
        or ""
    )
    if not name:
        if spec.get("automountServiceAccountToken") is False:
            raise TemplateFault(
                "executor.serviceAccountName must not be empty if automountServiceAccountToken is false"
            )
        return
    account = run.context.service_accounts.get((run.namespace, name)) or {}
    annotations = (account.get("metadata") or {}).get("annotations") or {}
    secret = annotations.get(_TOKEN_NAME) or f"{name}.service-account-token"
    spec["volumes"].append({"name": _SERVICE_ACCOUNT_MOUNT["name"], "secret": {"secretName": secret}})
    for container in (*spec["initContainers"], *spec["containers"]):
        if container["name"] in ("init", "wait"):
            container["volumeMounts"].append(dict(_SERVICE_ACCOUNT_MOUNT))


def results_wanted(run: Run, boundary: str) -> frozenset[str]:
    """The steps or tasks whose `outputs.result` the template of an enclosing node mentions, in whatever place.

    Names in double quotes are not seen, as upstream looks for them in JSON text, where the quotes are escaped.
    """
    cached = run.memory.prepared.get(boundary)
    template = cached[0] if cached else {}
    known = run.memory.resolved.get(("results", id(template)))
    if known is not None and known[0] is template:
        return known[1]  # type: ignore[no-any-return]
    text = json.dumps(template, ensure_ascii=False)
    found = frozenset(dotted or quoted for dotted, quoted in _RESULT.findall(text))
    run.memory.resolved[("results", id(template))] = (template, found)
    return found


def read_patch(text: str) -> Mapping[str, Any]:
    """A podSpecPatch: a JSON or YAML map."""
    try:
        patch = json.loads(text)
    except ValueError:
        import yaml

        try:
            patch = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise TemplateFault(f"it cannot be read: {error}") from None
    if not isinstance(patch, Mapping):
        raise TemplateFault("it must be a map")
    return patch


def owner(run: Run) -> dict[str, Any]:
    """The owner reference to the workflow."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "name": run.name,
        "uid": run.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owned_manifest(run: Run, text: str) -> str:
    """The manifest of a resource template with the workflow among its owners. TemplateFault if it is not YAML.

    Upstream's controller does this, not its executor; of several documents it keeps the first only, which serves nobody.
    """
    import yaml

    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise TemplateFault(f"failed to read the manifest of the resource template: {error}") from None
    for document in documents:
        metadata = document.get("metadata") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(metadata or {}, dict):
            raise TemplateFault("the manifest of the resource template is not an object")
        owners = (metadata or {}).get("ownerReferences") or []
        document["metadata"] = {**(metadata or {}), "ownerReferences": [*owners, owner(run)]}
    return str(yaml.safe_dump_all(documents, allow_unicode=True))


def secret_volumes(places: Iterable[Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Volumes and mounts for the secrets that artifact locations name, each at /argo/secret/<secret>."""
    keys: dict[str, dict[str, None]] = {}
    stack = list(places)[::-1]
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            for field, value in item.items():
                if (
                    field.endswith("Secret")
                    and isinstance(value, Mapping)
                    and value.get("name")
                    and value.get("key")
                ):
                    keys.setdefault(str(value["name"]), {})[str(value["key"])] = None
                else:
                    stack.append(value)
        elif isinstance(item, list):
            stack.extend(item)
    volumes_: list[dict[str, Any]] = [
        {"name": name, "secret": {"secretName": name, "items": [{"key": k, "path": k} for k in wanted]}}
        for name, wanted in sorted(keys.items())
    ]
    mounts = [
        {"name": v["name"], "mountPath": f"/argo/secret/{v['name']}", "readOnly": True} for v in volumes_
    ]
    return volumes_, mounts
