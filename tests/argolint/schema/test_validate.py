"""What the walker says of objects: kind, path, words, suggestion."""

from __future__ import annotations

from typing import Any

import pytest

from argolint.errors import UserError
from argolint.schema import Problem, foreign, load, validate


def workflow(template: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    body = {"name": "main", "container": {"image": "alpine"}, **(template or {})}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "x-"},
        "spec": {"entrypoint": "main", "templates": [body], **spec},
    }


def brief(problems: list[Problem]) -> list[tuple[str, str, str]]:
    return [(problem.kind, problem.where, problem.suggestion) for problem in problems]


def test_a_sound_workflow_has_no_problems() -> None:
    assert validate(workflow(), "Workflow") == []


def test_a_kind_that_is_not_known_is_not_judged() -> None:
    assert validate({"spec": {"x": 1}}, "Deployment") == []


def test_all_problems_at_once_in_document_order() -> None:
    obj = workflow(
        {
            "container": {
                "image": "alpine",
                "comand": ["x"],
                "env": [{"name": "A", "value": 3}, {"value": "b"}],
            }
        },
        serviceaccountName="a",
        parallelism="2",
    )
    assert brief(validate(obj, "Workflow")) == [
        ("unknown-field", "spec.templates[0].container.comand", "command"),
        ("wrong-type", "spec.templates[0].container.env[0].value", ""),
        ("missing-field", "spec.templates[0].container.env[1].name", ""),
        ("wrong-case", "spec.serviceaccountName", "serviceAccountName"),
        ("wrong-type", "spec.parallelism", ""),
    ]


def test_container_and_key_lead_to_the_value() -> None:
    obj = workflow(parallelism="2")
    (problem,) = validate(obj, "Workflow")
    assert problem.container is obj["spec"]
    assert problem.key == "parallelism"
    assert problem.args == {
        "expected": "an integer",
        "found": 'the string "2"',
        "why": "",
        "lossless": "2",
        "code": "i",
    }


@pytest.mark.parametrize(
    ("template", "where", "places"),
    [
        (
            {"container": {"image": "a", "retryStrategy": {}}},
            "spec.templates[0].container.retryStrategy",
            ["a template (spec.templates[0])"],
        ),
        ({"image": "a"}, "spec.templates[0].image", ["`container.image`", "`script.image`"]),
        ({"parameters": []}, "spec.templates[0].parameters", ["`inputs.parameters`", "`outputs.parameters`"]),
        (
            {"steps": [[{"name": "a", "template": "b", "parameters": []}]]},
            "spec.templates[0].steps[0][0].parameters",
            ["`arguments.parameters`"],
        ),
        ({"entrypoint": "main"}, "spec.templates[0].entrypoint", ["a workflow's spec (spec)"]),
    ],
)
def test_misplaced_fields(template: dict[str, Any], where: str, places: list[str]) -> None:
    (problem,) = validate(workflow(template), "Workflow")
    assert (problem.kind, problem.where) == ("misplaced-field", where)
    assert problem.args["places"][: len(places)] == places


@pytest.mark.parametrize("where", ["steps", "tasks"])
def test_a_field_of_a_template_in_a_call_of_it_belongs_to_the_called_one(where: str) -> None:
    call = {"name": "a", "template": "b", "retryStrategy": {}}
    template = {"steps": [[call]]} if where == "steps" else {"dag": {"tasks": [call]}}
    (problem,) = validate(workflow(template), "Workflow")
    assert problem.args["places"][:2] == ["the template that it calls", "a workflow's spec (spec)"]


def test_fields_of_other_kinds_name_what_argo_has_instead() -> None:
    spec: dict[str, Any] = {"entrypoint": "main", "ttlSecondsAfterFinished": 60, "backoffLimit": 3}
    call = {"name": "a", "template": "b", "runAfter": ["x"], "needs": ["x"], "if": "true"}
    spec["templates"] = [{"name": "main", "dag": {"tasks": [call]}}]
    found = validate({**workflow(), "spec": spec}, "Workflow")
    assert [(problem.kind, problem.key, problem.args["instead"]) for problem in found] == [
        ("unknown-field", "ttlSecondsAfterFinished", "`ttlStrategy.secondsAfterCompletion`"),
        ("unknown-field", "backoffLimit", "`retryStrategy.limit`"),
        ("unknown-field", "runAfter", "`depends` or `dependencies`"),
        ("unknown-field", "needs", "`depends` or `dependencies`"),
        ("unknown-field", "if", "`when`"),
    ]


def test_the_group_and_version_that_triggers_once_had_are_needed_no_longer() -> None:
    trigger = {
        "name": "t",
        "k8s": {"group": "argoproj.io", "version": "v1alpha1", "resource": "workflows", "metadata": {}},
    }
    sensor = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Sensor",
        "metadata": {"name": "s"},
        "spec": {"dependencies": [], "triggers": [{"template": trigger}]},
    }
    assert [(p.kind, p.key, p.args.get("obsolete", "")) for p in validate(sensor, "Sensor")] == [
        ("unknown-field", "group", "the resource itself says its group, version and kind"),
        ("unknown-field", "version", "the resource itself says its group, version and kind"),
        ("unknown-field", "resource", "the resource itself says its group, version and kind"),
        ("unknown-field", "metadata", ""),
    ]


