"""Attacks on who one is: tokens, certificates, impersonation, what lies on the disk."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from executor.cluster import pki
from tests.executor.cluster.attacks.conftest import Victim, refused

ME = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def issue(victim: Victim, ns: str, **spec: Any) -> str:
    made = victim.api.post(f"/api/v1/namespaces/{ns}/serviceaccounts/default/token", {"spec": spec})
    assert made.code == 201, made.body
    token: str = made.body["status"]["token"]
    return token


def account(victim: Victim, ns: str) -> None:
    """Wait for the namespace's default ServiceAccount."""
    while victim.api.get(f"/api/v1/namespaces/{ns}/serviceaccounts/default").code != 200:
        time.sleep(0.02)


def code_with(victim: Victim, token: str) -> int:
    """What a request that every authenticated user may make is answered with this token."""
    found = httpx.post(
        victim.cluster.url + ME,
        json={},
        headers=[(b"authorization", b"Bearer " + token.encode("latin-1", "replace"))],
        verify=ssl.create_default_context(cafile=str(victim.cluster.data / "pki" / "ca.crt")),
    )
    return found.status_code


def forge(token: str, change: Callable[[dict[str, Any], dict[str, Any]], None], signature: str = "") -> str:
    head, body, signed = token.split(".")
    first, second = json.loads(unb64(head)), json.loads(unb64(body))
    change(first, second)
    return f"{b64(json.dumps(first).encode())}.{b64(json.dumps(second).encode())}.{signature or signed}"


def test_forged_tokens(victim: Victim, ns: str) -> None:
    account(victim, ns)
    token = issue(victim, ns)
    assert code_with(victim, token) == 201
    head, body, signature = token.split(".")
    raw = unb64(signature)
    forged = {
        "another user": forge(token, lambda h, b: b.update(sub="system:serviceaccount:kube-system:default")),
        "no expiry": forge(token, lambda h, b: b.pop("exp")),
        "alg none": forge(token, lambda h, b: h.update(alg="none")),
        "no signature": f"{head}.{body}.",
        "alg none, no signature": b64(json.dumps({"alg": "none"}).encode()) + f".{body}.",
        "alg HS256": forge(token, lambda h, b: h.update(alg="HS256")),
        "no parts": "..",
        "one part": head,
        "four parts": token + ".x",
        "zeros": f"{head}.{body}.{b64(bytes(64))}",
        "large numbers": f"{head}.{body}." + b64(bytes([255]) * 64),
        "half a signature": f"{head}.{body}.{b64(raw[:32])}",
        "flipped": f"{head}.{body}.{b64(bytes([raw[0] ^ 1]) + raw[1:])}",
        "header is no object": f"{b64(b'[]')}.{body}.{signature}",
        "deep header": f"{b64(b'[' * 5000)}.{body}.{signature}",
        "not base64": f"%%%.{body}.{signature}",
        "long": token + "x" * 100_000,
        "latin": "\xe9" * 10,
        "almost the administrator's": victim.token[:-1] + ("a" if victim.token[-1] != "a" else "b"),
    }  # fmt: skip
    assert {name: code_with(victim, text) for name, text in forged.items()} == dict.fromkeys(forged, 401)


def test_tokens_end(victim: Victim, ns: str) -> None:
    account(victim, ns)
    other = issue(victim, ns, audiences=["vault.example.com"])
    assert code_with(victim, other) == 401
    review = "/apis/authentication.k8s.io/v1/tokenreviews"
    asked = {"spec": {"token": other, "audiences": ["vault.example.com"]}}
    assert victim.api.post(review, asked).body["status"]["authenticated"] is True
    assert victim.api.post(review, {"spec": {"token": other}}).body["status"]["authenticated"] is False
    assert (
        code_with(victim, issue(victim, ns, audiences=["https://kubernetes.default.svc.cluster.local", "x"]))
        == 201
    )

    pods = f"/api/v1/namespaces/{ns}/pods"
    spec = {"containers": [{"name": "a", "image": "i"}]}
    victim.api.post(pods, {"metadata": {"name": "holder"}, "spec": spec})
    bound = issue(victim, ns, boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "holder"})
    token = issue(victim, ns)
    assert [code_with(victim, bound), code_with(victim, token)] == [201, 201]
    victim.api.delete(f"{pods}/holder", gracePeriodSeconds=0)
    assert [code_with(victim, bound), code_with(victim, token)] == [401, 201]
    victim.api.delete(f"/api/v1/namespaces/{ns}/serviceaccounts/default")
    account(victim, ns)  # made anew, with another uid
    assert code_with(victim, token) == 401


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"expirationSeconds": 1}, 422),
        ({"expirationSeconds": -1}, 422),
        ({"expirationSeconds": 2**40}, 422),
        ({"expirationSeconds": 2**62}, 422),
        ({"expirationSeconds": "x"}, 400),
        ({"audiences": "x"}, 400),
        ({"audiences": [5]}, 400),
        ({"boundObjectRef": {"kind": "Pod", "name": "none"}}, 404),
        ({"boundObjectRef": "x"}, 400),
        ("x", 400),
    ],
)
def test_odd_requests_for_tokens(victim: Victim, ns: str, spec: Any, code: int) -> None:
    account(victim, ns)
    made = victim.api.post(f"/api/v1/namespaces/{ns}/serviceaccounts/default/token", {"spec": spec})
    assert (made.code, made.body["kind"]) == (code, "Status")


