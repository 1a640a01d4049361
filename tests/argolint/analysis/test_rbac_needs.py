"""What objects need of accounts, across files, and what scripts ask of the API."""

from __future__ import annotations

import pytest

from argolint.analysis.rbac import Need, grants_of
from argolint.analysis.rbac_grant import Located, differences, includes, least_roles, least_rules
from argolint.analysis.rbac_lack import lacks
from argolint.analysis.rbac_needs import api_calls, object_needs, reached, runs_alone
from argolint.analysis.rbac_power import everyone, excess, strongest
from argolint.analysis.rbac_resources import (
    BY_NAME,
    is_cluster_scoped,
    is_slip_of_group,
    kubectl_resource,
    meant_resource,
)
from argolint.api import index_of
from argolint.context import File
from argolint.model.k8s import Object
from argolint.model.view import Span
from argolint.project.index import Index
from argolint.text import SourceText
from argolint.yaml.loader import parse

LIBRARY = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: library, namespace: ci}
spec:
  templates:
  - name: pipeline
    steps:
    - - {name: a, template: apply}
    - - {name: b, templateRef: {name: deeper, template: run}}
  - name: apply
    resource:
      action: apply
      manifest: |
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
  - name: unused
    container: {image: "a:1", command: [x]}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: deeper, namespace: ci}
spec:
  serviceAccountName: ignored
  templates:
  - name: run
    serviceAccountName: special
    container: {image: "a:1", command: [x]}
"""
CALLER = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-, namespace: ci}
spec:
  serviceAccountName: caller
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: go, templateRef: {name: library, template: pipeline}}]]
"""


def project(*texts: str) -> tuple[list[Object], Index]:
    files = [File(f"{i}.yaml", SourceText(text), parse(text)) for i, text in enumerate(texts)]
    return [obj for file in files for objects in file.objects for obj in objects], index_of(files)


def shown(needs: list[Need]) -> list[tuple[str, str, str, str, str]]:
    return [(need.account, need.group, need.resource, need.verb, need.name) for need in needs]


def test_templates_of_others_run_as_the_caller() -> None:
    objects, index = project(CALLER, LIBRARY)
    found = object_needs(objects[0], index, "ci")
    assert shown(found) == [
        ("caller", "argoproj.io", "workflowtaskresults", "create", ""),
        ("caller", "argoproj.io", "workflowtaskresults", "patch", ""),
        ("caller", "", "configmaps", "get", "settings"),
        ("caller", "", "configmaps", "create", "settings"),
        ("caller", "", "configmaps", "patch", "settings"),
        ("special", "argoproj.io", "workflowtaskresults", "create", ""),
        ("special", "argoproj.io", "workflowtaskresults", "patch", ""),
    ]
    assert {CALLER[need.at.start : need.at.end] for need in found} == {"library"}
    assert found[2].source == "WorkflowTemplate `library`, template `apply`"
    assert found[2].origin is not None
    path, start, end = found[2].origin
    assert (path, LIBRARY[start:end]) == ("1.yaml", "apply")


def test_templates_that_nothing_calls_are_not_reached() -> None:
    objects, index = project(CALLER, LIBRARY)
    names = [item.template.name for item in reached(objects[0].workflow_specs[0], index, "ci")]
    assert names == ["pipeline", "apply", "run"]


def test_a_circle_of_references_ends() -> None:
    loop = LIBRARY.replace("name: deeper, template: run", "name: library, template: pipeline")
    objects, index = project(CALLER, loop)
    assert len(reached(objects[0].workflow_specs[0], index, "ci")) == 2


def test_a_library_does_not_run_alone() -> None:
    objects, index = project(CALLER, LIBRARY)
    specs = [obj.workflow_specs[0] for obj in objects]
    assert [runs_alone(spec, index, "ci") for spec in specs] == [True, False, True]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("submit", [("workflows", "create"), ("workflows", "list")]),
        ("submit-from", [("workflows", "create"), ("workflows", "get"), ("workflowtemplates", "get")]),
        ("resubmit", [("workflows", "get"), ("workflows", "create")]),
        ("stop", [("workflows", "get"), ("workflows", "patch")]),
    ],
)
def test_triggers_that_start_workflows(operation: str, expected: list[tuple[str, str]]) -> None:
    kind = "WorkflowTemplate" if operation == "submit-from" else "Workflow"
    objects, index = project(f"""\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: s, namespace: ci}}
spec:
  template: {{serviceAccountName: sensor}}
  triggers:
  - template:
      name: t
      argoWorkflow:
        operation: {operation}
        source: {{resource: {{apiVersion: argoproj.io/v1alpha1, kind: {kind}, metadata: {{name: a}}}}}}
""")
    found = object_needs(objects[0], index, "ci")
    assert [(need.resource, need.verb) for need in found] == expected
    assert {need.account for need in found} == {"sensor"}


