"""The official Python client: typed, dynamic, watch, leader election; and tokens, certificates, access."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, dynamic, watch
from kubernetes.client.exceptions import ApiException

from executor.cluster import pki
from executor.cluster.testing import RunningCluster
from tests.contract.conftest import Api, client_of


@pytest.fixture(scope="module")
def api_client(cluster: RunningCluster) -> Iterator[client.ApiClient]:
    with config.new_client_from_config(config_file=str(cluster.kubeconfig)) as made:
        yield made


def with_token(cluster: RunningCluster, token: str, tmp_path: Path) -> Path:
    content = json.loads(cluster.kubeconfig.read_text())
    content["users"][0]["user"] = {"token": token}
    path = tmp_path / f"kubeconfig-{abs(hash(token))}"
    path.write_text(json.dumps(content))
    return path


def test_typed_client(api_client: client.ApiClient) -> None:
    core = client.CoreV1Api(api_client)
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="typed"), data={"k": "v"})
    core.create_namespaced_config_map("default", body)
    found = core.read_namespaced_config_map("typed", "default")
    assert found.data == {"k": "v"}
    core.patch_namespaced_config_map("typed", "default", {"data": {"k": "w"}})
    assert core.read_namespaced_config_map("typed", "default").data == {"k": "w"}
    core.delete_namespaced_config_map("typed", "default")
    with pytest.raises(ApiException) as failed:
        core.read_namespaced_config_map("typed", "default")
    assert (failed.value.status, json.loads(failed.value.body)["reason"]) == (404, "NotFound")


def test_dynamic_client_applies_and_lists(api_client: client.ApiClient) -> None:
    resources = dynamic.DynamicClient(api_client).resources
    templates = resources.get(api_version="argoproj.io/v1alpha1", kind="WorkflowTemplate")
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "t", "namespace": "default"},
        "spec": {"entrypoint": "main"},
    }
    made = templates.server_side_apply(body=body, name="t", namespace="default", field_manager="tester")
    assert made.metadata.managedFields[0].manager == "tester"
    assert [item.metadata.name for item in templates.get(namespace="default").items] == ["t"]
    templates.delete(name="t", namespace="default")


def test_watch_resumes_and_sees_deletion(api_client: client.ApiClient) -> None:
    core = client.CoreV1Api(api_client)
    start = core.list_namespaced_secret("default").metadata.resource_version
    core.create_namespaced_secret("default", {"metadata": {"name": "seen"}, "stringData": {"a": "b"}})
    core.delete_namespaced_secret("seen", "default")
    stream = watch.Watch().stream(
        core.list_namespaced_secret,
        "default",
        resource_version=start,
        timeout_seconds=1,
        field_selector="metadata.name=seen",
    )
    assert [(event["type"], event["object"].data) for event in stream] == [
        ("ADDED", {"a": "Yg=="}),
        ("DELETED", {"a": "Yg=="}),
    ]


def test_leader_election_lease(api_client: client.ApiClient) -> None:
    leases = client.CoordinationV1Api(api_client)
    spec = {"holderIdentity": "a", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000000Z"}
    made = leases.create_namespaced_lease("default", {"metadata": {"name": "leader"}, "spec": spec})
    made.spec.holder_identity = "b"
    taken = leases.replace_namespaced_lease("leader", "default", made)
    assert taken.spec.holder_identity == "b"
    with pytest.raises(ApiException) as late:
        leases.replace_namespaced_lease("leader", "default", made)
    assert late.value.status == 409


def test_both_kinds_of_event_are_one(api_client: client.ApiClient) -> None:
    core = client.CoreV1Api(api_client)
    about = {"kind": "Pod", "name": "p", "namespace": "default"}
    core.create_namespaced_event(
        "default",
        {
            "metadata": {"name": "e"},
            "involvedObject": about,
            "reason": "Started",
            "message": "hi",
            "type": "Normal",
        },
    )
    found = client.EventsV1Api(api_client).read_namespaced_event("e", "default", _preload_content=False)
    body = json.loads(found.data)
    assert (body["apiVersion"], body["regarding"], body["note"]) == ("events.k8s.io/v1", about, "hi")
    listed = core.list_namespaced_event("default", field_selector="involvedObject.name=p,reason=Started")
    assert [item.metadata.name for item in listed.items] == ["e"]


# ---- who may do what


def test_requests_with_wrong_credentials_are_401(cluster: RunningCluster, tmp_path: Path) -> None:
    with client_of(cluster.kubeconfig) as plain:
        for header in ("Bearer wrong", "Bearer a.b.c", "bearer  x"):
            plain.headers["authorization"] = header
            found = Api(plain).get("/api/v1/namespaces")
            assert found.failure == (401, "Unauthorized", "Unauthorized")


def test_a_service_account_may_do_what_it_is_bound_to(cluster: RunningCluster, tmp_path: Path) -> None:
    with client_of(cluster.kubeconfig) as http:
        admin = Api(http)
        base = "/api/v1/namespaces/default"
        roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
        admin.post(f"{base}/serviceaccounts", {"metadata": {"name": "worker"}})
        made = admin.post(f"{base}/serviceaccounts/worker/token", {"spec": {"expirationSeconds": 600}})
        assert made.code == 201
        token = made.body["status"]["token"]
        with client_of(with_token(cluster, token, tmp_path)) as other:
            worker = Api(other)
            refused = worker.get(f"{base}/configmaps")
            assert refused.failure == (
                403,
                "Forbidden",
                (
                    'configmaps is forbidden: User "system:serviceaccount:default:worker" cannot list resource "configmaps"'
                    ' in API group "" in the namespace "default"'
                ),
            )
            rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
            admin.post(f"{roles}/roles", {"metadata": {"name": "lists"}, "rules": rules})
            subjects = [{"kind": "ServiceAccount", "name": "worker", "namespace": "default"}]
            reference = {"kind": "Role", "name": "lists", "apiGroup": "rbac.authorization.k8s.io"}
            binding = {"metadata": {"name": "lists"}, "roleRef": reference, "subjects": subjects}
            assert admin.post(f"{roles}/rolebindings", binding).code == 201
            assert worker.get(f"{base}/configmaps").code == 200
            assert worker.get("/api/v1/configmaps").code == 403
            assert worker.get(f"{base}/configmaps", watch="true", timeoutSeconds=1).code == 403
            assert worker.get("/apis").code == 200
            admin.delete(f"{roles}/rolebindings/lists")
            assert worker.get(f"{base}/configmaps").code == 403
            admin.delete(f"{base}/serviceaccounts/worker")
            assert worker.get("/apis").code == 401


def test_nobody_grants_what_he_does_not_have(cluster: RunningCluster, tmp_path: Path) -> None:
    with client_of(cluster.kubeconfig) as http:
        admin = Api(http)
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        admin.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "climber"}})
        subjects = [{"kind": "ServiceAccount", "name": "climber", "namespace": "default"}]
        rules = [
            {
                "apiGroups": ["rbac.authorization.k8s.io"],
                "resources": ["roles", "rolebindings"],
                "verbs": ["create"],
            }
        ]
        admin.post(f"{rbac}/namespaces/default/roles", {"metadata": {"name": "climb"}, "rules": rules})
        body = {
            "metadata": {"name": "climb"},
            "roleRef": {"kind": "Role", "name": "climb"},
            "subjects": subjects,
        }
        assert admin.post(f"{rbac}/namespaces/default/rolebindings", body).code == 201
        token = admin.post("/api/v1/namespaces/default/serviceaccounts/climber/token", {"spec": {}}).body[
            "status"
        ]["token"]
        with client_of(with_token(cluster, token, tmp_path)) as other:
            climber = Api(other)
            body = {
                "metadata": {"name": "up"},
                "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": subjects,
            }
            refused = climber.post(f"{rbac}/namespaces/default/rolebindings", body)
            assert (refused.code, "not currently held" in refused.body["message"]) == (403, True)
            role = {
                "metadata": {"name": "up"},
                "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
            }
            assert climber.post(f"{rbac}/namespaces/default/roles", role).code == 403


def test_a_client_certificate_names_its_user(cluster: RunningCluster, tmp_path: Path) -> None:
    folder = cluster.data / "pki"
    certificate, key = pki.issue(folder, "jane", "jane", organization="system:masters")
    content = json.loads(cluster.kubeconfig.read_text())
    content["users"][0]["user"] = {
        "client-certificate-data": base64.b64encode(certificate.read_bytes()).decode(),
        "client-key-data": base64.b64encode(key.read_bytes()).decode(),
    }
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(content))
    with client_of(path) as http:
        made = Api(http).post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert made.body["status"]["userInfo"] == {
        "username": "jane",
        "groups": ["system:masters", "system:authenticated"],
    }


def test_a_token_secret_is_filled_and_dies_with_its_account(cluster: RunningCluster, tmp_path: Path) -> None:
    with client_of(cluster.kubeconfig) as http:
        api = Api(http)
        base = "/api/v1/namespaces/default"
        account = api.post(f"{base}/serviceaccounts", {"metadata": {"name": "robot"}}).body["metadata"]["uid"]
        annotations = {"kubernetes.io/service-account.name": "robot"}
        secret = {
            "metadata": {"name": "robot-token", "annotations": annotations},
            "type": "kubernetes.io/service-account-token",
        }
        assert api.post(f"{base}/secrets", secret).code == 201
        end = time.monotonic() + 5
        found: dict[str, Any] = {}
        while "data" not in found and time.monotonic() < end:
            found = api.get(f"{base}/secrets/robot-token").body
        assert set(found["data"]) == {"token", "namespace", "ca.crt"}
        assert found["metadata"]["annotations"]["kubernetes.io/service-account.uid"] == account
        token = base64.b64decode(found["data"]["token"]).decode()
        review = api.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}}).body[
            "status"
        ]
        assert (review["authenticated"], review["user"]["username"]) == (
            True,
            "system:serviceaccount:default:robot",
        )
        api.delete(f"{base}/serviceaccounts/robot")
        while api.get(f"{base}/secrets/robot-token").code != 404 and time.monotonic() < end:
            time.sleep(0.02)
        assert api.get(f"{base}/secrets/robot-token").code == 404
