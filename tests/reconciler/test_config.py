"""The configuration file: what it means, and that every mistake is named with line and key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from argolint.errors import UserError
from reconciler.config import Auth, Config, Prune, Ref, Secret, SourceConfig, TargetConfig, load
from reconciler.opsconfig import seconds

GOOD = """\
version: 1
state: state
sources:
  - name: platform
    url: https://git.example.com/team/platform.git
    ref: {semver: "^1.2"}
    paths: [argo/, ./more]
    exclude: ["drafts/"]
    interval: 1m30s
    auth:
      username: bot
      token: {file: token}
      ca_file: ca.pem
targets:
  - name: prod
    kubeconfig: kube
    context: prod
    namespace: argo
    allow: {kinds: [WorkflowTemplate], namespaces: [argo, jobs]}
    mode: quarantine
    argo_version: "4.1"
    settle: 500ms
    prune: {enabled: true, max_percent: 10}
"""


def test_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "argosync.yaml"
    file.write_text(GOOD)
    assert load(str(file)) == Config(
        tmp_path / "state",
        (
            SourceConfig(
                "platform", "https://git.example.com/team/platform.git", ref=Ref("semver", "^1.2"),
                paths=("argo", "more"), exclude=("drafts/",), interval=90.0,
                auth=Auth("bot", token=Secret(file=str(tmp_path / "token")), ca_file=str(tmp_path / "ca.pem")),
            ),
        ),
        (
            TargetConfig(
                "prod", "platform", str(tmp_path / "kube"), "prod", "argo", ("WorkflowTemplate",), ("argo", "jobs"),
                mode="quarantine", argo_version="4.1", settle=0.5, prune=Prune(True, 10),
            ),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    paths:", "    pathes:", ":7: sources[0]: unknown key pathes (known: auth, commit_status, exclude, include, interval, max_file_bytes, name, non_fast_forward, paths, ref, timeout, type, url, verify)"),
        ("    url: https://git.example.com/team/platform.git\n", "", ":4: sources[0]: 'url' is missing"),
        ("1m30s", "soon", ":9: sources[0].interval: 'soon' is not valid; Such as 30s, 5m or 1h30m."),
        ("mode: quarantine", "mode: maybe", ":20: targets[0].mode: 'maybe' is not one of ['all-or-nothing', 'quarantine']"),
        ("max_percent: 10", "max_percent: ten", ":23: targets[0].prune.max_percent: must be number, not a string"),
        ("name: prod", "name: Prod!", ":15: targets[0].name: 'Prod!' is not valid; Lower-case letters, digits and hyphens, at most 50."),
        ("    kubeconfig: kube", "    source: other", ":16: targets[0].source: there is no source other"),
        ("paths: [argo/, ./more]", "paths: [../up]", ":7: sources[0].paths: paths '../up' leaves the repository"),
        ("url: https://git", "url: https://u:p@git", ":5: sources[0].url: url contains a user name or a password"),
        ("url: https://git.example.com/team/platform.git", "url: ext::sh -c x", ":5: sources[0].url: url uses the transport ext, which is not supported"),
        ("url: https://git.example.com/team/platform.git", "url: git://example.com/x", ":5: sources[0].url: url uses the transport git, which is not supported"),
        ("url: https://git.example.com/team/platform.git", "url: --upload-pack=x", ":5: sources[0].url: url '--upload-pack=x' begins with a hyphen"),
        ("url: https://git.example.com/team/platform.git", "url: git@example.com:team/x.git", ":10: sources[0].auth: auth.known_hosts is missing"),
        ("url: https://git.example.com/team/platform.git", "url: ssh://-oProxyCommand=x/y", ":5: sources[0].url: url names a host that begins with a hyphen"),
        ('{semver: "^1.2"}', "{branch: --force}", ":6: sources[0].ref: ref '--force' is not a name that Git allows"),
        ('{semver: "^1.2"}', "{semver: banana}", ":6: sources[0].ref: ref semver 'banana'"),
        ("token: {file: token}", "token: abc", ":12: sources[0].auth.token: must be object, not a string"),
        ("version: 1", "version: 2", ":1: version: 1 was expected"),
        ("version: 1", "version: [", ":3: "),
        ("version: 1", "state: a", ":2: the key state is there twice"),
        ("name: prod", "name: *x", ":15: "),
    ],
)  # fmt: skip
def test_every_mistake_names_line_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    file = tmp_path / "argosync.yaml"
    file.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        load(str(file))
    assert message in caught.value.message.replace(str(file), "")
    assert (caught.value.exit_code, bool(caught.value.remedy)) == (2, True)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load(str(tmp_path / "none.yaml"))


def test_secrets_are_read_when_needed_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    with pytest.raises(UserError, match="No such file"):
        Secret(file=str(file)).read()
    file.write_text("abc\n")
    assert Secret(file=str(file)).read() == "abc"
    file.write_text("rotated\n")
    assert Secret(file=str(file)).read() == "rotated"
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(UserError, match="the environment variable NOT_SET is not set"):
        Secret(env="NOT_SET").read()


def test_durations() -> None:
    assert [seconds(t) for t in ("30s", "1h30m", "250ms", "1.5m")] == [30.0, 5400.0, 0.25, 90.0]


def test_the_published_schema_is_a_schema(repo: Path) -> None:
    import jsonschema

    schema = json.loads((repo / "schemas/argosync-config.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