def test_events_of_resources() -> None:
    objects, index = project("""\
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: e}
spec:
  resource:
    jobs: {group: batch, version: v1, resource: jobs, namespace: builds}
""")
    found = object_needs(objects[0], index, "")
    assert [(n.account, n.group, n.resource, n.verb, n.namespace) for n in found] == [
        ("default", "batch", "jobs", "list", "builds"),
        ("default", "batch", "jobs", "watch", "builds"),
    ]


def test_artifacts_are_not_deleted_as_the_workflows_account() -> None:
    objects, index = project("""\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  serviceAccountName: runner
  artifactGC: {strategy: OnWorkflowCompletion}
  templates:
  - name: main
    suspend: {}
    outputs: {artifacts: [{name: a, path: /a}]}
""")
    assert shown(object_needs(objects[0], index, "")) == [
        ("default", "argoproj.io", "workflowartifactgctasks", "list", ""),
        ("default", "argoproj.io", "workflowartifactgctasks", "watch", ""),
        ("default", "argoproj.io", "workflowartifactgctasks/status", "patch", ""),
    ]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("[deployment, web, --namespace, prod]", ("apps", "deployments", "prod", "web")),
        ("[po/x, -n=prod]", ("", "pods", "prod", "x")),
        ("['{{inputs.parameters.kind}}', web]", None),
        ("[widget, web]", None),
    ],
)
def test_flags_name_what_is_acted_on(flags: str, expected: tuple[str, ...] | None) -> None:
    objects, index = project(f"""\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{generateName: a-}}
spec:
  templates:
  - name: main
    resource: {{action: get, flags: {flags}}}
""")
    found = [n for n in object_needs(objects[0], index, "") if n.kind == "action"]
    assert [(n.group, n.resource, n.namespace, n.name) for n in found] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("kubectl get pods -n prod", [("", "pods", ("get", "list"), "prod")]),
        ("kubectl get pod/web", [("", "pods", ("get",), "")]),
        ("kubectl -n prod delete cm settings", [("", "configmaps", ("delete",), "prod")]),
        ("x=$(kubectl logs -f web)", [("", "pods/log", ("get",), "")]),
        ("kubectl scale deploy/web --replicas=2", [("apps", "deployments/scale", ("patch",), "")]),
        ("kubectl apply -f x.yaml", []),
        ("kubectl get widgets", []),
        ("argo submit --from wftmpl/a", [("argoproj.io", "workflows", ("create",), "")]),
        ("echo cargo submit", []),
    ],
)
def test_commands_in_scripts(script: str, expected: list[tuple[str, str, tuple[str, ...], str]]) -> None:
    assert [(c.group, c.resource, c.verbs, c.namespace) for c in api_calls(script)] == expected


# --- grants -----------------------------------------------------------------------------------------


def need(
    resource: str, verb: str, *, group: str = "", name: str = "", source: str = "", namespace: str = ""
) -> Need:
    return Need("runner", group, resource, verb, namespace, name, "", Span(0, 0), "", source)


def test_resources_with_the_same_verbs_share_a_rule() -> None:
    rules = least_rules(
        [
            need("pods", "list", source="a"),
            need("pods", "get", source="a"),
            need("configmaps", "get", source="b"),
            need("configmaps", "list", source="b"),
            need("jobs", "create", group="batch", source="c"),
        ]
    )
    assert [(r.group, r.resources, r.names, r.verbs, r.sources) for r in rules] == [
        ("", ("configmaps", "pods"), (), ("get", "list"), ("a", "b")),
        ("batch", ("jobs",), (), ("create",), ("c",)),
    ]


def test_names_limit_what_they_can() -> None:
    rules = least_rules([need("configmaps", verb, name="settings") for verb in ("get", "create", "patch")])
    assert [(r.names, r.verbs) for r in rules] == [((), ("create",)), (("settings",), ("get", "patch"))]
    rules = least_rules([need("configmaps", "get", name="settings"), need("configmaps", "get")])
    assert [(r.names, r.verbs) for r in rules] == [((), ("get",))]


def test_roles_by_where_they_count() -> None:
    roles = least_roles(
        [
            Located("ci", need("namespaces", "get")),
            Located("ci", need("jobs", "create", group="batch", namespace="builds")),
            Located("ci", need("pods", "get")),
        ]
    )
    assert [(r.account, r.account_namespace, r.namespace, r.cluster) for r in roles] == [
        ("runner", "ci", "ci", False),
        ("runner", "ci", "builds", False),
        ("runner", "ci", "", True),
    ]


