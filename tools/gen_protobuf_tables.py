"""Make `schemas/kube-protobuf.json`: field numbers of the protobuf messages that Go clients send.

kubectl's typed commands and controllers written with client-go send protobuf bodies whatever the server prefers. Field numbers
are append-only, so a table once made stays right. Source: the struct tags of the Go modules `k8s.io/api` and `k8s.io/apimachinery`,
read by a small Go program (reflection over every type of the groups in `GROUPS`).

    python -m tools.gen_protobuf_tables      # needs Go and its module proxy
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

VERSION = "v0.37.2"
OUTPUT = Path(__file__).resolve().parent.parent / "schemas" / "kube-protobuf.json"
GROUPS = (
    "v1",
    "apps/v1",
    "authentication.k8s.io/v1",
    "authorization.k8s.io/v1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "certificates.k8s.io/v1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "events.k8s.io/v1",
    "networking.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1",
)

_MODULE = f"""\
module tables

go 1.26.0

require (
	k8s.io/api {VERSION}
	k8s.io/apimachinery {VERSION}
	k8s.io/client-go {VERSION}
)
"""

# Prints, for each group and version named on the command line, its kinds and, for each message that they reach, the fields:
# {"kinds": {"v1": ["Pod", …]}, "messages": {"core/v1.Pod": {"1": [name, type, keep]}}}. `keep` says that Go's JSON has the field
# also when it is zero: it is a pointer, or has no `omitempty`.
_PROGRAM = r"""
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

var messages = map[string]map[string][]any{}

func name(t reflect.Type) string { return t.PkgPath() + "." + t.Name() }

func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kind(t.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int32, reflect.Int64, reflect.Int, reflect.Uint8, reflect.Uint32:
		return "int"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		if t.Name() != "" && t.PkgPath() != "" {
			walk(t)
			return name(t)
		}
		return "*" + kind(t.Elem())
	case reflect.Map:
		return "{" + kind(t.Elem())
	case reflect.Struct:
		walk(t)
		return name(t)
	}
	return t.String()
}

func walk(t reflect.Type) {
	if _, known := messages[name(t)]; known {
		return
	}
	rows := map[string][]any{}
	messages[name(t)] = rows
	if t.Kind() == reflect.Slice { // a list with a message of its own
		rows["1"] = []any{"items", "*" + kind(t.Elem()), false}
		return
	}
	for i := range t.NumField() {
		field := t.Field(i)
		tag := strings.Split(field.Tag.Get("protobuf"), ",")
		if len(tag) < 2 {
			continue
		}
		parts := strings.Split(field.Tag.Get("json"), ",")
		text := kind(field.Type)
		if parts[0] == "" {
			text = "!" + text
		}
		keep := field.Type.Kind() == reflect.Pointer || !strings.Contains(field.Tag.Get("json"), "omitempty")
		rows[tag[1]] = []any{parts[0], text, keep && (strings.TrimLeft(text, "*{!") == text)}
	}
}

func main() {
	kinds := map[string][]string{}
	for _, text := range os.Args[1:] {
		version, err := schema.ParseGroupVersion(text)
		if err != nil {
			panic(err)
		}
		for kind, t := range scheme.Scheme.KnownTypes(version) {
			if strings.HasSuffix(kind, "List") || kind == "WatchEvent" || strings.HasSuffix(kind, "Options") && kind != "DeleteOptions" {
				continue
			}
			kinds[text] = append(kinds[text], name(t)+" "+kind)
			walk(t)
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"kinds": kinds, "messages": messages})
}
"""

_SHORT = {
    "k8s.io/apimachinery/pkg/apis/meta/v1.": "meta.",
    "k8s.io/apimachinery/pkg/util/intstr.": "util.",
    "k8s.io/apimachinery/pkg/api/resource.": "util.",
    "k8s.io/apimachinery/pkg/runtime.": "runtime.",
}
# Types with a JSON form of their own: what is inside does not matter.
_SPECIAL = (
    "meta.Time",
    "meta.MicroTime",
    "meta.FieldsV1",
    "util.Quantity",
    "util.IntOrString",
    "runtime.RawExtension",
)


def short(name: str) -> str:
    """A type as the table has it: `core.v1.Pod`, `meta.ObjectMeta`, with its marks."""
    bare = name.lstrip("*{!")
    marks = name[: len(name) - len(bare)]
    for prefix, instead in _SHORT.items():
        if bare.startswith(prefix):
            return marks + instead + bare.removeprefix(prefix)
    path = bare.removeprefix("k8s.io/api/")
    return marks + path.replace("/", ".", 1)


def described() -> dict[str, Any]:
    """What the Go program prints."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "go.mod").write_text(_MODULE)
        (Path(folder) / "main.go").write_text(_PROGRAM)
        env = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
        subprocess.run(["go", "mod", "tidy"], cwd=folder, env=env, check=True)
        done = subprocess.run(
            ["go", "run", ".", *GROUPS], cwd=folder, env=env, check=True, stdout=subprocess.PIPE
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def generate() -> dict[str, Any]:
    """`kinds`: apiVersion → kind → message; `messages`: message → number → [name, type] or [name, type, 1] when a zero is kept."""
    found = described()
    messages: dict[str, dict[str, list[Any]]] = {}
    for name, fields in found["messages"].items():
        if short(name) in _SPECIAL:
            continue
        rows = sorted(fields.items(), key=lambda item: int(item[0]))
        messages[short(name)] = {
            number: [field, short(kind), 1] if keep else [field, short(kind)]
            for number, (field, kind, keep) in rows
        }
    kinds = {
        version: dict(sorted((kind, short(name)) for name, kind in (text.split(" ") for text in items)))
        for version, items in found["kinds"].items()
    }
    return {"kinds": dict(sorted(kinds.items())), "messages": dict(sorted(messages.items()))}


def main() -> None:
    """Write the data file."""
    OUTPUT.write_text(json.dumps(generate(), separators=(",", ":")) + "\n")
    print(f"{OUTPUT}: {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
