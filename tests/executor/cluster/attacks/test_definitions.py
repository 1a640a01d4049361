"""Attacks by CustomResourceDefinitions: patterns and rules that never end, schemas without bound, names that are taken."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.conftest import Answer
from tests.executor.cluster.attacks.conftest import Victim, refused

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
Define = Callable[..., Answer]


def definition(group: str, spec_schema: dict[str, Any], **names: Any) -> dict[str, Any]:
    plural = names.get("plural", "things")
    schema = {"type": "object", "properties": {"spec": spec_schema}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": "Thing", **names},
            "versions": [version],
        },
    }


class Attempt:
    """Definitions in a group of the test's own, and objects of them."""

    def __init__(self, victim: Victim, ns: str) -> None:
        self.victim, self.ns = victim, ns
        self.group = f"g{uuid.uuid4().hex[:8]}.example.com"
        self.names: list[str] = []

    def define(self, schema: dict[str, Any], **names: Any) -> Answer:
        return self.send(definition(self.group, schema, **names))

    def send(self, body: dict[str, Any]) -> Answer:
        made = self.victim.api.post(CRDS, body)
        if made.code == 201:
            self.names.append(body["metadata"]["name"])
        return made

    def make(self, spec: Any, plural: str = "things", kind: str = "Thing") -> Answer:
        path = f"/apis/{self.group}/v1/namespaces/{self.ns}/{plural}"
        metadata = {"generateName": "x-"}
        return self.victim.api.post(
            path, {"apiVersion": f"{self.group}/v1", "kind": kind, "metadata": metadata, "spec": spec}
        )


@pytest.fixture
def attempt(victim: Victim, ns: str) -> Iterator[Attempt]:
    one = Attempt(victim, ns)
    yield one
    for name in one.names:
        victim.api.delete(f"{CRDS}/{name}")


STRINGS = {"type": "array", "items": {"type": "string"}}
NUMBERS = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    "pattern", ["^(a+)+$", "^(a|aa)*$", "(.*)*x", "^([a-z]+)*[0-9]$", "(a{0,500}){0,2}b"]
)
def test_patterns_take_linear_time(attempt: Attempt, pattern: str) -> None:
    assert attempt.define({"type": "string", "pattern": pattern}).code == 201
    refused(attempt.make("a" * 100_000 + "!"), 422, "should match")


@pytest.mark.parametrize(
    "pattern", ["(a", "(?=a)b", "(((a{100}){100}){100}){100}", "a{1001}", "\\1", "x" * 20_000]
)
def test_patterns_that_are_none(attempt: Attempt, pattern: str) -> None:
    refused(attempt.define({"type": "string", "pattern": pattern}), 422, "must be a valid regular expression")
    branch = {"type": "string", "anyOf": [{"not": {"pattern": pattern}}]}
    refused(attempt.define(branch), 422, "must be a valid regular expression")


@pytest.mark.parametrize(
    "rule",
    [
        "self.all(a, self.all(b, self.all(c, self.all(d, a + b + c + d >= 0))))",
        "self.map(a, self.map(b, self.map(c, self.map(d, [a, b, c, d])))).size() > 0",
        f"{list(range(100))}.all(a, {list(range(100))}.all(b, {list(range(100))}.all(c, {list(range(100))}.all(d, true))))",
        "[self].map(a, a + a).map(a, a + a).size() + [[self]].map(a, [a + a].map(b, [b + b].map(c, [c + c].map(d, [d + d].map(e, e + e))))).size() > 0",
    ],
    ids=["loops", "lists", "literals", "doubling"],
)  # fmt: skip
def test_rules_that_would_run_for_ever_are_not_run(attempt: Attempt, rule: str) -> None:
    schema = {**NUMBERS, "x-kubernetes-validations": [{"rule": rule}]}
    assert attempt.define(schema).code == 201
    refused(attempt.make(list(range(200))), 422, "running out of cost budget")


