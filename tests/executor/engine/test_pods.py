"""The Pod manifests, and how pods' states become nodes' phases."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from executor.engine import advance
from executor.engine.contract import (
    Context,
    CreatePod,
    CreatePodFailed,
    PodDeleted,
    PodObserved,
    TaskResultObserved,
    WakeAt,
)
from executor.engine.simulate import START, Answer, template_of, with_status


def first_pod(workflow: Any, spec: str, **context: Any) -> tuple[Any, Any]:
    step = advance(workflow(spec), (), START, Context(**context))
    (pod,) = [c.pod for c in step.commands if isinstance(c, CreatePod)]
    return step.state, pod


CONTAINER = (
    "{entrypoint: main, templates: [{name: main, container: {image: alpine, command: [echo], args: [hi]}}]}"
)


def test_a_whole_container_pod(workflow: Any) -> None:
    _, pod = first_pod(workflow, CONTAINER)
    own = [
        {
            "name": "ARGO_POD_NAME",
            "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}},
        },
        {
            "name": "ARGO_POD_UID",
            "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.uid"}},
        },
        {"name": "ARGO_WORKFLOW_UID", "value": "uid-wf"},
        {"name": "ARGO_INSTANCE_ID", "value": ""},
    ]
    common = [
        {"name": "ARGO_NODE_ID", "value": "wf"},
        {"name": "ARGO_INCLUDE_SCRIPT_OUTPUT", "value": "false"},
        {"name": "ARGO_DEADLINE", "value": "0001-01-01T00:00:00Z"},
        {"name": "ARGO_WORKFLOW_NAME", "value": "wf"},
        {"name": "ARGO_PROGRESS_FILE", "value": "/var/run/argo/progress"},
        {"name": "ARGO_PROGRESS_PATCH_TICK_DURATION", "value": "1m0s"},
        {"name": "ARGO_PROGRESS_FILE_TICK_DURATION", "value": "3s"},
    ]
    logging = ["--loglevel", "info", "--log-format", "text", "--gloglevel", "0"]
    shared = {"name": "var-run-argo", "mountPath": "/var/run/argo"}
    tmp = {"name": "tmp-dir-argo", "mountPath": "/tmp", "subPath": "0"}
    image = "quay.io/argoproj/argoexec:v4.1.2"

    def name(text: str) -> dict[str, str]:
        return {"name": "ARGO_CONTAINER_NAME", "value": text}

    carried = pod["spec"]["initContainers"][0]["env"][-1]
    assert carried["name"] == "ARGO_TEMPLATE"
    assert json.loads(carried["value"]) == {
        "name": "main",
        "container": {"image": "alpine", "command": ["echo"], "args": ["hi"]},
        "inputs": {},
    }
    assert pod == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "wf",
            "namespace": "argo",
            "labels": {"workflows.argoproj.io/workflow": "wf", "workflows.argoproj.io/completed": "false"},
            "annotations": {
                "workflows.argoproj.io/node-name": "wf",
                "workflows.argoproj.io/node-id": "wf",
                "kubectl.kubernetes.io/default-container": "main",
            },
            "ownerReferences": [
                {
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "Workflow",
                    "name": "wf",
                    "uid": "uid-wf",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "restartPolicy": "Never",
            "volumes": [{"name": "var-run-argo", "emptyDir": {}}, {"name": "tmp-dir-argo", "emptyDir": {}}],
            "initContainers": [
                {
                    "name": "init",
                    "image": image,
                    "command": ["argoexec"],
                    "args": ["init", *logging],
                    "resources": {},
                    "volumeMounts": [shared, tmp],
                    "env": [*own, name("init"), *common, carried],
                }
            ],
            "containers": [
                {
                    "name": "wait",
                    "image": image,
                    "command": ["argoexec"],
                    "args": ["wait", *logging],
                    "resources": {},
                    "volumeMounts": [shared, tmp],
                    "env": [*own, name("wait"), *common],
                },
                {
                    "name": "main",
                    "image": "alpine",
                    "command": ["/var/run/argo/argoexec", "emissary", *logging, "--", "echo"],
                    "args": ["hi"],
                    "volumeMounts": [shared],
                    "env": [name("main"), *common],
                },
            ],
        },
    }


def test_script_artifacts_volumes_and_patches(workflow: Any) -> None:
    _, pod = first_pod(
        workflow,
        """
        entrypoint: main
        volumes: [{name: data, emptyDir: {}}, {name: unused, emptyDir: {}}]
        volumeClaimTemplates: [{metadata: {name: disk}, spec: {}}]
        podSpecPatch: '{"containers": [{"name": "main", "image": "patched"}]}'
        templates:
        - name: main
          inputs:
            artifacts:
            - {name: in, path: /in, raw: {data: x}}
            - {name: under, path: /data/under, raw: {data: x}}
          podSpecPatch: "terminationGracePeriodSeconds: 3"
          script:
            image: python
            command: [python]
            source: print(1)
            volumeMounts: [{name: data, mountPath: /data}, {name: disk, mountPath: /disk}]
        """,
    )
    spec = pod["spec"]
    assert [v["name"] for v in spec["volumes"]] == [
        "var-run-argo",
        "tmp-dir-argo",
        "argo-staging",
        "input-artifacts",
        "data",
        "disk",
    ]
    assert spec["volumes"][-1]["persistentVolumeClaim"] == {"claimName": "wf-disk"}
    wait, main = spec["containers"]
    assert (main["image"], main["args"], spec["terminationGracePeriodSeconds"]) == (
        "patched",
        ["/argo/staging/script"],
        3,
    )
    assert [(m["name"], m["mountPath"]) for m in main["volumeMounts"]] == [
        ("data", "/data"),
        ("disk", "/disk"),
        ("var-run-argo", "/var/run/argo"),
        ("argo-staging", "/argo/staging"),
        ("input-artifacts", "/in"),
    ]
    assert {"name": "data", "mountPath": "/mainctrfs/data"} in spec["initContainers"][0]["volumeMounts"]
    assert {"name": "disk", "mountPath": "/mainctrfs/disk"} in wait["volumeMounts"]


def test_unknown_volume_and_unknown_command(run: Any) -> None:
    text = "{entrypoint: main, templates: [{name: main, container: {image: alpine%s}}]}"
    volume = run(text % ", command: [c], volumeMounts: [{name: x, mountPath: /x}]")
    assert volume.state["status"]["message"] == (
        "error in entry template execution: volume 'x' not found in workflow spec"
    )
    command = run(text % "", context=Context())
    assert command.node("wf")["message"].startswith('failed to look-up entrypoint/cmd for image "alpine"')
    known = run(text % "", context=Context(image_commands={"alpine": (("/bin/sh",), ("-c",))}))
    (pod,) = [c.pod for _, c in known.trace if isinstance(c, CreatePod)]
    assert (pod["spec"]["containers"][1]["command"][-2:], pod["spec"]["containers"][1]["args"]) == (
        ["--", "/bin/sh"],
        ["-c"],
    )


def test_result_is_captured_only_if_the_enclosing_template_mentions_it(run: Any) -> None:
    outcome = run("""
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: a, template: say}
            - {name: b, template: say}
            - {name: c, template: say, withItems: ["x.y"]}
          - - {name: d, template: say, when: "{{=steps.a.outputs.result}} == {{steps.c.outputs.result}}"}
        - {name: say, script: {image: a, command: [sh], source: x}}
    """)
    captured = {}
    for _, command in outcome.trace:
        if isinstance(command, CreatePod):
            env = {e["name"]: e.get("value") for e in command.pod["spec"]["containers"][1]["env"]}
            captured[command.pod["metadata"]["annotations"]["workflows.argoproj.io/node-name"]] = env[
                "ARGO_INCLUDE_SCRIPT_OUTPUT"
            ]
    assert captured == {"wf[0].a": "true", "wf[0].b": "false", "wf[0].c(0:x.y)": "true"}


def test_resource_and_data_pods(workflow: Any) -> None:
    _, pod = first_pod(
        workflow,
        "{entrypoint: main, templates: [{name: main, resource: {action: create, manifest: 'kind: X'}}]}",
    )
    (main,) = pod["spec"]["containers"]
    assert main["args"] == ["resource", "create"]
    assert main["command"][-2:] == ["--", "argoexec"]
    assert template_of(pod)["resource"] == {"action": "create", "manifest": "kind: X"}
    _, pod = first_pod(
        workflow, "{entrypoint: main, templates: [{name: main, data: {source: {}, transformation: []}}]}"
    )
    (main,) = pod["spec"]["containers"]
    assert main["args"] == ["data", '{"source":{},"transformation":[]}']


def test_container_set_members(run: Any, table: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        templates:
        - name: main
          containerSet:
            containers:
            - {name: a, image: alpine, command: [a]}
            - {name: main, image: alpine, command: [b], dependencies: [a]}
        """,
        {"main": Answer(exit_code=3, exit_codes={"a": 0, "main": 3})},
    )
    assert table(outcome) == [
        "wf Pod Failed: main: Error (exit code 3)",
        "a Container Succeeded",
        "main Container Failed: main: Error (exit code 3): ",
    ]
    assert outcome.node("wf")["children"] == [outcome.node("a")["id"]]
    assert outcome.node("a")["children"] == [outcome.node("wf.main")["id"]]