def test_certificates_of_another_authority(victim: Victim, tmp_path: Path) -> None:
    ours = ssl.create_default_context(cafile=str(victim.cluster.data / "pki" / "ca.crt"))
    certificate, key = pki.issue(tmp_path, "client", "kubernetes-admin", organization="system:masters")
    ours.load_cert_chain(certificate, key)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{victim.cluster.url}/api/v1/secrets", verify=ours)
    real = ssl.create_default_context(cafile=str(victim.cluster.data / "pki" / "ca.crt"))
    certificate, key = pki.issue(victim.cluster.data / "pki", "tester", "tester", organization="testers")
    real.load_cert_chain(certificate, key)
    me = httpx.post(victim.cluster.url + ME, json={}, verify=real).json()["status"]["userInfo"]
    assert (me["username"], me["groups"]) == ("tester", ["testers", "system:authenticated"])
    # A token that is wrong is not made good by a certificate.
    wrong = httpx.post(victim.cluster.url + ME, json={}, verify=real, headers={"authorization": "Bearer x"})
    assert wrong.status_code == 401


def test_who_may_impersonate_one_may_not_be_everyone(victim: Victim, ns: str) -> None:
    account(victim, ns)
    api, name = victim.api, f"as-{ns}"
    rules = [
        {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"], "resourceNames": ["jane"]},
        {"apiGroups": [""], "resources": ["groups"], "verbs": ["impersonate"], "resourceNames": ["developers"]},
        {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["impersonate"], "resourceNames": ["default"]},
    ]  # fmt: skip
    api.post(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": ns}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    api.post(
        f"{RBAC}/clusterrolebindings", {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]}
    )
    token = issue(victim, ns)

    def ask(*headers: tuple[str, str]) -> Any:
        found = victim.client.post(
            ME,
            json={},
            headers=[("authorization", f"Bearer {token}"), *headers, ("accept", "application/json")],
        )
        body = found.json()
        if found.status_code != 201:
            return found.status_code
        return body["status"]["userInfo"]["username"], body["status"]["userInfo"]["groups"]

    me = f"system:serviceaccount:{ns}:default"
    jane, devs = ("impersonate-user", "jane"), ("impersonate-group", "developers")
    masters = ("impersonate-group", "system:masters")
    assert ask() == (me, ["system:serviceaccounts", f"system:serviceaccounts:{ns}", "system:authenticated"])
    assert ask(jane) == ("jane", ["system:authenticated"])
    assert ask(jane, devs) == ("jane", ["developers", "system:authenticated"])
    assert ask(jane, masters) == 403
    assert ask(jane, devs, masters) == 403
    assert ask(jane, masters, devs) == 403
    assert ask(("impersonate-user", me), masters) == 403
    assert ask(("impersonate-user", me)) == (
        me,
        ["system:serviceaccounts", f"system:serviceaccounts:{ns}", "system:authenticated"],
    )
    assert ask(("impersonate-user", "admin")) == 403
    assert ask(jane, ("impersonate-uid", "1")) == 403
    assert ask(jane, ("impersonate-extra-scopes", "all")) == 403
    assert ask(masters) == 400
    api.delete(f"{RBAC}/clusterrolebindings/{name}")
    assert ask(jane) == 403


def test_what_lies_on_the_disk(victim: Victim, ns: str) -> None:
    secret = "correct horse battery staple"
    body = {"metadata": {"name": "s"}, "stringData": {"password": secret}}
    assert victim.api.post(f"/api/v1/namespaces/{ns}/secrets", body).code == 201
    assert (
        victim.api.merge(f"/api/v1/namespaces/{ns}/secrets/s", {"stringData": {"more": secret}}).code == 200
    )
    wanted = (secret.encode(), base64.b64encode(secret.encode())[:-4])
    files = [path for path in victim.cluster.data.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"cluster.db", "secrets.key", "kubeconfig"}
    assert [path for path in files if any(text in path.read_bytes() for text in wanted)] == []
    private = [victim.cluster.kubeconfig, *(victim.cluster.data / "pki").iterdir()]
    assert {oct(path.stat().st_mode & 0o777) for path in private} == {"0o600"}


def test_words_of_an_answer_begin_no_header(victim: Victim, ns: str) -> None:
    """Warnings repeat what a client wrote."""
    body = {"metadata": {"name": "x"}, "a\r\nset-cookie: evil=1": 1, "ü\u2028": 1}
    made = victim.api.post(f"/api/v1/namespaces/{ns}/configmaps", body)
    assert made.code == 201
    assert "set-cookie" not in made.headers
    refused(victim.api.get(f"/api/v1/namespaces/{ns}/configmaps/a%0d%0aset-cookie:%20x"), 404, "not found")
