"""workflowTemplateRef, templateRef, defaults and inline templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from executor.engine import advance
from executor.engine.contract import Context, CreatePod
from executor.engine.simulate import START, Answer, simulate

TEMPLATE = yaml.safe_load("""
metadata: {name: shared, namespace: argo}
spec:
  entrypoint: main
  podMetadata: {labels: {team: a}}
  arguments: {parameters: [{name: x, value: from-template}, {name: y, value: y}]}
  hooks: {exit: {template: bye}}
  templates:
  - {name: main, steps: [[{name: a, template: inner}]]}
  - {name: inner, container: {image: alpine, command: [echo], args: ["{{workflow.parameters.x}}{{workflow.parameters.y}}"]}}
  - {name: bye, container: {image: alpine, command: [work]}}
""")
CONTEXT = Context(
    workflow_templates={("argo", "shared"): TEMPLATE}, cluster_workflow_templates={"wide": TEMPLATE}
)


def pods(outcome: Any) -> dict[str, Any]:
    return {
        c.pod["metadata"]["annotations"]["workflows.argoproj.io/node-name"]: c.pod
        for _, c in outcome.trace
        if isinstance(c, CreatePod)
    }


def test_workflow_template_ref_is_merged_and_stored(run: Any) -> None:
    outcome = run(
        """
        workflowTemplateRef: {name: shared}
        arguments: {parameters: [{name: x, value: mine}]}
        """,
        context=CONTEXT,
    )
    assert outcome.phase == "Succeeded"
    state = outcome.state
    assert state["metadata"]["labels"]["workflows.argoproj.io/workflow-template"] == "shared"
    stored = state["status"]["storedWorkflowTemplateSpec"]
    assert stored["arguments"]["parameters"] == [{"name": "x", "value": "mine"}, {"name": "y", "value": "y"}]
    assert stored["entrypoint"] == "main"
    assert outcome.node("a")["templateScope"] == "local/"
    assert outcome.node("wf.onExit")["phase"] == "Succeeded"
    assert pods(outcome)["wf[0].a"]["spec"]["containers"][1]["args"] == ["miney"]


def test_a_template_that_is_edited_later_does_not_reach_a_running_workflow(
    workflow: Callable[..., Any],
) -> None:
    made = workflow("workflowTemplateRef: {name: shared}")
    first = advance(made, (), START, CONTEXT).state
    again = advance(first, (), START, Context())
    assert again.state["status"]["phase"] == "Running"


def test_missing_workflow_template(run: Any) -> None:
    outcome = run("workflowTemplateRef: {name: gone}")
    assert (outcome.phase, outcome.state["status"]["message"]) == (
        "Error",
        'workflowtemplates.argoproj.io "gone" not found',
    )


def test_template_ref_switches_the_base_and_stores_templates(run: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        arguments: {parameters: [{name: x, value: "1"}, {name: y, value: "2"}]}
        templates:
        - name: main
          steps:
          - - {name: near, templateRef: {name: shared, template: main}}
            - {name: far, templateRef: {name: wide, template: inner, clusterScope: true}}
        """,
        context=CONTEXT,
    )
    assert outcome.phase == "Succeeded"
    assert sorted(outcome.state["status"]["storedTemplates"]) == [
        "cluster/wide/inner",
        "namespaced/shared/inner",
        "namespaced/shared/main",
    ]
    inner = outcome.node("wf[0].near[0].a")
    assert (inner["templateName"], inner["templateScope"]) == ("inner", "namespaced/shared")
    assert outcome.node("far")["templateRef"] == {"name": "wide", "template": "inner", "clusterScope": True}
    assert pods(outcome)["wf[0].far"]["metadata"]["labels"]["team"] == "a"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "{templates: [{name: main, steps: [[{name: a, templateRef: {name: gone, template: t}}]]}]}",
            "templates.main.steps[0].a template reference gone.t not found",
        ),
        (
            "{templates: [{name: main, dag: {tasks: [{name: a, templateRef: {name: shared, template: gone}}]}}]}",
            "templates.main.tasks.a template reference shared.gone not found",
        ),
        (
            "{onExit: tell, templates: [{name: main, container: {image: a, command: [c]}}, {name: tell, steps: [[{name: a, templateRef: {name: gone, template: t, clusterScope: true}}]]}]}",
            "templates.tell.steps[0].a template reference gone.t not found",
        ),
        (
            "{hooks: {late: {expression: 'true', templateRef: {name: gone, template: t}}}, templates: [{name: main, container: {image: a, command: [c]}}]}",
            "hooks.late template reference gone.t not found",
        ),
        (
            "{templates: [{name: main, steps: [[{name: a, templateRef: {name: shared, template: main}}]]}]}",
            "templates.main.steps[0].b template reference gone.t not found",
        ),
    ],
)
def test_references_to_what_is_not_there_are_refused_before_the_start(
    run: Any, spec: str, message: str
) -> None:
    shared = """
        metadata: {name: shared, namespace: argo}
        spec: {templates: [{name: main, steps: [[{name: b, templateRef: {name: gone, template: t}}]]}]}
    """
    context = Context(workflow_templates={("argo", "shared"): yaml.safe_load(shared)})
    outcome = run(f"{{entrypoint: main, {spec[1:]}", context=context)
    assert (outcome.phase, outcome.state["status"]["message"]) == ("Failed", f"invalid spec: {message}")
    assert "nodes" not in outcome.state["status"]


