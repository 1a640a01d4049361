"""The resources of the Kubernetes API as policy rules name them: plural, group, kind, scope.

Kinds of Kubernetes itself, of Argo, and of what workflows often touch. A resource that is not here may be any custom one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class ApiResource(NamedTuple):
    """A resource: its plural name, API group ("" = core), kind, and whether it lives in namespaces."""

    name: str
    group: str
    kind: str
    namespaced: bool


_TABLE = """
:configmaps ConfigMap, endpoints Endpoints, events Event, limitranges LimitRange, persistentvolumeclaims PersistentVolumeClaim, pods Pod,
 podtemplates PodTemplate, replicationcontrollers ReplicationController, resourcequotas ResourceQuota, secrets Secret, serviceaccounts ServiceAccount,
 services Service, namespaces! Namespace, nodes! Node, persistentvolumes! PersistentVolume, componentstatuses! ComponentStatus
apps:controllerrevisions ControllerRevision, daemonsets DaemonSet, deployments Deployment, replicasets ReplicaSet, statefulsets StatefulSet
batch:jobs Job, cronjobs CronJob
autoscaling:horizontalpodautoscalers HorizontalPodAutoscaler
policy:poddisruptionbudgets PodDisruptionBudget
networking.k8s.io:ingresses Ingress, ingressclasses! IngressClass, networkpolicies NetworkPolicy
rbac.authorization.k8s.io:roles Role, rolebindings RoleBinding, clusterroles! ClusterRole, clusterrolebindings! ClusterRoleBinding
storage.k8s.io:storageclasses! StorageClass, volumeattachments! VolumeAttachment, csidrivers! CSIDriver, csinodes! CSINode
scheduling.k8s.io:priorityclasses! PriorityClass
coordination.k8s.io:leases Lease
discovery.k8s.io:endpointslices EndpointSlice
node.k8s.io:runtimeclasses! RuntimeClass
apiextensions.k8s.io:customresourcedefinitions! CustomResourceDefinition
apiregistration.k8s.io:apiservices! APIService
admissionregistration.k8s.io:mutatingwebhookconfigurations! MutatingWebhookConfiguration,
 validatingwebhookconfigurations! ValidatingWebhookConfiguration, validatingadmissionpolicies! ValidatingAdmissionPolicy,
 validatingadmissionpolicybindings! ValidatingAdmissionPolicyBinding
certificates.k8s.io:certificatesigningrequests! CertificateSigningRequest
authentication.k8s.io:tokenreviews! TokenReview
authorization.k8s.io:subjectaccessreviews! SubjectAccessReview, selfsubjectaccessreviews! SelfSubjectAccessReview,
 localsubjectaccessreviews LocalSubjectAccessReview
argoproj.io:workflows Workflow, workflowtemplates WorkflowTemplate, cronworkflows CronWorkflow, clusterworkflowtemplates! ClusterWorkflowTemplate,
 workfloweventbindings WorkflowEventBinding, workflowtasksets WorkflowTaskSet, workflowtaskresults WorkflowTaskResult,
 workflowartifactgctasks WorkflowArtifactGCTask, eventsources EventSource, sensors Sensor, eventbus EventBus, applications Application,
 applicationsets ApplicationSet, appprojects AppProject, rollouts Rollout, analysisruns AnalysisRun, analysistemplates AnalysisTemplate,
 clusteranalysistemplates! ClusterAnalysisTemplate, experiments Experiment
