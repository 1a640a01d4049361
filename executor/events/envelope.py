"""What a Sensor sees of an event: its context, and its data in the shape that the type of the EventSource gives it. Pure.

Upstream: Argo Events, the `events` package (one struct a source type) and docs/eventsources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

Object = dict[str, Any]


class Event(NamedTuple):
    """One event: who sent it (`source` is the EventSource, `name` the entry in it), its context and its data."""

    source: str
    name: str
    context: Object
    data: Any


def _http(body: Any, headers: Mapping[str, str], header_key: str) -> Object:
    return {header_key: {_canonical(k): [v] for k, v in headers.items()}, "body": body, "metadata": {}}


def _canonical(name: str) -> str:
    """A header's name as Go has it in a map: X-Github-Event."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


Shape = Callable[[Any, Mapping[str, str], str], Any]
# Source type -> its data, made of the payload, the headers and the time.
SHAPES: dict[str, Shape] = {
    "webhook": lambda body, headers, time: _http(body, headers, "header"),
    "github": lambda body, headers, time: _http(body, headers, "headers"),
    "gitlab": lambda body, headers, time: _http(body, headers, "headers"),
    "bitbucket": lambda body, headers, time: _http(body, headers, "headers"),
    "bitbucketserver": lambda body, headers, time: _http(body, headers, "headers"),
    "gerrit": lambda body, headers, time: _http(body, headers, "headers"),
    "sns": lambda body, headers, time: _http(body, headers, "header"),
    "calendar": lambda body, headers, time: {"eventTime": time, "userPayload": body, "metadata": {}},
    "generic": lambda body, headers, time: body,
    "file": lambda body, headers, time: body,
    "resource": lambda body, headers, time: {
        "type": "ADD", "body": body, "group": "", "version": "", "resource": "", "metadata": {},
    },
    "minio": lambda body, headers, time: {"notification": body if isinstance(body, list) else [body], "metadata": {}},
    "amqp": lambda body, headers, time: {
        "contentType": "application/json", "timestamp": time, "exchange": "", "routingKey": "", "body": body, "metadata": {},
    },
    "kafka": lambda body, headers, time: {
        "topic": "", "key": "", "partition": 0, "body": body, "timestamp": time, "headers": dict(headers), "metadata": {},
    },
    "nats": lambda body, headers, time: {"subject": "", "body": body, "header": {k: [v] for k, v in headers.items()}, "metadata": {}},
    "mqtt": lambda body, headers, time: {"topic": "", "messageId": 0, "body": body, "metadata": {}},
    "nsq": lambda body, headers, time: {"body": body, "timestamp": time, "nsqdAddress": "", "metadata": {}},
    "sqs": lambda body, headers, time: {"messageId": "", "messageAttributes": {}, "body": body, "metadata": {}},
    "pubSub": lambda body, headers, time: {"id": "", "attributes": dict(headers), "publishTime": time, "body": body, "metadata": {}},
    "redis": lambda body, headers, time: {"channel": "", "pattern": "", "body": body, "metadata": {}},
    "redisStream": lambda body, headers, time: {"stream": "", "message_id": "", "values": body, "metadata": {}},
    "emitter": lambda body, headers, time: {"channel": "", "body": body, "metadata": {}},
    "azureEventsHub": lambda body, headers, time: {"id": "", "body": body, "metadata": {}},
    "azureServiceBus": lambda body, headers, time: {"applicationProperties": {}, "body": body, "metadata": {}},
    "imap": lambda body, headers, time: {
        "subject": "", "from": "", "to": [], "body": body, "headers": dict(headers), "timestamp": time, "metadata": {},
    },
    "azureQueueStorage": lambda body, headers, time: {"messageID": "", "body": body, "insertionTime": time, "metadata": {}},
    "pulsar": lambda body, headers, time: {"key": "", "publishTime": time, "body": body, "metadata": {}},
    "stripe": lambda body, headers, time: body,
    "slack": lambda body, headers, time: body,
}  # fmt: skip


