"""What Git tools do with a tree."""

from __future__ import annotations

import json

from argolint.analysis.gitops import json_size, resources_of, wave_of
from argolint.model.k8s import Object
from argolint.project.facts import facts_of, unpack
from argolint.yaml import parse
from argolint.yaml.nodes import plain

KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
metadata: {name: a}
resources: [a.yaml, ../base, "https://example.com/x.yaml"]
patches: [{path: patch.yaml}, {patch: "x"}]
"""


def test_size_is_that_of_the_json() -> None:
    root = parse('a: 1\nb: [x, "y\\"z", true]\nc: {d: ü}\ne: |\n  one\n  two\n').documents[0].root
    exact = len(json.dumps(plain(root), ensure_ascii=False, separators=(",", ":")).encode())
    assert exact <= json_size(root) <= exact + 8


def test_files_of_a_kustomization() -> None:
    documents = parse(KUSTOMIZATION).documents
    fact = unpack("apps/dev/kustomization.yaml", facts_of(documents)[0])
    assert resources_of(fact, Object(documents[0].root)) == [
        "apps/dev/a.yaml",
        "apps/base",
        "apps/dev/patch.yaml",
    ]


def test_waves() -> None:
    text = "kind: A\nmetadata: {annotations: {argocd.argoproj.io/sync-wave: %s}}\n"
    waves = [wave_of(Object(parse(text % value).documents[0].root)) for value in ('"-2"', "3", '"x"')]
    assert waves == [-2, 3, 0]
