"""What workflows, sensors and event sources need of their accounts, across objects.

A template that is called by `templateRef` runs as an account of its caller: the pod's account is the template's own, else that of the
workflow which runs it, never that of the WorkflowTemplate it is kept in. (Argo docs: service accounts, workflow RBAC, artifact garbage
collection; Argo Events docs: service accounts.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from argolint.analysis.rbac import (
    ARGO_GROUP,
    DEFAULT_ACCOUNT,
    Need,
    agent_needs,
    plural_of,
    pod_account,
    read_manifest,
    resource_needs,
    same_namespace,
    spec_account,
    task_result_needs,
)
from argolint.analysis.rbac_resources import BY_KIND, kubectl_resource
from argolint.context import Context
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.model.workflow import POD_TYPES, Template, WorkflowSpec
from argolint.patterns import lazy
from argolint.project.facts import ObjectFact, TemplateFact
from argolint.project.index import Index

_LIMIT = 500  # templates followed from one spec: more is a circle or a generated tree


class Reached(NamedTuple):
    """A template of another object that a spec runs, and the reference in the spec that leads to it."""

    fact: ObjectFact
    template: TemplateFact
    at: Span


def reached(spec: WorkflowSpec, index: Index, namespace: str) -> list[Reached]:
    """The templates of other objects that a spec runs, through any number of references."""
    todo: list[tuple[ObjectFact, str, Span]] = []
    for reference in spec.references():
        if not reference.object_name:
            continue
        for fact in index.referred(reference, namespace):
            names = [reference.template_name] if reference.template_name else [t.name for t in fact.templates]
            todo += [(fact, name, reference.name_span) for name in names]
    found: dict[tuple[str, int, str], Reached] = {}
    while todo and len(found) < _LIMIT:
        fact, name, at = todo.pop(0)
        template = fact.template(name)
        key = (fact.path, fact.start, name)
        if template is None or key in found:
            continue
        found[key] = Reached(fact, template, at)
        for ref in fact.references:
            if ref.in_template != name or not ref.template:
                continue
            if not ref.object_kind:
                todo.append((fact, ref.template, at))
            else:
                todo += [
                    (other, ref.template, at)
                    for other in index.find(ref.object_kind, ref.object_name, namespace)
                ]
    return list(found.values())


def runs_alone(spec: WorkflowSpec, index: Index, namespace: str) -> bool:
    """Whether a spec says itself who runs it: not a library of templates that run as accounts of their callers."""
    if spec.kind in ("Workflow", "CronWorkflow") or spec.text("serviceAccountName"):
        return True
    if not spec.entrypoint:
        return False
    callers = _callers(index).get((spec.kind, spec.owner.name), ())
    return not any(same_namespace(caller, namespace) for caller in callers)


_referenced: tuple[Index | None, dict[tuple[str, str], set[str]]] = (None, {})


def _callers(index: Index) -> dict[tuple[str, str], set[str]]:
    """(kind, name) of every object that others refer to -> the namespaces of those. Collected once for an index."""
    global _referenced
    if _referenced[0] is not index:
        found: dict[tuple[str, str], set[str]] = {}
        for fact in index.objects:
            for ref in fact.references:
                if ref.object_kind:
                    found.setdefault((ref.object_kind, ref.object_name), set()).add(fact.namespace)
        _referenced = (index, found)
    return _referenced[1]


def account_of(spec: WorkflowSpec, index: Index, namespace: str) -> str:
    """The account that a spec's pods run as when their templates do not say otherwise; "" when nobody names one."""
    return spec_account(spec, index, namespace)


