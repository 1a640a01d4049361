"""Where upstream's published schemas are wrong for users, and what they leave out; data only."""

from __future__ import annotations

from typing import Any

WORKFLOWS_KINDS = {
    "Workflow": "Workflow",
    "WorkflowTemplate": "WorkflowTemplate",
    "ClusterWorkflowTemplate": "ClusterWorkflowTemplate",
    "CronWorkflow": "CronWorkflow",
    "WorkflowEventBinding": "WorkflowEventBinding",
    "WorkflowTaskSet": "WorkflowTaskSet",
    "WorkflowTaskResult": "WorkflowTaskResult",
    "WorkflowArtifactGCTask": "WorkflowArtifactGCTask",
}
WORKFLOWS_ROOTS = (
    "Workflow",
    "WorkflowTemplate",
    "ClusterWorkflowTemplate",
    "CronWorkflow",
    "WorkflowEventBinding",
    "Outputs",
    "Artifact",
    "ArtifactLocation",
    "core.PersistentVolumeClaim",
)
# Kinds that only controllers write; upstream's JSON Schema leaves them out.
WORKFLOWS_EXTRA: dict[str, Any] = {
    "WorkflowTaskSet": {
        "f": {
            "apiVersion": "s",
            "kind": "s",
            "metadata": "=meta.ObjectMeta",
            "spec": "=WorkflowTaskSetSpec",
            "status": "o",
        },
        "r": ["metadata", "spec"],
    },
    "WorkflowTaskSetSpec": {"f": {"tasks": "{=Template"}},
    "WorkflowTaskResult": {
        "f": {
            "apiVersion": "s",
            "kind": "s",
            "message": "s",
            "metadata": "=meta.ObjectMeta",
            "outputs": "=Outputs",
            "phase": "s",
            "progress": "s",
        },
        "r": ["metadata"],
    },
    "WorkflowArtifactGCTask": {
        "f": {
            "apiVersion": "s",
            "kind": "s",
            "metadata": "=meta.ObjectMeta",
            "spec": "=ArtifactGCSpec",
            "status": "o",
        },
        "r": ["metadata", "spec"],
    },
    "ArtifactGCSpec": {"f": {"artifactsByNode": "{=ArtifactNodeSpec"}},
    "ArtifactNodeSpec": {"f": {"archiveLocation": "=ArtifactLocation", "artifacts": "{=Artifact"}},
}
EVENTS_ROOTS = ("EventBus", "EventSource", "Sensor")
# What Argo Events' main branch has and the newest published JSON Schema lacks: definition → field → type. Each row names
# the upstream file that it was read from (argoproj/argo-events, in 2025 and 2026).
EVENTS_ADDITIONS: dict[str, dict[str, str]] = {
    # pkg/apis/events/v1alpha1/eventsource_types.go, docs/eventsources/setup/imap.md
    "EventSourceSpec": {"imap": "{=IMAPEventSource"},
    "IMAPEventSource": {
        "connectionBackoff": "=Backoff",
        "filter": "=EventSourceFilter",
        "hostAddress": "s",
        "metadata": "{s",
        "password": "=core.SecretKeySelector",
        "startTLS": "b",
        "username": "=core.SecretKeySelector",
    },
    # pkg/apis/events/v1alpha1/jetstream_eventbus.go
    "JetStreamConfig": {"auth": "s"},
    # pkg/apis/events/v1alpha1/kafka_eventbus.go
    "KafkaBus": {"consumerBatchMaxWait": "s"},
    # examples/sensors/http-log-level.yaml
    "SensorSpec": {"logLevel": "s"},
    # examples/sensors/jetstream-deliver-policy.yaml; `deliverPolicy` is the one member that is documented
    "EventDependency": {"jetStream": "o"},
    # pkg/apis/events/v1alpha1/sensor_types.go, docs/sensors/triggers/grpc-trigger.md
    "TriggerTemplate": {"gcpCloudFunctions": "=GCPCloudFunctionsTrigger", "grpc": "=GRPCTrigger"},
    # pkg/sensors/triggers/gcpcloudfunctions/gcpcloudfunctions.go
    "GCPCloudFunctionsTrigger": {
        "credentialSecret": "=core.SecretKeySelector",
        "headers": "{s",
        "method": "s",
        "parameters": "[=TriggerParameter",
        "payload": "[=TriggerParameter",
        "timeout": "i",
        "url": "s",
    },
    # docs/sensors/triggers/grpc-trigger.md
    "GRPCTrigger": {
        "insecure": "b",
        "method": "s",
        "parameters": "[=TriggerParameter",
        "payload": "[=TriggerParameter",
        "schema": "[=GRPCSchemaField",
        "timeout": "i",
        "tls": "=TLSConfig",
        "url": "s",
    },
    "GRPCSchemaField": {"name": "s", "number": "j", "type": "s"},
}

