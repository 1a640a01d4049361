"""Jobs of resource templates: how many pods, and the counts."""

from __future__ import annotations

from executor.local.jobs import JobRun


def job(**spec: int) -> JobRun:
    return JobRun(
        {
            "metadata": {"name": "j", "namespace": "ns"},
            "spec": {**spec, "template": {"spec": {"containers": []}}},
        }
    )


def names(pods: list[dict]) -> list[str]:
    return [pod["metadata"]["name"] for pod in pods]


def test_completions_by_parallelism() -> None:
    run = job(completions=3, parallelism=2)
    assert names(run.next_pods()) == ["j-0", "j-1"]
    assert run.status == {"active": 2}
    run.ended("Succeeded")
    assert names(run.next_pods()) == ["j-2"]
    run.ended("Succeeded")
    run.ended("Succeeded")
    assert run.next_pods() == []
    assert run.status == {"succeeded": 3, "conditions": [{"type": "Complete", "status": "True"}]}


def test_a_failed_pod_is_replaced_until_the_backoff_limit() -> None:
    run = job(backoffLimit=1)
    (pod,) = run.next_pods()
    assert pod["spec"] == {"restartPolicy": "Never", "containers": []}
    assert pod["metadata"]["labels"] == {"job-name": "j", "batch.kubernetes.io/job-name": "j"}
    run.ended("Failed")
    assert names(run.next_pods()) == ["j-1"]
    run.ended("Failed")
    assert run.next_pods() == []
    assert run.status == {"failed": 2, "conditions": [{"type": "Failed", "status": "True"}]}