RBAC = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: caller, namespace: ci}
rules:
- {apiGroups: [argoproj.io], resources: [workflowtaskresults], verbs: [create]}
- {apiGroups: [""], resources: [pods, configmaps], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: caller, namespace: ci}
subjects: [{kind: ServiceAccount, name: caller, namespace: ci}]
roleRef: {kind: Role, name: caller}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: everything}
rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: strong}
subjects: [{kind: ServiceAccount, name: strong, namespace: ci}]
roleRef: {kind: ClusterRole, name: everything}
"""


def test_differences_both_ways() -> None:
    objects, index = project(CALLER, LIBRARY, RBAC)
    needs = [Located("ci", need) for need in object_needs(objects[0], index, "ci")]
    special, caller = sorted(
        differences(needs, grants_of(index)), key=lambda item: item.account, reverse=True
    )
    assert (special.account, [r.verbs for r in special.missing], special.excess) == (
        "special",
        [("create", "patch")],
        (),
    )
    assert [(r.resources, r.verbs) for r in caller.missing] == [
        (("configmaps",), ("create",)),
        (("configmaps",), ("patch",)),
        (("workflowtaskresults",), ("patch",)),
    ]
    assert [(r.resources, r.verbs, r.sources) for r in caller.excess] == [
        (("pods",), ("get",), ("Role caller",))
    ]


def test_what_is_lacking_is_said_at_the_reference() -> None:
    objects, index = project(CALLER, LIBRARY, RBAC)
    found = lacks(objects[0], index, "ci", "result")
    assert [
        (CALLER[lack.at.start : lack.at.end], lack.account, lack.verbs, lack.severity) for lack in found
    ] == [("library", "caller", ("patch",), None)]
    assert [text for _, text in found[0].places] == ["Role `caller` is bound to it", "the template is here"]


def test_excess_of_a_role_whose_holders_are_known() -> None:
    objects, index = project(CALLER, LIBRARY, RBAC)
    role = next(obj for obj in objects if obj.kind == "Role")
    assert [(i, rule.resources, rule.verbs) for i, rule in excess(role, index)] == [(1, ("pods",), ("get",))]
    speaking = LIBRARY.replace("a:1", "bitnami/kubectl:1")
    objects, index = project(
        CALLER.replace("templates:", "templates:\n  - {name: k, container: {image: kubectl}}"), speaking, RBAC
    )
    assert excess(next(obj for obj in objects if obj.kind == "Role"), index) == []


def test_the_strongest_account() -> None:
    _, index = project(RBAC)
    found = strongest("ci", index, but="caller")
    assert found is not None
    assert (found[0], found[1].role.name) == ("strong", "everything")
    assert (
        strongest(
            "ci",
            project(RBAC.partition("---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole")[0])[1],
            "caller",
        )
        is None
    )


def test_a_role_binding_does_not_reach_objects_outside_namespaces() -> None:
    _, index = project(RBAC.replace("pods, configmaps", "namespaces"))
    wanted = Need("caller", "", "namespaces", "get", "", "", "", Span(0, 0))
    assert not grants_of(index).allows("ci", "caller", wanted)
    assert grants_of(index).allows("ci", "strong", wanted)


def test_inclusion_of_rules() -> None:
    _, index = project(RBAC)
    (wide,) = grants_of(index).of("ci", "strong")[0].permissions
    results, reads = grants_of(index).of("ci", "caller")[0].permissions
    assert includes(wide, results)
    assert not includes(results, reads)
    assert includes(reads, reads._replace(names=frozenset({"a"})))
    assert not includes(reads._replace(names=frozenset({"a"})), reads)


def test_groups_that_hold_everybody() -> None:
    assert everyone("system:serviceaccounts:ci") == "every service account of namespace `ci`"
    assert everyone("developers") == ""


# --- names of resources -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Workflow", "workflows"),
        ("pod", "pods"),
        ("cm", "configmaps"),
        ("Pods/log", "pods/log"),
        ("pods", ""),
        ("widgets", ""),
    ],
)
def test_what_somebody_means(word: str, meant: str) -> None:
    assert meant_resource(word) == meant


def test_resources_know_their_group_and_scope() -> None:
    assert [found.group for found in BY_NAME["jobs"]] == ["batch"]
    assert is_cluster_scoped("", "nodes/proxy")
    assert not is_cluster_scoped("", "pods")
    found = kubectl_resource("deploy/web")
    assert found is not None
    assert (found.group, found.name) == ("apps", "deployments")


@pytest.mark.parametrize(
    ("group", "slip"),
    [
        ("argoproj", True),
        ("argoproj.oi", True),
        ("app", True),
        ("rbac.authorization", True),
        ("events.k8s.io", False),
        ("metrics.k8s.io", False),
        ("extensions", False),
        ("batch.volcano.sh", False),
        ("serving.knative.dev", False),
        ("argoproj.io", False),
    ],
)
def test_slips_of_groups(group: str, slip: bool) -> None:
    assert is_slip_of_group(group) is slip


def test_a_sensor_that_names_no_account_is_compared_with_others() -> None:
    sensor = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: s, namespace: ci}
spec:
  triggers:
  - template:
      name: t
      k8s:
        operation: create
        source: {resource: {apiVersion: v1, kind: Pod, metadata: {name: a}}}
"""
    granted = RBAC.replace("verbs: [get]", "verbs: [create]")
    objects, index = project(sensor, granted)
    assert [
        (lack.account, lack.resource, lack.severity) for lack in lacks(objects[0], index, "ci", "trigger")
    ] == [("default", "pods", "warning")]
    objects, index = project(sensor)
    assert lacks(objects[0], index, "ci", "trigger") == []
