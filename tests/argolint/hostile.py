"""Texts of a hundred kilobytes that are made to take long, or to break what reads them."""

from __future__ import annotations

from collections.abc import Callable

SIZE = 100_000
HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: a-}\n"
WF = HEAD + "spec:\n  entrypoint: main\n"
CASES: dict[str, str] = {}


def fit(head: str, unit: Callable[[int], str], tail: str = "", size: int = SIZE) -> str:
    """A text of about `size` characters: the head, units numbered from 0, the tail."""
    parts, room = [head], size - len(head) - len(tail)
    number = 0
    while room > 0:
        part = unit(number)
        room -= len(part)
        if room >= 0:
            parts.append(part)
        number += 1
    return "".join([*parts, tail])


def indented(text: str, by: int) -> str:
    return "".join(" " * by + line + "\n" for line in text.splitlines())


def nested(levels: int) -> str:
    """Manifests in the `manifest` of manifests."""
    text = HEAD + "spec:\n  entrypoint: nope\n"
    for _ in range(levels):
        text = (
            WF
            + "  templates:\n  - name: main\n    resource:\n      action: create\n      manifest: |\n"
            + indented(text, 8)
        )
    return text


def inlined(levels: int) -> str:
    """A template with a step whose template is inline, at that many levels."""
    text = "container: {image: 'a:1'}"
    for _ in range(levels):
        text = "steps: [[{name: a, inline: {" + text + "}}]]"
    return "{name: main, " + text + "}\n"


