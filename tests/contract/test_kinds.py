"""What single kinds do: pods, secrets, jobs, claims, definitions, reviews; discovery and tables."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.contract.conftest import WORKFLOWS, Api
from tests.contract.test_objects import settled

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def pod(name: str = "p", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "main", "image": "i:1"}], **spec}}


# ---- pods


def test_a_pod_gets_its_defaults(api: Api, ns: str) -> None:
    made = api.post(f"/api/v1/namespaces/{ns}/pods", pod()).body
    spec = made["spec"]
    assert {
        key: spec[key]
        for key in ("restartPolicy", "terminationGracePeriodSeconds", "dnsPolicy", "serviceAccountName")
    } == {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
    }
    assert spec["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert spec["containers"][0]["terminationMessagePath"] == "/dev/termination-log"
    assert made["status"]["phase"] == "Pending"
    assert made["status"]["qosClass"] == "BestEffort"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"containers": []}, "spec.containers"),
        ({"containers": [{"name": "a"}]}, "spec.containers[0].image"),
        ({"containers": [{"image": "i"}]}, "spec.containers[0].name"),
        (
            {"containers": [{"name": "a", "image": "i"}, {"name": "a", "image": "i"}]},
            "spec.containers[1].name",
        ),
        ({"restartPolicy": "Sometimes"}, "spec.restartPolicy"),
        (
            {"containers": [{"name": "a", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/x"}]}]},
            "spec.containers[0].volumeMounts[0].name",
        ),
    ],
)
def test_a_bad_pod_is_invalid(api: Api, ns: str, spec: dict[str, Any], field: str) -> None:
    made = api.post(f"/api/v1/namespaces/{ns}/pods", pod(**spec))
    assert made.failure[:2] == (422, "Invalid")
    assert field in [cause["field"] for cause in made.body["details"]["causes"]]


def test_a_pod_needs_its_service_account(api: Api, ns: str) -> None:
    made = api.post(f"/api/v1/namespaces/{ns}/pods", pod(serviceAccountName="nobody"))
    assert made.failure == (
        403,
        "Forbidden",
        f'pods "p" is forbidden: error looking up service account {ns}/nobody: serviceaccount "nobody" not found',
    )


def test_the_spec_of_a_pod_does_not_change(api: Api, ns: str) -> None:
    path = f"/api/v1/namespaces/{ns}/pods"
    api.post(path, pod())
    assert api.merge(f"{path}/p", {"spec": {"restartPolicy": "Never"}}).failure[:2] == (422, "Invalid")
    assert (
        api.strategic(f"{path}/p", {"spec": {"containers": [{"name": "main", "image": "i:2"}]}}).code == 200
    )


def test_pods_by_phase_and_node(api: Api, ns: str) -> None:
    path = f"/api/v1/namespaces/{ns}/pods"
    api.post(path, pod("a"))
    api.post(path, pod("b"))
    api.merge(f"{path}/b/status", {"status": {"phase": "Running"}})
    api.post(f"{path}/b/binding", {"metadata": {"name": "b"}, "target": {"kind": "Node", "name": "here"}})
    for selector in ("status.phase=Running", "status.phase!=Pending", "spec.nodeName=here"):
        assert [item["metadata"]["name"] for item in api.get(path, fieldSelector=selector).body["items"]] == [
            "b"
        ]
    unnamed = api.post(f"{path}/a/binding", {"target": {"kind": "Node", "name": "here"}})
    assert unnamed.failure == (400, "BadRequest", "name in URL does not match name in Binding object")
    again = api.post(
        f"{path}/b/binding", {"metadata": {"name": "b"}, "target": {"kind": "Node", "name": "there"}}
    )
    assert again.failure[:2] == (409, "Conflict")


def test_a_pod_that_never_ran_is_deleted_at_once_and_answers_with_itself(api: Api, ns: str) -> None:
    path = f"/api/v1/namespaces/{ns}/pods"
    api.post(path, pod())
    gone = api.delete(f"{path}/p")
    assert (gone.code, gone.body["kind"]) == (200, "Pod")
    assert api.get(f"{path}/p").code == 404


def test_a_running_pod_gets_its_grace(api: Api, ns: str) -> None:
    path = f"/api/v1/namespaces/{ns}/pods"
    api.post(path, pod(nodeName="here"))
    api.merge(f"{path}/p/status", {"status": {"phase": "Running"}})
    assert api.delete(f"{path}/p").body["metadata"]["deletionGracePeriodSeconds"] == 30
    assert (
        api.delete(f"{path}/p", {"gracePeriodSeconds": 5}).body["metadata"]["deletionGracePeriodSeconds"] == 5
    )
    assert api.delete(f"{path}/p", {"gracePeriodSeconds": 0}).code == 200
    assert api.get(f"{path}/p").code == 404


def test_logs_of_a_pod_without_a_node_are_empty(api: Api, ns: str) -> None:
    path = f"/api/v1/namespaces/{ns}/pods"
    api.post(path, pod())
    found = api.get(f"{path}/p/log")
    assert (found.code, found.body) == (204, "")


def test_logs_need_a_container_where_there_are_several(api: Api, ns: str) -> None:
    path = f"/api/v1/namespaces/{ns}/pods"
    api.post(path, pod(containers=[{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]))
    assert api.get(f"{path}/p/log").failure == (
        400,
        "BadRequest",
        "a container name must be specified for pod p, choose one of: [a b]",
    )
    assert api.get(f"{path}/nope/log").failure[:2] == (404, "NotFound")


# ---- secrets, claims, jobs


def test_string_data_becomes_data(api: Api, ns: str) -> None:
    made = api.post(
        f"/api/v1/namespaces/{ns}/secrets", {"metadata": {"name": "s"}, "stringData": {"a": "b"}}
    ).body
    assert (made["data"], made["type"], "stringData" in made) == ({"a": "Yg=="}, "Opaque", False)


def test_secret_data_is_base64(api: Api, ns: str) -> None:
    made = api.post(f"/api/v1/namespaces/{ns}/secrets", {"metadata": {"name": "s"}, "data": {"a": "%%%"}})
    assert made.failure[:2] == (400, "BadRequest")


def test_the_type_of_a_secret_is_immutable(api: Api, ns: str) -> None:
    path = f"/api/v1/namespaces/{ns}/secrets"
    api.post(path, {"metadata": {"name": "s"}, "type": "a/b"})
    assert api.merge(f"{path}/s", {"type": "c/d"}).failure[:2] == (422, "Invalid")
    listed = api.get(path, fieldSelector="type=a/b").body["items"]
    assert [item["metadata"]["name"] for item in listed] == ["s"]


def test_a_job_starts_a_pod_and_completes_with_it(api: Api, ns: str) -> None:
    jobs, pods = f"/apis/batch/v1/namespaces/{ns}/jobs", f"/api/v1/namespaces/{ns}/pods"
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "i:1"}]}}
    made = api.post(jobs, {"metadata": {"name": "j"}, "spec": {"template": template}})
    assert made.code == 201
    assert settled(lambda: api.get(pods, labelSelector="job-name=j").body["items"])
    [owned] = api.get(pods, labelSelector="job-name=j").body["items"]
    assert owned["metadata"]["ownerReferences"][0]["uid"] == made.body["metadata"]["uid"]
    api.merge(f"{pods}/{owned['metadata']['name']}/status", {"status": {"phase": "Succeeded"}})
    assert settled(lambda: api.get(f"{jobs}/j").body["status"].get("succeeded") == 1)
    status = api.get(f"{jobs}/j").body["status"]
    assert ("Complete", "True") in [(item["type"], item["status"]) for item in status["conditions"]]
    assert "completionTime" in status
    api.delete(f"{jobs}/j", {"propagationPolicy": "Background"})
    assert settled(lambda: api.get(pods, labelSelector="job-name=j").body["items"] == [])


def test_a_job_fails_after_its_backoff_limit(api: Api, ns: str) -> None:
    jobs, pods = f"/apis/batch/v1/namespaces/{ns}/jobs", f"/api/v1/namespaces/{ns}/pods"
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "i:1"}]}}
    api.post(jobs, {"metadata": {"name": "j"}, "spec": {"template": template, "backoffLimit": 0}})
    assert settled(lambda: api.get(pods, labelSelector="job-name=j").body["items"])
    name = api.get(pods, labelSelector="job-name=j").body["items"][0]["metadata"]["name"]
    api.merge(f"{pods}/{name}/status", {"status": {"phase": "Failed"}})
    assert settled(lambda: api.get(f"{jobs}/j").body["status"].get("conditions"))
    conditions = {item["type"]: item["reason"] for item in api.get(f"{jobs}/j").body["status"]["conditions"]}
    assert conditions["Failed"] == "BackoffLimitExceeded"


def test_a_jobs_pods_may_not_restart_always(api: Api, ns: str) -> None:
    template = {"spec": {"containers": [{"name": "main", "image": "i:1"}]}}
    made = api.post(
        f"/apis/batch/v1/namespaces/{ns}/jobs", {"metadata": {"name": "j"}, "spec": {"template": template}}
    )
    assert made.failure[:2] == (422, "Invalid")
    assert "spec.template.spec.restartPolicy" in made.body["message"]


# ---- definitions


def definition(ns: str, **schema: Any) -> dict[str, Any]:
    group = f"{ns}.example.com"
    root = {"type": "object", "properties": {"spec": {"type": "object", **schema}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}}
    return {
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [version],
        },
    }


def thing(ns: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"{ns}.example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "t"},
        "spec": spec,
    }


CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def test_a_definition_is_served_and_its_objects_go_with_it(api: Api, ns: str) -> None:
    body = definition(ns, properties={"n": {"type": "integer", "default": 7}})
    made = api.post(CRDS, body)
    assert made.code == 201
    path = f"/apis/{ns}.example.com/v1/namespaces/{ns}/things"
    assert settled(lambda: api.get(path).code == 200)
    created = api.post(path, thing(ns, x=1)).body
    assert created["spec"] == {"n": 7}
    assert api.delete(f"{CRDS}/{body['metadata']['name']}").code == 200
    assert settled(lambda: api.get(path).code == 404)
    api.post(CRDS, body)
    assert settled(lambda: api.get(path).code == 200)
    assert api.get(path).body["items"] == []
    api.delete(f"{CRDS}/{body['metadata']['name']}")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda spec: spec.update(group="other.example.com"), "metadata.name"),
        (lambda spec: spec.update(scope="Somewhere"), "spec.scope"),
        (lambda spec: spec.update(versions=[]), "spec.versions"),
        (lambda spec: spec["versions"][0].update(storage=False), "spec.versions"),
        (lambda spec: spec["versions"][0].pop("schema"), "spec.versions[0].schema.openAPIV3Schema"),
        (
            lambda spec: spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"].update(x={}),
            "spec.versions[0].schema.openAPIV3Schema.properties[x].type",
        ),
    ],
)
def test_a_bad_definition_is_invalid(api: Api, ns: str, change: Any, field: str) -> None:
    body = definition(ns)
    change(body["spec"])
    made = api.post(CRDS, body)
    assert made.failure[:2] == (422, "Invalid")
    assert any(
        cause["field"].endswith(field.rpartition("openAPIV3Schema")[2])
        for cause in made.body["details"]["causes"]
    )


# ---- reviews


def test_self_subject_review(api: Api) -> None:
    made = api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert (made.code, "system:authenticated" in made.body["status"]["userInfo"]["groups"]) == (201, True)


def test_access_reviews(api: Api, ns: str) -> None:
    path = "/apis/authorization.k8s.io/v1"
    wanted = {"verb": "delete", "group": "argoproj.io", "resource": "workflows", "namespace": ns}
    mine = api.post(f"{path}/selfsubjectaccessreviews", {"spec": {"resourceAttributes": wanted}}).body
    assert mine["status"]["allowed"] is True
    body = {"spec": {"user": "nobody", "resourceAttributes": wanted}}
    other = api.post(f"{path}/subjectaccessreviews", body).body
    assert other["status"]["allowed"] is False
    assert api.post(f"{path}/selfsubjectaccessreviews", {"spec": {}}).code in (400, 422)


# ---- discovery, OpenAPI, tables


def test_the_old_discovery(api: Api) -> None:
    assert api.get("/api").body["versions"] == ["v1"]
    groups = {group["name"]: group for group in api.get("/apis").body["groups"]}
    assert groups["argoproj.io"]["preferredVersion"]["groupVersion"] == "argoproj.io/v1alpha1"
    listed = {item["name"]: item for item in api.get(WORKFLOWS).body["resources"]}
    assert (
        listed["workflows"]["kind"],
        listed["workflows"]["namespaced"],
        listed["workflows"]["shortNames"],
    ) == (
        "Workflow",
        True,
        ["wf"],
    )
    assert listed["clusterworkflowtemplates"]["namespaced"] is False
    assert "pods/log" in [item["name"] for item in api.get("/api/v1").body["resources"]]


def test_aggregated_discovery(api: Api) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    found = api.client.get("/apis", headers={"accept": accept})
    assert (
        found.headers["content-type"]
        == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    )
    names = [item["metadata"]["name"] for item in found.json()["items"]]
    assert {"argoproj.io", "batch", "rbac.authorization.k8s.io"} <= set(names)


def test_openapi_has_a_document_for_each_group(api: Api) -> None:
    paths = api.client.get("/openapi/v3").json()["paths"]
    assert {"api/v1", "apis/argoproj.io/v1alpha1"} <= set(paths)
    document = api.client.get(paths["apis/argoproj.io/v1alpha1"]["serverRelativeURL"]).json()
    operation = document["paths"]["/apis/argoproj.io/v1alpha1/namespaces/{namespace}/workflows/{name}"][
        "patch"
    ]
    assert {"fieldValidation", "dryRun", "fieldManager"} <= {item["name"] for item in operation["parameters"]}


def test_a_list_as_a_table(api: Api, maps: str) -> None:
    api.post(maps, {"metadata": {"name": "a"}, "data": {"k": "v"}})
    found = api.client.get(
        maps, params={"fieldSelector": "metadata.name=a"}, headers={"accept": TABLE}
    ).json()
    assert (found["kind"], [column["name"] for column in found["columnDefinitions"]]) == (
        "Table",
        ["Name", "Data", "Age"],
    )
    assert [str(cell) for cell in found["rows"][0]["cells"][:2]] == ["a", "1"]
    assert found["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


def test_health_and_version(api: Api) -> None:
    assert (api.get("/healthz").body, api.get("/readyz").body) == ("ok", "ok")
    assert api.get("/version").body["major"] == "1"


# ---- scale


def test_scale_reads_and_sets_the_replicas_that_a_definition_names(api: Api, ns: str) -> None:
    group = f"{ns}.example.com"
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {
            "scale": {
                "specReplicasPath": ".spec.size",
                "statusReplicasPath": ".status.now",
                "labelSelectorPath": ".status.with",
            }
        },
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "properties": {
                    "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
                    "status": {
                        "type": "object",
                        "properties": {"now": {"type": "integer"}, "with": {"type": "string"}},
                    },
                },
            }
        },
    }
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"packs.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "packs", "kind": "Pack"},
            "versions": [version],
        },
    }
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert api.post(crds, definition).code == 201
    packs = f"/apis/{group}/v1/namespaces/{ns}/packs"
    pack = {
        "apiVersion": f"{group}/v1",
        "kind": "Pack",
        "metadata": {"name": "p"},
        "spec": {"size": 2},
        "status": {"now": 1, "with": "app=p"},
    }
    end = time.monotonic() + 20
    while (made := api.post(packs, pack)).code == 404 and time.monotonic() < end:
        time.sleep(0.2)
    try:
        assert made.code == 201
        scale = api.get(f"{packs}/p/scale").body
        assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
        assert (scale["spec"], scale["status"]) == ({"replicas": 2}, {"replicas": 1, "selector": "app=p"})
        assert scale["metadata"]["uid"] == made.body["metadata"]["uid"]
        scale["spec"]["replicas"] = 5
        assert api.put(f"{packs}/p/scale", scale).body["spec"] == {"replicas": 5}
        assert api.put(f"{packs}/p/scale", scale).code == 409
        assert api.merge(f"{packs}/p/scale", {"spec": {"replicas": 7}}).body["spec"] == {"replicas": 7}
        assert api.get(f"{packs}/p").body["spec"] == {"size": 7}
        refused = api.merge(f"{packs}/p/scale", {"spec": {"replicas": -1}})
        assert refused.code == 422
        assert api.get(f"{packs}/missing/scale").code == 404
    finally:
        api.delete(f"{crds}/packs.{group}")


def test_a_subresource_that_a_kind_does_not_have(api: Api, workflows: str) -> None:
    api.post(workflows, {"metadata": {"name": "w"}, "spec": {}})
    found = api.get(f"{workflows}/w/scale")
    assert found.failure == (404, "NotFound", 'workflows.argoproj.io "w" not found')


# ---- pods on their way in


def test_a_pod_gets_its_priority_and_tolerates_lost_nodes(api: Api, ns: str) -> None:
    classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
    api.post(classes, {"metadata": {"name": ns}, "value": 77, "preemptionPolicy": "Never"})
    pods = f"/api/v1/namespaces/{ns}/pods"
    accounts = f"/api/v1/namespaces/{ns}/serviceaccounts"
    api.post(accounts, {"metadata": {"name": "default"}})
    containers = [{"name": "main", "image": "busybox"}]
    try:
        plain = api.post(pods, {"metadata": {"name": "plain"}, "spec": {"containers": containers}}).body[
            "spec"
        ]
        assert (plain["priority"], plain["preemptionPolicy"]) == (0, "PreemptLowerPriority")
        assert [(item["key"], item["tolerationSeconds"]) for item in plain["tolerations"]] == [
            ("node.kubernetes.io/not-ready", 300),
            ("node.kubernetes.io/unreachable", 300),
        ]
        high = {"containers": containers, "priorityClassName": ns, "tolerations": [{"operator": "Exists"}]}
        made = api.post(pods, {"metadata": {"name": "high"}, "spec": high}).body["spec"]
        assert (made["priority"], made["preemptionPolicy"]) == (77, "Never")
        assert made["tolerations"] == [{"operator": "Exists"}]
        unknown = {"containers": containers, "priorityClassName": "no-such-class"}
        refused = api.post(pods, {"metadata": {"name": "low"}, "spec": unknown})
        assert refused.code == 403
        assert "no PriorityClass with name no-such-class was found" in refused.body["message"]
    finally:
        api.delete(f"{classes}/{ns}")


# ---- kinds that are kept, though nobody acts upon them


def test_an_autoscaler_gets_its_defaults(api: Api, ns: str) -> None:
    path = f"/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    made = api.post(path, {"metadata": {"name": "h"}, "spec": {"scaleTargetRef": target, "maxReplicas": 3}})
    assert made.code == 201
    assert "generation" not in made.body["metadata"]
    goal = {"type": "Utilization", "averageUtilization": 80}
    assert made.body["spec"] == {
        "scaleTargetRef": target,
        "minReplicas": 1,
        "maxReplicas": 3,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": goal}}],
    }
    assert made.body["status"] == {"currentMetrics": None, "desiredReplicas": 0}
    rows = api.client.get(path, headers={"accept": TABLE}).json()["rows"]
    assert rows[0]["cells"][:6] == ["h", "Deployment/d", "cpu: <unknown>/80%", "1", 3, 0]


def test_an_endpoint_slice_gets_its_defaults(api: Api, ns: str) -> None:
    path = f"/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices"
    body = {
        "metadata": {"name": "e"},
        "addressType": "IPv4",
        "ports": [
            {"name": "http", "port": 80},
            {"port": 81},
            {"port": 82, "protocol": "UDP", "name": "u"},
            {"name": "all"},
        ],
        "endpoints": [
            {"addresses": ["192.0.2.1"], "conditions": {"ready": True}},
            {"addresses": ["192.0.2.2"]},
        ],
    }
    made = api.post(path, body)
    assert made.code == 201
    assert made.body["ports"] == [
        {"name": "http", "port": 80, "protocol": "TCP"},
        {"name": "", "port": 81, "protocol": "TCP"},
        {"name": "u", "port": 82, "protocol": "UDP"},
        {"name": "all", "protocol": "TCP"},
    ]
    assert [item["conditions"] for item in made.body["endpoints"]] == [{"ready": True}, {}]
    row = api.client.get(path, headers={"accept": TABLE}).json()["rows"][0]["cells"]
    assert row[:4] == ["e", "IPv4", "80,81,82 + 1 more...", "192.0.2.1,192.0.2.2"]
    assert api.merge(f"{path}/e", {"addressType": "IPv6"}).failure[:2] == (422, "Invalid")


def test_a_certificate_request_names_who_asks(api: Api) -> None:
    path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    api.delete(f"{path}/contract")
    spec = {
        "request": signing_request(),
        "signerName": "example.com/x",
        "usages": ["client auth"],
        "expirationSeconds": 3600,
    }
    made = api.post(path, {"metadata": {"name": "contract"}, "spec": {**spec, "username": "somebody-else"}})
    assert made.code == 201, made.body
    who = api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}).body["status"]["userInfo"]
    assert {key: made.body["spec"][key] for key in spec} == spec
    assert (made.body["spec"]["username"], made.body["spec"]["groups"]) == (who["username"], who["groups"])
    assert made.body["status"] == {}
    cells = next(
        row["cells"]
        for row in api.client.get(path, headers={"accept": TABLE}).json()["rows"]
        if row["cells"][0] == "contract"
    )
    assert cells[2:] == ["example.com/x", who["username"], "60m", "Pending"]
    assert (
        api.merge(f"{path}/contract", {"spec": {"signerName": "example.com/y"}}).body["spec"]["signerName"]
        == "example.com/x"
    )
    assert api.delete(f"{path}/contract").code == 200


def signing_request() -> str:
    """A certificate signing request, as the API takes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        (
            {"minAvailable": "9999"},
            "spec.minAvailable",
            "a valid percent string must be a numeric string followed by an ending",
        ),
        ({"minAvailable": -1}, "spec.minAvailable", "must be greater than or equal to 0"),
        ({"maxUnavailable": "101%"}, "spec.maxUnavailable", "must not be greater than 100%"),
        (
            {"minAvailable": 1, "maxUnavailable": 1},
            "spec",
            "minAvailable and maxUnavailable cannot be both set",
        ),
        (
            {"unhealthyPodEvictionPolicy": "x"},
            "spec.unhealthyPodEvictionPolicy",
            'supported values: "AlwaysAllow", "IfHealthyBudget"',
        ),
    ],
)
def test_a_bad_budget_is_invalid(api: Api, ns: str, spec: dict[str, Any], field: str, message: str) -> None:
    made = api.post(
        f"/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets", {"metadata": {"name": "b"}, "spec": spec}
    )
    assert made.failure[:2] == (422, "Invalid")
    [cause] = made.body["details"]["causes"]
    assert (cause["field"], message in cause["message"]) == (field, True)
