"""What people type: real kubectl against the embedded API."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Iterator

import pytest

from executor.cluster.podlogs import LogWriter, log_path
from executor.cluster.testing import RunningCluster
from tests.executor.cluster.conftest import Kubectl


@pytest.fixture
def ns(kubectl: Kubectl) -> Iterator[str]:
    name = f"k-{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name)


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: NS}\ndata: {k: VALUE}\n"
WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: NS, labels: {app: demo}}
spec:
  entrypoint: main
  templates: [{name: main, container: {image: alpine}}]
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: NS}
spec: {containers: [{name: main, image: alpine}]}
"""


def test_apply_creates_configures_and_leaves_alone(kubectl: Kubectl, ns: str) -> None:
    said = [
        kubectl("apply", "-f", "-", stdin=CONFIG.replace("NS", ns).replace("VALUE", value)).stdout
        for value in "aab"
    ]
    assert said == ["configmap/c created\n", "configmap/c unchanged\n", "configmap/c configured\n"]
    assert kubectl("get", "cm", "c", "-n", ns, "-o", "jsonpath={.data.k}").stdout == "b"


def test_apply_server_side_reports_conflicts(kubectl: Kubectl, ns: str) -> None:
    manifest = CONFIG.replace("NS", ns)
    done = kubectl("apply", "--server-side", "-f", "-", stdin=manifest.replace("VALUE", "a"))
    assert done.stdout == "configmap/c serverside-applied\n"
    other = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    refused = kubectl(*other, stdin=manifest.replace("VALUE", "b"), ok=False)
    assert refused.returncode == 1
    assert 'conflict with "kubectl": .data.k' in refused.stderr
    kubectl(*other, "--force-conflicts", stdin=manifest.replace("VALUE", "b"))
    assert kubectl("get", "cm", "c", "-n", ns, "-o", "jsonpath={.data.k}").stdout == "b"


def test_apply_moves_from_client_to_server_side(kubectl: Kubectl, ns: str) -> None:
    manifest = CONFIG.replace("NS", ns).replace("VALUE", "a")
    kubectl("apply", "-f", "-", stdin=manifest)
    kubectl("apply", "--server-side", "-f", "-", stdin=manifest)
    fields = json.loads(kubectl("get", "cm", "c", "-n", ns, "-o", "json", "--show-managed-fields").stdout)
    managers = {entry["manager"]: entry["operation"] for entry in fields["metadata"]["managedFields"]}
    assert managers["kubectl"] == "Apply"
    assert "kubectl-client-side-apply" not in managers


def test_a_typo_is_refused_before_anything_is_stored(kubectl: Kubectl, ns: str) -> None:
    refused = kubectl("apply", "-f", "-", stdin=CONFIG.replace("NS", ns) + "dta: {}\n", ok=False)
    assert refused.returncode == 1
    assert 'unknown field "dta"' in refused.stderr


def test_diff_shows_what_would_change(kubectl: Kubectl, ns: str) -> None:
    manifest = CONFIG.replace("NS", ns)
    kubectl("apply", "-f", "-", stdin=manifest.replace("VALUE", "a"))
    assert kubectl("diff", "-f", "-", stdin=manifest.replace("VALUE", "a")).stdout == ""
    for flags in ([], ["--server-side", "--force-conflicts"]):
        done = kubectl("diff", *flags, "-f", "-", stdin=manifest.replace("VALUE", "b"), ok=False)
        assert done.returncode == 1
        assert "-  k: a\n+  k: b" in done.stdout


def test_get_prints_columns_and_objects(kubectl: Kubectl, ns: str) -> None:
    kubectl("apply", "-f", "-", stdin=WORKFLOW.replace("NS", ns))
    kubectl("patch", "wf", "w", "-n", ns, "--type=merge", "-p", '{"status":{"phase":"Running"}}')
    kubectl("create", "-f", "-", stdin=POD.replace("NS", ns))
    header, row = kubectl("get", "pods", "-n", ns).stdout.splitlines()
    assert header.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert row.split()[:4] == ["p", "0/1", "Pending", "0"]
    table = kubectl("get", "wf", "-n", ns).stdout.splitlines()
    assert table[0].split()[:2] == ["NAME", "STATUS"]
    assert table[1].split()[:2] == ["w", "Running"]
    assert kubectl("get", "wf", "-n", ns, "-l", "app=demo", "-o", "name").stdout == "workflow.argoproj.io/w\n"
    assert kubectl("get", "wf", "-n", ns, "-l", "app=other", "-o", "name").stdout == ""
    assert "entrypoint: main" in kubectl("get", "wf", "w", "-n", ns, "-o", "yaml").stdout
    assert kubectl("get", "nothing", "-n", ns, ok=False).stderr.startswith(
        "error: the server doesn't have a resource type"
    )
    missing = kubectl("get", "cm", "nope", "-n", ns, ok=False).stderr
    assert missing == 'Error from server (NotFound): configmaps "nope" not found\n'


