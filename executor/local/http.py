"""`http` templates by the standard library: one request, one answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

BODY_LIMIT = 4 * 1024 * 1024  # bytes of a response that are kept
DEFAULT_TIMEOUT = 30.0  # seconds, as upstream's agent
SecretKey = Callable[[Mapping[str, Any]], str]


def _opener(insecure: bool) -> Any:
    """An opener that follows redirects to http and https only."""
    import ssl
    from urllib import request

    class WebOnly(request.HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            if not newurl.startswith(("http://", "https://")):
                return None
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    context = ssl.create_default_context()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return request.build_opener(request.HTTPSHandler(context=context), WebOnly())


def run_http(template: Mapping[str, Any], secret: SecretKey) -> tuple[dict[str, Any] | None, str]:
    """Run the `http` field of a template: (response with statusCode, headers, body; "") or (None, what went wrong)."""
    import urllib.error
    import urllib.request

    http = template.get("http") or {}
    url = str(http.get("url") or "")
    if not url.startswith(("http://", "https://")):
        return None, f"http template: not an http URL: {url!r}"
    try:
        headers = {str(h.get("name")): _header(h, secret) for h in http.get("headers") or []}
        body = _body(http)
        request = urllib.request.Request(
            url, data=body, headers=headers, method=str(http.get("method") or "GET")
        )
        opener = _opener(bool(http.get("insecureSkipVerify")))
        timeout = float(http.get("timeoutSeconds") or DEFAULT_TIMEOUT)
        try:
            with opener.open(request, timeout=timeout) as response:
                return _response(response.status, response.headers, response.read(BODY_LIMIT)), ""
        except urllib.error.HTTPError as error:
            return _response(error.code, error.headers, error.read(BODY_LIMIT)), ""
    except (OSError, ValueError, KeyError, LookupError) as error:
        return None, f"{http.get('method') or 'GET'} {url}: {getattr(error, 'reason', error)}"


def _header(header: Mapping[str, Any], secret: SecretKey) -> str:
    reference = (header.get("valueFrom") or {}).get("secretKeyRef")
    return secret(reference) if reference else str(header.get("value") or "")


def _body(http: Mapping[str, Any]) -> bytes | None:
    if (http.get("bodyFrom") or {}).get("bytes") is not None:
        import base64

        return base64.b64decode(http["bodyFrom"]["bytes"])
    return str(http["body"]).encode() if http.get("body") else None


def _response(status: int, headers: Any, body: bytes) -> dict[str, Any]:
    names: dict[str, list[str]] = {}
    for name, value in headers.items():
        names.setdefault(name, []).append(value)
    return {"statusCode": status, "headers": names, "body": body.decode("utf-8", "replace")}