def event_of(
    kind: str,
    source: str,
    name: str,
    payload: Any,
    headers: Mapping[str, str],
    moment: datetime,
    *,
    wrapped: bool = False,
) -> Event:
    """The event that a source of a type makes of a payload; `wrapped` if the payload is the whole data already.

    KeyError: there is no such type.
    """
    time = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    data = payload if wrapped else SHAPES[kind](payload, headers, time)
    context = {
        "id": "00000000-0000-4000-8000-000000000000", "source": source, "specversion": "1.0", "type": kind,
        "datacontenttype": "application/json", "subject": name, "time": time,
    }  # fmt: skip
    return Event(source, name, context, data)


# Short payloads of the usual senders: (source type, headers, body).
SAMPLES: dict[str, tuple[str, dict[str, str], Object]] = {
    "github-push": (
        "github",
        {"X-GitHub-Event": "push"},
        {
            "ref": "refs/heads/main", "before": "0" * 40, "after": "1" * 40, "deleted": False, "created": False,
            "repository": {"name": "app", "full_name": "acme/app", "clone_url": "https://git.example.com/acme/app.git", "default_branch": "main"},
            "pusher": {"name": "dev"}, "sender": {"login": "dev"},
            "head_commit": {"id": "1" * 40, "message": "Change a line", "added": [], "modified": ["README.md"], "removed": []},
            "commits": [{"id": "1" * 40, "message": "Change a line", "added": [], "modified": ["README.md"], "removed": []}],
        },
    ),
    "github-tag": (
        "github",
        {"X-GitHub-Event": "push"},
        {
            "ref": "refs/tags/v1.0.0", "after": "1" * 40, "created": True, "deleted": False,
            "repository": {"name": "app", "full_name": "acme/app"}, "sender": {"login": "dev"}, "commits": [],
        },
    ),
    "github-pull-request": (
        "github",
        {"X-GitHub-Event": "pull_request"},
        {
            "action": "opened", "number": 7,
            "pull_request": {
                "number": 7, "title": "A change", "state": "open", "merged": False, "draft": False, "user": {"login": "dev"},
                "head": {"ref": "topic", "sha": "2" * 40}, "base": {"ref": "main", "sha": "1" * 40},
            },
            "repository": {"name": "app", "full_name": "acme/app"}, "sender": {"login": "dev"},
        },
    ),
    "github-release": (
        "github",
        {"X-GitHub-Event": "release"},
        {
            "action": "published", "release": {"tag_name": "v1.0.0", "name": "v1.0.0", "draft": False, "prerelease": False},
            "repository": {"name": "app", "full_name": "acme/app"}, "sender": {"login": "dev"},
        },
    ),
    "gitlab-push": (
        "gitlab",
        {"X-Gitlab-Event": "Push Hook"},
        {
            "object_kind": "push", "ref": "refs/heads/main", "checkout_sha": "1" * 40, "user_username": "dev",
            "project": {"name": "app", "path_with_namespace": "acme/app", "git_http_url": "https://git.example.com/acme/app.git"},
            "commits": [{"id": "1" * 40, "message": "Change a line"}],
        },
    ),
    "gitlab-merge-request": (
        "gitlab",
        {"X-Gitlab-Event": "Merge Request Hook"},
        {
            "object_kind": "merge_request", "user": {"username": "dev"}, "project": {"path_with_namespace": "acme/app"},
            "object_attributes": {
                "iid": 7, "action": "open", "state": "opened", "source_branch": "topic", "target_branch": "main", "title": "A change",
                "last_commit": {"id": "2" * 40},
            },
        },
    ),
    "bitbucket-push": (
        "bitbucket",
        {"X-Event-Key": "repo:push"},
        {
            "actor": {"nickname": "dev"}, "repository": {"full_name": "acme/app"},
            "push": {"changes": [{"new": {"type": "branch", "name": "main", "target": {"hash": "1" * 40}}}]},
        },
    ),
    "webhook": ("webhook", {"Content-Type": "application/json"}, {"message": "hello"}),
    "calendar": ("calendar", {}, {}),
    "minio": (
        "minio",
        {},
        {"eventName": "s3:ObjectCreated:Put", "s3": {"bucket": {"name": "input"}, "object": {"key": "a.txt", "size": 3}}},
    ),
    "kafka": ("kafka", {}, {"message": "hello"}),
    "sns": ("sns", {}, {"Type": "Notification", "Message": "hello"}),
    "sqs": ("sqs", {}, {"message": "hello"}),
}  # fmt: skip
