"""What the event of a forge holds: words that people outside write, or values that only the forge makes.

It counts when the event source checks that the forge has sent the event; otherwise anybody can send anything. Sources: the payloads in
GitHub's docs (webhook events; untrusted input of workflows), GitLab's and Bitbucket's.
"""

from __future__ import annotations

from argolint.analysis.events import VERIFIERS, Feed, source_of
from argolint.model.events import event_names
from argolint.model.view import View
from argolint.patterns import lazy
from argolint.project.index import Index

# The last part of a path whose value the forge makes, of letters, digits and what means nothing to a shell or to YAML: numbers, hashes,
# times, words of a fixed list, accounts, and names and addresses of repositories.
_MADE = frozenset(
    {"action", "after", "before", "checkout_sha", "clone_url", "closed_at", "commit_id", "created_at", "draft", "event_type", "fork",
     "full_name", "git_http_url", "git_ssh_url", "git_url", "head_sha", "html_url", "http_url", "id", "iid", "length", "login",
     "merge_commit_sha", "merged", "merged_at", "node_id", "number", "object_kind", "oid", "owner", "path_with_namespace", "private",
     "project_id", "pushed_at", "sha", "short_sha", "size", "ssh_url", "state", "status", "timestamp", "updated_at", "user_username",
     "username", "visibility", "X-GitHub-Delivery", "X-GitHub-Event", "X-Github-Delivery", "X-Github-Event", "X-Gitlab-Event",
     "#"}
)  # fmt: skip
_REPOSITORIES = frozenset({"repository", "repo", "project", "organization"})
# The last part of a path whose value may hold words of anybody: titles, messages, names of branches, tags, files and people.
_WORDS = frozenset(
    {"added", "author", "bio", "blog", "body", "branch", "comment", "committer", "company", "content", "default_branch", "description",
     "display_name", "email", "file", "head", "head_branch", "head_commit", "head_ref", "headers", "homepage", "label", "labels",
     "location", "message", "modified", "name", "new", "note", "page_name", "path", "ref", "removed", "source_branch", "summary",
     "tag", "tag_name", "target_branch", "text", "title", "topics", "user_name"}
)  # fmt: skip

_FIELD = lazy(r"\.Input((?:\.\w+)+)")
_INPUT = lazy(r"\.Input\b(?!\.\w)|\$\.|\bindex\b|\bwith\b|\brange\b")


def paths(feed: Feed) -> list[str] | None:
    """The paths in the data of an event that a parameter takes; None when that cannot be told."""
    template = feed.src.text("dataTemplate")
    if template:
        found = [path.lstrip(".") for path in _FIELD.findall(template)]
        return None if _INPUT.search(template) else found
    key = feed.src.text("dataKey")
    if not key or feed.src.get("contextTemplate") or feed.src.get("contextKey"):
        return None
    return None if any(char in key for char in "|@[]{}*?()") else [key]


_PAYLOAD = lazy(r"\bpayload((?:\.\w+){2,})")


def carries_words(expression: str) -> bool:
    """Whether the expression of a WorkflowEventBinding takes what anybody may write on a forge, such as `payload.pull_request.title`.

    Argo Server takes events from those who hold a token, and from forges that sign what they send (upstream: events, webhooks).
    """
    return any(may_be_words(f"payload{path}") for path in _PAYLOAD.findall(expression))


def is_made(path: str) -> bool:
    """Whether the forge makes the value at a path, so that it is no text of anybody's."""
    parts = path.split(".")
    return parts[-1] in _MADE or (parts[-1] == "name" and len(parts) > 1 and parts[-2] in _REPOSITORIES)


def may_be_words(path: str) -> bool:
    """Whether the value at a path may hold words of outsiders: it is known to, or it is a part of the event with all that is in it."""
    parts = path.split(".")
    last = next((part for part in reversed(parts) if not part.isdigit()), "")
    return not is_made(path) and (last in _WORDS or len(parts) < 2)


def is_checked(dependency: View, namespace: str, index: Index) -> bool:
    """Whether all event sources that a dependency can mean are forges, and check that the forge has sent the event."""
    wanted = dependency.text("eventName")
    found = []
    for fact in source_of(dependency, namespace, index):
        source = index.load(fact)
        if source is None:
            return False
        for kind, name, view in event_names(source):
            if name == wanted:
                found.append(kind != "slack" and bool(view.get(VERIFIERS.get(kind, "-"))))
    return bool(found) and all(found) and not dependency.mapping("transform").map
