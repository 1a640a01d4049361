"""Objects whose values a kube-apiserver refuses: what is refused, and which fields it names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Api

PATHS = {
    "pods": "/api/v1/namespaces/{}/pods",
    "configmaps": "/api/v1/namespaces/{}/configmaps",
    "events": "/api/v1/namespaces/{}/events",
    "persistentvolumeclaims": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "secrets": "/api/v1/namespaces/{}/secrets",
    "leases": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
    "jobs": "/apis/batch/v1/namespaces/{}/jobs",
    "roles": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "rolebindings": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
}
# what is put into a pod's spec, and the fields that are then wrong
POD_SPEC: list[tuple[dict[str, Any], list[str]]] = [
    ({"activeDeadlineSeconds": 0}, ["spec.activeDeadlineSeconds"]),
    ({"activeDeadlineSeconds": -5}, ["spec.activeDeadlineSeconds"]),
    ({"tolerations": [{"key": "a", "operator": "Bad"}]}, ["spec.tolerations[0].operator"]),
    ({"tolerations": [{"operator": "Equal"}]}, ["spec.tolerations[0].operator"]),
    ({"tolerations": [{"key": "a", "operator": "Exists", "value": "x"}]}, ["spec.tolerations[0].operator"]),
    ({"tolerations": [{"key": "a", "effect": "Bad"}]}, ["spec.tolerations[0].effect"]),
    ({"nodeSelector": {"a b": "c"}}, ["spec.nodeSelector"]),
    ({"nodeSelector": {"a": "c d"}}, ["spec.nodeSelector"]),
    ({"hostAliases": [{"ip": "bad", "hostnames": ["a"]}]}, ["spec.hostAliases[0].ip"]),
    ({"dnsPolicy": "Bad"}, ["spec.dnsPolicy"]),
    ({"dnsPolicy": "None"}, ["spec.dnsConfig"]),
    ({"serviceAccountName": "Bad Name"}, ["spec.serviceAccountName"]),
    ({"volumes": [{"name": "V_"}]}, ["spec.volumes[0].name"]),
    ({"volumes": [{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}]}, ["spec.volumes[1].name"]),
    ({"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]}, ["spec.volumes[0].hostPath"]),
    ({"volumes": [{"name": "v", "secret": {}}]}, ["spec.volumes[0].secret.secretName"]),
    ({"volumes": [{"name": "v", "configMap": {}}]}, ["spec.volumes[0].configMap.name"]),
    (
        {"volumes": [{"name": "v", "persistentVolumeClaim": {}}]},
        ["spec.volumes[0].persistentVolumeClaim.claimName"],
    ),
    (
        {"volumes": [{"name": "v", "secret": {"secretName": "s", "defaultMode": 99999}}]},
        ["spec.volumes[0].secret.defaultMode"],
    ),
    ({"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "-1"}}]}, ["spec.volumes[0].emptyDir.sizeLimit"]),
    (
        {
            "volumes": [
                {
                    "name": "v",
                    "downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "spec.bad"}}]},
                }
            ]
        },
        ["spec.volumes[0].downwardAPI.fieldRef.fieldPath"],
    ),
    (
        {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}},
        ["spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"],
    ),
    ({"securityContext": {"runAsUser": -1}}, ["spec.securityContext.runAsUser"]),
    ({"securityContext": {"fsGroup": -1}}, ["spec.securityContext.fsGroup"]),
    ({"shareProcessNamespace": True, "hostPID": True}, ["spec.securityContext.shareProcessNamespace"]),
    (
        {"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "a", "whenUnsatisfiable": "X"}]},
        ["spec.topologySpreadConstraints[0].maxSkew", "spec.topologySpreadConstraints[0].whenUnsatisfiable"],
    ),
    ({"readinessGates": [{"conditionType": "a b"}]}, ["spec.readinessGates[0].conditionType"]),
    ({"hostname": "A_b"}, ["spec.hostname"]),
    ({"subdomain": "A_b"}, ["spec.subdomain"]),
    ({"initContainers": [{"name": "main", "image": "i"}]}, ["spec.initContainers[0].name"]),
    (
        {
            "initContainers": [
                {"name": "init", "image": "i", "lifecycle": {"preStop": {"exec": {"command": ["a"]}}}}
            ]
        },
        ["spec.initContainers[0].lifecycle"],
    ),
    (
        {"initContainers": [{"name": "init", "image": "i", "readinessProbe": {"exec": {"command": ["a"]}}}]},
        ["spec.initContainers[0].readinessProbe"],
    ),
    ({"ephemeralContainers": [{"name": "e", "image": "i"}]}, ["spec.ephemeralContainers"]),
    (
        {
            "containers": [
                {
                    "name": "main",
                    "image": "i",
                    "volumeMounts": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/a"}],
                }
            ],
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
        ["spec.containers[0].volumeMounts[1].mountPath"],
    ),
    (
        {
            "containers": [{"name": "main", "image": "i", "volumeMounts": [{"name": "v", "mountPath": ""}]}],
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
        ["spec.containers[0].volumeMounts[0].mountPath"],
    ),
    (
        {
            "containers": [
                {
                    "name": "main",
                    "image": "i",
                    "volumeMounts": [{"name": "v", "mountPath": "/a", "subPath": "../x"}],
                }
            ],
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
        ["spec.containers[0].volumeMounts.subPath"],
    ),
    (
        {
            "containers": [
                {
                    "name": "main",
                    "image": "i",
                    "volumeMounts": [{"name": "v", "mountPath": "/a", "subPath": "/x"}],
                }
            ],
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
        ["spec.containers[0].volumeMounts.subPath"],
    ),
    (
        {
            "containers": [
                {
                    "name": "main",
                    "image": "i",
                    "volumeMounts": [{"name": "v", "mountPath": "/a", "subPathExpr": "$(A)", "subPath": "b"}],
                }
            ],
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
        ["spec.containers[0].volumeMounts[0].subPathExpr"],
    ),
    (
        {
            "containers": [
                {
                    "name": "main",
                    "image": "i",
                    "volumeMounts": [{"name": "v", "mountPath": "/a", "mountPropagation": "X"}],
                }
            ],
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
        ["spec.containers[0].volumeMounts.mountPropagation"],
    ),
]
# what is put into a pod's container, and the fields that are then wrong
POD_CONTAINER: list[tuple[dict[str, Any], list[str]]] = [
    ({"name": "Main"}, ["spec.containers[0].name"]),
    ({"name": ""}, ["spec.containers[0].name"]),
    (
        {"name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        ["spec.containers[0].name"],
    ),
    ({"image": ""}, ["spec.containers[0].image"]),
    ({"image": " i"}, ["spec.containers[0].image"]),
    ({"imagePullPolicy": "Bad"}, ["spec.containers[0].imagePullPolicy"]),
    ({"ports": [{"containerPort": 0}]}, ["spec.containers[0].ports[0].containerPort"]),
    (
        {"ports": [{"containerPort": 80, "name": "UPPER"}]},
        ["spec.containers[0].ports[0].name", "spec.containers[0].ports[0].name"],
    ),
    (
        {"ports": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]},
        ["spec.containers[0].ports[1].name"],
    ),
    ({"ports": [{"containerPort": 80, "protocol": "X"}]}, ["spec.containers[0].ports[0].protocol"]),
    ({"ports": [{"containerPort": 80, "hostPort": 99999}]}, ["spec.containers[0].ports[0].hostPort"]),
    ({"env": [{"name": ""}]}, ["spec.containers[0].env[0].name"]),
    ({"env": [{"name": "a=b", "value": "x"}]}, ["spec.containers[0].env[0].name"]),
    (
        {"env": [{"name": "a", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
        ["spec.containers[0].env[0].valueFrom"],
    ),
    ({"env": [{"name": "a", "valueFrom": {}}]}, ["spec.containers[0].env[0].valueFrom"]),
    (
        {"env": [{"name": "a", "valueFrom": {"fieldRef": {"fieldPath": "metadata.bad"}}}]},
        ["spec.containers[0].env[0].valueFrom.fieldRef.fieldPath"],
    ),
    (
        {"env": [{"name": "a", "valueFrom": {"resourceFieldRef": {"resource": "limits.bad"}}}]},
        ["spec.containers[0].env[0].valueFrom.resourceFieldRef.resource"],
    ),
    (
        {"env": [{"name": "a", "valueFrom": {"secretKeyRef": {"name": "s"}}}]},
        ["spec.containers[0].env[0].valueFrom.secretKeyRef.key"],
    ),
    (
        {"env": [{"name": "a", "valueFrom": {"secretKeyRef": {"key": "k"}}}]},
        ["spec.containers[0].env[0].valueFrom.secretKeyRef.name"],
    ),
    (
        {"env": [{"name": "a", "valueFrom": {"configMapKeyRef": {"name": "s", "key": "a b"}}}]},
        ["spec.containers[0].env[0].valueFrom.configMapKeyRef.key"],
    ),
    ({"envFrom": [{}]}, ["spec.containers[0].envFrom"]),
    ({"envFrom": [{"configMapRef": {}}]}, ["spec.containers[0].envFrom[0].configMapRef.name"]),
    (
        {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}},
        ["spec.containers[0].resources.requests"],
    ),
    ({"resources": {"requests": {"cpu": "-1"}}}, ["spec.containers[0].resources.requests[cpu]"]),
    (
        {"resources": {"limits": {"nvidia.com/gpu": "0.5"}}},
        [
            "spec.containers[0].resources.limits[nvidia.com/gpu]",
            "spec.containers[0].resources.requests[nvidia.com/gpu]",
        ],
    ),
    ({"resources": {"requests": {"nvidia.com/gpu": "1"}}}, ["spec.containers[0].resources.limits"]),
    (
        {"resources": {"limits": {"foo": "1"}}},
        [
            "spec.containers[0].resources.limits[foo]",
            "spec.containers[0].resources.limits[foo]",
            "spec.containers[0].resources.requests[foo]",
            "spec.containers[0].resources.requests[foo]",
        ],
    ),
    ({"volumeMounts": [{"name": "none", "mountPath": "/a"}]}, ["spec.containers[0].volumeMounts[0].name"]),
    (
        {"volumeMounts": [{"name": "", "mountPath": ""}]},
        [
            "spec.containers[0].volumeMounts[0].name",
            "spec.containers[0].volumeMounts[0].name",
            "spec.containers[0].volumeMounts[0].mountPath",
        ],
    ),
    (
        {"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}},
        ["spec.containers[0].securityContext"],
    ),
    ({"securityContext": {"procMount": "X"}}, ["spec.containers[0].securityContext.procMount"]),
    ({"livenessProbe": {}}, ["spec.containers[0].livenessProbe"]),
    ({"livenessProbe": {"exec": {"command": []}}}, ["spec.containers[0].livenessProbe.exec.command"]),
    ({"livenessProbe": {"httpGet": {"port": 0}}}, ["spec.containers[0].livenessProbe.httpGet.port"]),
    ({"livenessProbe": {"httpGet": {"port": "a b"}}}, ["spec.containers[0].livenessProbe.httpGet.port"]),
    (
        {"livenessProbe": {"tcpSocket": {"port": 80}, "exec": {"command": ["a"]}}},
        ["spec.containers[0].livenessProbe.tcpSocket"],
    ),
    (
        {"livenessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": -1}},
        ["spec.containers[0].livenessProbe.periodSeconds"],
    ),
    (
        {"livenessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 2}},
        ["spec.containers[0].livenessProbe.successThreshold"],
    ),
    ({"lifecycle": {"preStop": {}}}, ["spec.containers[0].lifecycle.preStop"]),
    ({"terminationMessagePolicy": "X"}, ["spec.containers[0].terminationMessagePolicy"]),
]
# what is put into a pod's metadata, and the fields that are then wrong
POD_METADATA: list[tuple[dict[str, Any], list[str]]] = [
    ({"name": "A"}, ["metadata.name"]),
    ({"name": "a_b"}, ["metadata.name"]),
    ({"name": "p", "labels": {"a b": "c"}}, ["metadata.labels"]),
    ({"name": "p", "labels": {"a": "b c"}}, ["metadata.labels"]),
    (
        {"name": "p", "labels": {"a": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}},
        ["metadata.labels"],
    ),
    ({"name": "p", "annotations": {"a b": "c"}}, ["metadata.annotations"]),
    ({"name": "p", "finalizers": ["a b/c"]}, ["metadata.finalizers"]),
    (
        {"name": "p", "ownerReferences": [{"apiVersion": "", "kind": "", "name": "", "uid": ""}]},
        [
            "metadata.ownerReferences.apiVersion",
            "metadata.ownerReferences.kind",
            "metadata.ownerReferences.name",
            "metadata.ownerReferences.uid",
        ],
    ),
    (
        {"name": "p", "ownerReferences": [{"apiVersion": "v1", "kind": "Event", "name": "e", "uid": "u"}]},
        ["metadata.ownerReferences"],
    ),
    (
        {
            "name": "p",
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "A", "name": "e", "uid": "u", "controller": True},
                {"apiVersion": "v1", "kind": "B", "name": "e", "uid": "u2", "controller": True},
            ],
        },
        ["metadata.ownerReferences"],
    ),
    ({"generateName": "A-"}, ["metadata.name"]),
    ({}, ["metadata.name"]),
]
OTHERS: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "persistentvolumeclaims",
        {"spec": {"accessModes": [], "resources": {"requests": {"storage": "1Gi"}}}},
        ["spec.accessModes"],
    ),
    (
        "persistentvolumeclaims",
        {"spec": {"accessModes": ["Bad"], "resources": {"requests": {"storage": "1Gi"}}}},
        ["spec.accessModes"],
    ),
    (
        "persistentvolumeclaims",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {}}},
        ["spec.resources[storage]"],
    ),
    (
        "persistentvolumeclaims",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "0"}}}},
        ["spec.resources[storage]"],
    ),
    (
        "persistentvolumeclaims",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "-1"}}}},
        ["spec.resources[storage]"],
    ),
    (
        "persistentvolumeclaims",
        {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "volumeMode": "X",
            }
        },
        ["spec.volumeMode"],
    ),
    (
        "persistentvolumeclaims",
        {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "storageClassName": "A_b",
            }
        },
        ["spec.storageClassName"],
    ),
    (
        "persistentvolumeclaims",
        {
            "spec": {
                "accessModes": ["ReadWriteOncePod", "ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
            }
        },
        ["spec.accessModes"],
    ),
    (
        "persistentvolumeclaims",
        {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "selector": {"matchLabels": {"a b": "c"}},
            }
        },
        ["spec.selector.matchLabels"],
    ),
    ("configmaps", {"data": {"a b": "c"}}, ["data[a b]"]),
    ("configmaps", {"data": {"": "c"}}, ["data[]"]),
    ("configmaps", {"data": {"..": "c"}}, ["data[..]"]),
    ("configmaps", {"data": {"a": "x"}, "binaryData": {"a": "eA=="}}, ["data[a]"]),
    ("secrets", {"data": {"a b": "eA=="}}, ["data[a b]"]),
    (
        "secrets",
        {"type": "kubernetes.io/service-account-token"},
        ["metadata.annotations[kubernetes.io/service-account.name]"],
    ),
    ("secrets", {"type": "kubernetes.io/dockerconfigjson"}, ["data[.dockerconfigjson]"]),
    (
        "secrets",
        {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "eA=="}},
        ["data[.dockerconfigjson]"],
    ),
    ("secrets", {"type": "kubernetes.io/tls", "data": {}}, ["data[tls.crt]", "data[tls.key]"]),
    ("secrets", {"type": "kubernetes.io/basic-auth"}, ["data[username]", "data[password]"]),
    ("secrets", {"type": "kubernetes.io/ssh-auth"}, ["data[ssh-privatekey]"]),
    ("leases", {"spec": {"leaseDurationSeconds": 0}}, ["spec.leaseDurationSeconds"]),
    ("leases", {"spec": {"leaseDurationSeconds": -1}}, ["spec.leaseDurationSeconds"]),
    ("leases", {"spec": {"leaseTransitions": -1}}, ["spec.leaseTransitions"]),
    ("events", {"involvedObject": {"kind": "X", "namespace": "other"}}, ["involvedObject.namespace"]),
    ("events", {"involvedObject": {}}, ["involvedObject.namespace"]),
    ("roles", {"rules": [{"verbs": []}]}, ["rules[0].verbs", "rules[0].apiGroups", "rules[0].resources"]),
    ("roles", {"rules": [{"verbs": ["get"]}]}, ["rules[0].apiGroups", "rules[0].resources"]),
    ("roles", {"rules": [{"verbs": ["get"], "resources": ["pods"]}]}, ["rules[0].apiGroups"]),
    ("roles", {"rules": [{"verbs": ["get"], "apiGroups": [""]}]}, ["rules[0].resources"]),
    (
        "roles",
        {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "nonResourceURLs": ["/x"]}]},
        ["rules[0].nonResourceURLs", "rules[0].nonResourceURLs"],
    ),
    ("roles", {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]}, ["rules[0].nonResourceURLs"]),
    (
        "rolebindings",
        {
            "subjects": [{"kind": "Bad", "name": "a"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        },
        ["subjects[0].kind"],
    ),
    (
        "rolebindings",
        {
            "subjects": [{"kind": "User", "name": ""}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        },
        ["subjects[0].name"],
    ),
    (
        "rolebindings",
        {"subjects": [], "roleRef": {"apiGroup": "x", "kind": "Role", "name": "r"}},
        ["roleRef.apiGroup"],
    ),
    (
        "rolebindings",
        {"subjects": [], "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Bad", "name": "r"}},
        ["roleRef.kind"],
    ),
    (
        "rolebindings",
        {"subjects": [], "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ""}},
        ["roleRef.name"],
    ),
    (
        "jobs",
        {"spec": {"template": {"spec": {"containers": [{"name": "m", "image": "i"}]}}}},
        ["spec.template.spec.restartPolicy"],
    ),
    (
        "jobs",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Always", "containers": [{"name": "m", "image": "i"}]}}
            }
        },
        ["spec.template.spec.restartPolicy"],
    ),
    (
        "jobs",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "m", "image": "i"}]}},
                "backoffLimit": -1,
            }
        },
        ["spec.backoffLimit"],
    ),
    (
        "jobs",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "m", "image": "i"}]}},
                "parallelism": -1,
            }
        },
        ["spec.parallelism"],
    ),
    (
        "jobs",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "m", "image": "i"}]}},
                "completions": -1,
            }
        },
        ["spec.completions"],
    ),
    (
        "jobs",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "m", "image": "i"}]}},
                "activeDeadlineSeconds": -1,
            }
        },
        ["spec.activeDeadlineSeconds"],
    ),
    (
        "jobs",
        {
            "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "m", "image": "i"}]}},
                "ttlSecondsAfterFinished": -1,
            }
        },
        ["spec.ttlSecondsAfterFinished"],
    ),
]


def refused(api: Api, ns: str, kind: str, body: dict[str, Any], fields: list[str]) -> None:
    answer = api.post(f"{PATHS[kind].format(ns)}?dryRun=All", {"metadata": {"name": "bad"}, **body})
    assert (answer.code, answer.body["reason"]) == (422, "Invalid"), answer.body
    assert sorted({cause["field"] for cause in answer.body["details"]["causes"]}) == sorted(set(fields)), (
        answer.body["message"]
    )


def named(row: Any) -> str:
    return " ".join(row) if isinstance(row, list) else ""


@pytest.mark.parametrize(("spec", "fields"), POD_SPEC, ids=named)
def test_pod_specs_that_are_refused(api: Api, ns: str, spec: dict[str, Any], fields: list[str]) -> None:
    refused(api, ns, "pods", {"spec": {"containers": [{"name": "main", "image": "i"}], **spec}}, fields)


@pytest.mark.parametrize(("container", "fields"), POD_CONTAINER, ids=named)
def test_containers_that_are_refused(api: Api, ns: str, container: dict[str, Any], fields: list[str]) -> None:
    refused(api, ns, "pods", {"spec": {"containers": [{"name": "main", "image": "i", **container}]}}, fields)


@pytest.mark.parametrize(("metadata", "fields"), POD_METADATA, ids=named)
def test_metadata_that_is_refused(api: Api, ns: str, metadata: dict[str, Any], fields: list[str]) -> None:
    refused(
        api,
        ns,
        "pods",
        {"metadata": metadata, "spec": {"containers": [{"name": "main", "image": "i"}]}},
        fields,
    )


@pytest.mark.parametrize(("kind", "body", "fields"), OTHERS, ids=named)
def test_other_objects_that_are_refused(
    api: Api, ns: str, kind: str, body: dict[str, Any], fields: list[str]
) -> None:
    refused(api, ns, kind, body, fields)
