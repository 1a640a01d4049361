"""One comment of a pull request and the status of a commit, against a local stand-in of the documented endpoints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from argolint.errors import UserError
from reconciler.forge import Forge, ForgeError, forge_of_job, keep_comment, set_status
from tests.reconciler.forgestand import Stand, forge_stand

COMMIT = "a" * 40


@pytest.fixture
def stand() -> Iterator[Stand]:
    with forge_stand() as found:
        yield found


def forge(kind: str, stand: Stand, token: str = "") -> Forge:
    project = "team/repo" if kind == "github" else "42"
    return Forge(kind, stand.url, project, token or stand.token, 7)


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_one_comment_is_made_and_then_kept_up_to_date(stand: Stand, kind: str) -> None:
    stand.comments = [{"id": n + 1, "body": f"talk {n}"} for n in range(150)]
    keep_comment(forge(kind, stand), "prod", "first")
    keep_comment(forge(kind, stand), "prod", "second")
    keep_comment(forge(kind, stand), "staging", "other")
    assert [c["body"] for c in stand.comments[150:]] == [
        "<!-- argosync:prod -->\nsecond",
        "<!-- argosync:staging -->\nother",
    ]
    assert stand.comments[0]["body"] == "talk 0"


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_unchanged_comment_is_not_written_again(stand: Stand, kind: str) -> None:
    keep_comment(forge(kind, stand), "prod", "same")
    stand.requests.clear()
    keep_comment(forge(kind, stand), "prod", "same")
    assert [method for method, _ in stand.requests] == ["GET"]


def test_wrong_token_is_one_clear_error_without_the_token(stand: Stand) -> None:
    with pytest.raises(ForgeError, match=r"GET .*/issues/7/comments\?…: 401 .*Bad credentials") as caught:
        keep_comment(forge("github", stand, "canary-other-token"), "prod", "x")
    assert caught.value.remedy == "check the token and its rights"
    stand.faults = [500]
    with pytest.raises(ForgeError, match=r"\[redacted\]") as caught:
        keep_comment(forge("github", stand), "prod", "x")
    assert stand.token not in caught.value.message


def test_redirect_is_not_followed_with_the_token(stand: Stand) -> None:
    with forge_stand() as elsewhere:
        stand.redirect = elsewhere.url
        with pytest.raises(ForgeError, match="302"):
            keep_comment(forge("github", stand), "prod", "x")
        assert elsewhere.requests == []


def test_commit_status_of_both(stand: Stand) -> None:
    set_status(forge("github", stand), COMMIT, "failure", "argosync/prod", "2 findings")
    set_status(forge("gitlab", stand), COMMIT, "failure", "argosync/prod", "2 findings")
    assert stand.statuses == [
        (COMMIT, {"state": "failure", "context": "argosync/prod", "description": "2 findings"}),
        (COMMIT, {"state": "failed", "name": "argosync/prod", "description": "2 findings"}),
    ]


def test_server_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(ForgeError, match="Connection refused"):
        keep_comment(Forge("github", "http://127.0.0.1:9", "a/b", "t", 1), "prod", "x")


def test_job_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN", "GITHUB_REF", "GITHUB_API_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match="GITHUB_REPOSITORY is not set"):
        forge_of_job("github", None)
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/repo")
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    with pytest.raises(UserError, match="not one of a pull request"):
        forge_of_job("github", None)
    monkeypatch.setenv("GITHUB_REF", "refs/pull/7/merge")
    assert forge_of_job("github", None) == Forge("github", "https://api.github.com", "team/repo", "t", 7)
    for name, value in {
        "CI_PROJECT_ID": "42",
        "GITLAB_TOKEN": "t",
        "CI_API_V4_URL": "https://gitlab.example/api/v4",
        "CI_MERGE_REQUEST_IID": "3",
    }.items():
        monkeypatch.setenv(name, value)
    assert forge_of_job("gitlab", None) == Forge("gitlab", "https://gitlab.example/api/v4", "42", "t", 3)
