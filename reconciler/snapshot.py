"""The interface of a cluster in a file, so that a pull request can be planned with no access to the cluster.

A snapshot holds names, schedules, inputs, outputs and references; bodies, images, commands, environment and values of
parameters are left out. Of each template it keeps a digest: enough to say that it changes, not what it says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from argolint.errors import UserError
from argolint.kube import ApiError, KubeClient, Resource
from argolint.kube.client import Page
from reconciler.cluster import identity, observe, running
from reconciler.impact import other_users
from reconciler.model import ARGO_API_VERSION, MANAGER, TARGET_LABEL, Obj, canonical, digest
from reconciler.references import references

VERSION = 1
KIND = "argosync-snapshot"
_BODIES: dict[str, Any] = {
    "container": {"image": "-"},
    "script": {"image": "-", "source": "-"},
    "http": {"url": "-"},
    "resource": {"action": "get"},
    "suspend": {},
    "data": {},
    "containerSet": {"containers": []},
    "plugin": {},
}
_CRON_FIELDS = (
    "schedule",
    "schedules",
    "timezone",
    "suspend",
    "startingDeadlineSeconds",
    "concurrencyPolicy",
    "when",
    "stopStrategy",
)
_STATUS_FIELDS = ("lastScheduledTime", "phase", "active", "succeeded", "failed")
_LAST_USED = "cronworkflows.argoproj.io/last-used-schedule"


def take(client: KubeClient, namespaces: Iterable[str], default_namespace: str, now: datetime) -> Obj:
    """A snapshot of the cluster as a JSON value. Raises ClusterError."""
    spaces = list(namespaces)
    live = observe(client, spaces)
    runs = running(client, spaces, whole_cluster=live.whole_cluster)
    others = other_users(client, spaces, whole_cluster=live.whole_cluster)
    objects = [*(skeleton(o) for o in live.objects.values()), *(user(o) for o in (*others, *runs))]
    return {
        "kind": KIND,
        "version": VERSION,
        "taken": now.isoformat(),
        "cluster": identity(client),
        "server": client.server,
        "namespace": default_namespace,
        "wholeCluster": live.whole_cluster,
        "namespaces": spaces,
        "objects": sorted(
            objects,
            key=lambda o: (o["kind"], o["metadata"].get("namespace", ""), o["metadata"].get("name", "")),
        ),
    }


def load(path: str) -> Obj:
    """Read a snapshot. Raises UserError."""
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a JSON file"
        raise UserError(
            f"--snapshot {path}: {reason}", "make one with `argosync snapshot --out FILE`"
        ) from error
    if (
        not isinstance(value, dict)
        or value.get("kind") != KIND
        or value.get("version") != VERSION
        or not isinstance(value.get("objects"), list)
        or not all(
            isinstance(o, dict) and isinstance(o.get("kind"), str) and isinstance(o.get("metadata"), dict)
            for o in value["objects"]
        )
    ):
        raise UserError(
            f"--snapshot {path}: not a snapshot of this version",
            "make one with `argosync snapshot --out FILE`",
        )
    return value


def skeleton(obj: Obj) -> Obj:
    """The interface of an object of a managed kind, with a digest of each template and of the rest."""
    spec, meta = obj.get("spec") or {}, obj.get("metadata") or {}
    kept: Obj = {"name": meta.get("name"), "uid": str(meta.get("uid") or "")}
    if meta.get("namespace"):
        kept["namespace"] = meta["namespace"]
    labels = {k: v for k, v in (meta.get("labels") or {}).items() if k == TARGET_LABEL}
    if labels:
        kept["labels"] = labels
    used = (meta.get("annotations") or {}).get(_LAST_USED)
    if used is not None:
        kept["annotations"] = {_LAST_USED: used}
    kept["managedFields"] = [_owner(e) for e in meta.get("managedFields") or [] if isinstance(e, dict)]
    out: Obj = {"apiVersion": ARGO_API_VERSION, "kind": obj["kind"], "metadata": kept}
    if obj["kind"] == "CronWorkflow":
        out["spec"] = {k: spec[k] for k in _CRON_FIELDS if k in spec}
        out["spec"]["workflowSpec"] = _workflow(spec.get("workflowSpec") or {})
        status = obj.get("status") or {}
        out["status"] = {k: status[k] for k in _STATUS_FIELDS if k in status}
    else:
        out["spec"] = _workflow(spec)
    out["digests"] = digests(obj)
    return out


def digests(obj: Obj) -> dict[str, str]:
    """A digest of each template, and one of everything else that Git may say."""
    whole = canonical(obj)
    spec = whole.get("spec") or {}
    ours = _our_metadata(obj)
    holder = spec.get("workflowSpec") if obj.get("kind") == "CronWorkflow" else spec
    templates = holder.get("templates") if isinstance(holder, dict) else None
    out: dict[str, str] = {}
    if isinstance(templates, list):
        out = {
            f"template {t['name']}": digest(t)[:16]
            for t in templates
            if isinstance(t, dict) and isinstance(t.get("name"), str)
        }
        holder = {k: v for k, v in holder.items() if k != "templates"}  # type: ignore[union-attr]
        spec = {**spec, "workflowSpec": holder} if obj.get("kind") == "CronWorkflow" else holder
    meta = {
        part: {
            k: v for k, v in (whole["metadata"].get(part) or {}).items() if ours is None or (part, k) in ours
        }
        for part in ("labels", "annotations")
    }
    out["rest"] = digest([spec, meta])[:16]
    return out


def _our_metadata(obj: Obj) -> set[tuple[str, str]] | None:
    """The labels and annotations that we have applied; None where nothing is known, as for an object of Git."""
    for entry in (obj.get("metadata") or {}).get("managedFields") or []:
        if entry.get("manager") == MANAGER and entry.get("operation") == "Apply":
            meta = (entry.get("fieldsV1") or {}).get("f:metadata") or {}
            return {(part, k[2:]) for part in ("labels", "annotations") for k in meta.get(f"f:{part}") or {}}
    return None


def user(obj: Obj) -> Obj:
    """A Sensor, an event binding or a run: its name, and the templates that it refers to."""
    meta = obj["metadata"]
    refs: list[Obj] = []
    for ref in references(obj):
        target: Obj = {"name": ref.key.name}
        if ref.key.kind == "ClusterWorkflowTemplate":
            target["clusterScope"] = True
        refs.append({"workflowTemplateRef": target})
    out: Obj = {
        "apiVersion": ARGO_API_VERSION,
        "kind": obj["kind"],
        "metadata": {"name": meta.get("name"), "namespace": meta.get("namespace", "")},
        "spec": {"uses": refs},
    }
    stored = (obj.get("status") or {}).get("storedTemplates")
    if stored:
        out["status"] = {"storedTemplates": {key: {} for key in stored}}
    return out


def _owner(entry: Obj) -> Obj:
    fields = (entry.get("fieldsV1") or {}).get("f:spec")
    kept: Obj = {}
    if isinstance(fields, dict):
        if not fields:
            kept = {"f:spec": {}}
        elif "f:suspend" in fields:
            kept = {"f:spec": {"f:suspend": {}}}
    out: Obj = {k: entry[k] for k in ("manager", "operation", "time", "subresource") if k in entry}
    return {**out, "fieldsV1": kept} if entry.get("manager") == MANAGER or kept else {**out, "fieldsV1": {}}


def _workflow(spec: Obj) -> Obj:
    out: Obj = {k: spec[k] for k in ("entrypoint", "workflowTemplateRef", "onExit") if k in spec}
    if isinstance(spec.get("arguments"), dict):
        out["arguments"] = _arguments(spec["arguments"])
    if isinstance(spec.get("hooks"), dict):
        out["hooks"] = {name: _step(hook) for name, hook in spec["hooks"].items() if isinstance(hook, dict)}
    templates = spec.get("templates")
    if isinstance(templates, list):
        out["templates"] = [_template(t) for t in templates if isinstance(t, dict)]
    return out


def _template(template: Obj) -> Obj:
    out: Obj = {"name": template.get("name")}
    for part in ("inputs", "outputs"):
        if isinstance(template.get(part), dict):
            out[part] = _arguments(template[part])
    out |= {kind: body for kind, body in _BODIES.items() if kind in template}
    if isinstance(template.get("steps"), list):
        out["steps"] = [
            [_step(s) for s in group if isinstance(s, dict)]
            for group in template["steps"]
            if isinstance(group, list)
        ]
    dag = template.get("dag")
    if isinstance(dag, dict):
        out["dag"] = {"tasks": [_step(t) for t in dag.get("tasks") or [] if isinstance(t, dict)]}
    return out


def _step(step: Obj) -> Obj:
    out: Obj = {k: step[k] for k in ("name", "template", "templateRef") if k in step}
    if isinstance(step.get("arguments"), dict):
        out["arguments"] = _arguments(step["arguments"])
    if isinstance(step.get("inline"), dict):
        out["inline"] = _template(step["inline"])
    return out


def _arguments(part: Obj) -> Obj:
    out: Obj = {}
    parameters, artifacts = part.get("parameters"), part.get("artifacts")
    if isinstance(parameters, list):
        out["parameters"] = [_parameter(p) for p in parameters if isinstance(p, dict)]
    if isinstance(artifacts, list):
        out["artifacts"] = [
            {k: a[k] for k in ("name", "optional") if k in a} for a in artifacts if isinstance(a, dict)
        ]
    return out


def _parameter(parameter: Obj) -> Obj:
    out: Obj = {k: parameter[k] for k in ("name", "enum") if k in parameter}
    if {"value", "default", "valueFrom"} & set(parameter):
        choices = parameter.get("enum")
        out["value"] = choices[0] if isinstance(choices, list) and choices else "-"
    return out


class SnapshotClient:
    """What planning asks of a cluster, answered from a snapshot. It can change nothing."""

    def __init__(self, data: Obj) -> None:
        self.server = f"snapshot of {data.get('server', '?')}"
        self.default_namespace = str(data.get("namespace") or "default")
        self.taken = str(data.get("taken") or "")
        self._data = data
        self._objects: dict[tuple[str, str, str], Obj] = {}
        for obj in data["objects"]:
            meta = obj["metadata"]
            meta.setdefault("uid", "")
            self._objects[(obj["kind"], str(meta.get("namespace") or ""), str(meta.get("name") or ""))] = obj

    def version(self) -> Obj:
        """No server, no version."""
        return {"gitVersion": self.server}

    def try_get(self, resource: Resource, name: str, namespace: str = "") -> Obj | None:
        """One object; of namespaces only kube-system, which carries the identity of the cluster."""
        if resource.kind == "Namespace":
            uid = self._data.get("cluster")
            return {"metadata": {"name": name, "uid": uid}} if name == "kube-system" and uid else None
        return self._objects.get((resource.kind, namespace, name))

    def list(self, resource: Resource, namespace: str = "", **_: Any) -> Page:
        """All objects of a kind; cluster-wide only when the snapshot saw the whole cluster."""
        if not namespace and resource.namespaced and not self._data.get("wholeCluster"):
            raise ApiError(403, "Forbidden", "the snapshot is one of some namespaces")
        return Page([o for (k, s, _), o in self._objects.items() if k == resource.kind and namespace in ("", s)], "0")  # fmt: skip

    def apply(
        self, resource: Resource, obj: Obj, namespace: str = "", *, dry_run: bool = False, **_: Any
    ) -> Obj:
        """What a dry run shows of a write: the interface afterwards. Anything but a dry run is refused."""
        if not dry_run:
            raise ApiError(405, "MethodNotAllowed", "a snapshot cannot be written to")
        live = self._objects.get((resource.kind, namespace, obj["metadata"]["name"]))
        after = skeleton(obj)
        if live is None:
            return after
        meta = {**live["metadata"], "labels": after["metadata"].get("labels", {})}
        after = {**after, "metadata": meta, "status": live.get("status", {})}
        if after["digests"] == live.get("digests"):
            return live
        return after