def terminated(name: str, code: int, message: str = "") -> dict[str, Any]:
    ended = {"exitCode": code, "reason": "Error" if code else "Completed"}
    return {"name": name, "state": {"terminated": {**ended, **({"message": message} if message else {})}}}


@pytest.mark.parametrize(
    ("status", "phase", "message"),
    [
        ({"message": "evicted"}, "Failed", "evicted"),
        ({"containerStatuses": [terminated("main", 2, "boom")]}, "Failed", "main: Error (exit code 2): boom"),
        (
            {"containerStatuses": [terminated("wait", 1), terminated("main", 2)]},
            "Failed",
            "main: Error (exit code 2)",
        ),
        (
            {"containerStatuses": [terminated("wait", 1), terminated("main", 0)]},
            "Error",
            "wait: Error (exit code 1)",
        ),
        ({"initContainerStatuses": [terminated("init", 64)]}, "Error", "init: Error (exit code 64)"),
        (
            {"containerStatuses": [terminated("main", 0), terminated("wait", 0), terminated("car", 137)]},
            "Succeeded",
            None,
        ),
        (
            {"containerStatuses": [terminated("main", 0), terminated("wait", 0), terminated("car", 1)]},
            "Failed",
            "car: Error (exit code 1)",
        ),
        (
            {
                "containerStatuses": [
                    {"name": "main", "state": {"waiting": {"reason": "ErrImagePull", "message": "no"}}}
                ]
            },
            "Error",
            "Pod failed before main container starts due to ErrImagePull: no",
        ),
        (
            {
                "containerStatuses": [
                    {"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}},
                    {"name": "database", "state": {"waiting": {"reason": "ErrImagePull", "message": "no"}}},
                ]
            },
            "Error",
            "Pod failed before database container starts due to ErrImagePull: no",
        ),
    ],
)
def test_why_a_pod_failed(workflow: Any, status: dict[str, Any], phase: str, message: str | None) -> None:
    state, pod = first_pod(workflow, CONTAINER)
    step = advance(state, [PodObserved({**pod, "status": {"phase": "Failed", **status}})], START, Context())
    node = step.state["status"]["nodes"]["wf"]
    assert (node["phase"], node.get("message")) == (phase, message)
    assert step.state["status"]["phase"] == phase


def test_pending_pods_say_why(workflow: Any) -> None:
    state, pod = first_pod(workflow, CONTAINER)
    waiting = {
        "phase": "Pending",
        "containerStatuses": [
            {"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "slow"}}}
        ],
    }
    state = advance(state, [PodObserved({**pod, "status": waiting})], START, Context()).state
    assert state["status"]["nodes"]["wf"]["message"] == "ImagePullBackOff: slow"
    state = advance(
        state, [PodObserved(with_status(pod, "Running", START, {}, None))], START, Context()
    ).state
    node = state["status"]["nodes"]["wf"]
    assert (node["phase"], "message" in node) == ("Running", False)


def test_an_outstanding_task_result_keeps_the_workflow_from_ending(workflow: Any) -> None:
    state, pod = first_pod(workflow, CONTAINER)

    def result(complete: str) -> TaskResultObserved:
        labels = {"workflows.argoproj.io/report-outputs-completed": complete}
        return TaskResultObserved(
            {
                "metadata": {"name": "wf", "labels": labels},
                "outputs": {"result": "1"} if complete == "true" else None,
            }
        )

    state = advance(state, [result("false")], START, Context()).state
    state = advance(state, [PodObserved(with_status(pod, "Succeeded", START, {}, 0))], START, Context()).state
    assert (state["status"]["phase"], state["status"]["nodes"]["wf"]["phase"]) == ("Running", "Succeeded")
    state = advance(state, [result("true")], START, Context()).state
    assert (state["status"]["phase"], state["status"]["nodes"]["wf"]["outputs"]) == (
        "Succeeded",
        {"exitCode": "0", "result": "1"},
    )


def test_a_refused_pod_is_asked_for_again_or_is_an_error(workflow: Any) -> None:
    state, _ = first_pod(workflow, CONTAINER)
    step = advance(state, [CreatePodFailed("wf", "exceeded quota", True)], START, Context())
    assert step.state["status"]["nodes"]["wf"]["message"] == "exceeded quota"
    assert WakeAt(START + timedelta(seconds=10)) in step.commands
    assert not [c for c in step.commands if isinstance(c, CreatePod)]
    later = advance(step.state, (), START + timedelta(seconds=10), Context())
    assert [c.node_id for c in later.commands if isinstance(c, CreatePod)] == ["wf"]
    refused = advance(later.state, [CreatePodFailed("wf", "forbidden", False)], START, Context())
    assert (refused.state["status"]["phase"], refused.state["status"]["nodes"]["wf"]["message"]) == (
        "Error",
        "forbidden",
    )


def test_a_deleted_pod(workflow: Any) -> None:
    state, pod = first_pod(workflow, CONTAINER)
    again = advance(state, [PodDeleted("wf")], START, Context())
    assert [c.node_id for c in again.commands if isinstance(c, CreatePod)] == ["wf"]
    state = advance(
        again.state, [PodObserved(with_status(pod, "Running", START, {}, None))], START, Context()
    ).state
    state = advance(state, [PodDeleted("wf")], START, Context()).state
    assert (state["status"]["phase"], state["status"]["message"]) == ("Error", "pod deleted")


def test_a_pass_that_changes_nothing_says_so(workflow: Any) -> None:
    state, _ = first_pod(workflow, CONTAINER)
    step = advance(state, (), START + timedelta(seconds=5), Context())
    assert (step.changed, step.commands, step.state) == (False, (), state)


def test_pods_that_were_not_seen_are_asked_for_again_after_a_restart(workflow: Any) -> None:
    state, pod = first_pod(workflow, CONTAINER)
    restarted = advance(json.loads(json.dumps(state)), (), START, Context())
    assert [c.pod for c in restarted.commands if isinstance(c, CreatePod)] == [pod]
    pending = PodObserved({**pod, "status": {"phase": "Pending"}})
    seen = advance(json.loads(json.dumps(state)), [pending], START, Context())
    assert not [c for c in seen.commands if isinstance(c, CreatePod)]


def test_archive_location_comes_from_the_repository(workflow: Any) -> None:
    repository = {"archiveLogs": True, "s3": {"bucket": "b", "keyFormat": "x/{{workflow.name}}/{{pod.name}}"}}
    state, pod = first_pod(workflow, CONTAINER, artifact_repository=repository)
    assert template_of(pod)["archiveLocation"] == {
        "s3": {"bucket": "b", "key": "x/wf/wf"},
        "archiveLogs": True,
    }
    assert state["status"]["artifactRepositoryRef"] == {"default": True, "artifactRepository": repository}


@pytest.mark.parametrize("kind", ["container", "containerSet"])
def test_wait_sees_the_places_of_input_artifacts(workflow: Any, kind: str) -> None:
    body = "container: {image: a, command: [c], volumeMounts: [{name: data, mountPath: /data}]}"
    if kind == "containerSet":
        body = "containerSet: {volumeMounts: [{name: data, mountPath: /data}], containers: [{name: main, image: a, command: [c]}]}"
    inputs = "{name: over, path: /data/over, raw: {data: y}}, {name: in, path: /in, raw: {data: x}}"
    _, pod = first_pod(
        workflow,
        "{entrypoint: main, volumes: [{name: data, emptyDir: {}}], templates: [{name: main, inputs: {artifacts:"
        f" [{inputs}]}}, outputs: {{artifacts: [{{name: out, path: /in}}]}}, {body}}}]}}",
    )
    (wait,) = [one for one in pod["spec"]["containers"] if one["name"] == "wait"]
    assert wait["volumeMounts"][2:] == [
        {"name": "data", "mountPath": "/mainctrfs/data"},
        {"name": "input-artifacts", "mountPath": "/mainctrfs/in", "subPath": "in"},
    ]
