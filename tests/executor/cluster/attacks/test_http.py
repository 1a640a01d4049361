"""Attacks on HTTP itself: framing, sizes, heads, and what browsers can be made to send."""

from __future__ import annotations

import json
import subprocess

import httpx
import pytest

from executor.cluster.testing import running_cluster
from tests.executor.cluster.attacks.conftest import Victim, refused

MAPS = "/api/v1/namespaces/default/configmaps"
POST = f"POST {MAPS} HTTP/1.1"
BODY = b'{"metadata":{"name":"smuggled"}}'


def code_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@pytest.mark.parametrize(
    "lines",
    [
        ["content-length: 5", "transfer-encoding: chunked"],
        ["transfer-encoding: chunked", "content-length: 5"],
        ["content-length: 5", "content-length: 6"],
        ["content-length: 5, 6"],
        ["content-length: -5"],
        ["content-length: +5"],
        ["content-length: 5x"],
        ["content-length: 0x5"],
        ["content-length : 5"],
        ["transfer-encoding: chunked, identity"],
        ["transfer-encoding: xchunked"],
        ["transfer-encoding : chunked"],
        ["x: a", " folded: b", "content-length: 0"],
        ["host: other"],
        ["authorization: Bearer other"],
        ["x\x00y: a"],
        ["x: a\x00b"],
        ["no colon"],
    ],
    ids=repr,
)
def test_what_could_be_read_in_two_ways_is_refused(victim: Victim, lines: list[str]) -> None:
    chunks = b"0\r\n\r\n" + b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n"
    answer = victim.raw(victim.head("POST", MAPS, *lines) + b"\r\n" + chunks)
    assert code_of(answer) in (0, 400), answer
    assert b"gitVersion" not in answer
    assert answer.count(b"HTTP/1.1") <= 1


@pytest.mark.parametrize("length", ["52428800", "99999999999999999999", "3145729"])
def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(victim: Victim, length: str) -> None:
    answer = victim.raw(victim.head("POST", MAPS, f"content-length: {length}") + b"\r\n")
    assert code_of(answer) in (400, 413)


def test_fifty_megabytes(victim: Victim) -> None:
    body = json.dumps({"metadata": {"name": "x"}, "data": {"k": "x" * 50_000_000}})
    try:
        refused(victim.api.post(MAPS, body), 413, "limit is 3145728")
    except httpx.WriteError:
        pass  # closed before all of it was sent


def test_who_sends_a_little_too_much_reads_why_when_all_of_it_was_sent(victim: Victim) -> None:
    body = b"{" + b" " * (5 * 1024 * 1024) + b"}"
    for _ in range(5):  # a connection that is reset at once loses the answer now and then
        refused(victim.api.post(MAPS, body), 413, "limit is 3145728")


def test_fifty_megabytes_in_chunks_without_a_length(victim: Victim) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    answer = victim.raw(
        victim.head("POST", MAPS, "transfer-encoding: chunked") + b"\r\n", *[chunk] * 800, b"0\r\n\r\n"
    )
    assert code_of(answer) in (0, 413)


def test_a_body_in_chunks_of_one_byte_is_held_in_little_memory(victim: Victim) -> None:
    before = victim.megabytes()
    piece = b"1\r\nx\r\n" * 10_000
    answer = victim.raw(
        victim.head("POST", MAPS, "transfer-encoding: chunked") + b"\r\n", *[piece] * 120, b"0\r\n\r\n"
    )
    assert code_of(answer) in (0, 400, 413)
    assert victim.megabytes() - before < 64


@pytest.mark.parametrize("size", ["ffffffffffffffffff", "-1", "1g", ""])
def test_odd_sizes_of_chunks(victim: Victim, size: str) -> None:
    start = victim.head("POST", MAPS, "transfer-encoding: chunked") + b"\r\n"
    answer = victim.raw(start + size.encode() + b"\r\nx\r\n0\r\n\r\n")
    assert code_of(answer) in (400, 413)


def test_trailers_are_not_headers(victim: Victim) -> None:
    start = victim.head("POST", MAPS, "transfer-encoding: chunked", "connection: close") + b"\r\n"
    body = BODY + b" "
    rest = b"0\r\nimpersonate-user: nobody\r\nauthorization: Bearer x\r\n\r\n"
    answer = victim.raw(start + b"%x\r\n%b\r\n" % (len(body), body) + rest)
    assert code_of(answer) == 201
    assert victim.api.delete(f"{MAPS}/smuggled").code == 200


@pytest.mark.parametrize(
    ("count", "name", "value"), [(100_000, "h{}", "v"), (1, "h", "v" * 400_000), (1, "h" * 400_000, "v")]
)
def test_floods_of_headers(victim: Victim, count: int, name: str, value: str) -> None:
    flood = "".join(f"{name.format(n)}: {value}\r\n" for n in range(count)).encode()
    answer = victim.raw(victim.head("GET", "/version"), flood, b"\r\n")
    assert code_of(answer) in (0, 431)


