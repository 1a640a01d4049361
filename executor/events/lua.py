"""Lua scripts of Sensors: filters and transformations, by lupa (`pip install 'argolint[lua]'`), in a process of their own.

The data of the event is the global table `event`; what a script returns last is its answer. A script comes with a manifest,
so it gets Lua 5.1 without files, programs and modules, some seconds, and little memory. Upstream: Argo Events,
sensors/dependencies (gopher-lua, which is Lua 5.1).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

SECONDS = 5  # of processor time
PATIENCE = 20.0  # seconds
MEMORY = 256 << 20  # bytes of Lua's own
_FORBIDDEN = (
    "io", "debug", "package", "require", "module", "dofile", "loadfile", "load", "loadstring", "python", "collectgarbage",
    "newproxy",
)  # fmt: skip
_OS_LEFT = ("time", "date", "clock", "difftime")


def run(script: str, data: Any) -> Any:
    """What a script returns for an event's data: None, a boolean, a number, a string, a list or a mapping. Raises ValueError."""
    if not isinstance(data, Mapping):
        raise ValueError("a script needs data that is a JSON object")
    request = json.dumps({"script": script, "data": data})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "executor.events.lua"], input=request, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ValueError(f"the script did not end within {PATIENCE:g} s") from None
    if done.returncode < 0:
        raise ValueError(f"the script was ended: it may run for {SECONDS} s")
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        words = done.stderr.strip().splitlines()
        raise ValueError(f"the script failed: {words[-1] if words else done.returncode}") from None
    if "error" in answer:
        raise ValueError(answer["error"])
    return answer["value"]


def evaluate(script: str, data: Mapping[str, Any]) -> Any:
    """`run`, in this process and without limits of time. Raises ValueError."""
    try:
        from lupa.lua51 import LuaError, LuaRuntime
    except ImportError:
        raise ValueError("Lua scripts need lupa: pip install 'argolint[lua]'") from None
    if script.startswith("\x1b"):
        raise ValueError("Lua: this is byte code, not a script")
    runtime: Any = LuaRuntime(
        register_eval=False, register_builtins=False, unpack_returned_tuples=True, max_memory=MEMORY
    )
    space = runtime.globals()
    for name in _FORBIDDEN:
        space[name] = None
    space.string["dump"] = None
    kept = runtime.table_from({name: space.os[name] for name in _OS_LEFT})
    kept["getenv"] = runtime.execute("return function() return nil end")
    space["os"] = kept
    space["print"] = runtime.execute("return function() end")
    space["event"] = _table(runtime, data)
    try:
        found = runtime.execute(script)
    except LuaError as error:
        raise ValueError(f"Lua: {(str(error).splitlines() or ['not enough memory'])[0]}") from None
    except (MemoryError, UnicodeDecodeError) as error:
        raise ValueError(f"Lua: {error or 'not enough memory'}") from None
    return _plain(found[-1] if isinstance(found, tuple) and found else found)


def _table(runtime: Any, data: Mapping[str, Any]) -> Any:
    """An object as a table. Null is left out, and so are lists inside lists, as upstream does it."""
    table = runtime.table()
    for key, value in data.items():
        if isinstance(value, Mapping):
            table[key] = _table(runtime, value)
        elif isinstance(value, list):
            items = [_table(runtime, v) if isinstance(v, Mapping) else _scalar(v) for v in value]
            table[key] = runtime.table(*(i for i in items if i is not None and not isinstance(i, list)))
        elif value is not None:
            table[key] = _scalar(value)
    return table


def _scalar(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _plain(value: Any, depth: int = 0) -> Any:
    from lupa.lua51 import lua_type

    if depth > 100:
        raise ValueError("the table that the script returns is too deep, or contains itself")
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError(f"the script returns {value}, which JSON does not have")
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if value is None or isinstance(value, bool | int | str):
        return value
    kind = lua_type(value)
    if kind != "table":
        return f"{kind}"
    pairs = list(_pairs(value))
    highest = max((key for key, _ in pairs if isinstance(key, int) and key > 0), default=0)
    if highest > 1_000_000:
        raise ValueError(f"the script returns a list of {highest} items")
    if highest:
        by_key = dict(pairs)
        return [_plain(by_key.get(index), depth + 1) for index in range(1, highest + 1)]
    return {str(key): _plain(item, depth + 1) for key, item in pairs}


def _pairs(table: Any) -> Iterator[tuple[Any, Any]]:
    for key, item in table.items():
        whole = isinstance(key, float) and key.is_integer()
        yield (int(key) if whole else key), item


def main() -> None:
    """Read {script, data} from standard input, write {value} or {error}."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, 4 * MEMORY))
    request = json.load(sys.stdin)
    try:
        answer = {"value": evaluate(request["script"], request["data"])}
    except ValueError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