def test_rules_of_many_items_share_a_budget(attempt: Attempt) -> None:
    item = {
        "type": "string",
        "x-kubernetes-validations": [{"rule": f"self.size() > {n}"} for n in range(100)],
    }
    assert attempt.define({"type": "array", "items": item}).code == 201
    refused(attempt.make(["a" * 200] * 5000), 422, "running out of cost budget")
    assert attempt.make(["a" * 200] * 300).code == 201


def test_a_rule_with_a_loop_over_a_large_list_still_runs(attempt: Attempt) -> None:
    rules = [
        {"rule": "self.all(a, a >= 0)", "message": "no negative numbers"},
        {
            "rule": "self.size() < 600 ? self.all(a, self.exists_one(b, a == b)) : true",
            "message": "no doubles",
        },
    ]
    assert attempt.define({**NUMBERS, "x-kubernetes-validations": rules}).code == 201
    assert attempt.make(list(range(500))).code == 201
    refused(attempt.make([1, 1]), 422, "no doubles")
    refused(attempt.make([-1]), 422, "no negative numbers")


@pytest.mark.parametrize(
    "rule",
    ["(" * 5000 + "1" + ")" * 5000, "self" + ".a" * 100_000, "!" * 100_000 + "true", "[" * 5000, "true &&" * 50_000 + "true", "self.", "'", "\u0000", "self == "],
    ids=lambda rule: rule[:8],
)  # fmt: skip
def test_rules_that_do_not_compile(attempt: Attempt, rule: str) -> None:
    schema = {"type": "string", "x-kubernetes-validations": [{"rule": rule}]}
    refused(attempt.define(schema), 422, "compilation failed")


def test_more_rules_than_can_be_compiled(attempt: Attempt) -> None:
    rules = [{"rule": " && ".join(f"self != '{n}-{m}'" for m in range(300))} for n in range(100)]
    refused(
        attempt.define({"type": "string", "x-kubernetes-validations": rules}),
        422,
        "may have 131072 characters together",
    )


def test_a_large_enumeration(attempt: Attempt) -> None:
    choices = [f"choice-{n}" for n in range(60_000)]
    assert attempt.define({"type": "array", "items": {"type": "string", "enum": choices}}).code == 201
    assert attempt.make(choices[:30_000]).code == 201
    wrong = attempt.make(["none"] * 30_000)
    refused(wrong, 422, 'Unsupported value: "none"')
    assert len(wrong.body["details"]["causes"]) == 100


def test_defaults_that_multiply(attempt: Attempt) -> None:
    item = {"type": "object", "properties": {"a": {"type": "string", "default": "x" * 10_000}}}
    assert attempt.define({"type": "array", "items": item}).code == 201
    refused(attempt.make([{}] * 50_000), 413, "limit is 3145728")
    assert attempt.make([{}] * 100).code == 201


def test_alternatives_that_multiply(attempt: Attempt) -> None:
    item = {"type": "string", "anyOf": [{"pattern": f"^{n}-"} for n in range(1000)]}
    assert attempt.define({"type": "array", "items": item}).code == 201
    refused(attempt.make(["x"] * 100_000), 422, "takes too long to validate")


def test_deep_and_odd_schemas(attempt: Attempt) -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        schema = {"type": "object", "properties": {"a": schema}}
    refused(attempt.define(schema), 400, "nested more than 200 levels deep")
    for keyword, value in (
        ("$ref", "#/definitions/io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"),
        ("definitions", {"a": {}}),
        ("patternProperties", {"(a+)+": {}}),
        ("dependencies", {"a": ["b"]}),
    ):
        refused(attempt.define({"type": "object", keyword: value}), 422, f"{keyword} is not supported")
    open_ended: dict[str, Any] = {"x-kubernetes-preserve-unknown-fields": True}
    for _ in range(40):
        open_ended = {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {"a": open_ended},
        }
    assert attempt.define(open_ended).code == 201
    assert attempt.make({"a": {"a": {"unknown": [1, {"x": None}]}}}).code == 201