def bomb() -> str:
    """Aliases that multiply."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    return "\n".join(lines) + "\n"


CASES["templates"] = fit(
    HEAD + "spec:\n  templates:\n", lambda i: f"  - name: t{i}\n    container: {{image: 'a:{i}'}}\n"
)
CASES["same templates"] = fit(
    HEAD + "spec:\n  templates:\n", lambda i: "  - name: t\n    container: {image: a}\n"
)
CASES["dag chain"] = fit(
    WF + "  templates:\n  - name: main\n    dag:\n      tasks:\n",
    lambda i: f"      - {{name: t{i}, template: main, depends: t{i - 1}}}\n",
)
CASES["dag fan-in each dep on 20"] = fit(
    WF + "  templates:\n  - {name: j, container: {image: 'a:1'}}\n  - name: main\n    dag:\n      tasks:\n",
    lambda i: (
        f"      - {{name: t{i}, template: j, dependencies: [{', '.join(f't{max(0, i - k)}' for k in range(1, 20))}]}}\n"
    ),
)
CASES["dag cycle"] = fit(
    WF
    + "  templates:\n  - name: main\n    dag:\n      tasks:\n      - {name: t0, template: main, depends: t500}\n",
    lambda i: f"      - {{name: t{i + 1}, template: main, depends: t{i}}}\n",
)
CASES["depends long"] = (
    WF
    + '  templates:\n  - name: main\n    dag:\n      tasks:\n      - {name: a, template: main}\n      - name: b\n        template: main\n        depends: "'
    + fit("", lambda i: "a.Succeeded || ", "a", size=96000)
    + '"\n'
)
CASES["depends parens"] = (
    WF
    + '  templates:\n  - name: main\n    dag:\n      tasks:\n      - {name: a, template: main}\n      - name: b\n        template: main\n        depends: "'
    + "(" * 48000
    + "a"
    + ")" * 48000
    + '"\n'
)
CASES["depends nots"] = (
    WF
    + '  templates:\n  - name: main\n    dag:\n      tasks:\n      - {name: a, template: main}\n      - name: b\n        template: main\n        depends: "'
    + "!" * 90000
    + 'a"\n'
)
CASES["when parens"] = (
    WF
    + '  templates:\n  - name: main\n    steps:\n    - - name: b\n        template: main\n        when: "'
    + "(" * 48000
    + "a"
    + ")" * 48000
    + '"\n'
)
CASES["when and"] = (
    WF
    + '  templates:\n  - name: main\n    steps:\n    - - name: b\n        template: main\n        when: "'
    + fit("", lambda i: f"a{i} == b && ", "true", size=96000)
    + '"\n'
)
CASES["open tags"] = HEAD + "spec: {entrypoint: '" + "{{a" * 33000 + "'}\n"
CASES["{{ only"] = HEAD + "spec: {entrypoint: '" + "{{" * 49000 + "'}\n"
CASES["{{= only"] = HEAD + "spec: {entrypoint: '" + "{{=" * 33000 + "'}\n"
CASES["}} only"] = HEAD + "spec: {entrypoint: '{{" + "}}" * 49000 + "'}\n"
CASES["{{ unquoted"] = HEAD + "spec:\n  entrypoint: " + "{{" * 49000 + "\n"
CASES["expr parens"] = HEAD + "spec: {entrypoint: '{{=" + "(" * 48000 + "1" + ")" * 48000 + "}}'}\n"
CASES["expr plus"] = HEAD + "spec: {entrypoint: '{{=" + "1+" * 48000 + "1}}'}\n"
CASES["expr pow"] = HEAD + "spec: {entrypoint: '{{=" + "9**" * 30000 + "9}}'}\n"
CASES["expr shift strings"] = HEAD + "spec: {entrypoint: '{{=sprig.repeat(1000000000, \"x\")}}'}\n"
CASES["expr arrays"] = HEAD + "spec: {entrypoint: '{{=" + "[" * 48000 + "]" * 48000 + "}}'}\n"
CASES["expr not"] = HEAD + "spec: {entrypoint: '{{=" + "not " * 24000 + "true}}'}\n"
CASES["expr ternary"] = HEAD + "spec: {entrypoint: '{{=" + "true?1:" * 13000 + "2}}'}\n"
CASES["expr members"] = HEAD + "spec: {entrypoint: '{{=workflow" + ".a" * 48000 + "}}'}\n"
CASES["expr pipes"] = HEAD + "spec: {entrypoint: '{{=1" + "|len()" * 16000 + "}}'}\n"
CASES["expr map"] = HEAD + "spec: {entrypoint: '{{=" + "map(1..100000000, " * 6000 + "#}}'}\n"
CASES["expr range"] = HEAD + "spec: {entrypoint: '{{=len(1..100000000000)}}'}\n"
CASES["expr many tags"] = fit(
    WF
    + "  templates:\n  - name: main\n    inputs: {parameters: [{name: x}]}\n    script:\n      image: a:1\n      command: [sh]\n      source: |\n",
    lambda i: "        echo {{=asInt(inputs.parameters.x) + 1}} {{inputs.parameters.y}}\n",
)
CASES["one line many tags"] = fit(
    WF + "  templates:\n  - name: main\n    container: {image: 'a:1', command: [x], args: ['",
    lambda i: "{{inputs.parameters.y}}",
    "']}\n",
)
CASES["one line many keys"] = fit(HEAD + "spec: {", lambda i: f"bad{i}: 1, ", "}\n")
CASES["one line many same keys"] = fit(HEAD + "spec: {", lambda i: "bad: 1, ", "}\n")
CASES["many keys"] = fit(HEAD + "spec:\n", lambda i: f"  bad{i}: 1\n")
CASES["many same keys"] = fit(HEAD + "spec:\n", lambda i: "  bad: 1\n")
CASES["withItems"] = fit(
    WF
    + "  templates:\n  - {name: j, container: {image: 'a:1'}}\n  - name: main\n    steps:\n    - - name: a\n        template: j\n        withItems:\n",
    lambda i: f"        - {i}\n",
)
CASES["withItems maps"] = fit(
    WF
    + "  templates:\n  - {name: j, container: {image: 'a:1'}}\n  - name: main\n    steps:\n    - - name: a\n        template: j\n        arguments: {parameters: [{name: p, value: '{{item.zz}}'}]}\n        withItems:\n",
    lambda i: f"        - {{a: {i}}}\n",
)
CASES["withItems json in one string"] = (
    WF
    + "  templates:\n  - {name: j, container: {image: 'a:1'}}\n  - name: main\n    steps:\n    - - name: a\n        template: j\n        withParam: '["
    + fit("", lambda i: f"{i},", "1", size=95000)
    + "]'\n"
)
CASES["steps groups"] = fit(
    WF + "  templates:\n  - {name: j, container: {image: 'a:1'}}\n  - name: main\n    steps:\n",
    lambda i: f"    - - name: s{i}\n        template: j\n",
)
CASES["parallel steps"] = fit(
    WF + "  templates:\n  - {name: j, container: {image: 'a:1'}}\n  - name: main\n    steps:\n    -\n",
    lambda i: f"      - name: s{i}\n        template: j\n",
)
CASES["parallel steps reading each other"] = fit(
    WF + "  templates:\n  - {name: j, container: {image: 'a:1'}}\n  - name: main\n    steps:\n    -\n",
    lambda i: (
        f"      - {{name: s{i}, template: j, arguments: {{parameters: [{{name: x, value: '{{{{steps.s{i + 1}.outputs.result}}}}'}}]}}}}\n"
    ),
)
CASES["steps reading previous"] = fit(
    WF + "  templates:\n  - {name: j, container: {image: 'a:1'}}\n  - name: main\n    steps:\n",
    lambda i: (
        f"    - - {{name: s{i + 1}, template: j, arguments: {{parameters: [{{name: x, value: '{{{{steps.s{i}.outputs.result}}}}'}}]}}}}\n"
    ),
)
CASES["templates call next (deep chain)"] = fit(
    WF + "  templates:\n  - name: main\n    steps: [[{name: a, template: t0}]]\n",
    lambda i: (
        f"  - name: t{i}\n    steps: [[{{name: a, template: t{i + 1}}}, {{name: b, template: t{i + 1}}}]]\n"
    ),
)
CASES["templates all call all"] = fit(
    WF + "  templates:\n",
    lambda i: (
        f"  - name: t{i}\n    steps: [["
        + ", ".join(f"{{name: a{k}, template: t{k}}}" for k in range(55))
        + "]]\n"
    ),
)
CASES["templates all call all dag"] = fit(
    WF + "  templates:\n",
    lambda i: (
        f"  - name: t{i}\n    dag:\n      tasks: ["
        + ", ".join(f"{{name: a{k}, template: t{k}}}" for k in range(55))
        + "]\n"
    ),
)
CASES["dag dense"] = (
    WF
    + "  templates:\n  - {name: j, container: {image: 'a:1'}}\n  - name: main\n    dag:\n      tasks:\n"
    + "".join(
        f"      - {{name: t{i}, template: j, depends: '{' && '.join(f't{k}' for k in range(i)) or 't0'}'}}\n"
        for i in range(150)
    )
)
CASES["dag dense dependencies"] = (
    WF
    + "  templates:\n  - {name: j, container: {image: 'a:1'}}\n  - name: main\n    dag:\n      tasks:\n"
    + "".join(
        f"      - {{name: t{i}, template: j, dependencies: [{','.join(f't{k}' for k in range(i))}]}}\n"
        for i in range(200)
    )
)
CASES["dag reads all"] = fit(
    WF + "  templates:\n  - {name: j, container: {image: 'a:1'}}\n  - name: main\n    dag:\n      tasks:\n",
    lambda i: (
        f"      - {{name: t{i}, template: j, arguments: {{parameters: [{{name: x, value: '{{{{tasks.t{i * 7 % 300}.outputs.result}}}}'}}]}}}}\n"
    ),
)
CASES["params"] = fit(
    WF + "  arguments:\n    parameters:\n",
    lambda i: f"    - {{name: p{i}, value: '{{{{workflow.parameters.p{i + 1}}}}}'}}\n",
)
CASES["params enum"] = fit(
    WF + "  arguments:\n    parameters:\n    - name: a\n      value: zz\n      enum:\n",
    lambda i: f"      - v{i}\n",
)
CASES["anchors"] = fit(HEAD + "spec:\n", lambda i: f"  a{i}: &a{i} 1\n")
CASES["aliases"] = fit(HEAD + "x: &x [1,2]\nspec:\n", lambda i: f"  a{i}: *x\n")
CASES["aliases of templates"] = fit(
    HEAD
    + "x: &x {name: a, container: {image: a, command: [x], args: ['{{inputs.parameters.q}}']}}\nspec:\n  templates:\n",
    lambda i: "  - *x\n",
)
CASES["merge keys"] = fit(HEAD + "x: &x {name: a, b: c}\nspec:\n  templates:\n", lambda i: "  - {<<: *x}\n")
CASES["merge chain"] = fit(
    HEAD + "m0: &m0 {name: a}\n", lambda i: f"m{i + 1}: &m{i + 1} {{<<: *m{i}, k{i}: 1}}\n", size=60000
)
CASES["merge list"] = fit(HEAD + "x: &x {a: b}\nspec: {<<: [", lambda i: "*x, ", "*x]}\n")
CASES["bomb"] = HEAD + bomb()
CASES["comments"] = "# argolint: ignore[A] x\n" * 4100 + WF
CASES["comments good"] = fit(
    WF + "  templates:\n",
    lambda i: f"  - name: t{i}  # argolint: ignore[SEC101] x\n    container: {{image: a}}\n",
)
CASES["comment wrong"] = "# argolint: ignroe[\n" * 5000 + WF
CASES["disable enable"] = "# argolint: disable[SEC] x\n" * 2000 + "# argolint: enable[SEC]\n" * 1800 + WF
CASES["documents"] = "---\na: 1\n" * 12000
CASES["doc workflows"] = fit(
    "",
    lambda i: (
        f"---\napiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {{name: t{i}}}\nspec: {{entrypoint: a, templates: [{{name: a, steps: [[{{name: x, templateRef: {{name: t{i + 1}, template: a}}}}]]}}]}}\n"
    ),
)
CASES["doc same workflows"] = fit(
    "",
    lambda i: (
        "---\napiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: t}\nspec: {entrypoint: a, templates: [{name: a, steps: [[{name: x, templateRef: {name: t, template: a}}]]}]}\n"
    ),
)
CASES["doc roles"] = fit(
    "",
    lambda i: (
        f"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: r{i}, namespace: a}}\nrules: [{{apiGroups: [''], resources: [pods], verbs: ['*']}}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: r{i}, namespace: a}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: r{i}}}\nsubjects: [{{kind: ServiceAccount, name: s{i}, namespace: a}}]\n"
    ),
)
CASES["doc crons"] = fit(
    "",
    lambda i: (
        f"---\napiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {{name: c{i}}}\nspec:\n  schedule: '* * * * *'\n  workflowSpec: {{workflowTemplateRef: {{name: t}}}}\n"
    ),
)
CASES["cron many schedules"] = fit(
    "apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: c}\nspec:\n  timezone: Europe/Berlin\n  schedules:\n",
    lambda i: f"  - '{i % 60} {i % 24} {i % 28 + 1} * *'\n",
    "  workflowSpec: {workflowTemplateRef: {name: t}}\n",
    size=60000,
)
CASES["cron impossible"] = fit(
    "apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: c}\nspec:\n  timezone: Europe/Berlin\n  schedules:\n",
    lambda i: f"  - '0 0 30 2 {'*'}'\n",
    "  workflowSpec: {workflowTemplateRef: {name: t}}\n",
    size=60000,
)
CASES["cron long list"] = (
    "apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: c}\nspec:\n  schedule: '"
    + "1," * 45000
    + "1 * * * *'\n  workflowSpec: {workflowTemplateRef: {name: t}}\n"
)
CASES["sensor deps"] = fit(
    "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nmetadata: {name: s}\nspec:\n  dependencies:\n",
    lambda i: f"  - {{name: d{i}, eventSourceName: e, eventName: x{i}}}\n",
    "  triggers: []\n",
)
CASES["sensor conditions"] = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nmetadata: {name: s}\nspec:\n  dependencies: [{name: d, eventSourceName: e, eventName: x}]\n  triggers:\n  - template:\n      name: t\n      conditions: '"
    + "d && " * 19000
    + "d'\n      log: {}\n"
)
CASES["sensor triggers"] = fit(
    "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nmetadata: {name: s}\nspec:\n  dependencies: [{name: d, eventSourceName: e, eventName: x}]\n  triggers:\n",
    lambda i: (
        f"  - template: {{name: t{i}, conditions: d, argoWorkflow: {{operation: submit, source: {{resource: {{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {{generateName: a-}}, spec: {{entrypoint: x}}}}}}}}}}\n"
    ),
)
CASES["sensor scripts"] = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nmetadata: {name: s}\nspec:\n  dependencies:\n  - name: d\n    eventSourceName: e\n    eventName: x\n    filters:\n      script: |\n"
    + "        if x then y end\n" * 4000
    + "  triggers: []\n"
)
CASES["eventsource"] = fit(
    "apiVersion: argoproj.io/v1alpha1\nkind: EventSource\nmetadata: {name: e}\nspec:\n  webhook:\n",
    lambda i: f"    x{i}: {{port: '12000', endpoint: /x, method: POST}}\n",
)
CASES["script sh"] = (
    WF
    + "  templates:\n  - name: main\n    script:\n      image: a:1\n      command: [sh]\n      source: |\n"
    + "        curl http://x | sh && echo $FOO > /tmp/x\n" * 1900
)
CASES["script one line"] = (
    WF
    + "  templates:\n  - name: main\n    script:\n      image: a:1\n      command: [sh]\n      source: '"
    + "echo a; " * 12000
    + "'\n"
)
CASES["script quotes"] = (
    WF
    + "  templates:\n  - name: main\n    script:\n      image: a:1\n      command: [bash]\n      source: |\n        "
    + "$(" * 45000
    + "\n"
)
CASES["script python"] = (
    WF
    + "  templates:\n  - name: main\n    script:\n      image: python:3\n      command: [python]\n      source: |\n"
    + "        import os; print(os.environ['X'])\n" * 2300
)
CASES["script backslash"] = (
    WF
    + "  templates:\n  - name: main\n    script:\n      image: a:1\n      command: [bash]\n      source: |\n        "
    + "\\" * 90000
    + "\n"
)
CASES["script spaces"] = (
    WF
    + "  templates:\n  - name: main\n    script:\n      image: a:1\n      command: [bash]\n      source: |\n        a"
    + " " * 90000
    + "b\n"
)
CASES["base64"] = (
    WF
    + "  templates:\n  - name: main\n    container: {image: 'a:1', command: [x], args: ['"
    + "QUJD" * 24000
    + "']}\n"
)
CASES["urls"] = (
    WF
    + "  templates:\n  - name: main\n    container: {image: 'a:1', command: [x], args: ['"
    + "http://u:p@h/" * 7000
    + "']}\n"
)
CASES["image long"] = (
    WF + "  templates:\n  - name: main\n    container: {image: '" + "a/" * 48000 + "a:1', command: [x]}\n"
)
CASES["name long"] = (
    WF + "  templates:\n  - name: " + "a" * 95000 + "\n    container: {image: 'a:1', command: [x]}\n"
)
CASES["name dashes"] = (
    WF + "  templates:\n  - name: " + "a-" * 47000 + "a\n    container: {image: 'a:1', command: [x]}\n"
)
CASES["env"] = fit(
    WF + "  templates:\n  - name: main\n    container:\n      image: a:1\n      command: [x]\n      env:\n",
    lambda i: f"      - {{name: E{i}, value: 'secret{i}'}}\n",
)
CASES["volumes"] = fit(
    WF
    + "  templates:\n  - name: main\n    container:\n      image: a:1\n      command: [x]\n      volumeMounts:\n",
    lambda i: f"      - {{name: v{i}, mountPath: /a/{i}}}\n",
)
CASES["volume same paths"] = fit(
    WF
    + "  volumes: []\n  templates:\n  - name: main\n    container:\n      image: a:1\n      command: [x]\n      volumeMounts:\n",
    lambda i: "      - {name: v, mountPath: /a}\n",
)
CASES["artifacts"] = fit(
    WF + "  templates:\n  - name: main\n    inputs:\n      artifacts:\n",
    lambda i: f"      - {{name: a{i}, path: /a, s3: {{key: x}}}}\n",
    "    container: {image: 'a:1'}\n",
)
CASES["outputs"] = fit(
    WF + "  templates:\n  - name: main\n    outputs:\n      parameters:\n",
    lambda i: f"      - {{name: a{i}, valueFrom: {{path: /a}}}}\n",
    "    container: {image: 'a:1'}\n",
)
CASES["resource manifest"] = (
    WF
    + "  templates:\n  - name: main\n    resource:\n      action: create\n      manifest: |\n"
    + indented(
        fit(
            HEAD + "spec:\n  templates:\n",
            lambda i: f"  - name: t{i}\n    container: {{image: 'a:{i}'}}\n",
            size=75000,
        ),
        8,
    )
)
CASES["resource flat manifest"] = (
    WF
    + "  templates:\n  - name: main\n    resource:\n      action: create\n      successCondition: '"
    + "a == b," * 12000
    + "a'\n      manifest: '{}'\n"
)
CASES["configmap nested"] = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n"
    + indented(
        fit(
            HEAD + "spec:\n  templates:\n",
            lambda i: f"  - name: t{i}\n    container: {{image: 'a:{i}'}}\n",
            size=75000,
        ),
        4,
    )
)
CASES["nested manifests"] = nested(25)
CASES["list of"] = fit(
    "apiVersion: v1\nkind: List\nitems:\n",
    lambda i: (
        f"- {{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {{name: a{i}}}, spec: {{entrypoint: x, templates: []}}}}\n"
    ),
)
CASES["nested list"] = (
    "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [" * 90 + "]}" * 90 + "\n"
)
CASES["json"] = (
    '{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","spec":{"templates":['
    + ",".join(f'{{"name":"t{i}","container":{{"image":"a"}}}}' for i in range(2300))
    + "]}}"
)
CASES["flow deep 200"] = HEAD + "spec: " + "[" * 90 + "]" * 90 + "\n"
CASES["deep 1000 x"] = (HEAD + "spec: " + "[" * 1000 + "]" * 1000 + "\n---\n") * 45
CASES["block scalar"] = HEAD + "spec:\n  entrypoint: |\n" + "    x\n" * 16000
CASES["quoted multi"] = HEAD + 'spec:\n  entrypoint: "' + "a\n\n    " * 14000 + '"\n'
CASES["escapes"] = HEAD + 'spec:\n  entrypoint: "' + "\\u0041" * 16000 + '"\n'
CASES["escapes tags"] = HEAD + 'spec:\n  entrypoint: "' + "\\u007b\\u007ba}}" * 6000 + '"\n'
CASES["folded"] = (
    WF
    + "  templates:\n  - name: main\n    container:\n      image: a:1\n      args:\n      - >\n"
    + "        {{inputs.parameters.q}}\n" * 3000
)
CASES["labels"] = fit(
    "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  generateName: a-\n  labels:\n",
    lambda i: f"    l{i}: {i}\n",
)
CASES["annotation ignore"] = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  generateName: a-\n  annotations: {argolint.dev/ignore: '"
    + "SEC101," * 13000
    + "'}\nspec: {entrypoint: x}\n"
)
CASES["tabs"] = HEAD + "spec:\n" + "\t" * 90000 + "a: 1\n"
CASES["spaces"] = HEAD + "spec:\n" + " " * 90000 + "a: 1\n"
CASES["newlines"] = WF + "\n" * 95000
CASES["crlf"] = WF.replace("\n", "\r\n") + "\r\n" * 47000
CASES["cr"] = WF.replace("\n", "\r") + "\r" * 90000
CASES["colons"] = HEAD + "spec: " + ": " * 48000 + "\n"
CASES["dashes"] = HEAD + "- " * 48000
CASES["questions"] = HEAD + "? " * 48000
CASES["percent"] = "%" * 90000
CASES["directives"] = "%TAG ! x\n" * 9000
CASES["tags"] = HEAD + "spec: " + "!x " * 32000
CASES["numbers"] = HEAD + "spec: [" + "9" * 96000 + "]\n"
CASES["number underscore"] = HEAD + "spec: {parallelism: " + "1_" * 45000 + "}\n"
CASES["sexagesimal"] = HEAD + "spec: {parallelism: 1" + ":1" * 45000 + "}\n"
CASES["float"] = HEAD + "spec: {parallelism: 1e" + "9" * 90000 + "}\n"
CASES["hex"] = HEAD + "spec: {parallelism: 0x" + "f" * 90000 + "}\n"
CASES["jsonpath"] = fit(
    WF + "  templates:\n  - name: main\n    outputs: {parameters: [{name: a, valueFrom: {jsonPath: '{",
    lambda i: ".a[*]",
    "}'}}]}\n    container: {image: 'a:1'}\n",
)
CASES["semaphores"] = fit(
    WF + "  synchronization:\n    semaphores:\n",
    lambda i: f"    - {{configMapKeyRef: {{name: a{i}, key: b}}}}\n",
)
CASES["hooks"] = fit(
    WF + "  hooks:\n", lambda i: f"    h{i}: {{expression: 'workflow.status == \"Failed\"', template: x}}\n"
)
CASES["retry expr"] = (
    WF
    + "  templates:\n  - name: main\n    container: {image: 'a:1'}\n    retryStrategy: {expression: '"
    + "lastRetry.exitCode == 1 || " * 3500
    + "true'}\n"
)
CASES["podSpecPatch"] = WF + "  podSpecPatch: '" + '{"a":' * 16000 + "'\n"
CASES["podSpecPatch yaml"] = WF + "  podSpecPatch: |\n" + "    a:\n" * 15000
CASES["dup item names"] = fit(WF + "  arguments:\n    parameters:\n", lambda i: "    - {name: p, value: x}\n")
CASES["dup tasks"] = fit(
    WF + "  templates:\n  - name: main\n    dag:\n      tasks:\n",
    lambda i: "      - {name: t, template: main, depends: t}\n",
)
CASES["dup steps"] = fit(
    WF + "  templates:\n  - name: main\n    steps:\n", lambda i: "      - - {name: t, template: main}\n"
)
CASES["similar names"] = fit(
    WF + "  templates:\n",
    lambda i: f"  - name: abcdefghij{i}\n    steps: [[{{name: a, template: abcdefgihj{i}}}]]\n",
)
CASES["similar vars"] = fit(
    WF + "  templates:\n  - name: main\n    inputs:\n      parameters:\n",
    lambda i: f"      - {{name: abcdefghij{i}, value: '{{{{inputs.parameters.abcdefgihj{i}}}}}'}}\n",
)
CASES["helm-like"] = HEAD + "spec:\n" + "  {{- if .Values.x }}\n  a: {{ .Values.b }}\n  {{- end }}\n" * 1800
CASES["regex-ish"] = "kind:" * 20000
CASES["memo"] = (
    WF
    + "  templates:\n  - name: main\n    memoize: {key: '"
    + "{{inputs.parameters.x}}" * 4000
    + "', cache: {configMap: {name: a}}}\n    container: {image: a}\n"
)
CASES["configmap controller"] = fit(
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: workflow-controller-configmap}\ndata:\n",
    lambda i: f"  k{i}: v\n",
)
CASES["metrics"] = fit(
    WF + "  metrics:\n    prometheus:\n",
    lambda i: (
        f"    - {{name: m{i}, help: x, counter: {{value: '1'}}, labels: [{{key: a, value: '{{{{workflow.status}}}}'}}]}}\n"
    ),
)
CASES["containerset"] = fit(
    WF + "  templates:\n  - name: main\n    containerSet:\n      containers:\n",
    lambda i: f"      - {{name: c{i}, image: 'a:1', dependencies: [c{i - 1}]}}\n",
)
CASES["sprig"] = HEAD + "spec: {entrypoint: '{{=" + "sprig.upper(" * 8000 + '"a"' + ")" * 8000 + "}}'}\n"
CASES["inline"] = WF + "  templates:\n  - " + inlined(20)
CASES["many inline"] = (
    WF + "  templates:\n" + "".join("  - " + inlined(15).replace("main", f"m{i}") for i in range(150))
)

CASES = {name: text[: SIZE + 2000] for name, text in CASES.items()}
