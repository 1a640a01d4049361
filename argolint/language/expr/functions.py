"""The functions of expr-lang v1.17 that take no closure.

Each takes evaluated arguments and raises ValueError for what does not fit. Maps give their keys sorted where Go's order
is random, so that results are the same each time.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from argolint.language import values as v
from argolint.language.expr.hooks import Hooks
from argolint.language.expr.names import ARITY
from argolint.language.expr.operators import compare, fetch, map_key, octets, whole
from argolint.language.gotime import Duration, Enum, Time, Zone, load_zone, parse_duration, parse_time

# What strings.TrimSpace takes off: unlike Python's strip, not U+001C to U+001F.
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
MAX_REPEAT = 1_000_000


def call_function(name: str, args: list[Any], hooks: Hooks) -> Any:
    """Calls a function of the language. Raises ValueError for a wrong number or type of arguments."""
    low, high = ARITY.get(name, (1, 1))
    if len(args) < low:
        raise ValueError(f"not enough arguments to call {name} (expected {low}, got {len(args)})")
    if high is not None and len(args) > high:
        raise ValueError(f"too many arguments to call {name} (expected {high}, got {len(args)})")
    if name == "now":
        return Time(hooks.now(), args[0].zone if args and isinstance(args[0], Zone) else None)
    return FUNCTIONS[name](*args)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"invalid argument for {name} (type {v.type_name(value)})")
    return value


def _list(value: Any, name: str) -> list[Any]:
    if isinstance(value, bytes):
        return list(value)
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"invalid argument for {name} (type {v.type_name(value)})")
    return value  # type: ignore[return-value]


def _map(value: Any, name: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"invalid argument for {name} (type {v.type_name(value)})")
    return value


def _integer(value: Any, name: str) -> int:
    if type(value) is not int:
        raise ValueError(f"invalid argument for {name} (type {v.type_name(value)})")
    return value


def _len(value: Any) -> int:
    if isinstance(value, (str, list, tuple, dict, bytes)):
        return len(value)
    raise ValueError(f"invalid argument for len (type {v.type_name(value)})")


def _type(value: Any) -> str:
    if isinstance(value, (Time, Duration, Enum)):
        return v.type_name(value)
    names = {
        "<nil>": "nil",
        "float64": "float",
        "[]interface {}": "array",
        "[]uint8": "array",
        "map[string]interface {}": "map",
        "map[interface {}]interface {}": "map",
        "map[interface {}][]interface {}": "map",
    }
    name = v.type_name(value)
    return names.get(name, name)


def _number(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(value: Any) -> Any:
        if not v.is_number(value):
            raise ValueError(f"invalid argument for {name} (type {v.type_name(value)})")
        return function(value)

    return call


def _rounder(name: str, function: Callable[[float], float]) -> Callable[[Any], Any]:
    return _number(
        name, lambda x: float(x) if math.isinf(x) or math.isnan(x) else _signed(float(function(float(x))), x)
    )


def _signed(result: float, source: Any) -> float:
    return math.copysign(result, source) if result == 0 and source else result


def _round(value: float) -> float:
    """Half away from zero, as Go's math.Round."""
    floor = math.floor(abs(value))
    result = floor + 1 if abs(value) - floor >= 0.5 else floor
    return math.copysign(float(result), value)


def to_int(value: Any) -> int:
    """`int()`: truncates floats, reads decimal strings."""
    if v.is_number(value):
        return whole(value)
    if isinstance(value, Duration):
        return value.ns
    if isinstance(value, Enum):
        return int(value)
    if isinstance(value, str):
        digits = value[1:] if value[:1] in ("+", "-") else value
        if digits.isascii() and digits.isdigit() and len(digits) < 25:
            number = int(value)
            if v.wrap(number) == number:
                return number
        raise ValueError(f"invalid operation: int({value})")
    raise ValueError(f"invalid operation: int({v.sprint(value)})")


def to_float(value: Any) -> float:
    """`float()`: reads decimal strings."""
    if v.is_number(value):
        return float(value)
    if isinstance(value, str):
        return parse_float(value)
    raise ValueError(f"invalid operation: float({v.sprint(value)})")


