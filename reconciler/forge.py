"""GitHub and GitLab over their REST interfaces: one comment of a pull request, and the status of a commit.

GitHub: docs.github.com/rest, "issue comments" and "commit statuses". GitLab: docs.gitlab.com/api, "notes" and "commits".
"""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from typing import Any, NamedTuple
from urllib.parse import quote

from argolint.errors import UserError
from reconciler.text import clean

TIMEOUT = 20.0
MAX_PAGES = 30
PER_PAGE = 100
_STATES = {
    "github": {"success": "success", "failure": "failure", "pending": "pending", "error": "error"},
    "gitlab": {"success": "success", "failure": "failed", "pending": "pending", "error": "failed"},
}


class ForgeError(UserError):
    """A request that did not succeed; `retry_after` in seconds when the server named it, `status` 0 for no answer."""

    def __init__(self, message: str, remedy: str, status: int = 0, retry_after: float = 0.0) -> None:
        super().__init__(message, remedy, exit_code=1)
        self.status = status
        self.retry_after = retry_after


class Forge(NamedTuple):
    """Where to speak: `kind` is github or gitlab, `project` owner/name or a GitLab project's id or path."""

    kind: str
    api: str
    project: str
    token: str
    request_number: int = 0


def forge_of_job(kind: str, number: int | None) -> Forge:
    """The forge of the CI job that we run in, from the variables that it documents. Raises UserError naming a missing one."""
    if kind == "github":
        project = _variable("GITHUB_REPOSITORY", "run it in GitHub Actions, or set it to owner/name")
        found = re.match(r"refs/pull/([0-9]+)/", os.environ.get("GITHUB_REF", ""))
        number = number or (int(found.group(1)) if found else None)
        token = _variable("GITHUB_TOKEN", "pass it: `env: {GITHUB_TOKEN: ${{ github.token }}}`")
        api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    else:
        project = _variable("CI_PROJECT_ID", "run it in GitLab CI, or set it to the project's id")
        text = os.environ.get("CI_MERGE_REQUEST_IID", "")
        number = number or (int(text) if text.isdigit() else None)
        token = _variable("GITLAB_TOKEN", "make a project access token with the scope api, and pass it")
        api = _variable("CI_API_V4_URL", "set it to https://HOST/api/v4")
    if not number:
        raise UserError(
            "--comment: this job is not one of a pull request",
            "run it for pull requests only, or give --pr N",
        )
    return Forge(kind, api.rstrip("/"), project, token, number)


def keep_comment(forge: Forge, about: str, text: str) -> str:
    """Write `text` into the one comment about `about`, made anew only when there is none; its URL. Raises ForgeError."""
    marker = f"<!-- argosync:{about} -->"
    body = f"{marker}\n{text}"
    for page in range(1, MAX_PAGES + 1):
        found = _call(forge, "GET", f"{_comments(forge)}?per_page={PER_PAGE}&page={page}")
        comments = found if isinstance(found, list) else []
        for comment in comments:
            if str(comment.get("body", "")).startswith(marker):
                return _edit(forge, comment, body)
        if len(comments) < PER_PAGE:
            break
    made = _call(forge, "POST", _comments(forge), {"body": body})
    return _url(made)


def set_status(forge: Forge, commit: str, state: str, context: str, description: str) -> None:
    """Set the status of a commit: `state` is success, failure, pending or error. Raises ForgeError."""
    told = clean(description, limit=140)
    value = _STATES[forge.kind][state]
    if forge.kind == "github":
        body = {"state": value, "context": context, "description": told}
        _call(forge, "POST", f"/repos/{quote(forge.project)}/statuses/{commit}", body)
        return
    body = {"state": value, "name": context, "description": told}
    try:
        _call(forge, "POST", f"/projects/{quote(forge.project, safe='')}/statuses/{commit}", body)
    except ForgeError as error:
        # GitLab refuses a change to the state that it already has.
        if error.status != 400 or "transition" not in error.message:
            raise


def _edit(forge: Forge, comment: dict[str, Any], body: str) -> str:
    if comment.get("body") == body:
        return _url(comment)
    if forge.kind == "github":
        return _url(_call(forge, "PATCH", f"/repos/{quote(forge.project)}/issues/comments/{comment['id']}", {"body": body}))  # fmt: skip
    return _url(_call(forge, "PUT", f"{_comments(forge)}/{comment['id']}", {"body": body}))


def _comments(forge: Forge) -> str:
    if forge.kind == "github":
        return f"/repos/{quote(forge.project)}/issues/{forge.request_number}/comments"
    return f"/projects/{quote(forge.project, safe='')}/merge_requests/{forge.request_number}/notes"


def _url(comment: Any) -> str:
    if not isinstance(comment, dict):
        return ""
    return clean(str(comment.get("html_url") or f"note {comment.get('id', '?')}"), limit=300)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _call(forge: Forge, method: str, path: str, body: Any = None) -> Any:
    headers = {"Accept": "application/json", "User-Agent": "argosync", "Content-Type": "application/json"}
    if forge.kind == "github":
        headers |= {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {forge.token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
    else:
        headers["PRIVATE-TOKEN"] = forge.token
    return send_json(method, forge.api + path, body, headers, secret=forge.token)


def send_json(method: str, url: str, body: Any, headers: dict[str, str], *, secret: str = "") -> Any:
    """One request with a JSON body; the JSON answer, or None. No redirect is followed. Raises ForgeError."""
    data = None if body is None else json.dumps(body).encode()
    shown = re.sub(r"(?<=://)[^/]*@|(?<=\?).*", "…", url)
    try:
        request = urllib.request.Request(url, data=data, method=method, headers=headers)
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as reply:
            text = reply.read(8 << 20)
        return json.loads(text) if text.strip() else None
    except urllib.error.HTTPError as error:
        told = clean(error.read(2000).decode("utf-8", "replace"), limit=300)
        if secret:
            told = told.replace(secret, "[redacted]")
        wait = error.headers.get("Retry-After", "")
        seconds = float(wait) if wait.isdigit() else 0.0
        remedy = "check the token and its rights" if error.code in (401, 403, 404) else "try again later"
        raise ForgeError(f"{method} {shown}: {error.code} {told}", remedy, error.code, seconds) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ForgeError(
            f"{method} {shown}: {clean(str(reason), limit=200)}", "check the address and the network"
        ) from error


def _variable(name: str, remedy: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise UserError(f"--comment: the variable {name} is not set", remedy)
    return value
