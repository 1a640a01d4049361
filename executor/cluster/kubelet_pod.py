"""Small changes to a Pod object on its way to the runner and to the API. Pure."""

from __future__ import annotations

import base64
import copy
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

Obj = dict[str, Any]
Object = Mapping[str, Any]

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN_VOLUME = "kube-api-access"
TERMINAL = ("Succeeded", "Failed")
OPTIONAL_STATUS = ("reason", "message", "podIP", "podIPs", "hostIP", "hostIPs", "initContainerStatuses")


def uid_of(pod: Object) -> str:
    """The pod's uid."""
    return str(pod["metadata"].get("uid") or "")


def phase_of(pod: Object) -> str:
    """The pod's phase; "Pending" when the API has none yet."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def account_of(pod: Object) -> str:
    """The name of the pod's ServiceAccount."""
    spec = pod.get("spec") or {}
    return str(spec.get("serviceAccountName") or spec.get("serviceAccount") or "default")


def argoexec_variable(pod: Object, words: Sequence[str], name: str) -> str:
    """A variable of the container of a pod that runs `argoexec` with these words; "" when none does.

    Upstream's controller gives the arguments alone: argoexec is the entrypoint of the image.
    """
    for container in (pod.get("spec") or {}).get("containers") or []:
        program, *given = map(
            str, (*(container.get("command") or ["argoexec"]), *(container.get("args") or []))
        )
        if program.rsplit("/", 1)[-1] == "argoexec" and given[: len(words)] == list(words):
            for entry in container.get("env") or []:
                if entry.get("name") == name:
                    return str(entry.get("value") or "")
    return ""


def wants_token(pod: Object, account: Object | None) -> bool:
    """Whether the pod gets its account's token: the pod's own word counts, then the account's, then yes."""
    own = (pod.get("spec") or {}).get("automountServiceAccountToken")
    if isinstance(own, bool):
        return own
    return account is not None and account.get("automountServiceAccountToken") is not False


def token_secret_name(uid: str) -> str:
    """The name under which the runner asks for the token. No object of the API can have it: it has a slash."""
    return f"{TOKEN_VOLUME}/{uid}"


def token_secret(token: str, ca: bytes, namespace: str) -> Obj:
    """The files of a service account volume, as a Secret."""
    values = {"token": token.encode(), "ca.crt": ca, "namespace": namespace.encode()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "data": {key: base64.b64encode(value).decode() for key, value in values.items()},
    }


def with_api_access(pod: Object, server: str, *, token: bool) -> Obj:
    """The pod as the runner gets it: with the address of the API and, with `token`, its account's credentials mounted.

    Projected `serviceAccountToken` sources are served from the same credentials.
    """
    out: Obj = copy.deepcopy(dict(pod))
    spec = out.setdefault("spec", {})
    address = urlsplit(server)
    env = [
        {"name": "KUBERNETES_SERVICE_HOST", "value": address.hostname or "127.0.0.1"},
        {"name": "KUBERNETES_SERVICE_PORT", "value": str(address.port or 443)},
    ]
    secret = token_secret_name(uid_of(pod))
    if token:
        for volume in spec.get("volumes") or []:
            _serve_token_sources(volume, secret)
        spec["volumes"] = [
            *(spec.get("volumes") or []),
            {"name": TOKEN_VOLUME, "secret": {"secretName": secret}},
        ]
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        present = {entry.get("name") for entry in container.get("env") or []}
        container["env"] = [
            *(entry for entry in env if entry["name"] not in present),
            *(container.get("env") or []),
        ]
        mounts = container.get("volumeMounts") or []
        if token and all(mount.get("mountPath") != TOKEN_PATH for mount in mounts):
            container["volumeMounts"] = [
                *mounts,
                {"name": TOKEN_VOLUME, "mountPath": TOKEN_PATH, "readOnly": True},
            ]
    return out


def _serve_token_sources(volume: Obj, secret: str) -> None:
    projected = volume.get("projected")
    if not isinstance(projected, dict):
        return
    sources = []
    for source in projected.get("sources") or []:
        if isinstance(source, dict) and "serviceAccountToken" in source:
            path = (source["serviceAccountToken"] or {}).get("path", "token")
            source = {"secret": {"name": secret, "items": [{"key": "token", "path": path}]}}
        sources.append(source)
    projected["sources"] = sources


def status_patch(status: Object) -> Obj:
    """The merge patch that makes a pod's status equal to `status`, also where a field has gone."""
    return {"status": {**dict.fromkeys(OPTIONAL_STATUS), **status}}


def lost_status(pod: Object, message: str) -> Obj:
    """A last status for a pod of which nothing more can be known."""
    status = dict(pod.get("status") or {})
    return {**status, "phase": "Failed", "reason": "Lost", "message": message}
