"""Attacks by what a request is about: bodies, patches, selectors, versions, names, sizes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.contract.conftest import Answer
from tests.executor.cluster.attacks.conftest import Victim, refused

JSON, YAML, MERGE = "application/json", "application/yaml", "application/merge-patch+json"
APPLY, STRATEGIC = "application/apply-patch+yaml", "application/strategic-merge-patch+json"
WORKFLOWS = "/apis/argoproj.io/v1alpha1/namespaces/{}/workflows"


def maps(ns: str) -> str:
    return f"/api/v1/namespaces/{ns}/configmaps"


def nested(depth: int, opening: str, closing: str, core: str = "1") -> str:
    return opening * depth + core + closing * depth


def laughs(levels: int) -> str:
    """YAML whose aliases stand for ten times as much on each level."""
    lines = ["k0: &k0 [" + ",".join("x" * 10) + "]"]
    lines += [f"k{n}: &k{n} [" + ",".join([f"*k{n - 1}"] * 10) + "]" for n in range(1, levels)]
    return "\n".join(lines)


def is_refused(answer: Answer) -> None:
    """Some 4xx, with a Status that is not long."""
    assert 400 <= answer.code < 500, (answer.code, answer.body)
    assert answer.body["kind"] == "Status"
    assert answer.body["message"]
    assert len(json.dumps(answer.body)) < 200_000


# ---- bodies


@pytest.mark.parametrize("kind", [JSON, YAML])
@pytest.mark.parametrize(
    "body",
    [
        nested(100_000, "[", "]"),
        nested(100_000, '{"a":', "}"),
        '{"metadata":{"name":"x"},"data":' + nested(100_000, '{"a":', "}") + "}",
        '{"metadata":{"name":"x"},"data":' + nested(260, '{"a":', "}") + "}",
        "[" * 1_000_000,
        '{"metadata":{"name":"x","labels":' + nested(190, "[", "]") + "}}",
    ],
    ids=["lists", "objects", "data", "shallow", "open", "labels"],
)
def test_nesting(victim: Victim, ns: str, body: str, kind: str) -> None:
    is_refused(victim.api.call("POST", maps(ns), body, kind))


@pytest.mark.parametrize("depth", [150, 199, 201, 300])
def test_a_deep_workflow_is_stored_or_refused(victim: Victim, ns: str, depth: int) -> None:
    """A kind without a schema of its own takes any shape: as deep as everything that walks over it bears."""
    path = WORKFLOWS.format(ns)
    name = f"deep-{depth}"
    spec = json.loads(nested(depth - 1, '{"a":', "}"))
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": spec,
    }
    made = victim.api.post(path, body)
    if depth > 200:
        refused(made, 400, "nested more than 200 levels deep")
        return
    assert made.code == 201, made.body
    assert victim.api.merge(f"{path}/{name}", {"spec": {"b": 1}}).body["spec"] == {**spec, "b": 1}
    applied = victim.api.apply(f"{path}/{name}", {**body, "spec": {"c": spec["a"]}}, force=True)
    assert applied.code == 200, applied.body
    deeper = victim.api.json_patch(
        f"{path}/{name}", [{"op": "copy", "from": "/spec/c", "path": "/spec/c" + "/a" * (depth - 4)}]
    )
    is_refused(deeper)


@pytest.mark.parametrize(
    "body",
    [
        "- " * 100_000,
        "? " * 100_000,
        "a: " * 10_000,
        "&a [*a]",
        laughs(12),
        "x: " + "9" * 1_000_000,
        "x: 0x" + "f" * 1_000_000,
        "x: 2001-99-99",
        "<<: [*x]",
        "x: !!python/object/apply:os.system ['true']",
        "x: !!binary '%%%'",
        "%YAML 9.9\n---\nx: 1",
        "\ufeff" + "\t\t: :",
        "a" * 2_000_000,
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_yaml(victim: Victim, ns: str, body: str) -> None:
    is_refused(victim.api.call("POST", maps(ns), body.encode(), YAML))
    is_refused(victim.api.call("PATCH", f"{maps(ns)}/x", body.encode(), APPLY, fieldManager="m"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b'{"metadata":{"name":"x"}',
        b'{"metadata":{"name":"\xff\xfe"}}',
        b'{"metadata":{"name":"\\ud800"}}',
        b'{"metadata":{"name":"a\\u0000b"}}',
        b'{"metadata":{"name":"x","generation":' + b"9" * 5000 + b"}}",
        b'{"metadata":{"name":"x"},"immutable":1e999}',
        b'{"metadata":{"name":"x"},"data":{"a":NaN}}',
        b'{"metadata":{"name":"x"},"data":{"\xc3\xa9":"1"}}',
        b'{"metadata":{"name":"x"},"data":{"..":5}}',
        b"\x1f\x8b\x08" + b"\x00" * 100,
        b'[{"metadata":{"name":"x"}}]',
        b'"x"',
    ],
    ids=repr,
)
def test_bodies_that_are_no_objects(victim: Victim, ns: str, body: bytes) -> None:
    is_refused(victim.api.call("POST", maps(ns), body))


def test_a_compressed_body_is_not_unpacked(victim: Victim, ns: str) -> None:
    import gzip

    bomb = gzip.compress(b" " * 30_000_000 + b"{}")
    found = victim.client.post(
        maps(ns), content=bomb, headers={"content-type": JSON, "content-encoding": "gzip"}
    )
    assert (found.status_code, found.json()["reason"]) == (400, "BadRequest")


def test_wide_objects(victim: Victim, ns: str) -> None:
    wide = {f"k{n}": "v" for n in range(60_000)}
    made = victim.api.post(maps(ns), {"metadata": {"name": "wide"}, "data": wide})
    assert made.code in (201, 413)
    labels = victim.api.post(
        maps(ns), {"metadata": {"name": "labels", "labels": {f"k{n}/": "" for n in range(60_000)}}}
    )
    is_refused(labels)
    unknown = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "i"}], **wide}}
    told = victim.api.post(f"/api/v1/namespaces/{ns}/pods", unknown, dryRun="All")
    assert told.code == 201
    warnings = told.headers.get_list("warning")
    assert 0 < len(warnings) < 300
    assert sum(map(len, warnings)) < 10_000


# ---- sizes


def test_sizes_of_objects_labels_annotations_and_names(victim: Victim, ns: str) -> None:
    def make(**metadata: Any) -> Answer:
        return victim.api.post(maps(ns), {"metadata": {"name": "sized", **metadata}}, dryRun="All")

    large = victim.api.post(maps(ns), {"metadata": {"name": "sized"}, "data": {"k": "x" * 1_600_000}})
    assert large.code in (413, 422)
    refused(make(annotations={"k": "x" * 262_144}), 422, "may not be more than 262144 bytes")
    assert make(annotations={"k": "x" * 262_143}).code == 201
    refused(make(labels={"k": "x" * 64}), 422, "must be no more than 63 characters")
    refused(make(labels={"x" * 64: ""}), 422, "name part must be no more than 63 characters")
    refused(make(name="x" * 254), 422, "must be no more than 253 characters")
    for name in ("..", ".", "a/b", "a%2fb", "A", "ä", "a b", "a\nb", "-", "a..b", "x\u0000"):
        refused(make(name=name), 422, "RFC 1123")
    refused(victim.api.post("/api/v1/namespaces", {"metadata": {"name": "a.b"}}), 422, "RFC 1123 label")


def test_growing_an_object_bit_by_bit_ends_at_the_limit(victim: Victim, ns: str) -> None:
    path = WORKFLOWS.format(ns)
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "grows"},
        "spec": {},
    }
    assert victim.api.post(path, body).code == 201
    for turn in range(3):
        answer = victim.api.merge(f"{path}/grows", {"spec": {f"part{turn}": "x" * 700_000}})
    refused(answer, 413, "limit is 1572864")
    assert set(victim.api.get(f"{path}/grows").body["spec"]) == {"part0", "part1"}


# ---- patches


def test_copies_that_double_an_object(victim: Victim, ns: str) -> None:
    victim.api.post(maps(ns), {"metadata": {"name": "x"}, "data": {"a": "x" * 1000}})
    bomb = [{"op": "copy", "from": "/data", "path": f"/data/c{n}"} for n in range(60)]
    refused(victim.api.json_patch(f"{maps(ns)}/x", bomb), 413, "total copy size")
    many = [{"op": "test", "path": "/data/a", "value": "x"}] * 10_001
    refused(victim.api.json_patch(f"{maps(ns)}/x", many), 413, "maximum operations in a JSON patch is 10000")
    long = [{"op": "add", "path": "/data" + "/a" * 100_000, "value": 1}]
    is_refused(victim.api.json_patch(f"{maps(ns)}/x", long))
    for path in (
        "data/a",
        "/data/~2",
        "/metadata/finalizers/999999999999999999999",
        "/metadata/finalizers/-1",
    ):
        is_refused(victim.api.json_patch(f"{maps(ns)}/x", [{"op": "add", "path": path, "value": "v"}]))


def test_large_strategic_patches(victim: Victim, ns: str) -> None:
    pods = f"/api/v1/namespaces/{ns}/pods"
    victim.api.post(pods, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "i"}]}})
    for patch in (
        {"metadata": {"finalizers": [f"a/{n}" for n in range(150_000)]}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": [f"a/{n}" for n in range(150_000)]}},
        {"spec": {"containers": [{"name": f"n{n}"} for n in range(60_000)]}},
        {"spec": {"$setElementOrder/containers": [{"name": f"n{n}"} for n in range(100_000)]}},
        {"spec": {"containers": [{"$patch": "delete", "name": f"n{n}"} for n in range(50_000)]}},
    ):
        answer = victim.api.strategic(f"{pods}/p", patch)
        assert answer.code == 200 or 400 <= answer.code < 500, answer.body


@pytest.mark.parametrize("kind", [MERGE, STRATEGIC, APPLY])
def test_deep_patches(victim: Victim, ns: str, kind: str) -> None:
    victim.api.post(maps(ns), {"metadata": {"name": "x"}})
    deep = (
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":'
        + nested(5000, '{"a":', "}")
        + "}"
    )
    is_refused(victim.api.call("PATCH", f"{maps(ns)}/x", deep, kind, fieldManager="m"))


def test_field_managers_without_end(victim: Victim, ns: str) -> None:
    """Each applier has its own entry, so their number ends at the size of the object."""
    path = f"{maps(ns)}/owned"
    for turn in range(60):
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "owned"},
            "data": {f"k{turn}": "v"},
        }
        assert victim.api.apply(path, body, manager=f"manager-{turn}").code in (200, 201)
        victim.api.merge(path, {"data": {f"u{turn}": "v"}}, fieldManager=f"updater-{turn}")
    entries = victim.api.get(path).body["metadata"]["managedFields"]
    assert sum(entry["operation"] == "Update" for entry in entries) == 10
    long = victim.api.merge(path, {"data": {"z": "v"}}, fieldManager="m" * 129)
    assert long.code in (200, 422)
    fields = json.loads(nested(190, '{"f:a":', "}", "{}"))
    for odd in (
        [{"fieldsV1": fields}],
        [{"fieldsV1": {"k:{": {}}}],
        [{"manager": 5}],
        ["x"],
        [{"fieldsV1": {"v:": {}}}],
    ):
        answer = victim.api.merge(path, {"metadata": {"managedFields": odd}})
        assert answer.code == 200 or 400 <= answer.code < 500, answer.body


# ---- queries


@pytest.mark.parametrize(
    "selector",
    [
        ",".join(f"!k{n}" for n in range(20_000)),
        "a" * 100_000,
        "a in (" + ",".join("x" * 5 for _ in range(15_000)) + ")",
        "a" + " " * 100_000 + "b",
        "(" * 100_000,
        "a in ((x))",
        "a=b=c",
        "a in (x",
        "a>b>c",
        "!",
        "a notin x",
    ],
    ids=lambda text: text[:20],
)
def test_label_selectors(victim: Victim, ns: str, selector: str) -> None:
    victim.api.post(maps(ns), {"metadata": {"name": "x", "labels": {"a": "b"}}})
    found = victim.get(maps(ns), labelSelector=selector)
    assert found.code in (200, 400, 431), found.body
    assert found.code != 200 or found.body["items"] == []


@pytest.mark.parametrize(
    "selector", ["metadata.name" + " " * 150_000, "=x", "a!b=c", "metadata.name=.*", "spec.x=1", "metadata.name\\=x", ","]
)  # fmt: skip
def test_field_selectors(victim: Victim, ns: str, selector: str) -> None:
    victim.api.post(maps(ns), {"metadata": {"name": "x"}})
    found = victim.get(maps(ns), fieldSelector=selector)
    assert found.code == 400 or (found.code == 200 and selector in (",", "metadata.name=.*")), found.body


def token(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "x", "%%%", "=" * 1000, "A" * 100_000, token(), token(1), token(1, 2, 3), token(-1, "", ""), token(10**30, "", ""),
        token(True, "", ""), token(1.5, "a", "b"), token(1, ["kube-system"], "x"), base64.urlsafe_b64encode(b"[" * 5000).decode(),
        base64.urlsafe_b64encode(b'{"a":1,"b":2,"c":3}').decode(),
    ],
    ids=lambda text: text[:16],
)  # fmt: skip
def test_continue_tokens(victim: Victim, ns: str, text: str) -> None:
    found = victim.get(maps(ns), **{"limit": "1", "continue": text})
    assert found.code in (400, 410), found.body


def test_a_forged_token_does_not_leave_its_namespace(victim: Victim, ns: str) -> None:
    victim.api.post(f"/api/v1/namespaces/{ns}/secrets", {"metadata": {"name": "mine"}})
    version = int(victim.api.get("/api/v1/namespaces").body["metadata"]["resourceVersion"])
    forged = token(version, "", "")
    found = victim.api.get(f"/api/v1/namespaces/{ns}/secrets", **{"limit": 500, "continue": forged})
    assert {item["metadata"]["namespace"] for item in found.body["items"]} == {ns}


@pytest.mark.parametrize("version", ["-1", "x", "²", "1e5", "9" * 30, "9" * 5000, "0x1", " 1", "1;", "٣"])
def test_resource_versions(victim: Victim, ns: str, version: str) -> None:
    for query in ({}, {"watch": "true", "timeoutSeconds": "1"}, {"resourceVersionMatch": "Exact"}):
        refused(victim.api.get(maps(ns), resourceVersion=version, **query), 400, "invalid resource version")
    is_refused(victim.api.put(f"{maps(ns)}/x", {"metadata": {"name": "x", "resourceVersion": version}}))


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "9" * 5000}, {"limit": "1e3"}, {"timeoutSeconds": "9" * 400, "limit": "1"}, {"watch": "true", "timeoutSeconds": "²"},
        {"dryRun": "Some"}, {"fieldValidation": "x" * 5000}, {"propagationPolicy": "x"}, {"gracePeriodSeconds": "9" * 40},
        {"gracePeriodSeconds": "-5"}, {"gracePeriodSeconds": "x"}, {"pretty": "x" * 5000},
    ],
    ids=repr,
)  # fmt: skip
def test_options(victim: Victim, ns: str, query: dict[str, str]) -> None:
    victim.api.post(maps(ns), {"metadata": {"name": "x"}})
    if query.get("watch"):
        with victim.client.stream("GET", maps(ns), params=query) as found:
            assert found.status_code in (200, 400)
        return
    assert victim.api.get(maps(ns), **query).code in (200, 400, 422)
    assert victim.api.delete(f"{maps(ns)}/x", **query).code in (200, 400, 422)
    assert victim.api.post(maps(ns), {"metadata": {"generateName": "y-"}}, **query).code in (201, 400, 422)


# ---- paths and names


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/%2e%2e/secrets", "/api/v1/namespaces/default/%2e%2e/%2e%2e/nodes/x", "//api/v1//namespaces/none/pods/x",
        "/api/v1/namespaces/default%2fpods%2fx", "/api/v1/namespaces/default/pods/%00", "/api/v1/namespaces/default/pods/%ff%fe",
        "/api/v1/namespaces/default/pods/" + "x" * 50_000, "/api/v1/namespaces/default/pods/ä", "/apis/../api/v1/nodes/x",
        "/api/v1/namespaces/default/pods/x/log/../exec", "/api/v1/watch", "/api/v1/watch/", "/apis/a/b/c/d/e/f/g", "/api/v1/namespaces//pods/x",
        "/openapi/v3/apis/../../etc/passwd", "/openapi/v3/" + "a/" * 5000, "/api/v1/namespaces/default/pods/x/proxy/..%2f..%2f",
        "/.well-known/../etc/passwd", "/static/..%2f..%2fetc/passwd", "/api/v1/namespaces/default/configmaps/.db",
    ],
    ids=lambda path: path[:60],
)  # fmt: skip
def test_paths(victim: Victim, path: str) -> None:
    answer = victim.raw(victim.head("GET", path, "connection: close") + b"\r\n")
    code = int(answer.split(b" ", 2)[1])
    assert code in (400, 404, 405), answer
    assert b"root:" not in answer


def test_a_body_does_not_go_elsewhere_than_its_url_says(victim: Victim, ns: str) -> None:
    for change in ({"namespace": "kube-system"}, {"namespace": "../x"}, {"name": "other"}):
        answer = victim.api.put(f"{maps(ns)}/x", {"metadata": {"name": "x", **change}})
        is_refused(answer)
    is_refused(victim.api.post(maps(ns), {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "x"}}))
    is_refused(victim.api.post(maps("none"), {"metadata": {"name": "x"}}))
    is_refused(victim.api.post("/api/v1/configmaps", {"metadata": {"name": "x", "namespace": ns}}))


def test_names_of_containers_are_no_paths(victim: Victim, ns: str) -> None:
    pods = f"/api/v1/namespaces/{ns}/pods"
    for name in ("../../../../etc/passwd", "a/b", "..", "A", "x" * 64, "a\u0000b"):
        refused(
            victim.api.post(
                pods, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": name, "image": "i"}]}}
            ),
            422,
            "spec.containers[0].name",
        )
    for change in (
        {"volumes": [{"name": "../v", "emptyDir": {}}]},
        {"initContainers": [{"name": "../i", "image": "i"}]},
        {
            "volumes": [{"name": "v", "emptyDir": {}}],
            "containers": [
                {
                    "name": "a",
                    "image": "i",
                    "volumeMounts": [{"name": "v", "mountPath": "/m", "subPath": "a/../.."}],
                }
            ],
        },
    ):
        body = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "i"}], **change}}
        assert victim.api.post(pods, body).code == 422
    for key in (".", "..", "..data", "a/b", "x" * 254):
        refused(
            victim.api.post(maps(ns), {"metadata": {"name": "x"}, "data": {key: ""}}), 422, f"data[{key}]"
        )
    made = {"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "a", "image": "i"}]}}
    assert victim.api.post(pods, made).code == 201
    for container in ("../../../pki/admin.token", "..%2f..", "b", "\x00"):
        refused(victim.api.get(f"{pods}/p/log", container=container), 400, "is not valid for pod p")
    for option in (
        {"tailLines": "9" * 5000},
        {"sinceSeconds": "9" * 30},
        {"sinceSeconds": "0"},
        {"limitBytes": "-1"},
        {"sinceTime": "x" * 9000},
    ):
        assert victim.api.get(f"{pods}/p/log", **option).code in (200, 400, 422)


def test_generated_names_do_not_run_out_of_tries(victim: Victim, ns: str) -> None:
    made = [victim.api.post(maps(ns), {"metadata": {"generateName": "x" * 300}}) for _ in range(20)]
    names = {answer.body["metadata"]["name"] for answer in made}
    assert len(names) == 20
    assert {len(name) for name in names} == {63}