def test_get_watch_prints_changes(kubectl: Kubectl, cluster: RunningCluster, ns: str) -> None:
    kubectl("create", "configmap", "one", "-n", ns)
    arguments = kubectl("get", "cm", "-n", ns).args[:5]
    watching = subprocess.Popen(
        [*arguments, "get", "cm", "-n", ns, "-w", "-o", "name"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert watching.stdout is not None
        time.sleep(0.5)
        kubectl("create", "configmap", "two", "-n", ns)
        seen = [watching.stdout.readline().strip() for _ in range(3)]
    finally:
        watching.kill()
        watching.wait()
    assert seen == ["configmap/kube-root-ca.crt", "configmap/one", "configmap/two"]


def test_typed_commands_send_protobuf(kubectl: Kubectl, ns: str) -> None:
    kubectl("create", "configmap", "c", "--from-literal=k=v", "-n", ns)
    kubectl("create", "secret", "generic", "s", "--from-literal=p=q", "-n", ns)
    kubectl("create", "serviceaccount", "bob", "-n", ns)
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods", "-n", ns)
    kubectl("create", "rolebinding", "bob", "--role=reader", f"--serviceaccount={ns}:bob", "-n", ns)
    kubectl("create", "job", "j", "--image=alpine", "-n", ns, "--", "echo", "hi")
    assert kubectl("get", "cm", "c", "-n", ns, "-o", "jsonpath={.data}").stdout == '{"k":"v"}'
    assert (
        kubectl("get", "secret", "s", "-n", ns, "-o", "jsonpath={.type} {.data}").stdout
        == 'Opaque {"p":"cQ=="}'
    )
    rules = json.loads(kubectl("get", "role", "reader", "-n", ns, "-o", "jsonpath={.rules}").stdout)
    assert rules == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    template = json.loads(kubectl("get", "job", "j", "-n", ns, "-o", "jsonpath={.spec.template.spec}").stdout)
    assert template["containers"][0]["command"] == ["echo", "hi"]
    bob = f"--as=system:serviceaccount:{ns}:bob"
    assert kubectl("auth", "can-i", "list", "pods", bob, "-n", ns).stdout == "yes\n"
    assert kubectl("auth", "can-i", "delete", "pods", bob, "-n", ns, ok=False).stdout.startswith("no")
    assert "kubernetes-admin" in kubectl("auth", "whoami").stdout
    assert kubectl("create", "token", "bob", "-n", ns).stdout.count(".") == 2


def test_patch_label_annotate_and_delete(kubectl: Kubectl, ns: str) -> None:
    kubectl("create", "configmap", "c", "--from-literal=k=v", "-n", ns)
    kubectl("patch", "cm", "c", "-n", ns, "-p", '{"data":{"x":"y"}}')
    kubectl("patch", "cm", "c", "-n", ns, "--type=json", "-p", '[{"op":"remove","path":"/data/k"}]')
    kubectl("label", "cm", "c", "a=b", "-n", ns)
    kubectl("annotate", "cm", "c", "note=x", "-n", ns)
    found = json.loads(kubectl("get", "cm", "c", "-n", ns, "-o", "json").stdout)
    assert (found["data"], found["metadata"]["labels"], found["metadata"]["annotations"]) == (
        {"x": "y"},
        {"a": "b"},
        {"note": "x"},
    )
    assert 'configmap "c" deleted' in kubectl("delete", "cm", "c", "-n", ns).stdout


def test_describe_and_explain(kubectl: Kubectl, ns: str) -> None:
    kubectl("create", "-f", "-", stdin=POD.replace("NS", ns))
    described = kubectl("describe", "pod", "p", "-n", ns).stdout
    assert "Name:             p\n" in described
    assert "Status:           Pending\n" in described
    assert "name\t<string>" in kubectl("explain", "pod.spec.containers").stdout
    assert "KIND:       Workflow" in kubectl("explain", "workflow").stdout


def test_wait_for_a_condition_and_for_deletion(kubectl: Kubectl, ns: str) -> None:
    kubectl("create", "-f", "-", stdin=POD.replace("NS", ns))
    status = '{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}'
    kubectl("patch", "pod", "p", "-n", ns, "--subresource=status", "--type=merge", "-p", status)
    assert (
        kubectl("wait", "pod/p", "-n", ns, "--for=condition=Ready", "--timeout=5s").stdout
        == "pod/p condition met\n"
    )
    kubectl("wait", "pod/p", "-n", ns, "--for=jsonpath={.status.phase}=Running", "--timeout=5s")
    kubectl("delete", "pod", "p", "-n", ns, "--wait=false")
    kubectl("wait", "pod/p", "-n", ns, "--for=delete", "--timeout=5s")


def test_logs_are_read_and_followed(kubectl: Kubectl, cluster: RunningCluster, ns: str) -> None:
    kubectl("create", "-f", "-", stdin=POD.replace("NS", ns))
    found = json.loads(kubectl("get", "pod", "p", "-n", ns, "-o", "json").stdout)
    writer = LogWriter(log_path(cluster.data, ns, "p", found["metadata"]["uid"], "main"))
    writer.write("stdout", "one\ntwo\n")
    running = '{"status":{"phase":"Running","containerStatuses":[{"name":"main","state":{"running":{}}}]}}'
    kubectl("patch", "pod", "p", "-n", ns, "--subresource=status", "--type=merge", "-p", running)
    assert kubectl("logs", "p", "-n", ns).stdout == "one\ntwo\n"
    assert kubectl("logs", "p", "-n", ns, "--tail=1").stdout == "two\n"
    stamped = kubectl("logs", "p", "-n", ns, "--timestamps", "--tail=1").stdout
    assert stamped.split(" ")[0].endswith("Z")
    assert stamped.endswith(" two\n")
    following = subprocess.Popen(
        [*kubectl("version", "--client").args[:5], "logs", "-f", "p", "-n", ns],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert following.stdout is not None
    assert [following.stdout.readline() for _ in range(2)] == ["one\n", "two\n"]
    writer.write("stderr", "three\n")
    assert following.stdout.readline() == "three\n"
    writer.close()
    done = '{"status":{"phase":"Succeeded","containerStatuses":[{"name":"main","state":{"terminated":{"exitCode":0}}}]}}'
    kubectl("patch", "pod", "p", "-n", ns, "--subresource=status", "--type=merge", "-p", done)
    assert following.wait(10) == 0
    refused = kubectl("logs", "p", "-n", ns, "-c", "nope", ok=False)
    assert "container nope is not valid for pod p" in refused.stderr


def test_a_bound_pod_is_deleted_in_two_steps(kubectl: Kubectl, ns: str) -> None:
    kubectl(
        "create", "-f", "-", stdin=POD.replace("NS", ns).replace("containers:", "nodeName: here, containers:")
    )
    kubectl("delete", "pod", "p", "-n", ns, "--wait=false", "--grace-period=7")
    found = json.loads(kubectl("get", "pod", "p", "-n", ns, "-o", "json").stdout)
    assert found["metadata"]["deletionGracePeriodSeconds"] == 7
    assert kubectl("get", "pod", "p", "-n", ns).stdout.splitlines()[1].split()[2] == "Terminating"
    kubectl("delete", "pod", "p", "-n", ns, "--grace-period=0", "--force")
    assert kubectl("get", "pod", "p", "-n", ns, ok=False).returncode == 1


def test_a_crd_defines_a_resource_at_once(kubectl: Kubectl, ns: str) -> None:
    group = f"{ns}.example.com"
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wdg"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": [
                        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"}
                    ],
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {
                                    "type": "object",
                                    "required": ["size"],
                                    "properties": {
                                        "size": {"type": "integer", "minimum": 1},
                                        "color": {"type": "string", "default": "red"},
                                    },
                                    "x-kubernetes-validations": [
                                        {"rule": "self.size < 100", "message": "too large a widget"},
                                        {
                                            "rule": "self.size >= oldSelf.size",
                                            "message": "widgets do not shrink",
                                        },
                                    ],
                                }
                            },
                        }
                    },
                }
            ],
        },
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(crd))
    kubectl("wait", f"crd/widgets.{group}", "--for=condition=Established", "--timeout=5s")
    widget = {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "metadata": {"name": "a", "namespace": ns},
        "spec": {"size": 3},
    }
    kubectl("create", "-f", "-", stdin=json.dumps(widget))
    header, row = kubectl("get", f"widgets.{group}", "-n", ns).stdout.splitlines()
    assert (header.split(), row.split()) == (["NAME", "SIZE"], ["a", "3"])
    assert (
        kubectl("get", f"widget.{group}", "a", "-n", ns, "-o", "jsonpath={.spec}").stdout
        == '{"color":"red","size":3}'
    )
    patches = {
        '{"spec":{"size":0}}': "spec.size in body should be greater than or equal to 1",
        '{"spec":{"size":"x"}}': 'must be of type integer: "string"',
        '{"spec":{"size":null}}': "spec.size: Required value",
        '{"spec":{"size":200}}': "too large a widget",
        '{"spec":{"size":2}}': "widgets do not shrink",
    }
    for patch, message in patches.items():
        refused = kubectl("patch", f"widget.{group}", "a", "-n", ns, "--type=merge", "-p", patch, ok=False)
        assert message in refused.stderr
    kubectl("delete", "crd", f"widgets.{group}")
    assert kubectl("get", f"widgets.{group}", "-n", ns, ok=False).returncode == 1