snapshot.storage.k8s.io:volumesnapshots VolumeSnapshot, volumesnapshotclasses! VolumeSnapshotClass, volumesnapshotcontents! VolumeSnapshotContent
cert-manager.io:certificates Certificate, issuers Issuer, clusterissuers! ClusterIssuer
sparkoperator.k8s.io:sparkapplications SparkApplication, scheduledsparkapplications ScheduledSparkApplication
kubeflow.org:tfjobs TFJob, pytorchjobs PyTorchJob, mpijobs MPIJob
ray.io:rayjobs RayJob, rayclusters RayCluster, rayservices RayService
serving.kserve.io:inferenceservices InferenceService
external-secrets.io:externalsecrets ExternalSecret, secretstores SecretStore, clustersecretstores! ClusterSecretStore
"""


def _read(table: str) -> tuple[ApiResource, ...]:
    found: list[ApiResource] = []
    group = ""
    for line in table.strip().split("\n"):
        head, colon, rest = line.partition(":")
        if colon:
            group, line = head, rest
        for entry in line.split(","):
            if entry.strip():
                name, kind = entry.split()
                found.append(ApiResource(name.rstrip("!"), group, kind, not name.endswith("!")))
    return tuple(found)


RESOURCES = _read(_TABLE)
BY_NAME: dict[str, list[ApiResource]] = {}
BY_KIND: dict[tuple[str, str], ApiResource] = {}
for _resource in RESOURCES:
    BY_NAME.setdefault(_resource.name, []).append(_resource)
    BY_KIND[_resource.group, _resource.kind] = _resource
GROUPS = frozenset(resource.group for resource in RESOURCES)

# Groups that resources have left; their API servers have not served them there since Kubernetes 1.22 at the latest.
FORMER_GROUPS = {"extensions": ("ingresses", "deployments", "daemonsets", "replicasets", "networkpolicies")}

# What people write for a resource: its kind, singular, or the short name of kubectl.
_SHORT = {
    "po": "pods", "cm": "configmaps", "svc": "services", "ns": "namespaces", "no": "nodes", "pv": "persistentvolumes",
    "pvc": "persistentvolumeclaims", "sa": "serviceaccounts", "deploy": "deployments", "ds": "daemonsets",
    "sts": "statefulsets", "rs": "replicasets", "cj": "cronjobs", "ing": "ingresses", "ev": "events", "wf": "workflows",
    "wftmpl": "workflowtemplates", "cwf": "cronworkflows", "cwft": "clusterworkflowtemplates", "crd": "customresourcedefinitions",
    "crds": "customresourcedefinitions", "eventbuses": "eventbus", "log": "pods/log", "logs": "pods/log", "netpol": "networkpolicies",
    "hpa": "horizontalpodautoscalers", "pdb": "poddisruptionbudgets", "quota": "resourcequotas", "ep": "endpoints",
}  # fmt: skip
_SINGULAR = {resource.kind.lower(): resource.name for resource in RESOURCES}


def meant_resource(word: str) -> str:
    """The resource that somebody means who writes its kind, singular or short name; "" when none is known or it is right."""
    base, slash, sub = word.partition("/")
    low = base.lower()
    found = low if low in BY_NAME else _SINGULAR.get(low) or _SHORT.get(low, "")
    if not found or found == base:
        return ""
    return found + slash + sub


def kubectl_resource(word: str) -> ApiResource | None:
    """The resource of a kubectl argument: `pod`, `pods`, `po/x`, `deployments.apps`."""
    base = word.partition("/")[0].partition(".")[0].lower()
    name = base if base in BY_NAME else meant_resource(base)
    found = BY_NAME.get(name)
    return found[0] if found else None


def is_cluster_scoped(group: str, resource: str) -> bool:
    """Whether a resource is known to live outside namespaces."""
    return any(
        not found.namespaced and found.group == group for found in BY_NAME.get(resource.partition("/")[0], ())
    )


@lru_cache(maxsize=256)
def is_slip_of_group(group: str) -> bool:
    """Whether a group that is not known can only be a slip of one that is: cut off before its domain, or a letter astray."""
    if (
        not group
        or group in GROUPS
        or group in _OTHER_GROUPS
        or "/" in group
        or "*" in group
        or "{{" in group
    ):
        return False
    if any(known.startswith(group + ".") for known in GROUPS):
        return True
    from difflib import SequenceMatcher

    wanted = 0.93 if group.endswith(".k8s.io") else 0.85
    return any(known and SequenceMatcher(None, group, known).ratio() >= wanted for known in GROUPS)


_OTHER_GROUPS = frozenset({"extensions", "events.k8s.io", "metrics.k8s.io", "gateway.networking.k8s.io"})