def parse_float(text: str) -> float:
    """Text as strconv.ParseFloat reads it. Raises ValueError."""
    lowered = text.lower()
    bare = lowered[1:] if lowered[:1] in ("+", "-") else lowered
    if (
        text
        and text == text.strip()
        and len(text) < 400
        and text.isascii()
        and not (bare == "nan" != lowered)
    ):
        try:
            if bare.startswith("0x"):
                value = float.fromhex(text.replace("_", "")) if "p" in bare else math.inf
            else:
                value = float("" if "_" in text else text)
            if not math.isinf(value) or bare in ("inf", "infinity"):
                return value
        except (ValueError, OverflowError):
            pass
    raise ValueError(f'strconv.ParseFloat: parsing "{text[:100]}": invalid syntax')


def _trim(text: Any, *cut: Any) -> str:
    source = _text(text, "trim")
    if not cut:
        return source.strip(SPACES)
    return source.strip(_text(cut[0], "trim")) if cut[0] != "" else source


def _trim_prefix(text: Any, prefix: Any = " ") -> str:
    return _text(text, "trimPrefix").removeprefix(_text(prefix, "trimPrefix"))


def _trim_suffix(text: Any, suffix: Any = " ") -> str:
    return _text(text, "trimSuffix").removesuffix(_text(suffix, "trimSuffix"))


def split(text: Any, separator: Any, limit: Any = -1) -> list[str]:
    """strings.SplitN: an empty separator splits after each character."""
    source, sep, count = _text(text, "split"), _text(separator, "split"), whole(limit)
    if count == 0:
        return v.NilList()
    if sep:
        return source.split(sep, count - 1 if count > 0 else -1)
    characters = list(source)
    if 0 < count < len(characters):
        return characters[: count - 1] + ["".join(characters[count - 1 :])]
    return characters


def _split_after(text: Any, separator: Any, limit: Any = -1) -> list[str]:
    parts = split(text, separator, limit)
    return [part + separator for part in parts[:-1]] + parts[-1:] if separator else parts


def replace(text: Any, old: Any, new: Any, count: Any = -1) -> str:
    """strings.Replace, of all occurrences unless a count is given."""
    result = _text(text, "replace").count(_text(old, "replace")) * len(_text(new, "replace"))
    if result > 10_000_000:
        raise ValueError("memory budget exceeded")
    return str(text.replace(old, new, whole(count)))


def _repeat(text: Any, count: Any) -> str:
    times = whole(count)
    if times < 0:
        raise ValueError("invalid argument for repeat (expected positive integer, got negative)")
    if times > MAX_REPEAT or times * len(octets(_text(text, "repeat"))) >= MAX_REPEAT:
        raise ValueError("memory budget exceeded")
    return str(text) * times


def _join(items: Any, glue: Any = "") -> str:
    parts = [_text(item, "join") for item in _list(items, "join")]
    return _text(glue, "join").join(parts)


def _byte_index(text: str, index: int) -> int:
    return index if index < 0 or text.isascii() else len(octets(text[:index]))


def _extreme(name: str, op: str) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        # One argument that is neither a number nor a list comes back as it is.
        if len(args) == 1 and not isinstance(args[0], (list, tuple, bytes)):
            return args[0]
        best: Any = None
        for value in _numbers(args, name):
            best = value if best is None or compare(op, value, best) else best
        return best

    return call


def _numbers(args: Any, name: str, depth: int = 0) -> list[Any]:
    found: list[Any] = []
    for value in args:
        if isinstance(value, (list, tuple, bytes)) and depth < 200:
            found.extend(_numbers(value, name, depth + 1))
        elif v.is_number(value):
            found.append(value)
        elif isinstance(value, Duration) and name in ("mean", "median"):
            found.append(value.ns)
        else:
            raise ValueError(f"invalid argument for {name} (type {v.type_name(value)})")
    return found


def _mean(*args: Any) -> float:
    numbers = _numbers(args, "mean")
    return float(sum(numbers)) / len(numbers) if numbers else 0.0


