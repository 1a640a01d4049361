"""Repairs of tags in code, and what counts as a secret."""

from __future__ import annotations

import pytest

from argolint.analysis.credentials import is_literal_secret, is_secret_name, known_token, password_in_url
from argolint.analysis.scripts import codes
from argolint.analysis.security import (
    env_fix,
    image_tag,
    object_settings,
)
from argolint.context import Context, read
from argolint.settings import Settings
from argolint.yaml.edit import apply_edits

HEAD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: a}
spec:
  entrypoint: main
  templates:
  - name: main
"""


def context(body: str) -> tuple[Context, str]:
    file = read("f.yaml", HEAD + body)
    ctx = Context(file, Settings(), None)
    ctx.object = file.objects[0][0]
    return ctx, HEAD + body


def repaired(body: str) -> tuple[str, str] | None:
    ctx, text = context(body)
    assert ctx.object is not None
    template = ctx.object.workflow_specs[0].templates[0]
    fix = env_fix(codes(template, ctx)[0], ctx)
    return None if fix is None else (fix.safety, apply_edits(text, fix.edits)[len(HEAD) :])


def shell(command: str) -> tuple[str, str] | None:
    """(safety, the repaired command) of a shell script of one line."""
    found = repaired(
        f"    script:\n      image: a\n      command: [sh]\n      source: |\n        {command}\n"
    )
    return None if found is None else (found[0], found[1].rstrip("\n").rpartition("\n        ")[2])


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ('echo "a {{inputs.parameters.x}}"', ("safe", 'echo "a ${ARG_X}"')),
        ("echo 'a {{inputs.parameters.x}}'", ("safe", "echo 'a '\"${ARG_X}\"''")),
        ("echo '{{inputs.parameters.x}}'", ("safe", 'echo "${ARG_X}"')),
        ("echo {{inputs.parameters.x}}", ("unsafe", 'echo "${ARG_X}"')),
        ("a={{inputs.parameters.x}}", ("safe", 'a="${ARG_X}"')),
        ("f --x={{inputs.parameters.a-b}}", ("safe", 'f --x="${ARG_A_B}"')),
        ("for a in {{inputs.parameters.x}}; do", None),
        ("echo $(({{inputs.parameters.x}} + 1))", None),
        ("cat < {{inputs.parameters.x}}", None),
        ("echo `f {{inputs.parameters.x}}`", None),
        ("echo it's {{inputs.parameters.x}}", None),
        ('echo "$ARG_X {{inputs.parameters.x}}"', None),
        ("echo {{inputs.artifacts.x.path}}", None),
        (
            'echo "{{inputs.parameters.x}} {{workflow.name}} {{steps.a.outputs.parameters.b}}"',
            ("safe", 'echo "${ARG_X} {{workflow.name}} ${ARG_A_PARAMETERS_B}"'),
        ),
    ],
)
def test_shell_scripts_are_repaired_where_their_quotes_say_how(
    command: str, expected: tuple[str, str] | None
) -> None:
    assert shell(command) == expected


def test_an_environment_that_is_there_is_extended() -> None:
    assert repaired("""\
    script:
      image: a
      command: [bash]
      env:
        - name: A
          value: b
      source: echo "{{inputs.parameters.x}}"
""") == (
        "safe",
        """\
    script:
      image: a
      command: [bash]
      env:
        - name: A
          value: b
        - name: ARG_X
          value: "{{inputs.parameters.x}}"
      source: echo "${ARG_X}"
""",
    )


def test_flow_style_and_escapes_are_kept() -> None:
    assert repaired(
        '    container: {image: a, command: [sh, -c, "echo {{inputs.parameters.x}}"], env: [{name: A, value: b}]}\n'
    ) == (
        "unsafe",
        (
            '    container: {image: a, command: [sh, -c, "echo \\"${ARG_X}\\""], '
            'env: [{name: A, value: b}, {name: ARG_X, value: "{{inputs.parameters.x}}"}]}\n'
        ),
    )


def test_python_literals_read_the_environment() -> None:
    assert repaired("""\
    script:
      image: a
      command: [python]
      source: |
        # first
        import json
        print(json.loads('''{{inputs.parameters.x}}'''))