def test_no_definition_has_a_field_that_is_said_to_be_of_another_kind() -> None:
    definitions = load.schema_file("argo-workflows")["definitions"]
    own = {
        f"{name}.{field}"
        for name, fields in foreign.TABLE.items()
        for field in fields
        if field in definitions[name]["f"]
    }
    assert own == set()


def test_fields_that_argo_events_has_on_its_main_branch() -> None:
    sensor = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Sensor",
        "metadata": {"name": "s"},
        "spec": {
            "logLevel": "warn",
            "dependencies": [
                {"name": "d", "eventSourceName": "e", "eventName": "n", "jetStream": {"deliverPolicy": "all"}}
            ],
            "triggers": [
                {"template": {"name": "f", "gcpCloudFunctions": {"url": "https://f.example", "timeout": 5}}},
                {
                    "template": {
                        "name": "g",
                        "grpc": {
                            "url": "greeter:9000",
                            "method": "/a.B/C",
                            "schema": [{"name": "n", "number": 1, "type": "text"}],
                        },
                    }
                },
            ],
        },
    }
    source = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "EventSource",
        "metadata": {"name": "e"},
        "spec": {"imap": {"n": {"hostAddress": "mail.example:993", "startTLS": True, "port": 993}}},
    }
    assert [(p.kind, p.where) for p in validate(sensor, "Sensor")] == [
        ("invalid-enum", "spec.triggers[1].template.grpc.schema[0].type")
    ]
    assert [(p.kind, p.where) for p in validate(source, "EventSource")] == [
        ("unknown-field", "spec.imap.n.port")
    ]