def foreign_needs(spec: WorkflowSpec, index: Index, namespace: str, account: str) -> Iterator[Need]:
    """What the templates need that a spec runs from other objects; `at` is the reference in the spec."""
    loaded: dict[tuple[str, int], dict[str, Template]] = {}
    for fact, template, at in reached(spec, index, namespace):
        origin = (fact.path, template.start, template.end)
        source = f"{fact.kind} `{fact.name}`, template `{template.name}`"
        why = f"the pod of template `{template.name}` of {fact.kind} `{fact.name}` reports its result"
        if template.type in POD_TYPES:
            executor = spec.mapping("executor").text("serviceAccountName")
            who = executor or template.service_account or account or DEFAULT_ACCOUNT
            for verb in ("create", "patch"):
                yield Need(
                    who, ARGO_GROUP, "workflowtaskresults", verb, "", "", why, at, "result", source, origin
                )
        if template.type in ("resource", "http", "plugin"):
            key = (fact.path, fact.start)
            if key not in loaded:
                loaded[key] = _templates(index.load(fact), spec)
            view = loaded[key].get(template.name)
            if view is not None:
                for need in (
                    *resource_needs(view, account),
                    *agent_needs(view, account),
                    *header_needs(view, account),
                ):
                    yield need._replace(at=at, source=source, origin=origin)


def _templates(obj: Object | None, spec: WorkflowSpec) -> dict[str, Template]:
    """The templates of another object, as if they stood in `spec`: defaults and accounts are those of the caller."""
    if obj is None:
        return {}
    return {
        template.name: Template(template.map, template.where, spec)
        for own in obj.workflow_specs
        for template in own.templates
    }


def own_needs(spec: WorkflowSpec, account: str) -> Iterator[Need]:
    """What the spec's own templates need, with what they are called."""
    for template in spec.all_templates:
        label = template.label
        for kind in _KINDS_OF_NEEDS:
            for need in kind(template, account):
                yield need._replace(source=label)
    yield from collection_needs(spec)


def spec_needs(spec: WorkflowSpec, index: Index, namespace: str) -> list[Need]:
    """Everything that running a spec requires of accounts."""
    account = account_of(spec, index, namespace)
    return [*own_needs(spec, account), *foreign_needs(spec, index, namespace, account)]


def header_needs(template: Template, account: str) -> list[Need]:
    """The agent reads the Secrets that headers of an http template name, by the API, as the spec's account."""
    if template.type != "http":
        return []
    who = account or DEFAULT_ACCOUNT
    found: list[Need] = []
    for header in template.body.items("headers"):
        key = header.mapping("valueFrom").mapping("secretKeyRef")
        name = key.text("name")
        if name and "{{" not in name:
            why = f"the agent reads a header of {template.label} from the Secret `{name}`"
            found.append(Need(who, "", "secrets", "get", "", name, why, key.value_span("name"), "header"))
    return found


def config_map_needs(template: Template, account: str) -> list[Need]:
    """HDFS artifacts whose Kerberos configuration is in a ConfigMap, which the executor reads by the API."""
    found: list[Need] = []
    for port in (*template.inputs.artifacts, *template.outputs.artifacts):
        key = port.mapping("hdfs").mapping("krbConfigConfigMap")
        name = key.text("name")
        if name:
            who = pod_account(template, account)
            why = f"the Kerberos configuration of artifact `{port.name}` is in the ConfigMap `{name}`"
            found.append(
                Need(who, "", "configmaps", "get", "", name, why, key.value_span("name"), "configmap")
            )
    return found


def collecting(spec: WorkflowSpec) -> Iterator[tuple[str, Span]]:
    """(account, place) for every artifact garbage collection that a spec asks for. The account is never the spec's own."""
    whole = spec.mapping("artifactGC")
    for template in spec.all_templates:
        for port in template.outputs.artifacts:
            own = port.mapping("artifactGC")
            view = own if own.text("strategy") else whole
            if view.text("strategy") in ("OnWorkflowCompletion", "OnWorkflowDeletion"):
                account = own.text("serviceAccountName") or whole.text("serviceAccountName")
                named = own if own.text("serviceAccountName") else whole
                at = named.value_span("serviceAccountName") if account else view.value_span("strategy")
                yield account or DEFAULT_ACCOUNT, at


