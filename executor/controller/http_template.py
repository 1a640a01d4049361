"""Make the request of an `http` template: template in, the engine's HttpObserved out.

Whether the response counts as a success is the engine's business (upstream: agent.go, executeHTTPTemplate).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from executor.engine.contract import HttpObserved

Object = Mapping[str, Any]
SecretLookup = Callable[[str, str], str | None]  # (secret name, key) -> value

DEFAULT_TIMEOUT = 30.0
MAX_BODY = 16 * 1024 * 1024


def run_http(node_id: str, template: Object, secret: SecretLookup) -> HttpObserved:
    """Send the request once. What goes wrong is in the observation's `error`, never raised."""
    import urllib3

    http = template.get("http")
    if not isinstance(http, Mapping):
        return HttpObserved(node_id, error="the template has no http block")
    url = str(http.get("url") or "")
    if not url.startswith(("http://", "https://")):
        return HttpObserved(node_id, error=f"unsupported protocol in url {url!r}: use http:// or https://")
    try:
        headers = request_headers(http, secret)
        body = request_body(http)
    except ValueError as error:
        return HttpObserved(node_id, error=str(error))
    timeout = http.get("timeoutSeconds")
    seconds = (
        float(timeout)
        if isinstance(timeout, int | float) and not isinstance(timeout, bool)
        else DEFAULT_TIMEOUT
    )
    pool = urllib3.PoolManager(
        cert_reqs="CERT_NONE" if http.get("insecureSkipVerify") is True else "CERT_REQUIRED",
        retries=urllib3.Retry(total=10, connect=0, read=0, redirect=10, status=0, other=0),
    )
    method = str(http.get("method") or "GET").upper()
    try:
        response = pool.request(
            method, url, body=body, headers=headers, timeout=seconds or None, preload_content=False
        )
        data = response.read(MAX_BODY, decode_content=True)
        response.release_conn()
    except Exception as error:
        reason = " ".join(str(error.__cause__ or error).split())
        return HttpObserved(node_id, error=f'{method.capitalize()} "{url}": {reason}')
    names: dict[str, list[str]] = {}
    for key, value in response.headers.items():
        names.setdefault("-".join(part.capitalize() for part in key.split("-")), []).append(value)
    return HttpObserved(
        node_id,
        response={
            "statusCode": response.status,
            "headers": names,
            "body": data.decode("utf-8", "replace"),
        },
    )


def request_headers(http: Object, secret: SecretLookup) -> dict[str, str]:
    """The headers with values from Secrets filled in. Raises ValueError naming what is missing."""
    out: dict[str, str] = {}
    for item in http.get("headers") or []:
        if not isinstance(item, Mapping) or not item.get("name"):
            raise ValueError("every header needs a name")
        value = item.get("value")
        source = item.get("valueFrom")
        if isinstance(source, Mapping) and isinstance(source.get("secretKeyRef"), Mapping):
            reference = source["secretKeyRef"]
            name, key = str(reference.get("name", "")), str(reference.get("key", ""))
            found = secret(name, key)
            if found is None:
                raise ValueError(f"header {item['name']}: the secret {name!r} has no key {key!r}")
            value = found
        text = "" if value is None else str(value)
        if "\n" in text or "\r" in text:
            raise ValueError(f"header {item['name']}: a value must be one line")
        out[str(item["name"])] = text
    return out


def request_body(http: Object) -> bytes | None:
    """The body: `body` as text, or `bodyFrom.bytes` in base64. Raises ValueError when that cannot be decoded."""
    if http.get("body"):
        return str(http["body"]).encode()
    source = http.get("bodyFrom")
    if isinstance(source, Mapping) and source.get("bytes"):
        try:
            return base64.b64decode(str(source["bytes"]), validate=True)
        except binascii.Error as error:
            raise ValueError(f"bodyFrom.bytes is not base64: {error}") from error
    return None
