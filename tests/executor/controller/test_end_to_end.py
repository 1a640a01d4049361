"""Workflows through the whole embedded cluster: real API, controller, kubelet and sandbox."""

from __future__ import annotations

import time
from typing import Any

import pytest

from argolint.kube import resource_for
from executor import engine
from executor.commands import wf as commands

pytestmark = pytest.mark.sandbox
WORKFLOW = resource_for("Workflow")


def phases(wf: dict[str, Any]) -> dict[str, str]:
    nodes = (wf["status"].get("nodes") or {}).values()
    return {n["displayName"]: n["phase"] for n in nodes if n["type"] != "StepGroup"}


def test_hello_world(cluster: Any) -> None:
    wf = cluster.run("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: hello}
spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: alpine, command: [echo], args: [hello world]}
""")
    assert wf["status"]["phase"] == "Succeeded"
    assert wf["metadata"]["labels"] == {
        "workflows.argoproj.io/phase": "Succeeded",
        "workflows.argoproj.io/completed": "true",
    }
    assert phases(wf) == {"hello": "Succeeded"}
    assert wf["status"]["nodes"]["hello"]["outputs"] == {"exitCode": "0"}
    log = list(cluster.client.stream_log("hello", cluster.namespace, container="main"))
    assert log == [b"hello world"]


def test_steps_hand_outputs_on_and_task_results_are_cleaned_up(cluster: Any) -> None:
    wf = cluster.run("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: steps}
spec:
  entrypoint: main
  templates:
  - name: main
    outputs: {parameters: [{name: last, valueFrom: {parameter: "{{steps.c.outputs.parameters.out}}"}}]}
    steps:
    - - {name: a, template: gen}
    - - {name: b, template: say, arguments: {parameters: [{name: m, value: "{{item}}-{{steps.a.outputs.result}}"}]}, withItems: [x, z]}
    - - {name: c, template: say, arguments: {parameters: [{name: m, value: "{{steps.a.outputs.result}}"}]}}
  - name: gen
    script: {image: alpine, command: [sh], source: "echo 42"}
  - name: say
    inputs: {parameters: [{name: m}]}
    outputs: {parameters: [{name: out, valueFrom: {path: /tmp/o}}]}
    container: {image: alpine, command: [sh, -c], args: ["echo got {{inputs.parameters.m}} > /tmp/o"]}
""")
    assert wf["status"]["phase"] == "Succeeded"
    outputs = {
        n["displayName"]: (n.get("outputs") or {}).get("parameters") for n in wf["status"]["nodes"].values()
    }
    value = [{"name": "out", "valueFrom": {"path": "/tmp/o"}, "value": "got x-42"}]
    assert outputs["b(0:x)"] == value
    assert [p["value"] for p in outputs["b(1:z)"]] == ["got z-42"]
    assert [p["value"] for p in outputs["steps"]] == ["got 42"]
    end = time.monotonic() + 10
    results = resource_for("WorkflowTaskResult")
    while cluster.client.list(results, cluster.namespace).items and time.monotonic() < end:
        time.sleep(0.05)
    assert cluster.client.list(results, cluster.namespace).items == []
    pods = cluster.client.list(resource_for("Pod"), cluster.namespace).items
    assert {p["metadata"]["labels"]["workflows.argoproj.io/completed"] for p in pods} == {"true"}


def test_dag_with_a_failing_branch(cluster: Any) -> None:
    wf = cluster.run("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: dag}
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: ok}
      - {name: b, template: bad, depends: a}
      - {name: c, template: ok, depends: b.Failed}
      - {name: d, template: ok, depends: b.Succeeded}
  - name: ok
    container: {image: alpine, command: ["true"]}
  - name: bad
    container: {image: alpine, command: [sh, -c, exit 3]}
