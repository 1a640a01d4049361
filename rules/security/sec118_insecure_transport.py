"""SEC118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map, Seq

_FLAGS = {
    "insecureSkipVerify": "the certificate is not checked",
    "insecureIgnoreHostKey": "the server's key is not checked",
}
_CODE = lazy(
    r"\bcurl\b[^\n|;&]*\s(?:-[a-zA-Z]*k[a-zA-Z]*|--insecure)\b|GIT_SSL_NO_VERIFY|--no-check-certificate|--insecure-skip-tls-verify|http\.sslVerify[ =]false|StrictHostKeyChecking[ =]no"
)
_HINT = lazy(r"nsecure|http://|curl|no-check-cert|VERIFY|sslVerify|StrictHost")
_LOCAL = ("http://localhost", "http://127.", "http://[::1]", "http://0.0.0.0")


def _walk(view: View) -> Iterator[tuple[View, str]]:
    """Every mapping below `view` with one of the flags, or an artifact's `insecure`."""
    stack = [view]
    while stack:
        at = stack.pop()
        for key, value in at.map.items():
            if key in _FLAGS and value is True:
                yield at, key
            elif isinstance(value, Map):
                stack.append(at.mapping(key))
                if key in ("s3", "minio") and value.get("insecure") is True:
                    yield at.mapping(key), "insecure"
                if key == "http" and str(value.get("url", "")).startswith("http://"):
                    yield at.mapping(key), "url"
            elif isinstance(value, Seq):
                stack.extend(at.items(key))
                if key == "steps":
                    where = at.path_of(key)
                    stack.extend(
                        View(item, where) for group in value if isinstance(group, Seq) for item in group
                    )


@rule("SEC118", "insecure-transport", on="object", severity="warning")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A connection is made without TLS, or without checking who is at the other end."""
    if not obj.is_workflow_kind and obj.kind not in ("Sensor", "EventSource"):
        return
    if not ctx.source.mentions(_HINT):
        return
    for view, key in _walk(obj.spec):
        if key == "url":
            url = view.text("url")
            if url.startswith(_LOCAL) or ".svc" in url or ("/" not in url[7:] and "." not in url):
                continue
            host = url[7:].partition("/")[0].partition(":")[0]
            if "." in host and "{{" not in host:
                yield Finding(view.value_span("url"), f"`{host}` is asked without TLS", help="use `https://`")
            continue
        if key == "insecure" and (
            ".svc" in view.text("endpoint") or "." not in view.text("endpoint").partition(":")[0]
        ):
            continue  # inside the cluster
        yield Finding(view.key_span(key), f"`{key}`: {_FLAGS.get(key, 'the connection is not encrypted')}")
    for spec in obj.workflow_specs:
        for template in spec.all_templates:
            for code in scripts.codes(template, ctx):
                match = _CODE.search(code.scalar.value)
                if match is not None:
                    yield Finding(
                        code.scalar.part(*match.span()),
                        "this connection does not check who is at the other end",
                    )
