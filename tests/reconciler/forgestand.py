"""A local stand-in for the endpoints of GitHub and GitLab that argosync uses, as their reference pages document them.

It is not those services: it knows paths, authentication headers, paging, status codes and the shape of the answers, no more.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Stand:
    """What a test asks of it: `url`, `token`, the `comments`, the `statuses`, and a `fault` (status) for the next requests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = "canary-token-1234"
        self.comments: list[dict[str, Any]] = []
        self.statuses: list[tuple[str, dict[str, Any]]] = []
        self.posted: list[tuple[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.faults: list[int] = []
        self.redirect = ""

    def answer(self, method: str, path: str, headers: Any, body: Any) -> tuple[int, Any]:
        """(status, JSON) of one request."""
        split = urlsplit(path)
        where, query = unquote(split.path), parse_qs(split.query)
        self.requests.append((method, where))
        if self.faults:
            return self.faults.pop(0), {"message": f"no, {self.token}"}
        if where.startswith("/hook/"):
            self.posted.append((where, body))
            return 200, None
        if (
            headers.get("Authorization") != f"Bearer {self.token}"
            and headers.get("PRIVATE-TOKEN") != self.token
        ):
            return 401, {"message": "Bad credentials"}
        lists = re.fullmatch(r"/repos/team/repo/issues/7/comments|/projects/42/merge_requests/7/notes", where)
        if lists and method == "GET":
            size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
            return 200, self.comments[(page - 1) * size : page * size]
        if lists and method == "POST":
            made = {"id": len(self.comments) + 1, "body": body["body"]}
            self.comments.append(made)
            return 201, made
        one = re.fullmatch(
            r"/repos/team/repo/issues/comments/(\d+)|/projects/42/merge_requests/7/notes/(\d+)", where
        )
        if one and method in ("PATCH", "PUT"):
            found = next((c for c in self.comments if str(c["id"]) == (one.group(1) or one.group(2))), None)
            if found is None:
                return 404, {"message": "Not Found"}
            found["body"] = body["body"]
            return 200, found
        status = re.fullmatch(r"/(?:repos/team/repo|projects/42)/statuses/([0-9a-f]{40})", where)
        if status and method == "POST":
            self.statuses.append((status.group(1), body))
            return 201, {}
        return 404, {"message": "Not Found"}


@contextmanager
def forge_stand() -> Iterator[Stand]:
    """Serve it on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            if stand.redirect:
                self.send_response(302)
                self.send_header("Location", stand.redirect)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            code, value = stand.answer(self.command, self.path, self.headers, body)
            text = b"" if value is None else json.dumps(value).encode()
            self.send_response(code)
            if code == 429:
                self.send_header("Retry-After", "3")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_PUT = _do

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand = Stand(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stand
    finally:
        server.shutdown()
        server.server_close()