def collection_needs(spec: WorkflowSpec) -> list[Need]:
    """Artifact garbage collection: pods that read tasks and report on them."""
    found: list[Need] = []
    for account, at in dict(collecting(spec)).items():
        why = "the pod that deletes artifacts reads its tasks and reports on them"
        for resource, verb in (
            ("workflowartifactgctasks", "list"),
            ("workflowartifactgctasks", "watch"),
            ("workflowartifactgctasks/status", "patch"),
        ):
            found.append(
                Need(
                    account,
                    ARGO_GROUP,
                    resource,
                    verb,
                    "",
                    "",
                    why,
                    at,
                    "collect",
                    "artifact garbage collection",
                )
            )
    return found


_KINDS_OF_NEEDS = (task_result_needs, agent_needs, resource_needs, header_needs, config_map_needs)


def legacy_needs(template: Template, account: str) -> list[Need]:
    """Before 3.4 the executor reported by annotating its own pod."""
    if template.type not in POD_TYPES:
        return []
    who = pod_account(template, account)
    why = f"before 3.4 the pod of {template.label} reports its result as an annotation on itself"
    at = template.name_span
    return [
        Need(who, "", "pods", verb, "", "", why, at, "legacy", template.label) for verb in ("get", "patch")
    ]


# --- Argo Events ------------------------------------------------------------------------------------

_SUBMIT = {
    "submit": (("workflows", "create"), ("workflows", "list")),
    "resubmit": (("workflows", "get"), ("workflows", "create")),
    "retry": (("workflows", "get"), ("workflows", "update")),
    "resume": (("workflows", "get"), ("workflows", "update")),
    "suspend": (("workflows", "get"), ("workflows", "patch")),
    "stop": (("workflows", "get"), ("workflows", "patch")),
    "terminate": (("workflows", "get"), ("workflows", "patch")),
}  # fmt: skip
_TRIGGER_VERBS = {
    "create": ("create",),
    "update": ("get", "update", "create"),
    "patch": ("get", "patch", "create"),
    "delete": ("get", "delete"),
}


def events_account(obj: Object) -> str:
    """The account of a Sensor or an EventSource."""
    return obj.spec.mapping("template").text("serviceAccountName") or DEFAULT_ACCOUNT


def sensor_needs(sensor: Object) -> Iterator[Need]:
    """What the triggers of a Sensor do to the API."""
    account = events_account(sensor)
    for trigger in triggers(sensor):
        body, name = trigger.body, trigger.name
        source = f"trigger `{name}` of Sensor `{sensor.name}`"
        embedded = trigger.resource
        namespace = embedded.namespace if embedded is not None and "{{" not in embedded.namespace else ""
        if trigger.type == "argoWorkflow":
            operation = body.text("operation") or "submit"
            wanted = list(_SUBMIT.get(operation, ()))
            if operation == "submit-from":
                kind = embedded.kind if embedded is not None else ""
                origin = {"CronWorkflow": "cronworkflows", "WorkflowTemplate": "workflowtemplates"}.get(kind)
                wanted = [("workflows", "create"), ("workflows", "get")]
                wanted += [(origin, "get")] if origin else []
            at = (
                body.value_span("operation")
                if "operation" in body
                else trigger.template.key_span(trigger.type)
            )
            why = f"trigger `{name}` does `{operation}`"
            for resource, verb in wanted:
                yield Need(account, ARGO_GROUP, resource, verb, namespace, "", why, at, "submit", source)
        elif (
            trigger.type == "k8s"
            and embedded is not None
            and "{{" not in embedded.kind + embedded.api_version
        ):
            operation = body.text("operation") or "create"
            at = (
                body.value_span("operation")
                if "operation" in body
                else trigger.template.key_span(trigger.type)
            )
            resource = resource_name(embedded.group, embedded.kind)
            why = f"trigger `{name}` does `{operation}` on {embedded.kind}"
            for verb in _TRIGGER_VERBS.get(operation, ()):
                yield Need(account, embedded.group, resource, verb, namespace, "", why, at, "trigger", source)


def resource_name(group: str, kind: str) -> str:
    """The plural of a kind: the known one, else by convention."""
    known = BY_KIND.get((group, kind))
    return known.name if known is not None else plural_of(kind)


