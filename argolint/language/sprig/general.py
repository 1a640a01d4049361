"""sprig: JSON, encodings, types, paths, URLs, regular expressions, versions."""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
import urllib.parse
from collections.abc import Callable
from typing import Any

from argolint.language import goregex
from argolint.language.expr.hooks import Hooks
from argolint.language.sprig.common import bounded, mapping, text, whole
from argolint.language.sprig.semver import compare, parse
from argolint.language.values import NilList, from_json, sprint, to_json, type_name
from argolint.patterns import lazy


def _from_json(value: Any) -> Any:
    try:
        return from_json(text(value))
    except ValueError:
        return None


def _lenient(function: Callable[[Any], str]) -> Callable[[Any], str]:
    def call(value: Any) -> str:
        try:
            return function(value)
        except ValueError:
            return ""

    return call


def _b64dec(value: Any) -> str:
    digits = text(value).replace("\r", "").replace("\n", "")
    try:
        return base64.b64decode(digits, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return f"illegal base64 data at input byte {_corrupt(text(value), _BASE64, 4)}"


def _b32dec(value: Any) -> str:
    digits = text(value).replace("\r", "").replace("\n", "")
    try:
        return base64.b32decode(digits).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return f"illegal base32 data at input byte {_corrupt(text(value), _BASE32, 8)}"


_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_BASE32 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def _corrupt(source: str, alphabet: frozenset[str], group: int) -> int:
    """Where Go says that base64 or base32 breaks: at the first byte that does not belong, or the group that is cut short."""
    count = 0
    for at, char in enumerate(source.encode("utf-8", "surrogateescape").decode("latin-1")):
        if char in "\r\n":
            continue
        if char not in alphabet:
            return at
        count += 1
    return len(source) - count % group


def _raw(value: Any) -> bytes:
    return text(value).encode("utf-8", "surrogatepass")


def _kind(value: Any) -> str:
    names = {
        "<nil>": "invalid",
        "[]interface {}": "slice",
        "[]uint8": "slice",
        "map[string]interface {}": "map",
        "time.Time": "struct",
        "time.Duration": "int64",
    }
    return names.get(type_name(value), type_name(value))


# Paths, as Go's path package has them.


def _base(path: Any) -> str:
    source = text(path)
    if not source:
        return "."
    stripped = source.rstrip("/")
    return stripped.rsplit("/", 1)[-1] if stripped else "/"


def _clean(path: Any) -> str:
    cleaned = posixpath.normpath(text(path)) if path else "."
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _dir(path: Any) -> str:
    head = text(path)[: text(path).rfind("/") + 1]
    return _clean(head)


def _ext(path: Any) -> str:
    name = text(path).rsplit("/", 1)[-1]
    return name[name.rfind(".") :] if "." in name else ""


# Regular expressions. The functions without `must` panic upstream on a bad pattern: an error either way.


def _find_all(pattern: Any, value: Any, count: Any) -> list[str]:
    limit = whole(count)
    found: list[str] = []
    for match in goregex.finditer(text(pattern), text(value)):
        if 0 <= limit <= len(found):
            break
        found.append(match.group() or "")
    return found


def _find(pattern: Any, value: Any) -> str:
    match = next(iter(goregex.finditer(text(pattern), text(value))), None)
    return (match.group() or "") if match else ""


def _replace_all(pattern: Any, value: Any, replacement: Any) -> str:
    return bounded(goregex.replace(text(pattern), text(value), text(replacement)))


def _replace_literal(pattern: Any, value: Any, replacement: Any) -> str:
    return bounded(goregex.replace(text(pattern), text(value), text(replacement), literal=True))


def _split(pattern: Any, value: Any, count: Any) -> list[str]:
    limit, source = whole(count), text(value)
    if limit == 0:
        return NilList()
    if text(pattern) and not source:
        goregex.compile(pattern)
        return [""]
    parts: list[str] = []
    start = end = 0
    for match in goregex.finditer(pattern, source):
        if limit > 0 and len(parts) == limit - 1:
            break
        end = match.start()
        if match.end() > 0:
            parts.append(source[start:end])
        start = match.end()
    if end != len(source):
        parts.append(source[start:])
    return parts


def _quote_meta(value: Any) -> str:
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text(value))


# URLs.

_BAD_ESCAPE = lazy(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)


