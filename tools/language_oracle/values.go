package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Longer lists and strings are not shown.
const largest = 100_000

// Values travel tagged, so that 1, 1.0 and "1" differ: {"i": "1"}, {"f": "1"}, {"s": "1"}, {"l": [...]}, {"m": {...}}.
func encode(value any) any {
	switch v := value.(type) {
	case nil:
		return nil
	case bool:
		return v
	case string:
		if len(v) > largest {
			panic("too large to show")
		}
		if !utf8.ValidString(v) {
			return map[string]any{"b": base64.StdEncoding.EncodeToString([]byte(v))}
		}
		return map[string]any{"s": v}
	case []byte:
		return map[string]any{"bytes": base64.StdEncoding.EncodeToString(v)}
	case time.Time:
		return map[string]any{"t": v.Format("2006-01-02T15:04:05.999999999 -0700 MST"), "year": v.Year()}
	case time.Duration:
		return map[string]any{"d": strconv.FormatInt(int64(v), 10)}
	case *time.Location:
		return map[string]any{"z": v.String()}
	case error:
		return map[string]any{"error": v.Error()}
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"i": strconv.FormatInt(v.Int(), 10)}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return map[string]any{"i": strconv.FormatUint(v.Uint(), 10)}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"f": strconv.FormatFloat(v.Float(), 'g', -1, 64)}
	case reflect.String:
		return map[string]any{"s": v.String()}
	case reflect.Slice, reflect.Array:
		if v.Len() > largest {
			panic("too large to show")
		}
		items := make([]any, v.Len())
		for i := range items {
			items[i] = encode(v.Index(i).Interface())
		}
		if v.Kind() == reflect.Slice && v.IsNil() {
			return map[string]any{"l": nil}
		}
		return map[string]any{"l": items}
	case reflect.Map:
		items := make([][2]any, 0, v.Len())
		for _, key := range v.MapKeys() {
			items = append(items, [2]any{encode(key.Interface()), encode(v.MapIndex(key).Interface())})
		}
		return map[string]any{"m": items}
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return encode(v.Elem().Interface())
	case reflect.Func:
		return map[string]any{"func": true}
	}
	return map[string]any{"other": fmt.Sprintf("%T", value)}
}

// decode reads JSON as Go code would build it: whole numbers are int, those with a point or exponent float64.
func decode(raw json.RawMessage) any {
	if len(raw) == 0 {
		return map[string]any{}
	}
	reader := json.NewDecoder(bytes.NewReader(raw))
	reader.UseNumber()
	var value any
	if err := reader.Decode(&value); err != nil {
		panic(err)
	}
	return plain(value)
}

func plain(value any) any {
	switch v := value.(type) {
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			if number, err := strconv.Atoi(v.String()); err == nil {
				return number
			}
		}
		number, _ := v.Float64()
		return number
	case map[string]any:
		for key, item := range v {
			v[key] = plain(item)
		}
	case []any:
		for index, item := range v {
			v[index] = plain(item)
		}
	}
	return value
}
