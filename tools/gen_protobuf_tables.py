"""Make `schemas/kube-protobuf.json`: field numbers of the protobuf messages that Go clients send.

kubectl's typed commands send protobuf bodies whatever the server prefers. Field numbers are append-only, so a table once
made stays right. Source: the descriptors in the PyPI package `k8s-proto` (core and meta), read without importing it, and
for the other groups, which it lacks, the table `OTHERS` below (upstream: generated.proto of each group).

    python -m tools.gen_protobuf_tables      # needs `protobuf` in a temporary environment, which it makes
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PACKAGES = ("k8s-proto==0.0.3", "protobuf==5.29.5")
OUTPUT = Path(__file__).resolve().parent.parent / "schemas" / "kube-protobuf.json"

_READ = """
import ast, json, pathlib, sys
from google.protobuf.descriptor_pb2 import FileDescriptorProto as File
found = {}
for path in pathlib.Path(sys.argv[1]).rglob("generated_pb2.py"):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "serialized_pb":
            text = node.value.args[0].value
            file = File.FromString(text.encode("latin1"))
            stack = [("", message) for message in file.message_type]
            while stack:
                prefix, message = stack.pop()
                name = prefix + message.name
                stack += [(name + ".", nested) for nested in message.nested_type]
                found[file.package + "." + name] = [
                    [f.number, f.name, f.type, f.label == 3, f.type_name.lstrip("."), message.options.map_entry]
                    for f in message.field
                ]
print(json.dumps(found))
"""

_SCALARS = {
    1: "double",
    2: "float",
    3: "int",
    4: "int",
    5: "int",
    8: "bool",
    9: "string",
    12: "bytes",
    13: "int",
}

# message → "number:name:type", where a type is string, bool, int, bytes, a message, `*type` (a list) or `{type` (a map
# from strings), `skip` for what a client has no say in. Names without a dot are messages of the same group; core., meta. and util. are abbreviations.
OTHERS = {
    "rbac.v1": {
        "PolicyRule": "1:verbs:*string 2:apiGroups:*string 3:resources:*string 4:resourceNames:*string 5:nonResourceURLs:*string",
        "Role": "1:metadata:meta.ObjectMeta 2:rules:*PolicyRule",
        "ClusterRole": "1:metadata:meta.ObjectMeta 2:rules:*PolicyRule 3:aggregationRule:AggregationRule",
        "AggregationRule": "1:clusterRoleSelectors:*meta.LabelSelector",
        "RoleBinding": "1:metadata:meta.ObjectMeta 2:subjects:*Subject 3:roleRef:RoleRef",
        "ClusterRoleBinding": "1:metadata:meta.ObjectMeta 2:subjects:*Subject 3:roleRef:RoleRef",
        "Subject": "1:kind:string 2:apiGroup:string 3:name:string 4:namespace:string",
        "RoleRef": "1:apiGroup:string 2:kind:string 3:name:string",
    },
    "authorization.v1": {
        "ResourceAttributes": "1:namespace:string 2:verb:string 3:group:string 4:version:string 5:resource:string"
        " 6:subresource:string 7:name:string",
        "NonResourceAttributes": "1:path:string 2:verb:string",
        "SelfSubjectAccessReview": "1:metadata:meta.ObjectMeta 2:spec:SelfSubjectAccessReviewSpec 3:status:skip",
        "SelfSubjectAccessReviewSpec": "1:resourceAttributes:ResourceAttributes 2:nonResourceAttributes:NonResourceAttributes",
        "SelfSubjectRulesReview": "1:metadata:meta.ObjectMeta 2:spec:SelfSubjectRulesReviewSpec 3:status:skip",
        "SelfSubjectRulesReviewSpec": "1:namespace:string",
        "SubjectAccessReview": "1:metadata:meta.ObjectMeta 2:spec:SubjectAccessReviewSpec 3:status:skip",
        "LocalSubjectAccessReview": "1:metadata:meta.ObjectMeta 2:spec:SubjectAccessReviewSpec 3:status:skip",
        "SubjectAccessReviewSpec": "1:resourceAttributes:ResourceAttributes 2:nonResourceAttributes:NonResourceAttributes"
        " 3:user:string 4:groups:*string 6:uid:string",
    },
    "authentication.v1": {
        "TokenRequest": "1:metadata:meta.ObjectMeta 2:spec:TokenRequestSpec 3:status:skip",
        "TokenRequestSpec": "1:audiences:*string 3:boundObjectRef:BoundObjectReference 4:expirationSeconds:int",
        "BoundObjectReference": "1:kind:string 2:apiVersion:string 3:name:string 4:uid:string",
        "SelfSubjectReview": "1:metadata:meta.ObjectMeta 2:status:skip",
        "TokenReview": "1:metadata:meta.ObjectMeta 2:spec:TokenReviewSpec 3:status:skip",
        "TokenReviewSpec": "1:token:string 2:audiences:*string",
    },
    "batch.v1": {
        "Job": "1:metadata:meta.ObjectMeta 2:spec:JobSpec 3:status:skip",
        "JobSpec": "1:parallelism:int 2:completions:int 3:activeDeadlineSeconds:int 4:selector:meta.LabelSelector"
        " 5:manualSelector:bool 6:template:core.PodTemplateSpec 7:backoffLimit:int 8:ttlSecondsAfterFinished:int"
        " 9:completionMode:string 10:suspend:bool 12:backoffLimitPerIndex:int 13:maxFailedIndexes:int"
        " 14:podReplacementPolicy:string 15:managedBy:string",
        "JobTemplateSpec": "1:metadata:meta.ObjectMeta 2:spec:JobSpec",
        "CronJob": "1:metadata:meta.ObjectMeta 2:spec:CronJobSpec 3:status:skip",
        "CronJobSpec": "1:schedule:string 2:startingDeadlineSeconds:int 3:concurrencyPolicy:string 4:suspend:bool"
        " 5:jobTemplate:JobTemplateSpec 6:successfulJobsHistoryLimit:int 7:failedJobsHistoryLimit:int 8:timeZone:string",
    },
    "policy.v1": {
        "PodDisruptionBudget": "1:metadata:meta.ObjectMeta 2:spec:PodDisruptionBudgetSpec 3:status:skip",
        "PodDisruptionBudgetSpec": "1:minAvailable:util.IntOrString 2:selector:meta.LabelSelector"
        " 3:maxUnavailable:util.IntOrString 4:unhealthyPodEvictionPolicy:string",
        "Eviction": "1:metadata:meta.ObjectMeta 2:deleteOptions:meta.DeleteOptions",
    },
    "coordination.v1": {
        "Lease": "1:metadata:meta.ObjectMeta 2:spec:LeaseSpec",
        "LeaseSpec": "1:holderIdentity:string 2:leaseDurationSeconds:int 3:acquireTime:meta.MicroTime"
        " 4:renewTime:meta.MicroTime 5:leaseTransitions:int 6:strategy:string 7:preferredHolder:string",
    },
    "scheduling.v1": {
        "PriorityClass": "1:metadata:meta.ObjectMeta 2:value:int 3:globalDefault:bool 4:description:string"
        " 5:preemptionPolicy:string",
    },
    "apps.v1": {
        "Deployment": "1:metadata:meta.ObjectMeta 2:spec:DeploymentSpec 3:status:skip",
        "DeploymentSpec": "1:replicas:int 2:selector:meta.LabelSelector 3:template:core.PodTemplateSpec"
        " 4:strategy:DeploymentStrategy 5:minReadySeconds:int 6:revisionHistoryLimit:int 7:paused:bool"
        " 9:progressDeadlineSeconds:int",
        "DeploymentStrategy": "1:type:string 2:rollingUpdate:RollingUpdateDeployment",
        "RollingUpdateDeployment": "1:maxUnavailable:util.IntOrString 2:maxSurge:util.IntOrString",
    },
    "meta": {
        "FieldsV1": "1:Raw:bytes",
        "ManagedFieldsEntry": "6:fieldsType:string 7:fieldsV1:meta.FieldsV1 8:subresource:string",
    },
    "core.v1": {
        "ConfigMap": "4:immutable:bool",
        "Secret": "5:immutable:bool",
    },
}
# Fields whose message Go embeds: their content stands in the object itself.
_INLINED = {
    "volumeSource",
    "persistentVolumeSource",
    "handler",
    "localObjectReference",
    "typeMeta",
    "secretReference",
}
_API = "k8s.io.api."
_META = "k8s.io.apimachinery.pkg.apis.meta.v1."
_SHORT = {
    _API: "",
    _META: "meta.",
    "k8s.io.apimachinery.pkg.util.intstr.": "util.",
    "k8s.io.apimachinery.pkg.api.resource.": "util.",
    "k8s.io.apimachinery.pkg.runtime.": "runtime.",
}


def short(name: str) -> str:
    """A message's name as the table has it: `core.v1.Pod`, `meta.ObjectMeta`."""
    for prefix, instead in _SHORT.items():
        if name.startswith(prefix):
            return instead + name.removeprefix(prefix)
    return name