def _url_parse(value: Any) -> dict[str, str]:
    try:
        parts = urllib.parse.urlsplit(text(value))
        hostname = parts.hostname or ""
    except ValueError as error:
        raise ValueError(f"unable to parse url: {error}") from None
    escape = _BAD_ESCAPE.search(parts.path) or _BAD_ESCAPE.search(parts.fragment)
    if escape:
        raise ValueError(f'unable to parse url: parse "{value}": invalid URL escape "{escape.group()}"')
    if not parts.scheme and not parts.netloc and ":" in parts.path.split("/", 1)[0]:
        raise ValueError(
            f'unable to parse url: parse "{value}": first path segment in URL cannot contain colon'
        )
    userinfo, _, host = parts.netloc.rpartition("@")
    opaque = ""
    path = parts.path
    if parts.scheme and not parts.netloc and path and not path.startswith("/"):
        opaque, path = path, ""
    return {
        "scheme": parts.scheme,
        "host": host,
        "hostname": hostname,
        "path": urllib.parse.unquote(path),
        "query": parts.query,
        "opaque": opaque,
        "fragment": urllib.parse.unquote(parts.fragment),
        "userinfo": userinfo,
    }


def _url_join(value: Any) -> str:
    parts = mapping(value)
    host = sprint(parts.get("host", "") or "")
    userinfo = sprint(parts.get("userinfo", "") or "")
    netloc = f"{userinfo}@{host}" if userinfo else host
    scheme, path = sprint(parts.get("scheme", "") or ""), sprint(parts.get("path", "") or "")
    opaque = sprint(parts.get("opaque", "") or "")
    made = f"{scheme}:" if scheme else ""
    if opaque:
        made += opaque
    else:
        if netloc or (scheme and path.startswith("/") and scheme == "file"):
            made += "//" + netloc
        if path and not path.startswith("/") and netloc:
            path = "/" + path
        made += urllib.parse.quote(path, safe="/:@!$&'()*+,;=-._~")
    if parts.get("query"):
        made += "?" + sprint(parts["query"])
    if parts.get("fragment"):
        made += "#" + urllib.parse.quote(sprint(parts["fragment"]), safe="/:@!$&'()*+,;=-._~?")
    return made


def _fail(message: Any) -> str:
    raise ValueError(text(message))


def _no_network(name: Any) -> str:
    raise ValueError("names cannot be looked up here: evaluation does no network access")


def _pretty(value: Any) -> str:
    return to_json(value, indent="  ")


def _raw_json(value: Any) -> str:
    return to_json(value, escape_html=False)


def table(hooks: Hooks) -> dict[str, Callable[..., Any]]:
    """The functions by name."""
    regexes: dict[str, Callable[..., Any]] = {
        "regexMatch": lambda pattern, value: goregex.search(text(pattern), text(value)),
        "regexFindAll": _find_all,
        "regexFind": _find,
        "regexReplaceAll": _replace_all,
        "regexReplaceAllLiteral": _replace_literal,
        "regexSplit": _split,
    }
    paths: dict[str, Callable[..., Any]] = {
        "base": _base,
        "dir": _dir,
        "clean": _clean,
        "ext": _ext,
        "isAbs": lambda path: text(path).startswith("/"),
    }
    return {
        **regexes,
        **{"must" + name[0].upper() + name[1:]: function for name, function in regexes.items()},
        "regexQuoteMeta": _quote_meta,
        **paths,
        **{"os" + name[0].upper() + name[1:]: function for name, function in paths.items()},
        "fromJson": _from_json,
        "toJson": _lenient(to_json),
        "toPrettyJson": _lenient(_pretty),
        "toRawJson": _lenient(_raw_json),
        "mustFromJson": lambda value: from_json(text(value)),
        "mustToJson": to_json,
        "mustToPrettyJson": _pretty,
        "mustToRawJson": _raw_json,
        "b64enc": lambda value: base64.b64encode(_raw(value)).decode(),
        "b64dec": _b64dec,
        "b32enc": lambda value: base64.b32encode(_raw(value)).decode(),
        "b32dec": _b32dec,
        "typeOf": type_name,
        "typeIs": lambda name, value: type_name(value) == name,
        "typeIsLike": lambda name, value: type_name(value) in (name, f"*{name}"),
        "kindOf": _kind,
        "kindIs": lambda name, value: _kind(value) == name,
        "deepEqual": lambda a, b: type(a) is type(b) and a == b,
        "getHostByName": _no_network,
        "fail": _fail,
        "urlParse": _url_parse,
        "urlJoin": _url_join,
        "semver": lambda value: parse(text(value)).fields(),
        "semverCompare": lambda constraint, value: compare(text(constraint), text(value)),
    }
