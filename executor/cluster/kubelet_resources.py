"""Resource templates of pods, carried out with the rights of the pod's ServiceAccount."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from argolint.kube import KNOWN, ApiError, KubeClient, Resource
from argolint.kube.client import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from executor.runtimes.resources import ResourceError

Obj = dict[str, Any]
T = TypeVar("T")

STRATEGIES = {"strategic": STRATEGIC_PATCH, "merge": MERGE_PATCH, "json": JSON_PATCH}
FIELD_MANAGER = "argoexec"
SHORT_NAMES = {
    "cm": "configmaps",
    "cwf": "cronworkflows",
    "deploy": "deployments",
    "ns": "namespaces",
    "po": "pods",
    "pvc": "persistentvolumeclaims",
    "sa": "serviceaccounts",
    "svc": "services",
    "wf": "workflows",
    "wftmpl": "workflowtemplates",
}


class ApiResources:
    """A ResourceClient on a Kubernetes API. What the API refuses is a ResourceError with its message."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> Obj | None:
        """The object, or None."""
        return self._call(lambda: self._client.try_get(self._named(api_version, kind), name, namespace))

    def create(self, manifest: Obj, namespace: str) -> Obj:
        """Create; ResourceError when it exists."""
        return self._call(
            lambda: self._client.create(
                self._client.resource_of(manifest), manifest, _namespace(manifest, namespace)
            )
        )

    def apply(self, manifest: Obj, namespace: str) -> Obj:
        """Server-side apply: create it, or change what the manifest names."""
        return self._call(
            lambda: self._client.apply(
                self._client.resource_of(manifest),
                manifest,
                _namespace(manifest, namespace),
                field_manager=FIELD_MANAGER,
                force=True,
            )
        )

    def replace(self, manifest: Obj, namespace: str) -> Obj:
        """Replace; ResourceError when it does not exist."""
        return self._call(
            lambda: self._client.replace(
                self._client.resource_of(manifest), manifest, _namespace(manifest, namespace)
            )
        )

    def patch(self, api_version: str, kind: str, namespace: str, name: str, patch: Any, strategy: str) -> Obj:
        """Patch by `strategy`: strategic, merge or json. Custom resources know no strategic merge."""
        content_type = STRATEGIES.get(strategy, STRATEGIC_PATCH)
        return self._call(
            lambda: self._client.patch(
                self._named(api_version, kind), name, patch, namespace, content_type=content_type
            )
        )

    def delete(self, api_version: str, kind: str, namespace: str, name: str) -> bool:
        """Delete; False when there was nothing."""

        def remove() -> bool:
            try:
                self._client.delete(self._named(api_version, kind), name, namespace)
            except ApiError as error:
                if error.not_found:
                    return False
                raise
            return True

        return self._call(remove)

    def _named(self, api_version: str, kind: str) -> Resource:
        """The resource of a kind, or of what kubectl also takes for one: `pod`, `pods`, `po`. ApiError 404 when there is none."""
        if (api_version, kind) in KNOWN:
            return KNOWN[(api_version, kind)]
        word = SHORT_NAMES.get(kind.lower(), kind.lower())
        for resource in KNOWN.values():
            if word in (resource.kind.lower(), resource.plural):
                return resource
        return self._client.resource(api_version, kind)

    def _call(self, function: Callable[[], T]) -> T:
        try:
            return function()
        except ApiError as error:
            reason = error.reason or "Error"
            raise ResourceError(f"Error from server ({reason}): {error.message}") from error


def _namespace(manifest: Obj, fallback: str) -> str:
    return str((manifest.get("metadata") or {}).get("namespace") or fallback)


def resource_clients(client: KubeClient) -> Callable[[Obj, str], ApiResources]:
    """A function (pod, token) -> ResourceClient: with the token of the pod's account, else with the kubelet's own rights."""

    def make(_pod: Obj, token: str) -> ApiResources:
        return ApiResources(client_with_token(client, token) if token else client)

    return make


def client_with_token(client: KubeClient, token: str) -> KubeClient:
    """A client of the same API that shows a bearer token and nothing else."""
    from kubernetes.client import Configuration

    own = client._configuration
    configuration = Configuration()
    configuration.host = own.host
    configuration.ssl_ca_cert = own.ssl_ca_cert
    configuration.verify_ssl = own.verify_ssl
    configuration.retries = False
    configuration.api_key = {"authorization": f"Bearer {token}"}
    return KubeClient(configuration, client.default_namespace)
