"""The manifests, the image recipe and the CI recipes that we ship."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from argolint.kube import KubeClient, resource_for
from executor.cluster.testing import running_cluster
from reconciler.cli import COMMANDS
from reconciler.config import load
from reconciler.cycle import synchronise
from reconciler.kubevents import Poster
from reconciler.session import open_context, writing
from tests.reconciler.world import Repo, cron, template

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy/argosync"


def rendered() -> list[dict[str, Any]]:
    kubectl = shutil.which("kubectl") or shutil.which("kubectl", path=str(ROOT / ".venv/bin"))
    if kubectl is None:
        pytest.skip("kubectl is not here")
    done = subprocess.run([kubectl, "kustomize", str(DEPLOY)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def test_kustomization_renders_whole() -> None:
    found = {(o["kind"], o["metadata"]["namespace"]) for o in rendered()}
    assert found == {
        (kind, "argo") for kind in ("ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Deployment")
    }
    deployment = next(o for o in rendered() if o["kind"] == "Deployment")
    config = next(o for o in rendered() if o["kind"] == "ConfigMap")
    pod = deployment["spec"]["template"]["spec"]
    volumes = {v["name"]: v for v in pod["volumes"]}
    assert volumes["config"]["configMap"]["name"] == config["metadata"]["name"]
    assert {m["name"] for m in pod["containers"][0]["volumeMounts"]} == set(volumes)


def test_shipped_configuration_is_valid() -> None:
    config = load(str(DEPLOY / "argosync.yaml"))
    assert (str(config.state), config.operation.metrics) == ("/var/lib/argosync", ":9464")


def test_the_role_is_enough_and_no_more(tmp_path: Path) -> None:
    """A whole synchronisation, with events and deletions, by an account that has this Role and nothing else."""
    with running_cluster(tmp_path / "cluster") as cluster:
        admin = KubeClient.from_kubeconfig(cluster.kubeconfig)
        meta = {"name": "argo"}
        if admin.try_get(resource_for("Namespace"), "argo") is None:
            admin.create(
                resource_for("Namespace"), {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
            )
        for obj in rendered():
            if obj["kind"] in ("ServiceAccount", "Role", "RoleBinding"):
                admin.create(resource_for(obj["kind"]), obj, "argo")
        reply = admin.request(
            "POST",
            "/api/v1/namespaces/argo/serviceaccounts/argosync/token",
            body={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
        )
        data = json.loads(cluster.kubeconfig.read_text())
        data["users"][0]["user"] = {"token": reply["status"]["token"]}
        limited = tmp_path / "kubeconfig"
        limited.write_text(json.dumps(data))
        repo = Repo(tmp_path / "repo")
        repo.commit({"a.yaml": template("a"), "b.yaml": template("b"), "c.yaml": cron("c", "a")})
        file = tmp_path / "argosync.yaml"
        target = {"name": "prod", "namespace": "argo", "kubeconfig": str(limited), "settle": "0ms", "prune": {"enabled": True}, "allow": {"kinds": ["WorkflowTemplate", "CronWorkflow"]}}  # fmt: skip
        file.write_text(json.dumps({"state": "state", "sources": [{"name": "r", "url": str(repo.path), "ref": "main"}], "targets": [target]}))  # fmt: skip
        config = load(str(file))
        for files, writes in (({}, 3), ({"b.yaml": None, "c.yaml": None}, 2)):
            if files:
                repo.commit(files)
            with writing(open_context(config, config.targets[0], lambda *_, **__: None)) as context:
                outcome = synchronise(context)
                assert (outcome.ok, outcome.writes) == (True, writes), outcome.message
                Poster(context.client, "argo").outcome(outcome)
        events = admin.list(resource_for("Event"), "argo").items
        assert {("a", "Created"), ("b", "Deleted")} <= {
            (e["involvedObject"]["name"], e["reason"]) for e in events
        }
        client = KubeClient.from_kubeconfig(limited)
        for kind, namespace in (("Secret", "argo"), ("ConfigMap", "argo"), ("WorkflowTemplate", "default")):
            with pytest.raises(Exception, match="forbidden"):
                client.list(resource_for(kind), namespace)


def commands(text: str) -> list[list[str]]:
    """The calls of our command lines in a recipe, as words."""
    calls = re.findall(r"^\s*(?:- )?(?:run: )?((?:argosync|argolint) [^\n]*)", text, re.MULTILINE)
    return [shlex.split(re.split(r" > | \|\| ", call)[0]) for call in calls]


@pytest.mark.parametrize("name", ["github-actions.yaml", "gitlab-ci.yaml"])
def test_recipes_are_yaml_and_their_commands_exist(name: str) -> None:
    text = (ROOT / "ci" / name).read_text()
    assert isinstance(yaml.safe_load(text), dict)
    found = commands(text)
    assert [words[:2] for words in found] == [["argolint", "check"], ["argosync", "plan"]]
    for program, verb, *words in found:
        if program == "argosync":
            module = importlib.import_module(COMMANDS[verb].module)
        else:
            module = importlib.import_module("argolint.commands.check")
        parser = argparse.ArgumentParser(exit_on_error=False)
        module.add_arguments(parser)
        parser.parse_args(words)


def test_the_image_installs_what_argosync_needs() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    for need in ("git", "openssh-client", "gnupg", ".[sync]", "USER 65532"):
        assert need in text
