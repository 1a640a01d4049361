"""Lua of Sensors: what a script sees, what it answers, and what it cannot do."""

from __future__ import annotations

from typing import Any

import pytest

from executor.events import lua
from executor.events.envelope import Event
from executor.events.filters import judge
from executor.events.sensor import go_through

pytest.importorskip("lupa")
DATA = {
    "a": "hello",
    "n": 3,
    "f": 1.5,
    "yes": True,
    "none": None,
    "list": [1, "x", {"k": False}, [2], None],
    "ü": {"b": "é"},
}


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("return event.a == 'hello'", True),
        ("if event.a == 'hello' and event.n > 2 then return false else return true end", False),
        ("return event['ü'].b, event.n", 3),
        ("return event.f", 1.5),
        ("return event.none", None),
        ("event.a = 'bye'", None),
        ("return #event.list", 3),
        ("return event", {"a": "hello", "n": 3, "f": 1.5, "yes": True, "list": [1, "x", {"k": False}], "ü": {"b": "é"}}),
        ("return {}", {}),
        ("return {1, 2, nil, 4}", [1, 2, None, 4]),
        ("return {[1] = 'x', y = 2}", ["x"]),
        ("return print", "function"),
        ("return os.time() > 1e9, type(os.date())", "string"),
        ("print('said') return string.upper('x')", "X"),
    ],
)  # fmt: skip
def test_what_a_script_answers(script: str, answer: Any) -> None:
    assert lua.evaluate(script, DATA) == answer


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("if event.a == 1 return true end", "'then' expected near 'return'"),
        ("return a.a == 1", "attempt to index global 'a' (a nil value)"),
        ("error('mine')", "mine"),
        ("return os.execute('touch /tmp/x')", "attempt to call field 'execute' (a nil value)"),
        ("return io.open('/etc/passwd')", "attempt to index global 'io' (a nil value)"),
        ("return require('os')", "attempt to call global 'require' (a nil value)"),
        ("return python.eval('1')", "attempt to index global 'python' (a nil value)"),
        ("return loadstring('return 1')()", "attempt to call global 'loadstring' (a nil value)"),
        ("\x1bLua", "byte code"),
        ("local t = {} t.t = t return t", "contains itself"),
        ("return 0/0", "which JSON does not have"),
        ("return {[1000000000] = 1}", "a list of 1000000000 items"),
        ("local s = 'x' while true do s = s .. s end", "not enough memory"),
    ],
)
def test_what_a_script_cannot_do(script: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as found:
        lua.evaluate(script, DATA)
    assert problem in str(found.value)


def test_a_script_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as impatient:
        impatient.setattr(lua, "PATIENCE", 0.5)
        with pytest.raises(ValueError, match=r"the script did not end within 0\.5 s"):
            lua.run("while true do end", {})
    monkeypatch.setattr(lua, "PATIENCE", 60.0)
    assert lua.run("return event.a", {"a": 1}) == 1
    with pytest.raises(ValueError, match="'=' expected"):
        lua.run("x y", {})
    with pytest.raises(ValueError, match="data that is a JSON object"):
        lua.run("return true", [1])


def test_only_true_passes() -> None:
    event = _event({"a": 1})
    passed = judge({"script": "return event.a == 1"}, event, lua.run)
    assert (passed.passed, [line.text for line in passed.lines]) == (True, ["script: it returns true"])
    other = judge({"script": "return 'yes'"}, event, lua.run)
    assert (other.passed, [line.text for line in other.lines]) == (False, ['script: it returns "yes"'])
    broken = judge({"script": "return x.y"}, event, lua.run)
    assert not broken.passed
    assert "attempt to index global 'x'" in broken.lines[0].text


def test_a_script_transforms_the_data() -> None:
    def sensor(script: str) -> dict[str, Any]:
        dependency = {
            "name": "d",
            "eventSourceName": "gh",
            "eventName": "app",
            "transform": {"script": script},
        }
        return {"metadata": {"name": "s"}, "spec": {"dependencies": [dependency], "triggers": []}}

    def jq(_filter: str, _data: Any) -> Any:
        raise AssertionError

    made = go_through(sensor("event.a = event.a + 1 return event"), [_event({"a": 1})], jq, lua.run).seen[0]
    assert (made.event.data, made.transformed, made.problem) == ({"a": 2}, True, "")
    wrong = go_through(sensor("return 1"), [_event({"a": 1})], jq, lua.run).seen[0]
    assert wrong.problem == "transform: the script does not return a table"


def _event(data: Any) -> Event:
    return Event("gh", "app", {}, data)