def test_what_is_not_served_says_so(kubectl: Kubectl, cluster: RunningCluster) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "unserved", "namespace": "default"},
        "spec": {"containers": [{"name": "main", "image": "i"}]},
    }
    kubectl("create", "-f", "-", stdin=json.dumps(pod))
    top = kubectl("top", "pods", ok=False)
    assert top.returncode == 1
    assert "no kubelet runs on this data directory: start `argorun kubelet`" in top.stderr
    # kubectl asks for attach and port-forward of a running pod only; this one runs in name alone.
    status = {"status": {"phase": "Running"}}
    kubectl("patch", "pod", "unserved", "--subresource=status", "--type=merge", "-p", json.dumps(status))
    attached = kubectl("attach", "unserved", ok=False)
    assert attached.returncode == 1
    assert "container main in pod unserved has not started" in attached.stderr
    entered = kubectl("exec", "unserved", "--", "true", ok=False)
    assert entered.returncode == 1
    assert "no kubelet runs on this data directory: start `argorun kubelet`" in entered.stderr
    proxied = kubectl("get", "--raw", "/api/v1/namespaces/default/pods/unserved/proxy", ok=False)
    assert "pods/proxy is not served by this embedded cluster: use kubectl port-forward" in proxied.stderr
    kubectl("delete", "pod", "unserved", "--grace-period=0", "--force")


