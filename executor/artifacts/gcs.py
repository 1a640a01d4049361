"""Google Cloud Storage by its JSON API and the standard library; `cryptography` signs for service accounts.

`STORAGE_EMULATOR_HOST` names another endpoint, as it does for Google's own clients; an emulator gets no credentials.
"""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from executor.artifacts.base import ArtifactError, ArtifactMissing
from executor.artifacts.objects import ObjectDriver
from executor.artifacts.web import PAUSES, TIMEOUT, TRANSIENT

Object = Mapping[str, Any]
ENDPOINT = "https://storage.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


class GcsDriver(ObjectDriver):
    """One bucket with one service account."""

    def __init__(self, location: Object, value: Callable[[Any], str]) -> None:
        self._bucket = str(location.get("bucket") or "")
        if not self._bucket:
            raise ArtifactError("gcs location has no bucket")
        emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")
        self._endpoint = (emulator if "://" in emulator else f"http://{emulator}") if emulator else ENDPOINT
        self._account: Object = {}
        self._token = ("", 0.0)
        if not emulator:
            text = value(location.get("serviceAccountKeySecret")) or _own_credentials()
            try:
                self._account = dict(json.loads(text))
            except (ValueError, TypeError):
                raise ArtifactError("gcs: the credentials are not a JSON object") from None

    def _upload(self, path: Path, key: str) -> None:
        query = urllib.parse.urlencode({"uploadType": "media", "name": key})
        self._call("POST", f"/upload/storage/v1/b/{_quoted(self._bucket)}/o?{query}", body=path)

    def _download(self, key: str, target: Path) -> None:
        self._call("GET", f"/storage/v1/b/{_quoted(self._bucket)}/o/{_quoted(key)}?alt=media", into=target)

    def list(self, prefix: str) -> list[str]:
        found: list[str] = []
        token = ""
        while True:
            query = urllib.parse.urlencode({"prefix": prefix, **({"pageToken": token} if token else {})})
            page = json.loads(self._call("GET", f"/storage/v1/b/{_quoted(self._bucket)}/o?{query}"))
            found += [str(item["name"]) for item in page.get("items") or []]
            token = str(page.get("nextPageToken") or "")
            if not token:
                return sorted(found)

    def _remove(self, key: str) -> None:
        self._call("DELETE", f"/storage/v1/b/{_quoted(self._bucket)}/o/{_quoted(key)}")

    def _call(self, method: str, path: str, *, body: Path | None = None, into: Path | None = None) -> bytes:
        for attempt in range(len(PAUSES) + 1):
            try:
                return self._once(method, path, body, into)
            except urllib.error.HTTPError as error:
                if error.code not in TRANSIENT or attempt == len(PAUSES):
                    kind = ArtifactMissing if error.code == 404 else ArtifactError
                    raise kind(
                        f"gs://{self._bucket}: {method} {path.split('?')[0]}: {error.code} {error.reason}"
                    ) from error
            except (OSError, ValueError) as error:
                reason = getattr(error, "reason", error)
                if attempt == len(PAUSES) or not isinstance(reason, ConnectionError | TimeoutError):
                    raise ArtifactError(f"gs://{self._bucket}: {reason}") from error
            time.sleep(PAUSES[attempt])
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, body: Path | None, into: Path | None) -> bytes:
        headers = {"Authorization": f"Bearer {self._access_token()}"} if self._account else {}
        stream = None
        if body is not None:
            headers |= {
                "Content-Length": str(body.stat().st_size),
                "Content-Type": "application/octet-stream",
            }
            stream = open(body, "rb")  # noqa: SIM115 - closed below
        try:
            request = urllib.request.Request(
                self._endpoint + path, data=stream, method=method, headers=headers
            )
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
                if into is None:
                    return bytes(response.read())
                with open(into, "wb") as out:
                    while piece := response.read(1 << 16):
                        out.write(piece)
                return b""
        finally:
            if stream is not None:
                stream.close()

    def _access_token(self) -> str:
        """An access token for the service account, a fresh one when the old is about to expire."""
        token, expires = self._token
        if token and time.time() < expires - 60:
            return token
        address = str(self._account.get("token_uri") or "https://oauth2.googleapis.com/token")
        if self._account.get("type") == "authorized_user":
            names = ("client_id", "client_secret", "refresh_token")
            form = {"grant_type": "refresh_token", **{n: str(self._account.get(n) or "") for n in names}}
        else:
            form = {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": self._assertion(address),
            }
        request = urllib.request.Request(address, data=urllib.parse.urlencode(form).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
                answer = json.loads(response.read(1 << 20))
            self._token = (str(answer["access_token"]), time.time() + float(answer.get("expires_in") or 3600))
        except (OSError, ValueError, KeyError, TypeError) as error:
            who = self._account.get("client_email") or self._account.get("client_id")
            raise ArtifactError(f"gcs: no token for {who}: {error}") from error
        return self._token[0]

    def _assertion(self, audience: str) -> str:
        try:
            from cryptography.hazmat.primitives import hashes, serialization
            from cryptography.hazmat.primitives.asymmetric import padding
        except ImportError:
            raise ArtifactError(
                "gcs service accounts need cryptography: pip install 'argolint[run]'"
            ) from None
        now = int(time.time())
        claims = {
            "iss": self._account.get("client_email"),
            "scope": SCOPE,
            "aud": audience,
            "iat": now,
            "exp": now + 3600,
        }
        head = {"alg": "RS256", "typ": "JWT", "kid": self._account.get("private_key_id")}
        text = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
        try:
            key: Any = serialization.load_pem_private_key(
                str(self._account.get("private_key")).encode(), password=None
            )
            signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, TypeError) as error:
            raise ArtifactError(f"gcs: the service account's private key cannot be used: {error}") from error
        return f"{text}.{_base64(signature)}"


def _own_credentials() -> str:
    """This machine's own credentials: a location without a secret takes them, as Google's clients do."""
    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    path = Path(named or "~/.config/gcloud/application_default_credentials.json").expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        if named:
            raise ArtifactError(f"gcs: GOOGLE_APPLICATION_CREDENTIALS: {error}") from error
        raise ArtifactError(
            "gcs location has no serviceAccountKeySecret, and this machine has no credentials of its own "
            "(GOOGLE_APPLICATION_CREDENTIALS, or gcloud auth application-default login)"
        ) from None


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")