def descriptors() -> dict[str, list[list[Any]]]:
    """The messages of `k8s-proto`: full name → its fields."""
    with tempfile.TemporaryDirectory() as folder:
        install = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            folder,
            *PACKAGES,
        ]
        subprocess.run(install, check=True)
        code = f"import sys; sys.path.insert(0, {folder!r})\n" + _READ
        done = subprocess.run(
            [sys.executable, "-c", code, f"{folder}/k8s"], check=True, capture_output=True, text=True
        )
        loaded: dict[str, list[list[Any]]] = json.loads(done.stdout)
        return loaded


def generate() -> dict[str, dict[str, list[str]]]:
    """message → number → [name, type]."""
    messages = descriptors()
    maps = {name: fields for name, fields in messages.items() if any(field[5] for field in fields)}
    table: dict[str, dict[str, list[str]]] = {}
    for name, fields in messages.items():
        if name in maps:
            continue
        row = table.setdefault(short(name), {})
        for number, field, kind, repeated, target, _ in fields:
            if target in maps:
                value = maps[target][1]
                text = "{" + (_SCALARS.get(value[2]) or short(value[4]))
            else:
                text = ("*" if repeated else "") + (_SCALARS.get(kind) or short(target))
            row[str(number)] = [
                field,
                ("!" + text) if field in _INLINED and not repeated and target else text,
            ]
    for group, rows in OTHERS.items():
        for message, line in rows.items():
            row = table.setdefault(f"{group}.{message}", {})
            for item in line.split():
                number, field, kind = item.split(":")
                row[number] = [field, _qualified(kind, group)]
    return dict(sorted(table.items()))


def _qualified(kind: str, group: str) -> str:
    mark = kind[0] if kind[0] in "*{" else ""
    name = kind.removeprefix(mark)
    if name in (*_SCALARS.values(), "skip") or name.startswith(("meta.", "util.", "runtime.")):
        return kind
    return mark + (name.replace("core.", "core.v1.") if name.startswith("core.") else f"{group}.{name}")


def main() -> None:
    """Write the data file."""
    OUTPUT.write_text(json.dumps(generate(), separators=(",", ":")) + "\n")
    print(f"{OUTPUT}: {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