""")
    assert phases(wf) == {"dag": "Failed", "a": "Succeeded", "b": "Failed", "c": "Succeeded", "d": "Omitted"}
    bad = next(n for n in wf["status"]["nodes"].values() if n["displayName"] == "b")
    assert (bad["message"], bad["outputs"]["exitCode"]) == ("main: Error (exit code 3)", "3")


def test_retries_count_up(cluster: Any) -> None:
    wf = cluster.run("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: again}
spec:
  entrypoint: main
  templates:
  - name: main
    retryStrategy: {limit: "3"}
    container: {image: alpine, command: [sh, -c], args: ["test {{retries}} = 2"]}
""")
    assert phases(wf) == {
        "again": "Succeeded",
        "again(0)": "Failed",
        "again(1)": "Failed",
        "again(2)": "Succeeded",
    }


def test_template_ref_across_workflow_templates(cluster: Any) -> None:
    wf = cluster.run("""
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: lib}
spec:
  templates:
  - name: shout
    inputs: {parameters: [{name: m}]}
    container: {image: alpine, command: [echo, "{{inputs.parameters.m}}!"]}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: app}
spec:
  entrypoint: main
  arguments: {parameters: [{name: who, value: nobody}]}
  templates:
  - name: main
    steps:
    - - name: call
        templateRef: {name: lib, template: shout}
        arguments: {parameters: [{name: m, value: "{{workflow.parameters.who}}"}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: refs}
spec:
  workflowTemplateRef: {name: app}
  arguments: {parameters: [{name: who, value: me}]}
""")
    assert phases(wf) == {"refs": "Succeeded", "call": "Succeeded"}
    pods = cluster.client.list(resource_for("Pod"), cluster.namespace).items
    log = list(cluster.client.stream_log(pods[0]["metadata"]["name"], cluster.namespace, container="main"))
    assert log == [b"me!"]


def test_exit_handler_sees_the_status(cluster: Any) -> None:
    wf = cluster.run("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: exiting}
spec:
  entrypoint: main
  onExit: bye
  templates:
  - name: main
    container: {image: alpine, command: ["false"]}
  - name: bye
    container: {image: alpine, command: [echo, "{{workflow.status}}"]}
""")
    assert wf["status"]["phase"] == "Failed"
    assert phases(wf) == {"exiting": "Failed", "exiting.onExit": "Succeeded"}
    pod = next(
        p
        for p in cluster.client.list(resource_for("Pod"), cluster.namespace).items
        if p["metadata"]["name"] != "exiting"
    )
    log = list(cluster.client.stream_log(pod["metadata"]["name"], cluster.namespace, container="main"))
    assert log == [b"Failed"]


def test_suspend_waits_for_resume(cluster: Any) -> None:
    name = cluster.create("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: pausing}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: approve, template: hold}
    - - {name: go, template: ok}
  - {name: hold, suspend: {}}
  - name: ok
    container: {image: alpine, command: ["true"]}
""")["metadata"]["name"]
    held = cluster.until(
        name, lambda wf: phases(wf).get("approve") == "Running" if wf.get("status") else False
    )
    assert phases(held) == {"pausing": "Running", "approve": "Running"}
    resumed = engine.resume(held, now=commands.now())
    cluster.client.replace(WORKFLOW, resumed, cluster.namespace)
    wf = cluster.until(name, lambda wf: wf["status"]["phase"] == "Succeeded")
    assert phases(wf) == {"pausing": "Succeeded", "approve": "Succeeded", "go": "Succeeded"}