def event_source_needs(source: Object) -> Iterator[Need]:
    """What the resource events of an EventSource watch."""
    account = events_account(source)
    events = source.spec.mapping("resource")
    for name in events.map:
        view = events.mapping(name)
        resource = view.text("resource")
        if not resource or "{{" in resource + view.text("group"):
            continue
        why = f"event `{name}` watches `{resource}`"
        label = f"event `{name}` of EventSource `{source.name}`"
        for verb in ("list", "watch"):
            yield Need(
                account, view.text("group"), resource, verb, view.text("namespace"), "", why, view.value_span("resource"), "watch",
                label,
            )  # fmt: skip


def object_needs(obj: Object, index: Index, namespace: str) -> list[Need]:
    """What an object needs of accounts, whatever kind it is."""
    if obj.kind == "Sensor":
        return list(sensor_needs(obj))
    if obj.kind == "EventSource":
        return list(event_source_needs(obj))
    return [need for spec in obj.workflow_specs for need in spec_needs(spec, index, namespace)]


# --- what scripts do --------------------------------------------------------------------------------

_KUBECTL = lazy(r"\bkubectl[ \t]+([^\n;|&)`]+)")
# Flags of kubectl whose value is a word of its own.
_VALUED = frozenset(
    {"-n", "--namespace", "-l", "--selector", "-o", "--output", "-f", "--filename", "-c", "--container", "--context", "--kubeconfig", "-p",
     "--patch", "--type", "--timeout", "--for", "--token", "-s", "--server", "--field-selector", "--as", "-k", "--kustomize", "--replicas"}
)  # fmt: skip
_KUBECTL_VERBS: dict[str, tuple[str, ...]] = {
    "get": ("get", "list"), "describe": ("get", "list"), "create": ("create",), "delete": ("delete",), "patch": ("get", "patch"),
    "annotate": ("get", "patch"), "label": ("get", "patch"), "scale": ("patch",), "wait": ("get", "list", "watch"),
    "edit": ("get", "patch"), "set": ("get", "patch"),
}  # fmt: skip
_SUBRESOURCES = {"logs": ("pods/log", "get"), "exec": ("pods/exec", "create"), "cp": ("pods/exec", "create"), "attach": ("pods/attach", "create"),
                 "port-forward": ("pods/portforward", "create")}  # fmt: skip
_ARGO = lazy(
    r"(?<![\w/.-])argo\s+(submit|resubmit|retry|resume|suspend|stop|terminate|get|list|delete|wait|logs)\b"
)
_ARGO_VERBS: dict[str, tuple[str, ...]] = {
    "submit": ("create",), "resubmit": ("get", "create"), "retry": ("get", "update"), "resume": ("get", "update"), "suspend": ("get", "patch"),
    "stop": ("get", "patch"), "terminate": ("get", "patch"), "get": ("get",), "list": ("list",), "delete": ("delete",), "wait": ("get", "watch"),
    "logs": ("get", "watch"),
}  # fmt: skip
_CLIENTS = lazy(
    r"kubectl|\bhelm\b|\boc\b|\bargo\b|argocd|terraform|kustomize|kubernetes|\bk8s\b|KUBERNETES_SERVICE|istioctl"
)


def may_use_api(template: Template) -> bool:
    """Whether a container of the template looks as if it speaks to the API by itself."""
    for _, container in template.containers:
        words = [container.text("image"), container.text("source")]
        for key in ("command", "args"):
            words += [word for word in container.sequence(key) if isinstance(word, str)]
        if any(_CLIENTS.search(word) for word in words):
            return True
    return template.type == "plugin"


class Call(NamedTuple):
    """A request that a command line makes, as far as it can be read: where in the text, and what for."""

    start: int
    end: int
    group: str
    resource: str
    verbs: tuple[str, ...]
    namespace: str


def api_calls(text: str) -> Iterator[Call]:
    """The kubectl and argo commands of a script that can be read without running it."""
    if "kubectl" in text:
        for match in _KUBECTL.finditer(text):
            found = _kubectl(match.group(1).split())
            if found is not None:
                yield Call(match.start(), match.start() + len(match.group().rstrip()), *found)
    if "argo" in text:
        for match in _ARGO.finditer(text):
            yield Call(match.start(), match.end(), ARGO_GROUP, "workflows", _ARGO_VERBS[match.group(1)], "")


