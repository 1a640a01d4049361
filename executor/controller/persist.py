"""Writing a Workflow back: a full PUT, and what to do when somebody else has written in between.

The rules are upstream's (operator.go, persistUpdates and reapplyUpdate): the object read is replaced at its
resourceVersion; on a conflict our own changes are merged into the newest object, unless that would undo
somebody else's decision.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

from argolint.kube import ApiError, KubeClient, resource_for

Obj = dict[str, Any]
Object = Mapping[str, Any]

WORKFLOW = resource_for("Workflow")
COMPLETED_LABEL = "workflows.argoproj.io/completed"
MAX_TRIES = 5
MAX_WORKFLOW_SIZE = 1024 * 1024
COMPLETED_PHASES = ("Succeeded", "Failed", "Error")
_MISSING: Any = object()


class Refused(Exception):
    """Our change would undo what somebody else has written: drop it and look at the newest object again."""


class TooLarge(Exception):
    """The Workflow does not fit into the store even with its nodes compressed. The text is upstream's message."""


def merge_patch(old: Any, new: Any) -> Any:
    """The JSON merge patch (RFC 7386) that turns `old` into `new`; `{}` when they are equal objects."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    patch: Obj = {}
    for key in old.keys() - new.keys():
        patch[key] = None
    for key, value in new.items():
        before = old.get(key, _MISSING)
        if before is value or before == value:
            continue
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            patch[key] = merge_patch(before, value)
        else:
            patch[key] = _without_nulls(value)
    return patch


def apply_merge_patch(target: Any, patch: Any) -> Any:
    """`target` with a JSON merge patch applied; neither argument is changed."""
    if not isinstance(patch, Mapping):
        return patch
    out = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = apply_merge_patch(out.get(key), value)
    return out


def _without_nulls(value: Any) -> Any:
    # A null inside a value that is new means "delete" in a merge patch, so it cannot be carried.
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


def is_completed(wf: Object) -> bool:
    """Whether the controller has finished with a Workflow."""
    labels = (wf.get("metadata") or {}).get("labels") or {}
    return bool(labels.get(COMPLETED_LABEL) == "true")


def is_fulfilled(node: Object) -> bool:
    """Whether a node has reached a phase that nobody may change any more."""
    phase = node.get("phase")
    if phase in ("Skipped", "Omitted"):
        return True
    return phase in COMPLETED_PHASES and node.get("taskResultSynced") is not False


def refusal(read: Object, latest: Object, new: Object) -> str:
    """Why our change `read` -> `new` must not be merged into `latest`; "" when it may be."""
    if (read.get("metadata") or {}).get("uid") != (latest.get("metadata") or {}).get("uid"):
        return "the workflow was deleted and created again"
    if is_completed(latest):
        return "the workflow was completed by somebody else"
    latest_nodes = (latest.get("status") or {}).get("nodes") or {}
    new_nodes = (new.get("status") or {}).get("nodes") or {}
    for node_id, node in latest_nodes.items():
        ours = new_nodes.get(node_id)
        if is_fulfilled(node) and ours is not None and ours.get("phase") != node.get("phase"):
            return f"node {node_id} was set to {node.get('phase')} by somebody else"
    return ""


def persist(client: KubeClient, read: Object, new: Object) -> Obj:
    """Write `new`, which was computed from `read`; the object as it is stored now, with its nodes unpacked.

    When nobody wrote in between, spec and status of the result are the very objects of `new`, so that what was
    computed about them stays valid. Raises Refused when somebody else's change must be looked at first, TooLarge when it cannot be stored, and
    ApiError for anything else (404: the workflow is gone).
    """
    namespace = str(read["metadata"].get("namespace", ""))
    name = str(read["metadata"]["name"])
    candidate: Object = {
        **new,
        "metadata": {**new["metadata"], "resourceVersion": read["metadata"].get("resourceVersion")},
    }
    for attempt in range(MAX_TRIES):
        try:
            stored = client.replace(WORKFLOW, dehydrate(candidate), namespace)
            return hydrate(stored) if attempt else {**new, "metadata": stored["metadata"]}
        except ApiError as error:
            if error.status == 413:
                raise TooLarge(error.message) from error
            if not error.conflict or attempt == MAX_TRIES - 1:
                raise
        latest = hydrate(client.get(WORKFLOW, name, namespace))
        reason = refusal(read, latest, new)
        if reason:
            raise Refused(reason)
        merged = apply_merge_patch(latest, merge_patch(_mutable(read), _mutable(new)))
        merged["metadata"] = {
            **merged["metadata"],
            "resourceVersion": latest["metadata"].get("resourceVersion"),
        }
        candidate = merged
    raise Refused("too many conflicting writes")


def _mutable(wf: Object) -> Obj:
    """What of a Workflow a controller may change: everything but the server's own metadata."""
    metadata = {
        key: value
        for key, value in wf["metadata"].items()
        if key
        not in ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields", "selfLink")
    }
    return {**wf, "metadata": metadata}


def hydrate(wf: Object) -> Obj:
    """A Workflow with `status.compressedNodes` unpacked into `status.nodes`."""
    status = wf.get("status")
    if not isinstance(status, Mapping) or status.get("nodes") or not status.get("compressedNodes"):
        return wf if isinstance(wf, dict) else dict(wf)
    try:
        nodes = json.loads(gzip.decompress(base64.b64decode(status["compressedNodes"])))
    except (ValueError, OSError, EOFError):
        return dict(wf)
    return {
        **wf,
        "status": {
            **{key: value for key, value in status.items() if key != "compressedNodes"},
            "nodes": nodes,
        },
    }


def dehydrate(wf: Object, limit: int = MAX_WORKFLOW_SIZE) -> Object:
    """A Workflow of at most `limit` bytes of JSON, its nodes compressed when it would be longer. Raises TooLarge."""
    status = wf.get("status")
    nodes = status.get("nodes") if isinstance(status, Mapping) else None
    if not isinstance(status, Mapping) or not nodes or _size(wf) <= limit:
        return wf
    packed = base64.b64encode(gzip.compress(json.dumps(nodes, separators=(",", ":")).encode(), 6)).decode()
    small = {
        **wf,
        "status": {
            **{key: value for key, value in status.items() if key != "nodes"},
            "compressedNodes": packed,
        },
    }
    size = _size(small)
    if size > limit:
        raise TooLarge(
            "workflow is longer than maximum allowed size. "
            f"compressed size {size} > maxSize {limit}: split it, or make its outputs artifacts"
        )
    return small


def _size(obj: Any) -> int:
    return len(json.dumps(obj, separators=(",", ":")))