def test_stop_ends_a_running_pod_and_runs_the_exit_handler(cluster: Any) -> None:
    name = cluster.create("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: stopping}
spec:
  entrypoint: main
  onExit: bye
  templates:
  - name: main
    container: {image: alpine, command: [sleep, "600"]}
  - name: bye
    container: {image: alpine, command: ["true"]}
""")["metadata"]["name"]
    cluster.until(name, lambda wf: phases(wf).get("stopping") == "Running" if wf.get("status") else False)
    cluster.client.patch(WORKFLOW, name, {"spec": {"shutdown": "Stop"}}, cluster.namespace)
    wf = cluster.until(name, lambda wf: wf["status"]["phase"] == "Failed")
    assert wf["status"]["message"] == "Stopped with strategy 'Stop'"
    assert phases(wf) == {"stopping": "Failed", "stopping.onExit": "Succeeded"}
    pod = cluster.client.get(resource_for("Pod"), "stopping", cluster.namespace)
    end = time.monotonic() + 10
    while pod["status"]["phase"] != "Failed" and time.monotonic() < end:
        time.sleep(0.05)
        pod = cluster.client.get(resource_for("Pod"), "stopping", cluster.namespace)
    assert pod["status"]["phase"] == "Failed"


def test_ttl_deletes_the_workflow_and_its_pods(cluster: Any) -> None:
    cluster.run("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: fleeting}
spec:
  entrypoint: main
  ttlStrategy: {secondsAfterCompletion: 0}
  templates:
  - name: main
    container: {image: alpine, command: ["true"]}
""")
    end = time.monotonic() + 15
    client = cluster.client
    while time.monotonic() < end and (
        client.try_get(WORKFLOW, "fleeting", cluster.namespace)
        or client.try_get(resource_for("Pod"), "fleeting", cluster.namespace)
    ):
        time.sleep(0.05)
    assert client.try_get(WORKFLOW, "fleeting", cluster.namespace) is None
    assert client.try_get(resource_for("Pod"), "fleeting", cluster.namespace) is None


def test_an_invalid_workflow_fails_with_a_reason(cluster: Any) -> None:
    wf = cluster.run("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: wrong}
spec:
  entrypoint: nothing
  templates:
  - name: main
    container: {image: alpine, command: ["true"]}
""")
    assert wf["status"]["phase"] in ("Failed", "Error")
    assert "nothing" in wf["status"]["message"]


def test_a_missing_workflow_template_is_an_error(cluster: Any) -> None:
    wf = cluster.run("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: dangling}
spec:
  workflowTemplateRef: {name: not-there}
""")
    assert (wf["status"]["phase"], "not-there" in wf["status"]["message"]) == ("Error", True)


def test_resource_template_acts_with_the_pods_account(cluster: Any) -> None:
    text = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME}
spec:
  entrypoint: main
  templates:
  - name: main
    resource:
      action: create
      manifest: |
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: made}
        data: {a: b}
"""
    refused = cluster.run(text.replace("NAME", "refused"))
    assert refused["status"]["phase"] == "Failed"
    assert "cannot create resource" in refused["status"]["message"]
    cluster.create(
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: maker}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [create, get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: maker}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: maker}
subjects: [{kind: ServiceAccount, name: default, namespace: NS}]
""".replace("NS", cluster.namespace)
    )
    allowed = cluster.run(text.replace("NAME", "allowed"))
    assert allowed["status"]["phase"] == "Succeeded"
    assert cluster.client.get(resource_for("ConfigMap"), "made", cluster.namespace)["data"] == {"a": "b"}


def test_cron_fires_and_keeps_its_history(cluster: Any) -> None:
    cron = resource_for("CronWorkflow")
    cluster.create("""
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: tick}
spec:
  schedules: ["@every 1s"]
  successfulJobsHistoryLimit: 2
  stopStrategy: {expression: "cronworkflow.succeeded >= 3"}
  workflowSpec:
    entrypoint: main
    templates:
    - name: main
      container: {image: alpine, command: ["true"]}
""")
    end = time.monotonic() + 25
    while True:
        found = cluster.client.get(cron, "tick", cluster.namespace)
        if (found.get("status") or {}).get("phase") == "Stopped" or time.monotonic() > end:
            break
        time.sleep(0.1)
    status = found["status"]
    assert (status["phase"], status["succeeded"] >= 3, status.get("failed", 0)) == ("Stopped", True, 0)
    assert found["metadata"]["annotations"]["cronworkflows.argoproj.io/last-used-schedule"] == "@every 1s"
    children = cluster.client.list(
        WORKFLOW, cluster.namespace, label_selector="workflows.argoproj.io/cron-workflow=tick"
    ).items
    assert all(c["metadata"]["name"].startswith("tick-") for c in children)
    assert {o["kind"] for c in children for o in c["metadata"]["ownerReferences"]} == {"CronWorkflow"}
    assert 1 <= len(children) <= 4