@pytest.mark.parametrize(
    ("version", "spec", "expected"),
    [
        ("3.5", {"schedule": "* * * * *"}, []),
        ("3.5", {"schedules": ["* * * * *"]}, [("field-too-new", "spec.schedules", "3.6")]),
        ("3.5", {}, [("missing-field", "spec.schedule", "")]),
        ("3.7", {"schedule": "* * * * *"}, []),
        ("3.7", {}, []),
        ("4.0", {"schedule": "* * * * *"}, [("removed-field", "spec.schedule", "4.0")]),
        ("4.1.2", {}, [("missing-field", "spec.schedules", "")]),
        ("4.1", {"schedules": []}, [("refused-by-crd", "spec.schedules", "")]),
    ],
)
def test_releases(version: str, spec: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    obj = {
        "metadata": {"name": "c"},
        "spec": {"workflowSpec": {"entrypoint": "m"}, **spec},
    }
    found = [
        (problem.kind, problem.where, problem.args.get("removed", problem.args.get("since", "")))
        for problem in validate(obj, "CronWorkflow", version)
    ]
    assert found == expected


@pytest.mark.parametrize(
    "spec",
    [
        {"templates": [{"name": "a", "retryStrategy": {"limit": 10, "backoff": {"factor": "2"}}}]},
        {"templates": [{"name": "a", "activeDeadlineSeconds": "{{inputs.parameters.x}}"}]},
        {"templates": [{"name": "a", "container": {"resources": {"limits": {"cpu": 1, "memory": "1.5Gi"}}}}]},
        {
            "templates": [
                {"name": "a", "dag": {"tasks": [{"name": "b", "withItems": [1, "a", {"x": []}, None, [1]]}]}}
            ]
        },
        {"templates": [{"name": "a", "suspend": {}, "container": None}]},
        {"templates": [{"name": "a", "plugin": {"hello": {"any": ["thing"]}}}]},
        {"parallelism": 3.0},
        {"templateDefaults": {"metadata": {"labels": {"a": "b"}}}},
    ],
)
def test_what_the_decoder_takes(spec: dict[str, Any]) -> None:
    assert validate({"metadata": {"name": "x"}, "spec": spec}, "WorkflowTemplate") == []


@pytest.mark.parametrize(
    ("spec", "kind", "where"),
    [
        ({"templates": [{"name": "a", "retryStrategy": {"limit": True}}]}, "wrong-type", "spec.templates[0].retryStrategy.limit"),
        ({"templates": [{"name": "a", "suspend": {"duration": 20}}]}, "wrong-type", "spec.templates[0].suspend.duration"),
        ({"templates": [{"name": "a", "plugin": {"a": {}, "b": {}}}]}, "wrong-type", "spec.templates[0].plugin"),
        ({"templates": [None]}, "wrong-type", "spec.templates[0]"),
        ({"templates": {"name": "a"}}, "wrong-type", "spec.templates"),
        ({"arguments": {"parameters": [{"name": "a", "value": ["x"]}]}}, "wrong-type", "spec.arguments.parameters[0].value"),
        ({"parallelism": 1.5}, "wrong-type", "spec.parallelism"),
        ({"parallelism": "{{x}}"}, "wrong-type", "spec.parallelism"),
        ({"parallelism": 1 << 63}, "wrong-type", "spec.parallelism"),
        ({"podGC": {"strategy": "onPodCompletion"}}, "invalid-enum", "spec.podGC.strategy"),
        ({"templates": [{"name": "a", "container": {"resources": {"limits": {"cpu": "1 core"}}}}]}, "invalid-quantity", "spec.templates[0].container.resources.limits.cpu"),
        ({"templates": [{"name": "a", "container": {"resources": {"limits": {"cpu": "{{x}}"}}}}]}, "wrong-type", "spec.templates[0].container.resources.limits.cpu"),
        ({"templates": [{"name": "a", "steps": [{"name": "b", "template": "c"}]}]}, "single-dash-step", "spec.templates[0].steps[0]"),
        ({"templates": [{"name": "a", "parallelism": 0}]}, "refused-by-crd", "spec.templates[0].parallelism"),
        ({"arguments": {"parameters": [{"name": "a", "value": 3}]}}, "refused-by-crd", "spec.arguments.parameters[0].value"),
        ({"templates": [{"name": "a", "resource": {"action": "{{x}}"}}]}, "refused-by-crd", "spec.templates[0].resource.action"),
    ],
)  # fmt: skip
def test_what_is_refused(spec: dict[str, Any], kind: str, where: str) -> None:
    found = validate({"metadata": {"name": "x"}, "spec": spec}, "WorkflowTemplate")
    assert brief(found) == [(kind, where, found[0].suggestion)]


def test_the_minimal_crds_of_argo_3_refuse_nothing_that_the_decoder_takes() -> None:
    spec = {"arguments": {"parameters": [{"name": "a", "value": 3}]}, "parallelism": 0}
    assert validate({"metadata": {"name": "x"}, "spec": spec}, "WorkflowTemplate", "3.7") == []


def test_a_root_that_is_no_mapping_is_one_problem() -> None:
    (problem,) = validate(["x"], "Workflow")
    assert (problem.kind, problem.where, problem.args["expected"]) == ("wrong-type", "", "a mapping")


def test_events_sources_are_free_objects_and_fields_are_checked() -> None:
    sensor = {
        "metadata": {"name": "s"},
        "spec": {
            "dependencies": [{"name": "d", "eventSourceName": "e", "eventName": "x"}],
            "triggers": [
                {
                    "template": {
                        "name": "t",
                        "k8s": {
                            "operation": "created",
                            "source": {"resource": {"kind": "Workflow", "x": {}}},
                        },
                        "retryStrategy": {"steps": 3},
                    }
                }
            ],
        },
    }
    assert brief(validate(sensor, "Sensor")) == [
        ("invalid-enum", "spec.triggers[0].template.k8s.operation", "create"),
        ("misplaced-field", "spec.triggers[0].template.retryStrategy", ""),
    ]


def test_rbac_is_checked() -> None:
    role = {"metadata": {"name": "r"}, "rules": [{"apiGroup": [""], "resources": ["pods"]}]}
    assert brief(validate(role, "Role")) == [
        ("unknown-field", "rules[0].apiGroup", "apiGroups"),
        ("missing-field", "rules[0].verbs", ""),
    ]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("3.7", []), ("4.0", [("unknown-field", "spec.templates[0].memoize.cache.configMap.key", "")])],
)
def test_a_type_that_changed_between_releases(version: str, expected: list[tuple[str, str, str]]) -> None:
    memoize = {"key": "k", "maxAge": "1h", "cache": {"configMap": {"name": "c", "key": "k"}}}
    assert brief(validate(workflow({"memoize": memoize}), "Workflow", version)) == expected


def test_an_object_nested_without_end_is_one_clear_error() -> None:
    template: dict[str, Any] = {"name": "a"}
    for _ in range(10_000):
        template = {"name": "a", "dag": {"tasks": [{"name": "b", "inline": template}]}}
    with pytest.raises(UserError, match="the Workflow is nested too deeply"):
        validate(workflow(template), "Workflow")


def test_a_backoff_of_argo_events_counts_nanoseconds_in_an_int64() -> None:
    def source(duration: object) -> dict[str, Any]:
        kafka = {"url": "kafka:9092", "topic": "orders", "connectionBackoff": {"duration": duration}}
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "EventSource",
            "metadata": {"name": "orders"},
            "spec": {"kafka": {"orders": kafka}},
        }

    assert validate(source(10_000_000_000), "EventSource") == []
    assert validate(source("10s"), "EventSource") == []
    where = "spec.kafka.orders.connectionBackoff.duration"
    assert brief(validate(source(1.5), "EventSource")) == [("wrong-type", where, "")]
    assert brief(validate(source(1 << 63), "EventSource")) == [("wrong-type", where, "")]