def test_template_defaults_apply_to_their_own_type_only(run: Any) -> None:
    outcome = run("""
        entrypoint: main
        templateDefaults:
          timeout: 30s
          container: {imagePullPolicy: Never, env: [{name: A, value: "1"}]}
        templates:
        - {name: main, steps: [[{name: a, template: c}, {name: b, template: s}]]}
        - {name: c, container: {image: alpine, command: [work], env: [{name: B, value: "2"}]}}
        - {name: s, script: {image: python, command: [python], source: x}}
    """)
    made = pods(outcome)
    main = made["wf[0].a"]["spec"]["containers"][1]
    assert main["imagePullPolicy"] == "Never"
    assert [e for e in main["env"] if not e["name"].startswith("ARGO_")] == [
        {"name": "B", "value": "2"},
        {"name": "A", "value": "1"},
    ]
    assert "imagePullPolicy" not in made["wf[0].b"]["spec"]["containers"][1]
    assert made["wf[0].b"]["spec"]["activeDeadlineSeconds"] == 30


def test_workflow_defaults_lie_under_the_workflow(workflow: Callable[..., Any]) -> None:
    made = workflow(
        "{entrypoint: main, serviceAccountName: mine, templates: [{name: main, container: {image: a, command: [c]}}]}"
    )
    context = Context(
        workflow_defaults={
            "metadata": {"labels": {"team": "x"}},
            "spec": {"serviceAccountName": "theirs", "nodeSelector": {"disk": "ssd"}},
        }
    )
    outcome = simulate(made, context=context)
    (pod,) = pods(outcome).values()
    assert (pod["spec"]["serviceAccountName"], pod["spec"]["nodeSelector"]) == ("mine", {"disk": "ssd"})
    assert outcome.state["metadata"]["labels"]["team"] == "x"


def test_inline_templates(run: Any, table: Any) -> None:
    outcome = run("""
        entrypoint: main
        templates:
        - name: main
          dag: {tasks: [{name: a, inline: {container: {image: alpine, command: [work]}}}]}
    """)
    assert table(outcome) == ["wf DAG Succeeded", "a Pod Succeeded"]


def test_recursion_ends_at_depth_one_hundred(run: Any) -> None:
    outcome = run("""
        entrypoint: main
        templates: [{name: main, steps: [[{name: again, template: main}]]}]
    """)
    assert outcome.phase == "Failed"
    nodes = list(outcome.state["status"]["nodes"].values())
    last = max(nodes, key=lambda node: len(node["name"]))
    assert (last["type"], last["phase"], len(nodes)) == ("Skipped", "Error", 199)
    assert last["message"].startswith("Maximum recursion depth exceeded. See https://")


def test_recursion_of_a_dag_is_an_error(run: Any) -> None:
    outcome = run(
        "{entrypoint: main, templates: [{name: main, dag: {tasks: [{name: again, template: main}]}}]}"
    )
    assert outcome.phase == "Error"


@pytest.mark.parametrize("form", ["steps", "dag", "nested", "retried"])
def test_volumes_of_the_spec_name_outputs_of_earlier_steps(run: Any, form: str) -> None:
    gen = "{name: gen, container: {image: a, command: [c]}, outputs: {parameters: [{name: out, valueFrom: {path: /o}}]}}"
    mounts = "volumeMounts: [{name: data, mountPath: /d}]"
    retried = "retryStrategy: {limit: 1}, " if form == "retried" else ""
    use = f"{{name: use, {retried}container: {{image: a, command: [c], {mounts}}}}}"
    kind = "tasks" if form == "dag" else "steps"
    last = "{name: b, template: use}"
    main = f"{{name: main, steps: [[{{name: a, template: gen}}], [{last}]]}}"
    if form == "dag":
        main = "{name: main, dag: {tasks: [{name: a, template: gen}, {name: b, template: use, depends: a}]}}"
    if form == "nested":
        inner = last.replace("use", "inner")
        main = f"{{name: main, steps: [[{{name: a, template: gen}}], [{inner}]]}}, {{name: inner, steps: [[{last}]]}}"
    claim = f"{{{{{kind}.a.outputs.parameters.out}}}}"
    volumes = f"volumes: [{{name: data, persistentVolumeClaim: {{claimName: '{claim}'}}}}]"
    outcome = run(
        f"{{entrypoint: main, {volumes}, templates: [{main}, {gen}, {use}]}}",
        {"gen": Answer(parameters={"out": "claim-7"})},
    )
    made = [k.pod for _, k in outcome.trace if isinstance(k, CreatePod)]
    assert outcome.phase == "Succeeded"
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "claim-7"}} in made[-1]["spec"]["volumes"]
