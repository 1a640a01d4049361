"""retryStrategy: limits, policies, expressions, backoff."""

from __future__ import annotations

from typing import Any

import pytest

from executor.engine.simulate import Answer

FAILS = Answer(exit_code=1)


def spec(strategy: str, extra: str = "") -> str:
    return f"""
    entrypoint: main
    templates:
    - name: main
      retryStrategy: {strategy}
      container: {{image: alpine, command: [work], args: ["{{{{retries}}}}", "{{{{lastRetry.exitCode}}}}"]}}
    {extra}
    """


def test_limit_counts_retries_not_attempts(run: Any, table: Any) -> None:
    outcome = run(spec("{limit: 2}"), {"main": FAILS})
    assert outcome.phase == "Failed"
    assert table(outcome) == [
        "wf Retry Failed: No more retries left",
        "wf(0) Pod Failed: main: Error (exit code 1)",
        "wf(1) Pod Failed: main: Error (exit code 1)",
        "wf(2) Pod Failed: main: Error (exit code 1)",
    ]
    assert outcome.state["status"]["message"] == "No more retries left"
    assert [outcome.node(f"wf({k})")["nodeFlag"] for k in range(3)] == [{"retried": True}] * 3


def test_success_takes_the_outputs_of_the_last_attempt(run: Any) -> None:
    outcome = run(spec('{limit: "3"}'), {"main": [FAILS, Answer(result="done")]})
    assert outcome.phase == "Succeeded"
    assert outcome.node("wf")["outputs"] == {"exitCode": "0", "result": "done"}
    assert outcome.node("wf")["children"] == [outcome.node("wf(0)")["id"], outcome.node("wf(1)")["id"]]


@pytest.mark.parametrize(
    ("strategy", "attempts", "message"),
    [
        ("{limit: 1}", 2, "No more retries left"),
        ("{limit: 1, retryPolicy: OnError}", 1, "main: Error (exit code 1)"),
        ("{limit: 1, retryPolicy: Always}", 2, "No more retries left"),
        ("{limit: 1, retryPolicy: OnTransientError}", 1, "main: Error (exit code 1)"),
        (
            "{limit: 5, expression: 'asInt(lastRetry.exitCode) > 1'}",
            1,
            "retryStrategy.expression evaluated to false",
        ),
        ("{limit: 5, expression: 'asInt(retries) < 2'}", 3, "retryStrategy.expression evaluated to false"),
    ],
)
def test_policies(run: Any, strategy: str, attempts: int, message: str) -> None:
    outcome = run(spec(strategy), {"main": FAILS})
    assert len(outcome.node("wf")["children"]) == attempts
    assert outcome.node("wf")["message"] == message


def test_policy_is_always_with_an_expression_and_no_policy(run: Any) -> None:
    broken = Answer(phase="Error", exit_code=0, exit_codes={"wait": 1})
    assert len(run(spec("{limit: 1}"), {"main": broken}).node("wf")["children"]) == 1
    assert len(run(spec("{limit: 1, expression: 'true'}"), {"main": broken}).node("wf")["children"]) == 2


def test_transient_errors_are_told_by_their_message(run: Any) -> None:
    busy = Answer(phase="Failed", exit_code=1, message="dial tcp: i/o timeout")
    outcome = run(spec("{limit: 1, retryPolicy: OnTransientError}"), {"main": [busy, Answer()]})
    assert outcome.phase == "Succeeded"


def test_backoff_grows_and_is_capped(run: Any) -> None:
    outcome = run(spec("{limit: 3, backoff: {duration: 10s, factor: 3, cap: 40s}}"), {"main": FAILS})
    starts = [outcome.node(f"wf({k})")["startedAt"][-6:-1] for k in range(4)]
    assert starts == ["00:00", "00:11", "00:42", "01:23"]


def test_backoff_without_limit_does_not_wait(run: Any) -> None:
    outcome = run(spec("{backoff: {duration: 1h}}"), {"main": [FAILS, FAILS, Answer()]})
    assert outcome.node("wf")["finishedAt"] == "2026-01-01T00:00:03Z"


def test_max_duration(run: Any) -> None:
    outcome = run(spec("{limit: 9, backoff: {duration: 10s, maxDuration: 25s}}"), {"main": FAILS})
    assert outcome.node("wf")["message"] == "Backoff would exceed max duration limit"
    assert len(outcome.node("wf")["children"]) == 3
    outcome = run(
        spec("{limit: 9, backoff: {duration: 1s, maxDuration: 25s}}"), {"main": Answer(exit_code=1, after=30)}
    )
    assert outcome.node("wf")["message"] == "Max duration limit exceeded"


def test_backoff_message_while_waiting(run: Any) -> None:
    seen: list[str] = []

    def look(state: Any) -> Any:
        seen.append(state["status"]["nodes"]["wf"].get("message", ""))
        return state

    run(spec("{limit: 1, backoff: {duration: 65s}}"), {"main": FAILS}, between=look)
    assert "Backoff for 1 minute 5 seconds" in seen


def test_backoff_without_duration_is_an_error(run: Any) -> None:
    outcome = run(spec("{limit: 1, backoff: {factor: 2}}"), {"main": FAILS})
    assert outcome.phase == "Error"
    assert outcome.state["status"]["message"] == (
        "error in entry template execution: no base duration specified for retryStrategy"
    )


def test_strategy_of_the_spec_wraps_every_template(run: Any, table: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        retryStrategy: {limit: 1}
        templates:
        - {name: main, steps: [[{name: a, template: work}]]}
        - {name: work, container: {image: alpine, command: [work]}}
        """,
        {"work": [FAILS, Answer()]},
    )
    assert table(outcome) == [
        "wf Retry Succeeded",
        "wf(0) Steps Succeeded",
        "[0] StepGroup Succeeded",
        "a Retry Succeeded",
        "a(0) Pod Failed: main: Error (exit code 1)",
        "a(1) Pod Succeeded",
    ]
