"""Fields that are in a body several times: the last one counts, and `fieldValidation` says whether the client is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Api

REPEATED = """\
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "twice", "labels" : {"a": "\\u0022x", "a": "2"}},
 "data": {"k": "1", "k": "2", "\\u006b": "3"}, "binaryData": {}, "binaryData": {}, "metadatas": 1}
"""
REPEATED_YAML = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: twice, name: twice}
data:
  k: "1"
  "k": "2"
metadatas: 1
"""


def _send(api: Api, method: str, path: str, kind: str, body: str) -> tuple[int, list[str], Any]:
    """Code, warnings and body of the answer to a body sent as it is."""
    found = api.client.request(method, path, content=body.encode(), headers={"content-type": kind})
    lines = found.headers.get_list("warning")
    texts = [line.removeprefix('299 - "')[:-1].replace('\\"', '"') for line in lines]
    return found.status_code, texts, found.json()


def test_fields_that_are_in_a_body_several_times(api: Api, ns: str) -> None:
    path = f"/api/v1/namespaces/{ns}/configmaps?dryRun=All&fieldValidation="
    told = [
        'duplicate field "metadata.labels.a"',
        'duplicate field "data.k"',
        'duplicate field "binaryData"',
        'unknown field "metadatas"',
    ]
    code, warnings, body = _send(api, "POST", path + "Warn", "application/json", REPEATED)
    assert (code, warnings, body["data"], body["metadata"]["labels"]) == (201, told, {"k": "3"}, {"a": "2"})
    assert _send(api, "POST", path + "Ignore", "application/json", REPEATED)[:2] == (201, [])
    code, warnings, body = _send(api, "POST", path + "Strict", "application/json", REPEATED)
    handled = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
    assert (code, warnings, body["reason"], body["message"]) == (
        400,
        [],
        "BadRequest",
        handled + ", ".join(told),
    )

    lines = ['line 3: key "name" already set in map', 'line 6: key "k" already set in map']
    code, warnings, body = _send(api, "POST", path + "Warn", "application/yaml", REPEATED_YAML)
    assert (code, warnings, body["data"]) == (201, [*lines, told[-1]], {"k": "2"})
    code, warnings, body = _send(api, "POST", path + "Strict", "application/yaml", REPEATED_YAML)
    unmarshal = "yaml: unmarshal errors:\n  " + "\n  ".join(lines)
    assert (code, body["message"]) == (400, f"{handled}{unmarshal}, {told[-1]}")


def test_fields_that_are_in_a_custom_resource_several_times(api: Api, ns: str) -> None:
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{ns}/workflows?dryRun=All&fieldValidation="
    body = (
        '{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":"w"},"spec":{"entrypoint":"a",'
        '"entrypoint":"b","templates":[{"name":"b"},{"name":"b","container":{"image":"i","image":"i"}}]}}'
    )
    told = ['duplicate field "spec.entrypoint"', 'duplicate field "spec.templates[1].container.image"']
    code, warnings, made = _send(api, "POST", path, "application/json", body)
    assert (code, warnings, made["spec"]["entrypoint"]) == (201, told, "b")
    code, warnings, refused = _send(api, "POST", path + "Strict", "application/json", body)
    handled = 'Workflow in version "v1alpha1" cannot be handled as a Workflow'
    assert (code, refused["message"]) == (400, f"{handled}: strict decoding error: {', '.join(told)}")


@pytest.mark.parametrize(
    ("kind", "patch", "told"),
    [
        ("merge-patch", '{"data":{"k":"1","k":"2"}}', 'duplicate field "data.k"'),
        ("strategic-merge-patch", '{"data":{"k":"1","k":"2"}}', 'duplicate field "data.k"'),
        (
            "json-patch",
            '[{"op":"add","path":"/data","path":"/data","value":{"k":"2"}}]',
            'json patch duplicate field "[0].path"',
        ),
    ],
)
def test_fields_that_are_in_a_patch_several_times(
    api: Api, ns: str, kind: str, patch: str, told: str
) -> None:
    path = f"/api/v1/namespaces/{ns}/configmaps"
    assert api.post(path, {"metadata": {"name": "patched"}}).code == 201
    where = f"{path}/patched?dryRun=All&fieldValidation="
    code, warnings, body = _send(api, "PATCH", where + "Warn", f"application/{kind}+json", patch)
    assert (code, warnings, body["data"]) == (200, [told], {"k": "2"})
    code, warnings, body = _send(api, "PATCH", where + "Strict", f"application/{kind}+json", patch)
    cause = body["details"]["causes"][0]
    assert (code, warnings, body["reason"], cause["field"]) == (422, [], "Invalid", "patch")
    assert cause["message"].endswith(f": strict decoding error: {told}")


def test_fields_that_are_in_an_apply_configuration_several_times(api: Api, ns: str) -> None:
    where = f"/api/v1/namespaces/{ns}/configmaps/twice?dryRun=All&fieldManager=t&fieldValidation="
    body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: twice\ndata:\n  k: "1"\n  k: "2"\n'
    line = 'line 7: key "k" already set in map'
    code, warnings, made = _send(api, "PATCH", where + "Warn", "application/apply-patch+yaml", body)
    assert (code, warnings, made["data"]) == (201, [line], {"k": "2"})
    code, warnings, refused = _send(api, "PATCH", where + "Strict", "application/apply-patch+yaml", body)
    why = f"error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  {line}"
    assert (code, warnings, refused["message"]) == (400, [], why)