def test_a_disruption_budget_counts_its_pods(kubectl: Kubectl) -> None:
    def pod(name: str) -> dict[str, object]:
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": "budget"}},
            "spec": {"containers": [{"name": "main", "image": "i"}], "nodeName": "here"},
        }

    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "budget"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "budget"}}},
    }
    items = [budget, pod("budget-1"), pod("budget-2")]
    kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

    def numbers() -> tuple[int, int, int, int]:
        status = json.loads(kubectl("get", "pdb", "budget", "-o", "json").stdout).get("status") or {}
        return (
            status.get("expectedPods", -1),
            status.get("currentHealthy", -1),
            status.get("desiredHealthy", -1),
            status.get("disruptionsAllowed", -1),
        )

    def becomes(expected: tuple[int, int, int, int]) -> bool:
        end = time.monotonic() + 10
        while numbers() != expected and time.monotonic() < end:
            time.sleep(0.1)
        return numbers() == expected

    assert becomes((2, 0, 1, 0))
    for name in ("budget-1", "budget-2"):
        ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        patch = json.dumps({"status": ready})
        kubectl("patch", "pod", name, "--subresource=status", "--type=merge", "-p", patch)
    assert becomes((2, 2, 1, 1))
    waited = kubectl("wait", "--for=condition=DisruptionAllowed", "pdb/budget", "--timeout=5s")
    assert "condition met" in waited.stdout
    kubectl("delete", "pod", "budget-1", "--grace-period=0", "--force")
    assert becomes((1, 1, 1, 0))
    kubectl("delete", "pod/budget-2", "pdb/budget", "--grace-period=0", "--force")