def test_an_endless_request_line(victim: Victim) -> None:
    assert code_of(victim.raw(b"GET /" + b"a" * 400_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n")) in (0, 431)


@pytest.mark.parametrize(
    ("start", "codes"),
    [
        ("GET /version HTTP/1.1\r\n", (400,)),  # no host
        ("GET /version HTTP/9.9\r\nhost: x\r\n", (400,)),
        ("GET /version\r\n", (400,)),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n", (400,)),
        ("CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n", (400, 401, 405)),
        ("TRACE /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n", (405,)),
        ("BREW /version HTTP/1.1\r\nhost: x\r\n", (400,)),
        ("GET http://[ HTTP/1.1\r\nhost: x\r\n", (400,)),
        ("\x16\x03\x01 /version HTTP/1.1\r\nhost: x\r\n", (400,)),
    ],
    ids=repr,
)
def test_requests_that_are_none(victim: Victim, start: str, codes: tuple[int, ...]) -> None:
    answer = victim.raw(start.encode("latin-1") + b"\r\n")
    assert code_of(answer) in codes, answer
    assert b"TRACE" not in answer


def test_methods_are_not_overridden_by_headers(victim: Victim) -> None:
    kept = victim.api.post(MAPS, {"metadata": {"name": "kept"}})
    for header in ("x-http-method-override", "x-http-method", "x-method-override"):
        found = victim.client.get(f"{MAPS}/kept", headers={header: "DELETE"})
        assert found.json() == kept.body
    for method in ("TRACE", "OPTIONS", "SEARCH", "PROPFIND"):
        refused(victim.api.call(method, f"{MAPS}/kept"), 405, "does not allow this method")
    assert victim.api.delete(f"{MAPS}/kept").code == 200


def test_requests_in_a_row_are_answered_in_order(victim: Victim) -> None:
    one = victim.head("GET", "/version") + b"\r\n"
    two = victim.head("GET", "/healthz") + b"\r\n"
    last = victim.head("GET", "/livez", "connection: close") + b"\r\n"
    answer = victim.raw((one + two) * 50 + last)
    assert answer.count(b"HTTP/1.1 200") == 101
    assert [answer.count(b"gitVersion"), answer.endswith(b"ok")] == [50, True]


def test_a_client_that_expects_to_be_told_to_go_on(victim: Victim) -> None:
    start = victim.head("POST", MAPS + "?dryRun=All", "expect: 100-continue", f"content-length: {len(BODY)}")
    with victim.connect() as connection:
        connection.sendall(start + b"\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert connection.recv(100).startswith(b"HTTP/1.1 201 ")


def test_a_request_to_speak_http2_in_the_clear_is_answered_as_it_is(victim: Victim) -> None:
    extra = (
        "connection: upgrade, http2-settings",
        "upgrade: h2c",
        "http2-settings: AAMAAABkAAQAoAAAAAIAAAAA",
    )
    answer = victim.raw(victim.head("GET", "/version", *extra) + b"\r\n" + b"GET / HTTP/1.1\r\n\r\n")
    assert (code_of(answer), answer.count(b"HTTP/1.1 ")) == (200, 1)


@pytest.mark.parametrize(
    ("path", "lines", "expected"),
    [
        ("/api/v1/namespaces/default/pods/none/exec?command=ls", [], (404, 403)),
        ("/version", [], (404, 403)),
        ("/api/v1/namespaces/default/pods/../../../exec", [], (404, 403)),
        ("/api/v1/namespaces/default/pods/none/exec", ["sec-websocket-protocol: evil"], (400, 404, 403)),
    ],
)
def test_websockets_lead_to_pods_only(
    victim: Victim, path: str, lines: list[str], expected: tuple[int, ...]
) -> None:
    extra = (
        "connection: upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    answer = victim.raw(victim.head("GET", path, *extra, *lines) + b"\r\n", b"\xff" * 100_000)
    assert code_of(answer) in expected, answer
    nobody = victim.raw(victim.head("GET", path, *extra, *lines, token="nobody") + b"\r\n")
    assert code_of(nobody) in (401, 403), nobody


def test_loopback_only_and_no_strangers_pages_without_credentials(tmp_path: object) -> None:
    with running_cluster(arguments=["--insecure"]) as cluster:
        listening = subprocess.run(["ss", "-ltn"], capture_output=True, text=True).stdout
        port = cluster.url.rpartition(":")[2]
        assert {line.split()[3] for line in listening.splitlines() if f":{port} " in line} <= {
            f"127.0.0.1:{port}"
        }
        evil = f"evil.example:{port}"
        for headers, code in (
            ({}, 200),
            ({"host": f"localhost:{port}", "origin": f"http://localhost:{port}"}, 200),
            ({"host": evil}, 403),  # a name of theirs that leads to loopback
            ({"origin": "http://evil.example"}, 403),  # their page, our address
            ({"origin": "null"}, 403),
        ):
            found = httpx.get(f"{cluster.url}{MAPS}", headers=headers)
            assert found.status_code == code, (headers, found.text)
        made = httpx.post(
            f"{cluster.url}{MAPS}",
            content=BODY,
            headers={"content-type": "text/plain", "origin": "http://evil.example"},
        )
        assert made.json()["message"] == (
            'requests without credentials are served for loopback only, not for "http://evil.example"'
        )
