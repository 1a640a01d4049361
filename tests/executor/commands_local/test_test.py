"""`argorun test`, `simulate`, `record`: mocks, expectations with their places, reports, coverage, the pytest plug-in."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from argolint.errors import UserError
from executor.cli import main
from executor.local import coverage, smoke, testfile, testrun
from executor.pytest_plugin import simulate

REPO = Path(__file__).resolve().parents[3]

RETRIED = """apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: wf-}
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: list, template: list}
      - {name: each, template: work, depends: list, withParam: "{{tasks.list.outputs.result}}", arguments: {parameters: [{name: p, value: "{{item}}"}]}}
      - {name: sum, template: sum, depends: each}
  - name: list
    script: {image: alpine, command: [sh], source: "echo list"}
  - name: work
    inputs: {parameters: [{name: p}]}
    outputs: {parameters: [{name: out, valueFrom: {path: /o}}, {name: more, valueFrom: {path: /m, default: d}}], artifacts: [{name: file, path: /f}]}
    retryStrategy: {limit: 3}
    container: {image: "example.com/tool:v1", command: [work, "{{inputs.parameters.p}}"]}
  - name: sum
    container: {image: alpine, command: [sum]}
"""


def case(tmp_path: Path, text: str, workflow: str = RETRIED) -> list[testrun.Verdict]:
    (tmp_path / "wf.yaml").write_text(workflow)
    path = tmp_path / "wf.test.yaml"
    path.write_text(text)
    return testrun.run_file(testfile.load(path), {})


HEAD = "workflow: wf.yaml\ncases:\n- name: one\n"


def problems(tmp_path: Path, text: str, workflow: str = RETRIED) -> list[str]:
    (verdict,) = case(tmp_path, HEAD + text, workflow)
    return [p.replace(f"{tmp_path}/", "") for p in verdict.problems]


def test_loops_and_retries_are_answered_each_for_itself(tmp_path: Path) -> None:
    assert (
        problems(
            tmp_path,
            "  mocks:\n"
            '  - {match: {kind: script}, result: \'["a", "b"]\'}\n'
            "  - match: {template: work, item: a}\n    attempts: [{exitCode: 2}, {outputs: {parameters: {out: A}, artifacts: {file: k}}}]\n"
            "  - match: {image: 'example.com/*'}\n    outputs: {parameters: {out: B, more: M}, artifacts: {file: {s3: {key: b/k}}}}\n"
            "  - {match: {node: sum}, after: 1m}\n"
            "  expect:\n    phase: Succeeded\n    nodes:\n"
            "      'each(0:a)': {attempts: 2, outputs: {parameters: {out: A, more: d}}}\n"
            "      'each(1:b)': {attempts: 1, outputs: {parameters: {out: B, more: M}}}\n"
            "      each: {children: 2}\n    order: [list, 'each(0:a)', sum]\n    duration: 70s\n",
        )
        == []
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "  mocks: [{match: {kind: script}, result: '[]'}]\n",
            "wf.sum: no mock answers for this node (template sum, kind container); add one, or say unmocked: succeed",
        ),
        (
            "  unmocked: succeed\n  mocks:\n  - {match: {template: nothing}}\n",
            "wf.test.yaml:6:5: unused mock",
        ),
        (
            "  unmocked: succeed\n  mocks:\n  - match: {template: work}\n    outputs:\n      parameters: {out: a, otu: b}\n      artifacts: {file: k}\n",
            "wf.test.yaml:8:28: template 'work' has no output parameter 'otu' (it declares more, out)",
        ),
        (
            "  unmocked: succeed\n  mocks:\n  - match: {template: work}\n    outputs:\n      parameters: {out: a}\n",
            "wf.test.yaml:6:5: output artifact 'file' of template 'work' has no value in this mock",
        ),
        ("  unmocked: succeed\n  expect: {phase: Failed}\n", "wf.test.yaml:5:19: the workflow is Succeeded, not Failed"),
        ("  unmocked: succeed\n  expect: {nodes: {nope: {phase: Failed}}}\n", "wf.test.yaml:5:26: there is no node 'nope' (there are: each, each(0:1), each(0:1)(0), list, sum, wf)"),
        ("  unmocked: succeed\n  expect: {nodes: {sum: {phase: Failed}}}\n", "wf.test.yaml:5:33: wf.sum: is Succeeded, not Failed"),
        ("  unmocked: succeed\n  expect: {never: [sum]}\n", "wf.test.yaml:5:20: wf.sum ran (Succeeded)"),
        ("  unmocked: succeed\n  expect: {order: [sum, list]}\n", "wf.test.yaml:5:25: list started before sum"),
        ("  unmocked: succeed\n  expect: {duration: 1s}\n", "wf.test.yaml:5:22: it took 3s of virtual time"),
        ("  unmocked: succeed\n  expect: {rendered: {node: each*, contains: zzz}}\n", "wf.test.yaml:5:22: each* does not have 'zzz' in:\n      work 1"),
        ("  unmocked: succeed\n  clock: tomorrow\n", "wf.test.yaml:5:10: 'tomorrow' is not an RFC 3339 time"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in problems(tmp_path, text)


def test_equal_runs_give_equal_traces(tmp_path: Path) -> None:
    text = HEAD + "  unmocked: succeed\n"
    first, second = case(tmp_path, text)[0], case(tmp_path, text)[0]
    assert first.trace == second.trace
    assert first.state == second.state
    assert first.trace[-1] == "workflow Succeeded"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("workflow: wf.yaml\ncases:\n- name: a\n  mokcs: []\n", "wf.test.yaml:4:3: unknown key 'mokcs' (known: clock, entrypoint, expect, mocks, name, parameters, shutDown, snapshot, unmocked)"),
        ("workflow: wf.yaml\ncases: []\n", "wf.test.yaml:2:8: "),
        ("cases: [{name: a}]\n", "wf.test.yaml:1:1: 'workflow' is missing"),
        ("workflow: wf.yaml\ncases: [{name: a, unmocked: maybe}]\n", "wf.test.yaml:2:29: 'maybe' is not one of fail, succeed"),
        ("workflow: wf.yaml\ncases: [{name: a}, {name: a}]\n", "wf.test.yaml:2:27: the case 'a' is there twice"),
        ("a: [\n", "wf.test.yaml:1:4: "),
        ("- a\n", "wf.test.yaml:1:1: a test file is one mapping"),
    ],
)  # fmt: skip
def test_a_wrong_test_file_is_refused_with_positions(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "wf.test.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        testfile.load(path)
    assert message in str(caught.value).replace(f"{tmp_path}/", "")


def test_the_schema_is_valid_and_closed() -> None:
    import jsonschema

    schema = json.loads((REPO / "schemas/argorun-test.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)

    def look(value: object, place: str) -> None:
        if isinstance(value, dict):
            if value.get("type") == "object" and "properties" in value:
                assert value.get("additionalProperties") is False, place
            for key, inner in value.items():
                look(inner, f"{place}/{key}")

    look(schema, "")


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "wf.yaml").write_text(RETRIED)
    (tmp_path / "wf.test.yaml").write_text(
        HEAD + "  unmocked: succeed\n- name: 'two <&>'\n  unmocked: succeed\n  expect: {phase: Failed}\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_reports(failing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem = "wf.test.yaml:7:19: the workflow is Succeeded, not Failed"
    assert main(["test"]) == 1
    assert (
        capsys.readouterr().out
        == f"✔ wf.test.yaml: one\n✖ wf.test.yaml: two <&>\n    {problem}\n1 passed, 1 failed\n"
    )
    assert main(["test", "--format", "tap"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "TAP version 13", "1..2", "ok 1 - wf.test.yaml: one", "not ok 2 - wf.test.yaml: two <&>", "  ---", "  problems:",
        f"    - {json.dumps(problem)}", "  ...",
    ]  # fmt: skip
    assert main(["test", "--format", "json", "--junit", "out.xml", "-k", "two"]) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["passed"], row["problems"], row["phase"]) == (
        "two <&>",
        False,
        [problem],
        "Succeeded",
    )
    suite = ET.parse("out.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite[0][0].get("message") == problem


def test_snapshots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wf.yaml").write_text(RETRIED)
    (tmp_path / "wf.test.yaml").write_text(HEAD + "  unmocked: succeed\n  snapshot: true\n")
    assert main(["test"]) == 1
    assert (
        "there is no snapshot __snapshots__/wf.test.one.txt; write it with --update-snapshots"
        in capsys.readouterr().out
    )
    assert main(["test", "--update-snapshots"]) == 0
    assert main(["test"]) == 0
    (tmp_path / "wf.yaml").write_text(RETRIED.replace("[sum]", "[sum, all]"))
    capsys.readouterr()
    assert main(["test"]) == 1
    out = capsys.readouterr().out
    assert "      -    sum\n      +    sum all\n" in out


def test_coverage_says_what_no_case_reached(tmp_path: Path) -> None:
    (verdict,) = case(tmp_path, HEAD + "  unmocked: succeed\n")
    subject = testrun.subject_of(testfile.load(tmp_path / "wf.test.yaml"), {})
    found = coverage.measure(subject.workflow, subject.context, [verdict.state])
    assert found.missing == ["main.each loop of 0", "main.each loop of n", "template work retried"]
    assert (len(found.reached), len(found.everything)) == (5, 8)


def test_too_little_coverage_fails(failing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "-k", "one", "--min-coverage", "60"]) == 0
    assert main(["test", "-k", "one", "--min-coverage", "90"]) == 1
    assert "coverage is below 90%" in capsys.readouterr().err


def test_a_simulated_run_can_be_recorded_and_replayed(
    failing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "wf.yaml", "-o", "json"]) == 0
    (failing / "was.json").write_text(capsys.readouterr().out)
    assert main(["record", "was.json", "--workflow", "wf.yaml", "-o", "replay.test.yaml"]) == 0
    recorded = yaml.safe_load((failing / "replay.test.yaml").read_text())
    assert recorded["cases"][0]["expect"]["phase"] == "Succeeded"
    capsys.readouterr()
    assert main(["test", "replay.test.yaml"]) == 0, capsys.readouterr().out


def test_simulating_prints_a_tree_and_what_it_waits_for(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wf.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\nspec:\n  entrypoint: main\n  templates:\n  - name: main\n    suspend: {}\n"
    )
    (tmp_path / "m.test.yaml").write_text(
        "workflow: wf.yaml\nmocks: [{match: {kind: suspend}, resume: {phase: Failed, message: nobody}}]\ncases: [{name: x}]\n"
    )
    assert main(["simulate", "wf.yaml"]) == 0
    assert capsys.readouterr().out == "w  Succeeded\n✔ w  main  1s\nvirtual time: 1s\n"
    assert main(["simulate", "wf.yaml", "--mocks", "m.test.yaml"]) == 1
    assert capsys.readouterr().out.splitlines()[0].startswith("w  Failed")


def test_the_examples_pass_and_are_covered(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(REPO / "examples/tests"), "--min-coverage", "90"]) == 0, capsys.readouterr().out


def test_objects_and_things_with_to_yaml_are_simulated() -> None:
    class Hera:
        def to_yaml(self) -> str:
            return RETRIED

    for subject in (yaml.safe_load(RETRIED), Hera()):
        verdict = simulate(subject, unmocked="succeed", expect={"phase": "Succeeded"})
        assert (verdict.problems, verdict.phase, verdict.node("sum")["phase"]) == (
            (),
            "Succeeded",
            "Succeeded",
        )


def test_the_pytest_plug_in_collects_cases(failing: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "executor.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "-q",
        "wf.test.yaml",
    ]
    done = subprocess.run(
        words,
        cwd=failing,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(REPO), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 1
    assert "wf.test.yaml:7:19: the workflow is Succeeded, not Failed" in done.stdout.replace(
        f"{failing}/", ""
    )
    assert "1 failed, 1 passed" in done.stdout


def test_every_entrypoint_of_the_corpus_ends_or_waits_for_something_named(shared: Path) -> None:
    corpus = shared / "corpus"
    folders = [
        corpus / "argo-examples",
        *sorted(p for p in (corpus / "real-world").glob("*/*") if p.is_dir()),
    ]
    results = [r for folder in folders for r in smoke.every_entrypoint([folder])]
    assert [r for r in results if r.problem] == []
    counts: dict[str, int] = {}
    for result in results:
        counts[result.verdict] = counts.get(result.verdict, 0) + 1
    assert counts["Succeeded"] > 0.75 * len(results) > 200, counts


REAL = """apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: wf-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - [{name: build, template: build}]
    - - name: use
        template: use
        arguments: {parameters: [{name: t, value: "{{steps.build.outputs.parameters.tag}}"}], artifacts: [{name: a, from: "{{steps.build.outputs.artifacts.a}}"}]}
    - [{name: last, template: last, arguments: {parameters: [{name: said, value: "{{steps.use.outputs.result}}"}]}}]
  - name: build
    container: {image: "example.com/private:1", command: [make], args: [all], env: [{name: MODE, value: fast}]}
    outputs: {parameters: [{name: tag, valueFrom: {path: /tmp/tag}}], artifacts: [{name: a, path: /tmp/a.txt}]}
  - name: use
    inputs: {parameters: [{name: t}], artifacts: [{name: a, path: /in}]}
    script: {image: alpine, command: [sh], source: "echo {{inputs.parameters.t}}: $(cat /in)"}
  - {name: last, inputs: {parameters: [{name: said}]}, container: {image: alpine, command: [sh, -c, "exit 3"]}}