def test_a_v3_schedule_is_a_spec_error_that_names_the_remedy(cluster: Any) -> None:
    cron = resource_for("CronWorkflow")
    cluster.create("""
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: old}
spec:
  schedule: "* * * * *"
  schedules: []
  workflowSpec: {entrypoint: main, templates: [{name: main, container: {image: alpine, command: ["true"]}}]}
""")
    end = time.monotonic() + 10
    conditions: list[dict[str, str]] = []
    while not conditions and time.monotonic() < end:
        time.sleep(0.05)
        conditions = (cluster.client.get(cron, "old", cluster.namespace).get("status") or {}).get(
            "conditions"
        ) or []
    assert conditions == [
        {
            "type": "SpecError",
            "status": "True",
            "message": 'spec.schedule was removed in Argo Workflows 4.0: write `schedules: ["* * * * *"]` instead',
        }
    ]


def test_a_mutex_lets_one_workflow_in_at_a_time(cluster: Any) -> None:
    text = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME}
spec:
  entrypoint: main
  synchronization: {mutexes: [{name: one}]}
  volumes: [{name: mark, persistentVolumeClaim: {claimName: mark}}]
  templates:
  - name: main
    container:
      image: alpine
      command: [sh, -c, "echo in >> /mark/log; sleep 0.3; echo out >> /mark/log"]
      volumeMounts: [{name: mark, mountPath: /mark}]
"""
    names = [cluster.create(text.replace("NAME", f"m{i}"))["metadata"]["name"] for i in range(3)]
    for name in names:
        ended = cluster.until(name, lambda wf: (wf.get("status") or {}).get("phase") == "Succeeded")
        assert "synchronization" not in ended["status"]
    log = (cluster.data / "claims" / cluster.namespace / "mark" / "log").read_text().split()
    assert log == ["in", "out"] * 3


def test_pod_gc_deletes_the_pods(cluster: Any) -> None:
    cluster.run("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: tidy}
spec:
  entrypoint: main
  podGC: {strategy: OnPodCompletion, deleteDelayDuration: 0s}
  templates:
  - name: main
    container: {image: alpine, command: ["true"]}
""")
    end = time.monotonic() + 10
    while cluster.client.list(resource_for("Pod"), cluster.namespace).items and time.monotonic() < end:
        time.sleep(0.05)
    assert cluster.client.list(resource_for("Pod"), cluster.namespace).items == []


def test_parallelism_of_the_controller_holds_workflows_back(cluster: Any) -> None:
    text = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME}
spec:
  entrypoint: main
  templates: [{name: main, container: {image: alpine, command: [sleep, "0.3"]}}]
"""
    client = cluster.client
    label = {"metadata": {"labels": {"workflows.argoproj.io/parallelism-limit": "1"}}}
    client.patch(resource_for("Namespace"), cluster.namespace, label)
    time.sleep(0.3)
    names = [cluster.create(text.replace("NAME", f"p{i}"))["metadata"]["name"] for i in range(3)]
    most = 0
    while True:
        found = [cluster.get(name).get("status") or {} for name in names]
        most = max(most, sum(status.get("phase") == "Running" for status in found))
        if all(status.get("phase") == "Succeeded" for status in found):
            break
        assert not [s for s in found if s.get("phase") in ("Failed", "Error")]
        time.sleep(0.02)
    assert most == 1


def test_an_http_template_is_requested_by_the_controller(cluster: Any) -> None:
    import http.server
    import threading

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"pong " + self.headers["X-Word"].encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        wf = cluster.run(
            """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: web}
spec:
  entrypoint: main
  templates:
  - name: main
    http: {url: "http://127.0.0.1:PORT/", headers: [{name: X-Word, value: hi}]}
""".replace("PORT", str(server.server_address[1]))
        )
    finally:
        server.shutdown()
    node = wf["status"]["nodes"]["web"]
    assert (wf["status"]["phase"], node["type"], node["outputs"]["result"]) == (
        "Succeeded",
        "HTTP",
        "pong hi",
    )


def test_deleting_a_running_workflow_ends_its_pod(cluster: Any) -> None:
    name = cluster.create("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: gone}
spec:
  entrypoint: main
  templates: [{name: main, container: {image: alpine, command: [sleep, "600"]}}]
""")["metadata"]["name"]
    cluster.until(name, lambda wf: phases(wf).get("gone") == "Running" if wf.get("status") else False)
    cluster.client.delete(WORKFLOW, name, cluster.namespace)
    end = time.monotonic() + 15
    pod = resource_for("Pod")
    while cluster.client.try_get(pod, "gone", cluster.namespace) and time.monotonic() < end:
        time.sleep(0.05)
    assert cluster.client.try_get(pod, "gone", cluster.namespace) is None