def _median(*args: Any) -> float:
    numbers = sorted(_numbers(args, "median"))
    if not numbers:
        return 0.0
    middle = len(numbers) // 2
    return float(numbers[middle]) if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2.0


def _from_base64(text: Any) -> str:
    digits = _text(text, "fromBase64").replace("\r", "").replace("\n", "")
    try:
        return base64.b64decode(digits, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        raise ValueError("illegal base64 data") from None


def _to_base64(value: Any) -> str:
    return base64.b64encode(octets(_text(value, "toBase64"))).decode()


_LAYOUTS = (
    "2006-01-02", "15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z07:00", "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST", "Mon, 02 Jan 2006 15:04:05 MST",
)  # fmt: skip


def _date(*args: Any) -> Time:
    zone = args[0].zone if isinstance(args[0], Zone) else None
    rest = args[1:] if isinstance(args[0], Zone) else args
    text = _text(rest[0] if rest else None, "date")
    if len(rest) > 2:
        zone = load_zone(_text(rest[2], "date"))
    if len(rest) > 1:
        return parse_time(_text(rest[1], "date"), text, zone)
    for layout in _LAYOUTS:
        try:
            return parse_time(layout, text, zone)
        except ValueError:
            continue
    raise ValueError(f"invalid date {text}")


def _get(container: Any, key: Any) -> Any:
    """As `container[key]`, but nil for what is not there."""
    if isinstance(container, dict):
        return container.get(map_key(container, key))
    if isinstance(container, (list, tuple, str, bytes)):
        whole(key)
        return _at(container, key)
    return None


def _at(container: Any, key: Any) -> Any:
    if not isinstance(container, (list, tuple, str, bytes)):
        return None
    try:
        return fetch(container, key)
    except ValueError:
        return None


def _from_pairs(pairs: Any) -> dict[Any, Any]:
    made: dict[Any, Any] = v.AnyMap()
    for pair in _list(pairs, "fromPairs"):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or isinstance(pair[0], (list, dict)):
            raise ValueError(f"invalid pair {v.sprint(pair)}")
        made[pair[0]] = pair[1]
    return made


def _uniq(items: Any) -> list[Any]:
    kept: list[Any] = []
    seen: set[Any] = set()
    for item in _list(items, "uniq"):
        if isinstance(item, str):
            if item in seen:
                continue
            seen.add(item)
        elif any(v.equal(item, other) for other in kept if not isinstance(other, str)):
            continue
        kept.append(item)
    return kept


def _flatten(items: Any, depth: int = 0) -> list[Any]:
    flat: list[Any] = []
    for item in _list(items, "flatten"):
        if isinstance(item, (list, tuple)) and depth < 200:
            flat.extend(_flatten(item, depth + 1))
        else:
            flat.append(item)
    return flat


def _concat(*lists: Any) -> list[Any]:
    return [item for one in lists for item in _list(one, "concat")] or v.NilList()


def sort_values(items: list[Any], keys: list[Any], order: Any) -> list[Any]:
    """`items` in the order of their `keys`; `order` is "asc" or "desc". Raises ValueError for keys of mixed types."""
    if order not in ("asc", "desc"):
        raise ValueError(f"invalid order {v.sprint(order)}, expected asc or desc")

    def by_key(left: int, right: int) -> int:
        if compare("<", keys[left], keys[right]):
            return -1
        return 1 if compare("<", keys[right], keys[left]) else 0

    indices = sorted(range(len(items)), key=cmp_to_key(by_key), reverse=order == "desc")
    return [items[index] for index in indices]


def _sort(items: Any, order: Any = "asc") -> list[Any]:
    if order not in ("asc", "desc"):
        raise ValueError(f"invalid order {v.sprint(order)}, expected asc or desc")
    if not isinstance(items, (list, tuple)) or isinstance(items, v.Pairs):
        # Of what only the run knows to be no list, nothing is left.
        return v.NilList()
    return sort_values(list(items), list(items), order)


def _take(items: Any, count: Any) -> list[Any]:
    number = _integer(count, "take")
    if number < 0:
        raise ValueError("cannot take a negative number of elements")
    return list(_list(items, "take")[:number])


def _bits(name: str, function: Callable[[int, int], int]) -> Callable[[Any, Any], int]:
    return lambda a, b: v.wrap(function(_integer(a, name), _integer(b, name)))


def _shift(name: str, function: Callable[[int, int], int]) -> Callable[[Any, Any], int]:
    def call(value: Any, by: Any) -> int:
        number, count = _integer(value, name), _integer(by, name)
        if count < 0:
            raise ValueError(f"invalid operation: negative shift count {count} (type int)")
        return v.wrap(function(number, min(count, 64)))

    return call


def _from_json(text: Any) -> Any:
    return v.from_json(_text(text, "fromJSON"))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": _len,
    "type": _type,
    "abs": _number("abs", lambda x: v.wrap(abs(x)) if type(x) is int else abs(x)),
    "ceil": _rounder("ceil", math.ceil),
    "floor": _rounder("floor", math.floor),
    "round": _rounder("round", _round),
    "int": to_int,
    "float": to_float,
    "string": v.sprint,
    "trim": _trim,
    "trimPrefix": _trim_prefix,
    "trimSuffix": _trim_suffix,
    "upper": lambda s: _text(s, "upper").upper(),
    "lower": lambda s: _text(s, "lower").lower(),
    "split": split,
    "splitAfter": _split_after,
    "replace": replace,
    "repeat": _repeat,
    "join": _join,
    "indexOf": lambda s, part: _byte_index(s, _text(s, "indexOf").find(_text(part, "indexOf"))),
    "lastIndexOf": lambda s, part: _byte_index(s, _text(s, "lastIndexOf").rfind(_text(part, "lastIndexOf"))),
    "hasPrefix": lambda s, part: _text(s, "hasPrefix").startswith(_text(part, "hasPrefix")),
    "hasSuffix": lambda s, part: _text(s, "hasSuffix").endswith(_text(part, "hasSuffix")),
    "max": _extreme("max", ">"),
    "min": _extreme("min", "<"),
    "mean": _mean,
    "median": _median,
    "toJSON": lambda value: v.to_json(value, indent="  "),
    "fromJSON": _from_json,
    "toBase64": _to_base64,
    "fromBase64": _from_base64,
    "duration": lambda text: parse_duration(_text(text, "duration")),
    "date": _date,
    "timezone": lambda name: Zone(_text(name, "timezone")),
    "first": lambda items: _at(items, 0),
    "last": lambda items: _at(items, -1),
    "get": _get,
    "take": _take,
    "keys": lambda m: v.sort_keys(_map(m, "keys")),
    "values": lambda m: [m[key] for key in v.sort_keys(_map(m, "values"))],
    "toPairs": lambda m: v.Pairs([key, m[key]] for key in v.sort_keys(_map(m, "toPairs"))),
    "fromPairs": _from_pairs,
    "reverse": lambda items: list(reversed(_list(items, "reverse"))),
    "uniq": _uniq,
    "concat": _concat,
    "flatten": _flatten,
    "sort": _sort,
    "bitand": _bits("bitand", lambda a, b: a & b),
    "bitor": _bits("bitor", lambda a, b: a | b),
    "bitxor": _bits("bitxor", lambda a, b: a ^ b),
    "bitnand": _bits("bitnand", lambda a, b: a & ~b),
    "bitnot": lambda a: ~_integer(a, "bitnot"),
    "bitshl": _shift("bitshl", lambda a, n: (a << n) if n < 64 else 0),
    "bitshr": _shift("bitshr", lambda a, n: a >> n),
    "bitushr": _shift("bitushr", lambda a, n: (a % 2**64) >> n),
    "count": lambda items: _count(items),
    "sum": lambda items: _sum(items),
}


def _count(items: Any) -> int:
    flags = list(items)
    for flag in flags:
        if not isinstance(flag, bool):
            raise ValueError(f"count without a predicate takes bools, not {v.type_name(flag)}")
    return sum(flags)


def _sum(items: Any) -> Any:
    from argolint.language.expr.operators import add

    total: Any = 0
    for item in items:
        total = add(item, total)
    return total