def _kubectl(words: list[str]) -> tuple[str, str, tuple[str, ...], str] | None:
    """(group, resource, verbs, namespace) of the words behind `kubectl`; None when they do not tell."""
    plain: list[str] = []
    flags: dict[str, str] = {}
    at = 0
    while at < len(words):
        word = words[at].strip("'\"")
        flag, equals, value = word.partition("=")
        if not word.startswith("-"):
            plain.append(word)
        elif equals or flag not in _VALUED:
            flags[flag] = value
        else:
            at += 1
            flags[flag] = words[at].strip("'\"") if at < len(words) else ""
        at += 1
    namespace = flags.get("-n") or flags.get("--namespace") or ""
    if (
        not plain
        or "$" in plain[0]
        or {"-A", "--all-namespaces", "-f", "--filename", "-k"}
        & (flags.keys() - {"-f"} if plain[0] == "logs" else flags.keys())
    ):
        return None
    if "$" in namespace or "{{" in namespace:
        return None
    verb = plain[0]
    if verb in _SUBRESOURCES:
        resource, needed = _SUBRESOURCES[verb]
        return "", resource, (needed,), namespace
    target = kubectl_resource(plain[1]) if verb in _KUBECTL_VERBS and len(plain) > 1 else None
    if target is None:
        return None
    verbs = _KUBECTL_VERBS[verb]
    if verb in ("get", "describe") and ("/" in plain[1] or len(plain) > 2):
        verbs = ("get",)
    part = "/scale" if verb == "scale" else "/status" if flags.get("--subresource") == "status" else ""
    return target.group, target.name + part, verbs, namespace


def target_of(template: Template) -> tuple[str, str, str, str] | None:
    """(group, resource, namespace, name) of what a resource template acts on; None when it cannot be read."""
    found = read_manifest(template.body.text("manifest")) if template.type == "resource" else None
    if found is None:
        return None
    group, kind, namespace, name = found
    return group, resource_name(group, kind), namespace, name


def union(needs: Iterable[Need]) -> dict[tuple[str, str, str], list[Need]]:
    """Needs by account and what they ask for, each once: (account, group/resource, verb) -> needs."""
    found: dict[tuple[str, str, str], list[Need]] = {}
    for need in needs:
        found.setdefault((need.account, f"{need.group}/{need.resource}", need.verb), []).append(need)
    return found


def place_of_account(view: View) -> Span:
    """Where a Sensor or EventSource names its account, else its kind."""
    template = view.mapping("spec").mapping("template")
    return (
        template.value_span("serviceAccountName")
        if template.text("serviceAccountName")
        else view.value_span("kind")
    )


def calls_in(template: Template, ctx: Context) -> Iterator[tuple[Span, Call]]:
    """The readable kubectl and argo commands of a template's containers, and where they are written."""
    for _, container in template.containers:
        source = container.text("source")
        if "kubectl" in source or "argo" in source:
            for call in api_calls(source):
                yield ctx.part(container, "source", call.start, call.end), call
        words: list[str] = []
        for key in ("command", "args"):
            for i, word in enumerate(container.sequence(key)):
                words.append(word if isinstance(word, str) else "")
                scalar = ctx.scalar(container, key, i) if " " in words[-1] else None
                if scalar is not None:
                    for call in api_calls(scalar.value):
                        yield scalar.part(call.start, call.end), call
        if words and words[0] in ("kubectl", "argo") and not any(" " in word for word in words[:2]):
            at = container.value_span("command" if "command" in container else "args")
            for call in api_calls(" ".join(words)):
                yield at, call


def has_token(account: str, index: Index, namespace: str) -> bool:
    """Whether the tree holds a token Secret for an account, under the name that Argo looks for."""
    named = [
        fact.data.get("annotations", {}).get("workflows.argoproj.io/service-account-token.name")
        for fact in index.find("ServiceAccount", account, namespace)
    ]
    wanted = {f"{account}.service-account-token", *(name for name in named if name)}
    return any(index.find("Secret", name, namespace) for name in wanted)