# Definitions that a type code says better than upstream's schema.
TYPES = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "x",
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
    "meta.Time": "t",
    "meta.MicroTime": "t",
    "meta.FieldsV1": "o",
    "Item": "*",
    "Plugin": "p",
    "ParallelSteps": "+",
    "Amount": "m",
    "Int64OrString": "y",
    "K8SResource": "o",
    # Written by controllers only; a manifest that carries one gets a finding of its own.
    "WorkflowStatus": "o",
    "CronWorkflowStatus": "o",
    "EventBusStatus": "o",
    "EventSourceStatus": "o",
    "SensorStatus": "o",
    "core.PersistentVolumeClaimStatus": "o",
}

# Fields whose Go type decodes more than the schema admits.
FIELD_TYPES = {
    "Parameter.value": "a",
    "Parameter.default": "a",
    "Parameter.description": "a",
    "Parameter.enum": "[a",
    "ValueFrom.default": "a",
    "WorkflowStep.withItems": "[*",
    "DAGTask.withItems": "[*",
}

# Non-pointer fields without `omitempty`: the schema calls them required, no reader insists.
NOT_REQUIRED: frozenset[str] = frozenset()

# Constants that upstream's validation or its full CRDs insist on; "" (unset) is always accepted.
_PULL_POLICY = ["Always", "IfNotPresent", "Never"]
_CORE_CONSTANTS = {
    "core.Container.imagePullPolicy": _PULL_POLICY,
    "core.Container.terminationMessagePolicy": ["File", "FallbackToLogsOnError"],
    "core.ContainerPort.protocol": ["TCP", "UDP", "SCTP"],
    "core.Toleration.effect": ["NoSchedule", "PreferNoSchedule", "NoExecute"],
    "core.Toleration.operator": ["Exists", "Equal"],
    "core.NodeSelectorRequirement.operator": ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"],
    "meta.LabelSelectorRequirement.operator": ["In", "NotIn", "Exists", "DoesNotExist"],
    "core.HTTPGetAction.scheme": ["HTTP", "HTTPS"],
    "core.HostPathVolumeSource.type": [
        "DirectoryOrCreate",
        "Directory",
        "FileOrCreate",
        "File",
        "Socket",
        "CharDevice",
        "BlockDevice",
    ],
}
WORKFLOWS_CONSTANTS: dict[str, list[str]] = {
    **_CORE_CONSTANTS,
    "ScriptTemplate.imagePullPolicy": _PULL_POLICY,
    "UserContainer.imagePullPolicy": _PULL_POLICY,
    "ContainerNode.imagePullPolicy": _PULL_POLICY,
    "WorkflowSpec.dnsPolicy": ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
    "RetryStrategy.retryPolicy": ["Always", "OnFailure", "OnError", "OnTransientError"],
    "PodGC.strategy": ["OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"],
    "VolumeClaimGC.strategy": ["OnWorkflowSuccess", "OnWorkflowCompletion"],
    "ArtifactGC.strategy": ["OnWorkflowCompletion", "OnWorkflowDeletion", "Never"],
    "WorkflowLevelArtifactGC.strategy": ["OnWorkflowCompletion", "OnWorkflowDeletion", "Never"],
    "ResourceTemplate.action": ["get", "create", "apply", "delete", "replace", "patch"],
    "ResourceTemplate.mergeStrategy": ["strategic", "merge", "json"],
    "Gauge.operation": ["Set", "Add", "Sub"],
    "S3Artifact.addressingStyle": ["path", "virtual-hosted"],
    "core.PersistentVolumeClaimSpec.accessModes": [
        "ReadWriteOnce",
        "ReadOnlyMany",
        "ReadWriteMany",
        "ReadWriteOncePod",
    ],
}
EVENTS_CONSTANTS: dict[str, list[str]] = {
    **_CORE_CONSTANTS,
    "ArgoWorkflowTrigger.operation": [
        "submit",
        "submit-from",
        "suspend",
        "resubmit",
        "retry",
        "resume",
        "terminate",
        "stop",
    ],
    "StandardK8STrigger.operation": ["create", "update", "patch", "delete"],
    "TriggerParameter.operation": ["overwrite", "prepend", "append"],
    "DataFilter.comparator": [">=", ">", "=", "!=", "<", "<="],
    "DataFilter.type": ["bool", "number", "string"],
    "EventDependency.filtersLogicalOperator": ["and", "or"],
    "EventDependencyFilter.dataLogicalOperator": ["and", "or"],
    "EventDependencyFilter.exprLogicalOperator": ["and", "or"],
    "Container.imagePullPolicy": _PULL_POLICY,
    "ContainerTemplate.imagePullPolicy": _PULL_POLICY,
    "GRPCSchemaField.type": [
        "string",
        "int32",
        "int64",
        "uint32",
        "uint64",
        "float",
        "double",
        "bool",
        "bytes",
    ],
}

