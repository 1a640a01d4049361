"""What well-known images hold, and what templates bring into them."""

from __future__ import annotations

import pytest

from argolint.analysis.images import brought, is_bare, missing_program, missing_sources
from argolint.model.k8s import Object
from argolint.model.workflow import Template
from argolint.yaml import parse


def template(body: str, spec: str = "") -> Template:
    text = f"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {{{spec} templates: [{{name: a, {body}}}]}}\n"
    (found,) = Object(parse(text).documents[0].root).workflow_specs
    return found.templates[0]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("python:3.11-slim", True),
        ("docker.io/library/python:3.11", True),
        ("alpine", True),
        ("python:3@sha256:00ff", True),
        ("pytorch/pytorch:2.1.0-cuda11.8-cudnn8-runtime", True),
        ("ghcr.io/acme/python:3.11", False),
        ("acme/python", False),
        ("python-tools:1", False),
        ("{{inputs.parameters.image}}", False),
    ],
)
def test_which_images_hold_nothing_of_a_users(image: str, expected: bool) -> None:
    assert is_bare(image) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("container: {image: 'python:3', command: [python, /scripts/a.py]}", ("/scripts/a.py", "command", 1)),
        ("container: {image: 'python:3', command: [python], args: [-u, /a.py]}", ("/a.py", "args", 1)),
        ("container: {image: 'python:3', command: [env, A=1, python3, /a.py, /b.py]}", ("/a.py", "command", 3)),
        ("container: {image: 'bash:5', command: [bash, /run.sh]}", ("/run.sh", "command", 1)),
        ("container: {image: 'acme/py:3', command: [python, /a.py]}", None),
        ("container: {image: 'python:3', command: [python, a.py]}", None),
        ("container: {image: 'python:3', command: [python, -c, /a.py]}", None),
        ("container: {image: 'python:3', command: [python, -m, x, /a.py]}", None),
        ("container: {image: 'python:3', command: [python, /usr/lib/a.py]}", None),
        ("container: {image: 'python:3', command: [python, '/{{x}}/a.py']}", None),
        ("inputs: {artifacts: [{name: x, path: /src}]}, container: {image: 'python:3', command: [python, /src/a.py]}", None),
        ("inputs: {artifacts: [{name: x, path: /a.py}]}, container: {image: 'python:3', command: [python, /a.py]}", None),
        ("container: {image: 'python:3', command: [python, /w/a.py], volumeMounts: [{name: w, mountPath: /w}]}", None),
        ("podSpecPatch: '{}', container: {image: 'python:3', command: [python, /a.py]}", None),
    ],
)  # fmt: skip
def test_the_file_that_nothing_puts_into_the_image(body: str, expected: tuple[str, str, int] | None) -> None:
    one = template(body)
    assert missing_program(one, one.containers[0][1]) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("container: {image: 'docker:27', command: [docker, build], args: [-t, x, .]}", (".", "args", 2)),
        ("container: {image: 'docker:27', command: [docker, buildx, build, --push, --tag=x, ./a]}", ("./a", "command", 5)),
        ("container: {image: 'docker:27', command: [docker, build, 'https://x.git']}", None),
        ("container: {image: 'docker:27', command: [docker, build, '{{inputs.parameters.c}}']}", None),
        ("container: {image: 'docker:27', command: [docker, ps]}", None),
        ("container: {image: 'acme/docker:27', command: [docker, build, .]}", None),
        ("container: {image: 'docker:27', command: [docker, build, .], volumeMounts: [{name: s, mountPath: /var/run/docker.sock}]}",
         (".", "command", 2)),
        ("container: {image: 'docker:27', command: [docker, build, .], volumeMounts: [{name: s, mountPath: /w}]}", None),
        ("container: {image: 'gcr.io/kaniko-project/executor:v1', args: [--destination=x]}", ("--destination=x", "args", 0)),
        ("container: {image: 'gcr.io/kaniko-project/executor:v1', args: [--context=dir:///w]}", ("dir:///w", "args", 0)),
        ("container: {image: 'gcr.io/kaniko-project/executor:v1', args: [-c, s3://b/k]}", None),
        ("container: {image: 'gcr.io/kaniko-project/executor:v1', args: ['--context={{inputs.parameters.c}}']}", None),
        ("inputs: {artifacts: [{name: s, path: /workspace}]}, container: {image: 'gcr.io/kaniko-project/executor:v1', args: [-x]}", None),
    ],
)  # fmt: skip
def test_the_context_that_nothing_is_put_into(body: str, expected: tuple[str, str, int] | None) -> None:
    one = template(body)
    assert missing_sources(one, one.containers[0][1]) == expected


def test_what_is_unknown_may_bring_anything() -> None:
    one = template("container: {image: a, volumeMounts: [{name: w, mountPath: '{{x}}'}]}")
    assert brought(one, one.containers[0][1]) is None
    one = template("container: {image: a}", "templateDefaults: {},")
    assert brought(one, one.containers[0][1]) is None
    one = template("containerSet: {volumeMounts: [{name: w, mountPath: /w}], containers: [{image: a}]}")
    assert brought(one, one.containers[0][1]) == ["/w"]