"""


def _stub(folder: Path) -> None:
    (folder / "make.sh").write_text('#!/bin/sh\necho "$MODE $*" > /tmp/a.txt\nprintf v9 > /tmp/tag\n')
    (folder / "make.sh").chmod(0o755)


def test_stubs_run_in_a_steps_place_and_spies_really_run(sandbox_here: None, tmp_path: Path) -> None:
    _stub(tmp_path)
    text = """  unmocked: run
  mocks:
  - {match: {template: build}, exec: ./make.sh one, after: 1h}
  - {match: {template: use}, spy: true}
  expect:
    phase: Failed
    nodes:
      use: {outputs: {result: "v9: fast one make all"}}
      last: {phase: Failed, message: exit code 3, inputs: {parameters: {said: "v9: fast one make all"}}}
"""
    (verdict,) = case(tmp_path, HEAD + text, REAL)
    assert list(verdict.problems) == []
    assert verdict.node("build")["finishedAt"] > verdict.node("build")["startedAt"]
    assert not list(tmp_path.glob(".argolint"))


def test_files_of_a_mock_reach_the_steps_that_really_run(sandbox_here: None, tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("from a file")
    text = """  mocks:
  - {match: {template: build}, outputs: {parameters: {tag: v1}, artifacts: {a: report.txt}}}
  - {match: {template: use}, spy: true}
  - {match: {template: last}}
  expect: {phase: Succeeded, nodes: {use: {outputs: {result: "v1: from a file"}}}}
