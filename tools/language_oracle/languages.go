package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/Knetic/govaluate"
	"github.com/Masterminds/sprig/v3"
	"github.com/evilmonkeyinc/jsonpath"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/file"
	"github.com/robfig/cron/v3"
	"github.com/tidwall/gjson"
	"k8s.io/apimachinery/pkg/labels"
)

var sprigFunctions = sprig.GenericFuncMap()

func init() {
	delete(sprigFunctions, "env")
	delete(sprigFunctions, "expandenv")
}

// Argo's own functions, by the documentation of its variables.
func withFunctions(env map[string]any) map[string]any {
	env["asInt"] = builtin.Int
	env["asFloat"] = builtin.Float
	env["toJson"] = func(value any) string {
		text, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		return string(text)
	}
	env["jsonpath"] = func(text, path string) any {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			panic(err)
		}
		found, err := jsonpath.Query(path, value)
		if err != nil {
			panic(err)
		}
		return found
	}
	env["sprig"] = sprigFunctions
	return env
}

func withPlace(stage string, err error) Answer {
	result := failed(stage, err)
	var place *file.Error
	if errors.As(err, &place) {
		result.Start, result.End = place.From, place.To
		result.Message = strings.ToValidUTF8(place.Message, "?")
	}
	return result
}

func evaluateExpr(question Question) Answer {
	env := decode(question.Env).(map[string]any)
	if question.Argo {
		env = withFunctions(env)
	}
	program, err := expr.Compile(question.Source, expr.Env(env))
	if err != nil {
		return withPlace("compile", err)
	}
	value, err := expr.Run(program, env)
	if err != nil {
		return withPlace("run", err)
	}
	return Answer{Stage: "value", Value: encode(value)}
}

// The types of sprig's functions, by name.
func listSignatures(Question) Answer {
	types := map[string]any{}
	for name, function := range sprigFunctions {
		types[name] = fmt.Sprintf("%T", function)
	}
	return Answer{Stage: "value", Value: types}
}

// A step's condition: bare words become strings, the result must be a bool.
func evaluateWhen(question Question) Answer {
	if question.Source == "" {
		return Answer{Stage: "value", Value: true}
	}
	expression, err := govaluate.NewEvaluableExpression(question.Source)
	if err != nil {
		return failed("compile", err)
	}
	tokens := expression.Tokens()
	for index := range tokens {
		if tokens[index].Kind == govaluate.VARIABLE {
			tokens[index].Kind = govaluate.STRING
		}
	}
	expression, err = govaluate.NewEvaluableExpressionFromTokens(tokens)
	if err != nil {
		return failed("compile", err)
	}
	return asBool(expression.Evaluate(nil))
}

func evaluateCondition(question Question) Answer {
	expression, err := govaluate.NewEvaluableExpression(question.Source)
	if err != nil {
		return failed("compile", err)
	}
	value, err := expression.Evaluate(decode(question.Env).(map[string]any))
	if err != nil {
		return failed("run", err)
	}
	return Answer{Stage: "value", Value: encode(value)}
}

func asBool(value any, err error) Answer {
	if err != nil {
		return failed("run", err)
	}
	if result, ok := value.(bool); ok {
		return Answer{Stage: "value", Value: result}
	}
	return failed("run", fmt.Sprintf("expected a bool, got %T", value))
}

func renderTemplate(question Question) Answer {
	parsed, err := template.New("template").Funcs(sprigFunctions).Parse(question.Source)
	if err != nil {
		return failed("compile", err)
	}
	var output strings.Builder
	var data any
	if err := json.Unmarshal(question.Env, &data); err != nil {
		return failed("compile", err)
	}
	if err := parsed.Execute(&output, data); err != nil {
		return failed("run", err)
	}
	return Answer{Stage: "value", Value: encode(output.String())}
}

func searchRegexp(question Question) Answer {
	pattern, err := regexp.Compile(question.Source)
	if err != nil {
		return failed("compile", err)
	}
	found := pattern.FindAllString(question.Text, -1)
	return Answer{Stage: "value", Value: encode(map[string]any{
		"match": pattern.MatchString(question.Text), "all": append([]string{}, found...),
		"replaced": pattern.ReplaceAllString(question.Text, question.Replace),
		"split":    pattern.Split(question.Text, -1),
	})}
}

func roundTripJSON(question Question) Answer {
	var value any
	if err := json.Unmarshal([]byte(question.Source), &value); err != nil {
		return failed("run", err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return failed("run", err)
	}
	return Answer{Stage: "value", Value: encode([]any{string(text), fmt.Sprint(value)})}
}

// The next Count times of a schedule after From (seconds since 1970), seen from Zone.
func scheduleTimes(question Question) Answer {
	schedule, err := cron.ParseStandard(question.Source)
	if err != nil {
		return failed("compile", err)
	}
	zone, err := time.LoadLocation(question.Zone)
	if err != nil {
		return failed("compile", err)
	}
	at := time.Unix(question.From, 0).In(zone)
	times := []any{}
	for len(times) < question.Count {
		at = schedule.Next(at)
		if at.IsZero() {
			break
		}
		times = append(times, int(at.Unix()))
	}
	return Answer{Stage: "value", Value: encode(times)}
}

// Whether a label selector matches the labels in Env.
func matchSelector(question Question) Answer {
	selector, err := labels.Parse(question.Source)
	if err != nil {
		return failed("compile", err)
	}
	set := labels.Set{}
	for key, value := range decode(question.Env).(map[string]any) {
		set[key] = fmt.Sprint(value)
	}
	return Answer{Stage: "value", Value: selector.Matches(set)}
}

func queryGJSON(question Question) Answer {
	found := gjson.GetBytes(question.Env, question.Source)
	return Answer{Stage: "value", Value: encode([]any{found.Exists(), found.String()})}
}

func queryJSONPath(question Question) Answer {
	var data any
	if err := json.Unmarshal(question.Env, &data); err != nil {
		return failed("compile", err)
	}
	found, err := jsonpath.Query(question.Source, data)
	if err != nil {
		return failed("run", err)
	}
	return Answer{Stage: "value", Value: encode(found)}
}

// What a task of a `depends` may have come to. Argo's documentation of enhanced depends lists the names.
type taskResults struct {
	Succeeded, Failed, Errored, Skipped, Omitted, Daemoned, AnySucceeded, AllFailed bool
}

// An expanded formula, with `-` already replaced by `_`; Env maps tasks to the list of their true results.
func evaluateDepends(question Question) Answer {
	results := map[string]taskResults{}
	for name, list := range decode(question.Env).(map[string]any) {
		text, _ := json.Marshal(list)
		var one taskResults
		if err := json.Unmarshal(text, &one); err != nil {
			return failed("compile", err)
		}
		results[name] = one
	}
	program, err := expr.Compile(question.Source, expr.Env(results))
	if err != nil {
		return withPlace("compile", err)
	}
	return asBool(expr.Run(program, results))
}
