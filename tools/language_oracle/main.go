// Answers questions about the languages that Argo's manifests are written in, by asking the very libraries that Argo uses.
//
// One JSON object a line on standard input, one a line on standard output, in the same order.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// Question is one line of input. Which fields matter depends on Op.
type Question struct {
	Op      string          `json:"op"`
	Source  string          `json:"source"`
	Env     json.RawMessage `json:"env"`
	Argo    bool            `json:"argo"`
	Text    string          `json:"text"`
	Replace string          `json:"replace"`
	From    int64           `json:"from"`
	Count   int             `json:"count"`
	Zone    string          `json:"zone"`
}

// Answer is one line of output. Stage is "value", or the stage that failed: "compile" or "run".
type Answer struct {
	Stage   string `json:"stage"`
	Value   any    `json:"value"`
	Message string `json:"message,omitempty"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
}

var operations = map[string]func(Question) Answer{
	"expr":       evaluateExpr,
	"when":       evaluateWhen,
	"govaluate":  evaluateCondition,
	"template":   renderTemplate,
	"regexp":     searchRegexp,
	"json":       roundTripJSON,
	"cron":       scheduleTimes,
	"selector":   matchSelector,
	"gjson":      queryGJSON,
	"jsonpath":   queryJSONPath,
	"depends":    evaluateDepends,
	"signatures": listSignatures,
}

func failed(stage string, err any) Answer {
	return Answer{Stage: stage, Message: strings.ToValidUTF8(fmt.Sprint(err), "?")}
}

// A question that takes longer ends the program, after its answer: whoever asks starts it anew for the rest.
const patience = 4 * time.Second

func inTime(question Question) (Answer, bool) {
	done := make(chan Answer, 1)
	go func() { done <- answer(question) }()
	select {
	case result := <-done:
		return result, true
	case <-time.After(patience):
		return failed("run", "no answer in time"), false
	}
}

func answer(question Question) (result Answer) {
	defer func() {
		if r := recover(); r != nil {
			result = failed("run", r)
		}
	}()
	operation, ok := operations[question.Op]
	if !ok {
		return failed("compile", "unknown operation "+question.Op)
	}
	return operation(question)
}

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer output.Flush()
	for {
		line, err := input.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var question Question
			var result Answer
			alive := true
			if bad := json.Unmarshal(line, &question); bad != nil {
				result = failed("compile", bad)
			} else {
				result, alive = inTime(question)
			}
			encoded, bad := json.Marshal(result)
			if bad != nil {
				encoded, _ = json.Marshal(failed("run", bad))
			}
			output.Write(encoded)
			output.WriteByte('\n')
			output.Flush()
			if !alive {
				os.Exit(3)
			}
		}
		if err != nil {
			return
		}
	}
}