# Where each CRD's schema meets a definition.
CRD_ROOTS = {
    "workflows": "Workflow",
    "workflowtemplates": "WorkflowTemplate",
    "cronworkflows": "CronWorkflow",
    "workfloweventbindings": "WorkflowEventBinding",
}

_OBJECT = {"apiVersion": "s", "kind": "s", "metadata": "=meta.ObjectMeta"}
_ROLE = {"f": {**_OBJECT, "rules": "[=rbac.PolicyRule"}, "r": ["metadata"]}
_BINDING = {
    "f": {**_OBJECT, "roleRef": "=rbac.RoleRef", "subjects": "[=rbac.Subject"},
    "r": ["metadata", "roleRef"],
}
CORE_KINDS = {
    "Role": "rbac.Role",
    "ClusterRole": "rbac.ClusterRole",
    "RoleBinding": "rbac.RoleBinding",
    "ClusterRoleBinding": "rbac.ClusterRoleBinding",
    "ServiceAccount": "core.ServiceAccount",
    "ConfigMap": "core.ConfigMap",
    "Secret": "core.Secret",
    "Namespace": "core.Namespace",
    "PersistentVolumeClaim": "core.PersistentVolumeClaim",
}
CORE_DEFINITIONS: dict[str, Any] = {
    "rbac.Role": _ROLE,
    "rbac.ClusterRole": {
        "f": {**_ROLE["f"], "aggregationRule": "=rbac.AggregationRule"},
        "r": ["metadata"],
    },
    "rbac.AggregationRule": {"f": {"clusterRoleSelectors": "[=meta.LabelSelector"}},
    "rbac.PolicyRule": {
        "f": {
            "apiGroups": "[s",
            "nonResourceURLs": "[s",
            "resourceNames": "[s",
            "resources": "[s",
            "verbs": "[s",
        },
        "r": ["verbs"],
    },
    "rbac.RoleBinding": _BINDING,
    "rbac.ClusterRoleBinding": _BINDING,
    "rbac.RoleRef": {"f": {"apiGroup": "s", "kind": "s", "name": "s"}, "r": ["kind", "name"]},
    "rbac.Subject": {
        "f": {"apiGroup": "s", "kind": "s", "name": "s", "namespace": "s"},
        "r": ["kind", "name"],
    },
    "core.ServiceAccount": {
        "f": {
            **_OBJECT,
            "automountServiceAccountToken": "b",
            "imagePullSecrets": "[=core.LocalObjectReference",
            "secrets": "[=core.ObjectReference",
        },
        "r": ["metadata"],
    },
    "core.LocalObjectReference": {"f": {"name": "s"}},
    "core.ObjectReference": {
        "f": {
            "apiVersion": "s",
            "fieldPath": "s",
            "kind": "s",
            "name": "s",
            "namespace": "s",
            "resourceVersion": "s",
            "uid": "s",
        }
    },
    "core.ConfigMap": {
        "f": {**_OBJECT, "binaryData": "{s", "data": "{s", "immutable": "b"},
        "r": ["metadata"],
    },
    "core.Secret": {
        "f": {**_OBJECT, "data": "{s", "immutable": "b", "stringData": "{s", "type": "s"},
        "r": ["metadata"],
    },
    "core.Namespace": {
        "f": {**_OBJECT, "spec": "=core.NamespaceSpec", "status": "o"},
        "r": ["metadata"],
    },
    "core.NamespaceSpec": {"f": {"finalizers": "[s"}},
    "meta.LabelSelector": {
        "f": {"matchExpressions": "[=meta.LabelSelectorRequirement", "matchLabels": "{s"},
    },
    "meta.LabelSelectorRequirement": {
        "f": {"key": "s", "operator": "s", "values": "[s"},
        "r": ["key", "operator"],
    },
}
CORE_CONSTANTS: dict[str, list[str]] = {
    "rbac.RoleRef.kind": ["Role", "ClusterRole"],
    "rbac.Subject.kind": ["ServiceAccount", "User", "Group"],
    "meta.LabelSelectorRequirement.operator": ["In", "NotIn", "Exists", "DoesNotExist"],
    "core.PersistentVolumeClaimSpec.accessModes": [
        "ReadWriteOnce",
        "ReadOnlyMany",
        "ReadWriteMany",
        "ReadWriteOncePod",
    ],
}
