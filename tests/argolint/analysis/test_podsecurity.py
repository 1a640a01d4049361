"""Which Pod Security Standard a spec needs."""

from __future__ import annotations

import pytest

from argolint.analysis.podsecurity import demands, level_of
from argolint.model.k8s import Object
from argolint.model.workflow import WorkflowSpec
from argolint.yaml import parse

SAFE = "{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}"


def spec(fields: str, container: str = "{}") -> WorkflowSpec:
    text = f"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {{{fields} templates: [{{name: a, container: {container}}}]}}\n"
    (found,) = Object(parse(text).documents[0].root).workflow_specs
    return found


@pytest.mark.parametrize(
    ("fields", "container", "expected"),
    [
        ("hostNetwork: true,", "{}", [("privileged", "`hostNetwork`")]),
        ("hostNetwork: false,", "{}", []),
        ("volumes: [{name: a, hostPath: {path: /}}],", "{}", [("privileged", "a `hostPath` volume")]),
        ("volumes: [{name: a, nfs: {path: /}}, {name: b, emptyDir: {}}],", "{}", [("baseline", "a volume of type `nfs`")]),
        ("securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]},", "{}", [("privileged", "the sysctl `kernel.msgmax`")]),
        ("securityContext: {seccompProfile: {type: Unconfined}},", "{}", [("privileged", "`seccompProfile: Unconfined`")]),
        ("securityContext: {seLinuxOptions: {user: x}},", "{}", [("privileged", "`seLinuxOptions`")]),
        ("", "{securityContext: {privileged: true}}", [("privileged", "`privileged`")]),
        ("", "{securityContext: {capabilities: {add: [NET_BIND_SERVICE, CHOWN, SYS_ADMIN]}}}",
         [("baseline", "the capability `CHOWN`"), ("privileged", "the capability `SYS_ADMIN`")]),
        ("", "{securityContext: {runAsUser: 0, runAsNonRoot: false}}", [("baseline", "`runAsNonRoot: false`"), ("baseline", "`runAsUser: 0`")]),
        ("", "{securityContext: {procMount: Unmasked, allowPrivilegeEscalation: true}}",
         [("privileged", "`procMount: Unmasked`"), ("baseline", "`allowPrivilegeEscalation`")]),
        ("", "{ports: [{containerPort: 80, hostPort: 80}]}", [("privileged", "a `hostPort`")]),
        ("", "{securityContext: {windowsOptions: {hostProcess: true}}}", [("privileged", "`hostProcess`")]),
    ],
)  # fmt: skip
def test_what_asks_for_which_level(fields: str, container: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.level, one.what) for one in demands(spec(fields, container))] == expected


def test_the_level_of_a_spec() -> None:
    pod = "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}},"
    assert level_of(spec(pod, f"{{securityContext: {SAFE}}}")) == ("restricted", [], [])
    level, asked, missing = level_of(spec(pod))
    assert (level, asked) == ("baseline", [])
    assert missing == ["`allowPrivilegeEscalation: false`", "`capabilities: {drop: [ALL]}`"]
    level, asked, _ = level_of(spec("hostPID: true, volumes: [{name: a, nfs: {}}],"))
    assert (level, [one.what for one in asked]) == ("privileged", ["`hostPID`"])