"""
    assert problems(tmp_path, text, REAL) == []


@pytest.mark.parametrize(
    ("mock", "complaint"),
    [
        (
            "{match: {template: build}, exec: ./nothing.sh}",
            "wf.test.yaml:6:5: exec: ./nothing.sh is not an executable file (wf[0].build); give it a mock with an answer",
        ),
        (
            "{match: {template: build}, exec: ../x.sh}",
            "wf.test.yaml:6:5: exec: ../x.sh is not an executable file (wf[0].build); give it a mock with an answer",
        ),
    ],
)
def test_stubs_that_are_not_there_are_named_with_their_place(
    tmp_path: Path, mock: str, complaint: str
) -> None:
    found = problems(tmp_path, f"  unmocked: succeed\n  mocks:\n  - {mock}\n", REAL)
    assert found == [complaint]


def test_what_cannot_run_in_a_test_is_said(tmp_path: Path) -> None:
    workflow = """kind: Workflow
metadata: {name: x}
spec:
  entrypoint: main
  templates:
  - {name: main, steps: [[{name: d, template: d}], [{name: r, template: r}]]}
  - {name: d, suspend: {}}
  - {name: r, resource: {action: get, manifest: "{}"}}
"""
    found = problems(
        tmp_path,
        "  mocks: [{match: {template: d}, resume: {}}, {match: {kind: resource}, exec: ['true']}]\n",
        workflow,
    )
    assert "a resource template cannot be replaced by a program" in found[0]


DAEMON = """kind: Workflow
metadata: {name: x}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - [{name: server, template: server}]
    - [{name: ask, template: ask, arguments: {parameters: [{name: ip, value: "{{steps.server.ip}}"}]}}]
  - name: server
    daemon: true
    script:
      image: python
      command: [python3]
      source: |
        import http.server, pathlib
        pathlib.Path("index.html").write_text("from the daemon")
        http.server.test(http.server.SimpleHTTPRequestHandler, port=PORT, bind="127.0.0.1")
      readinessProbe: {httpGet: {path: /, port: PORT}, periodSeconds: 1}
  - name: ask
    inputs: {parameters: [{name: ip}]}
    script: {image: python, command: [python3], source: "import urllib.request as r; assert r.urlopen('http://{{inputs.parameters.ip}}:PORT/').read() == b'from the daemon'"}