def test_kubectl_style_edits_while_running_are_kept(cluster: Any) -> None:
    name = cluster.create("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: edited}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, template: w}], [{name: b, template: w}]]
  - {name: w, container: {image: alpine, command: [sleep, "0.3"]}}
""")["metadata"]["name"]
    patch = {"metadata": {"labels": {"mine": "yes"}}}
    for _ in range(5):
        cluster.client.patch(WORKFLOW, name, patch, cluster.namespace)
        time.sleep(0.1)
        patch = {"metadata": {"annotations": {"at": str(time.time())}}}
    wf = cluster.until(name, lambda wf: (wf.get("status") or {}).get("phase") == "Succeeded")
    assert wf["metadata"]["labels"]["mine"] == "yes"
    assert phases(wf) == {"edited": "Succeeded", "a": "Succeeded", "b": "Succeeded"}


def test_a_missed_run_is_caught_up_once(cluster: Any) -> None:
    from datetime import UTC, datetime, timedelta

    tick = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=2)
    schedule = f"{tick.minute} {tick.hour} * * *"
    cluster.create(f"""
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: late
  annotations: {{cronworkflows.argoproj.io/last-used-schedule: "CRON_TZ=Etc/UTC {schedule}"}}
spec:
  schedules: ["{schedule}"]
  timezone: Etc/UTC
  startingDeadlineSeconds: 600
  workflowSpec:
    entrypoint: main
    templates: [{{name: main, container: {{image: alpine, command: [echo, "{{{{workflow.scheduledTime}}}}"]}}}}]
status: {{lastScheduledTime: "{tick - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"}}
""")
    name = f"late-{int(tick.timestamp())}"
    end = time.monotonic() + 15
    while cluster.client.try_get(WORKFLOW, name, cluster.namespace) is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    cluster.until(name, lambda wf: (wf.get("status") or {}).get("phase") == "Succeeded")
    log = list(cluster.client.stream_log(name, cluster.namespace, container="main"))
    assert log == [tick.strftime("%Y-%m-%dT%H:%M:%SZ").encode()]
    cron = resource_for("CronWorkflow")
    end = time.monotonic() + 15
    while (found := cluster.client.get(cron, "late", cluster.namespace)["status"]).get("succeeded") != 1:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert (found["lastScheduledTime"], found["active"]) == (tick.strftime("%Y-%m-%dT%H:%M:%SZ"), [])
    children = cluster.client.list(WORKFLOW, cluster.namespace).items
    assert [c["metadata"]["name"] for c in children] == [name]


def test_memoization_keeps_its_cache_in_the_controllers_namespace(cluster: Any) -> None:
    text = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME}
spec:
  entrypoint: main
  templates:
  - name: main
    memoize: {key: CACHEKEY, cache: {configMap: {name: e2e-cache}}}
    outputs: {parameters: [{name: o, valueFrom: {path: /tmp/o}}]}
    container: {image: alpine, command: [sh, -c, "date +%N > /tmp/o"]}
""".replace("CACHEKEY", f"k{int(time.time())}")
    first, second = (cluster.run(text.replace("NAME", name)) for name in ("memo1", "memo2"))
    assert [wf["status"]["phase"] for wf in (first, second)] == ["Succeeded", "Succeeded"]
    one, two = first["status"]["nodes"]["memo1"], second["status"]["nodes"]["memo2"]
    assert (one["memoizationStatus"]["hit"], two["memoizationStatus"]["hit"]) == (False, True)
    assert one["outputs"]["parameters"][0]["value"] == two["outputs"]["parameters"][0]["value"]
    assert cluster.client.try_get(resource_for("Pod"), "memo2", cluster.namespace) is None
