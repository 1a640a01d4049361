"""Artifacts by plain HTTP: http locations, Artifactory and WebDAV, by the standard library. Saving is a PUT."""

from __future__ import annotations

import base64
import http.client
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from executor.artifacts.base import ArtifactError, ArtifactMissing

Object = Mapping[str, Any]
TIMEOUT = 60.0  # seconds without a byte
TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
PAUSES = (0.2, 0.6)  # seconds before the second and the third attempt


class WebDriver:
    """Files at URLs; a key is a whole URL."""

    def __init__(
        self,
        *,
        user: str = "",
        password: str = "",
        headers: Mapping[str, str] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._headers = dict(headers or {})
        if user or password:
            self._headers["Authorization"] = (
                "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
            )
        self._context = context

    def get(self, key: str, target: Path) -> None:
        def receive(response: Any) -> None:
            with open(target, "wb") as out:
                while piece := response.read(1 << 16):
                    out.write(piece)

        self._request("GET", key, None, receive)

    def put(self, key: str, source: Path) -> None:
        if source.is_dir():
            raise ArtifactError(f"{key}: a directory cannot be saved by HTTP: give it an archive")
        self._request("PUT", key, source, lambda response: None)

    def list(self, prefix: str) -> list[str]:
        raise ArtifactError(f"{prefix}: what is at a URL cannot be listed")

    def delete(self, key: str) -> None:
        try:
            self._request("DELETE", key, None, lambda response: None)
        except ArtifactMissing:
            return

    def _request(self, method: str, url: str, body: Path | None, use: Callable[[Any], None]) -> None:
        url = checked(url)
        for attempt in range(len(PAUSES) + 1):
            last = attempt == len(PAUSES)
            try:
                self._once(method, url, body, use)
                return
            except urllib.error.HTTPError as error:
                if error.code not in TRANSIENT or last:
                    kind = ArtifactMissing if error.code in (404, 410) else ArtifactError
                    raise kind(f"{method} {shown(url)}: {error.code} {error.reason}") from error
            except (OSError, ValueError, http.client.HTTPException) as error:
                if last or not isinstance(
                    getattr(error, "reason", error),
                    ConnectionError | TimeoutError | http.client.HTTPException,
                ):
                    raise ArtifactError(
                        f"{method} {shown(url)}: {getattr(error, 'reason', error)}"
                    ) from error
            time.sleep(PAUSES[attempt])

    def _once(self, method: str, url: str, body: Path | None, use: Callable[[Any], None]) -> None:
        headers = dict(self._headers)
        handlers: list[Any] = [_SameHost()]
        if self._context is not None:
            handlers.append(urllib.request.HTTPSHandler(context=self._context))
        opener = urllib.request.build_opener(*handlers)
        if body is None:
            with opener.open(
                urllib.request.Request(url, method=method, headers=headers), timeout=TIMEOUT
            ) as response:
                use(response)
            return
        headers["Content-Length"] = str(body.stat().st_size)
        headers.setdefault("Content-Type", "application/octet-stream")
        with open(body, "rb") as stream:
            request = urllib.request.Request(url, data=stream, method=method, headers=headers)
            with opener.open(request, timeout=TIMEOUT) as response:
                use(response)


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only, and takes credentials to no other host."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.startswith(("http://", "https://")):
            return None
        found = super().redirect_request(req, fp, code, msg, headers, newurl)
        if (
            found is not None
            and urllib.parse.urlsplit(newurl).netloc != urllib.parse.urlsplit(req.full_url).netloc
        ):
            found.remove_header("Authorization")
        return found


def checked(url: str) -> str:
    """An http or https URL, what must be quoted in it quoted. Raises ArtifactError."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ArtifactError(f"http artifact: not an http URL: {url!r}")
    return urllib.parse.urlunsplit(
        parts._replace(path=urllib.parse.quote(parts.path, safe="/%:@!$&'()*+,;=~-._"))
    )


def shown(url: str) -> str:
    """A URL without user and password, and without its query (signed URLs keep secrets there)."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def driver_of(location: Object, secret: Callable[[Object], str]) -> WebDriver:
    """The driver of an `http` location: headers and authentication. Raises ArtifactError."""
    headers = {str(h.get("name")): str(h.get("value") or "") for h in location.get("headers") or []}
    auth = location.get("auth") or {}
    basic, certificate, oauth = (
        auth.get("basicAuth") or {},
        auth.get("clientCert") or {},
        auth.get("oauth2") or {},
    )

    def value(holder: Object, field: str) -> str:
        return secret(holder[field]) if holder.get(field) else ""

    context = None
    if certificate.get("clientCertSecret"):
        context = _with_certificate(
            value(certificate, "clientCertSecret"), value(certificate, "clientKeySecret")
        )
    if oauth.get("tokenURLSecret"):
        token = _token(
            value(oauth, "tokenURLSecret"), value(oauth, "clientIDSecret"), value(oauth, "clientSecretSecret"),
            [str(s) for s in oauth.get("scopes") or []], {str(p.get("key")): str(p.get("value")) for p in oauth.get("endpointParams") or []},
        )  # fmt: skip
        headers["Authorization"] = f"Bearer {token}"
    return WebDriver(
        user=value(basic, "usernameSecret"),
        password=value(basic, "passwordSecret"),
        headers=headers,
        context=context,
    )


def _with_certificate(certificate: str, key: str) -> ssl.SSLContext:
    import tempfile

    context = ssl.create_default_context()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "client.pem"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(f"{key}\n{certificate}\n")
        try:
            context.load_cert_chain(file)
        except (ssl.SSLError, OSError) as error:
            raise ArtifactError(f"http artifact: the client certificate cannot be used: {error}") from error
    return context


def _token(url: str, client: str, password: str, scopes: list[str], extra: Mapping[str, str]) -> str:
    """An access token by the client credentials grant."""
    import json

    form = {"grant_type": "client_credentials", **({"scope": " ".join(scopes)} if scopes else {}), **extra}
    login = base64.b64encode(f"{urllib.parse.quote(client)}:{urllib.parse.quote(password)}".encode()).decode()
    request = urllib.request.Request(
        checked(url),
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": f"Basic {login}"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return str(json.loads(response.read(1 << 20))["access_token"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"http artifact: no token from {shown(url)}: {error}") from error