"""


def test_a_daemon_runs_until_the_case_has_ended(sandbox_here: None, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = "  unmocked: run\n  expect: {phase: Succeeded, nodes: {ask: {phase: Succeeded}}}\n"
    assert problems(tmp_path, text, DAEMON.replace("PORT", str(port))) == []
    with socket.socket() as gone:
        gone.settimeout(5)
        assert gone.connect_ex(("127.0.0.1", port)) != 0


def test_a_daemon_that_ends_fails(sandbox_here: None, tmp_path: Path) -> None:
    workflow = """kind: Workflow
metadata: {name: x}
spec:
  entrypoint: d
  templates:
  - {name: d, daemon: true, container: {image: alpine, command: [sh, -c, exit 3], readinessProbe: {exec: {command: ["false"]}}}}
"""
    text = '  unmocked: run\n  expect: {phase: Failed, message: "main: Error (exit code 3)"}\n'
    assert problems(tmp_path, text, workflow) == []


OBJECTS = """kind: Workflow
metadata: {name: x}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - [{name: make, template: make}]
    - [{name: read, template: read}, {name: wait, template: wait}]
  - {name: make, resource: {action: create, manifest: "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {k: made}}"}}
  - name: read
    resource: {action: get, manifest: "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}}"}
    outputs: {parameters: [{name: k, valueFrom: {jsonPath: "{.data.k}"}}]}
  - {name: wait, resource: {action: get, successCondition: status.done == true, manifest: "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}}"}}