""") == (
        "safe",
        """\
    script:
      image: a
      command: [python]
      env:
      - name: ARG_X
        value: "{{inputs.parameters.x}}"
      source: |
        # first
        import os
        import json
        print(json.loads(os.environ["ARG_X"]))
""",
    )


@pytest.mark.parametrize("extra", ["env: [{name: ARG_X, value: a}]", "envFrom: [{configMapRef: {name: a}}]"])
def test_names_that_may_be_taken_are_left_alone(extra: str) -> None:
    body = (
        f"    script: {{image: a, command: [sh], {extra}, source: 'echo \"{{{{inputs.parameters.x}}}}\"'}}\n"
    )
    assert repaired(body) is None


@pytest.mark.parametrize("line", ["print({{inputs.parameters.x}})", "print('a {{inputs.parameters.x}}')"])
def test_python_code_that_is_no_literal_is_left_alone(line: str) -> None:
    body = f"    script:\n      image: a\n      command: [python]\n      source: |\n        {line}\n"
    assert repaired(body) is None


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("password", "h4Xk-92fd", True),
        ("DB_PASSWORD", "correct1horse", True),
        ("password", "changeme", False),
        ("password", "{{inputs.parameters.p}}", False),
        ("password", "$PASSWORD", False),
        ("token-secret-name", "my-secret-9", False),
        ("secret", "a", False),
        ("token", "/var/run/token1", False),
        ("tokens", "abc-123-def", False),
        ("token", "abc-123-def", True),
        ("API_KEY", "registry-api-key", False),
        ("SECRET_KEY", "SOME_VALUE", False),
        ("GIT_SECRET", "git-token-v1", False),
        ("DB_PASSWORD", "super-secret-password", True),
    ],
)
def test_literal_secrets_are_told_from_names_and_placeholders(name: str, value: str, secret: bool) -> None:
    assert is_literal_secret(name, value) is secret


def test_names_of_secrets_are_no_secrets() -> None:
    assert is_secret_name("api-key")
    assert not is_secret_name("api-key-secret-name")


def test_tokens_of_known_shapes_are_found_where_they_stand() -> None:
    token = "ghp_" + "a1B2c3D4" * 5
    assert known_token(f"clone with {token} now") == ("a GitHub token", 11, 11 + len(token))
    assert known_token("ghp_short and nothing else here") is None


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("https://u:p4ss@example.com/x", "p4ss"),
        ("https://u:$P@example.com", None),
        ("printf https://x-access-token:%s@example.com", None),
        ("https://u:p4ss%s@example.com", "p4ss%s"),
        ("https://u:{{x}}@example.com", None),
        ("https://example.com:443/@x", None),
        ("no url", None),
    ],
)
def test_passwords_in_urls(text: str, password: str | None) -> None:
    found = password_in_url(text)
    assert (None if found is None else text[slice(*found)]) == password


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("alpine", ("alpine", "", "")),
        ("localhost:5000/a/b:1@sha256:x", ("localhost:5000/a/b", "1", "sha256:x")),
        ("localhost:5000/a", ("localhost:5000/a", "", "")),
    ],
)
def test_references_of_images(image: str, parts: tuple[str, str, str]) -> None:
    assert image_tag(image) == parts


def test_pods_are_found_in_patches_and_manifests() -> None:
    ctx, text = context("""\
    podSpecPatch: '{"containers": [{"name": "main", "securityContext": {"privileged": true}}]}'
    resource:
      action: create
      manifest: |
        apiVersion: batch/v1
        kind: Job
        metadata: {name: a}
        spec:
          template:
            spec:
              hostNetwork: true
              containers: [{name: a, image: b}]
""")
    assert ctx.object is not None
    settings = object_settings(ctx.object, ctx)
    privileged = [one.inside("securityContext") for one in settings if "securityContext" in one.view]
    network = [one for one in settings if one.view.get("hostNetwork")]
    assert [text[slice(*one.span("privileged")[:2])] for one in privileged] == ["true"]
    assert [text[slice(*one.span("hostNetwork")[:2])] for one in network] == ["true"]