def test_a_thousand_versions(attempt: Attempt) -> None:
    body = definition(attempt.group, {"type": "object"})
    first = body["spec"]["versions"][0]
    body["spec"]["versions"] = [{**first, "name": f"v{n + 1}", "storage": n == 0} for n in range(1000)]
    assert attempt.send(body).code == 201
    assert attempt.make({}).code == 201
    assert len(attempt.victim.api.get(f"/apis/{attempt.group}").body["versions"]) == 1000
    assert attempt.victim.api.get(f"/openapi/v3/apis/{attempt.group}/v999").code == 200
    twice = definition(attempt.group, {"type": "object"}, plural="others")
    twice["spec"]["versions"] *= 2
    refused(attempt.send(twice), 422, 'Duplicate value: "v1"')


def test_columns(attempt: Attempt) -> None:
    body = definition(attempt.group, {"type": "object"})
    version = body["spec"]["versions"][0]
    for paths, text in (
        ([".spec"] * 101, "must have at most 100 items"),
        ([".a[?(@" + " " * 200_000], "must be no more than 1000 characters"),
        ([".a[?(@" + " " * 900], "not understood"),
        (["{" * 500], "not understood"),
    ):
        version["additionalPrinterColumns"] = [
            {"name": "c", "type": "string", "jsonPath": path} for path in paths
        ]
        refused(attempt.send(body), 422, text)


@pytest.mark.parametrize(
    ("names", "field"),
    [
        ({"plural": "a/b"}, "spec.names.plural"),
        ({"plural": "a.b"}, "spec.names.plural"),
        ({"plural": ".."}, "spec.names.plural"),
        ({"singular": "A b"}, "spec.names.singular"),
        ({"kind": "../x"}, "spec.names.kind"),
        ({"shortNames": ["x", "a b"]}, "spec.names.shortNames[1]"),
        ({"categories": ["\n"]}, "spec.names.categories[0]"),
    ],
)
def test_names_that_are_no_names(attempt: Attempt, names: dict[str, Any], field: str) -> None:
    refused(attempt.define({"type": "object"}, **names), 422, field)


@pytest.mark.parametrize(
    ("group", "plural"),
    [("rbac.authorization.k8s.io", "roles"), ("apps", "deployments"), ("batch", "jobs"), ("x.k8s.io", "things"), ("", "pods")],
)  # fmt: skip
def test_kinds_of_the_server_are_not_replaced(attempt: Attempt, group: str, plural: str) -> None:
    body = definition(group, {"type": "object"}, plural=plural, kind="Fake")
    assert attempt.send(body).code == 422
    assert (
        attempt.victim.api.get("/apis/apps/v1/namespaces/default/deployments").body["kind"]
        == "DeploymentList"
    )


def conditions(answer: Answer) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in answer.body["status"]["conditions"]}


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ({"kind": "Thing"}, "ListKindConflict"),
        ({"kind": "Thing", "singular": "other", "listKind": "Others"}, "KindConflict"),
        ({"kind": "Other", "listKind": "ThingList"}, "ListKindConflict"),
        ({"kind": "Other", "singular": "thing"}, "SingularConflict"),
        ({"kind": "Other", "shortNames": ["th"]}, "ShortNamesConflict"),
        ({"kind": "Other", "shortNames": ["things"]}, "ShortNamesConflict"),
    ],
)
def test_who_comes_second_waits_for_his_names(attempt: Attempt, second: dict[str, Any], reason: str) -> None:
    api = attempt.victim.api
    assert attempt.define({"type": "object"}, shortNames=["th"]).code == 201
    made = attempt.define({"type": "object"}, plural="others", **second)
    assert made.code == 201
    assert conditions(made) == {"NamesAccepted": ("False", reason), "Established": ("False", "NotAccepted")}
    path = f"/apis/{attempt.group}/v1/namespaces/{attempt.ns}"
    assert [api.get(f"{path}/{plural}").code for plural in ("things", "others")] == [200, 404]
    assert api.delete(f"{CRDS}/things.{attempt.group}").code == 200
    now = api.get(f"{CRDS}/others.{attempt.group}")
    assert conditions(now) == {
        "NamesAccepted": ("True", "NoConflicts"),
        "Established": ("True", "InitialNamesAccepted"),
    }
    assert [api.get(f"{path}/{plural}").code for plural in ("things", "others")] == [404, 200]