"""


def test_resource_templates_act_on_the_objects_of_their_case(
    sandbox_here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("executor.local.realsteps.CONDITIONS", 0.2)
    text = """  unmocked: run
  expect: {phase: Failed, nodes: {read: {phase: Succeeded, outputs: {parameters: {k: made}}}, wait: {message: meets neither condition}}}
- name: the same again
  mocks: [{match: {template: wait}}]
  unmocked: run
  expect: {phase: Succeeded}
"""
    assert [list(verdict.problems) for verdict in case(tmp_path, HEAD + text, OBJECTS)] == [[], []]


PLUGIN = """kind: Workflow
metadata: {name: x}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - [{name: p, template: p, arguments: {parameters: [{name: who, value: you}]}}]
    - [{name: say, template: say, arguments: {parameters: [{name: m, value: "{{steps.p.outputs.parameters.answer}}"}]}}]
  - {name: p, inputs: {parameters: [{name: who}]}, outputs: {parameters: [{name: answer, valueFrom: {default: none}}]}, plugin: {hello: {to: "{{inputs.parameters.who}}"}}}
  - {name: say, inputs: {parameters: [{name: m}]}, container: {image: alpine, command: [echo, "{{inputs.parameters.m}}"]}}
"""


def test_plugin_templates_are_mocked(tmp_path: Path) -> None:
    text = """  mocks:
  - {match: {kind: plugin}, outputs: {parameters: {answer: hi you}}, after: 5s}
  - {match: {template: say}}
  expect: {phase: Succeeded, nodes: {p: {phase: Succeeded}, say: {inputs: {parameters: {m: hi you}}}}}
- name: two
  mocks: [{match: {template: p}, phase: Failed, message: refused}]
  expect: {phase: Failed, nodes: {p: {phase: Failed, message: refused}}}
"""
    verdicts = case(tmp_path, HEAD + text, PLUGIN)
    assert [list(v.problems) for v in verdicts] == [[], []]
    assert verdicts[0].node("p")["type"] == "Plugin"
